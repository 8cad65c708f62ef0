-- Grain:   one row per meeting, consultation, supervision or signposting
-- Key:     activity_id
-- Source:  mapped.service_activity (services' diaries)
-- Version: 1
-- Rejected: see judged_rows in sql/macros.sql.

select *
from judged_rows(
    'service_activity',
    required := ['site', 'activity_id', 'held_on', 'activity'],
    key_columns := ['activity_id']
)
