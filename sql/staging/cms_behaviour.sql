-- Grain:   one row per service user and time point
-- Key:     perpetrator_id, time_point
-- Source:  mapped.cms_behaviour (case management, behaviours)
-- Version: 2
-- Rejected: see judged_rows in sql/macros.sql.

select *
from judged_rows(
    'cms_behaviour',
    required := ['site', 'perpetrator_id', 'time_point'],
    key_columns := ['perpetrator_id', 'time_point']
)
