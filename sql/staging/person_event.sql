-- Grain:   one row per event of a perpetrator's life that bears on how long he can be followed
-- Key:     perpetrator_id, event, event_date
-- Source:  mapped.person_event (deaths, prison and moves, from whoever knows of them)
-- Version: 1
-- Rejected: see judged_rows in sql/macros.sql.

select *
from judged_rows(
    'person_event',
    required := ['site', 'perpetrator_id', 'event', 'event_date'],
    key_columns := ['perpetrator_id', 'event', 'event_date']
)
