-- Grain:   one row per case heard (perpetrator and victim) at a meeting
-- Key:     perpetrator_id, victim_id, hearing_date
-- Source:  mapped.marac_case (MARAC case lists)
-- Version: 2
-- Rejected: see judged_rows in sql/macros.sql.

select *
from judged_rows(
    'marac_case',
    required := ['site', 'perpetrator_id', 'victim_id', 'hearing_date'],
    key_columns := ['perpetrator_id', 'victim_id', 'hearing_date']
)
