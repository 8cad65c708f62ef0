-- Grain:   one row per needs matrix of a client and rater
-- Key:     client_id, instrument, time_point, rater, read_on
-- Source:  mapped.need_score (needs matrices)
-- Version: 1
-- Rejected: see judged_rows in sql/macros.sql.

select *
from judged_rows(
    'need_score',
    required := ['site', 'client_id', 'instrument', 'time_point', 'read_on', 'rater'],
    key_columns := ['client_id', 'instrument', 'time_point', 'rater', 'read_on']
)
