-- Grain:   one row per victim-survivor whose IDVA support has ended
-- Key:     victim_id
-- Source:  mapped.insights_exit (IDVA Insights, exit forms)
-- Version: 2
-- Rejected: see judged_rows in sql/macros.sql.

select *
from judged_rows(
    'insights_exit',
    required := ['site', 'victim_id', 'exit_date'],
    key_columns := ['victim_id']
)
