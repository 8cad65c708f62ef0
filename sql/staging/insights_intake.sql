-- Grain:   one row per victim-survivor engaging with an IDVA
-- Key:     victim_id
-- Source:  mapped.insights_intake (IDVA Insights, intake forms)
-- Version: 2
-- Rejected: see judged_rows in sql/macros.sql.

select *
from judged_rows(
    'insights_intake',
    required := ['site', 'victim_id', 'perpetrator_id', 'intake_date'],
    key_columns := ['victim_id']
)
