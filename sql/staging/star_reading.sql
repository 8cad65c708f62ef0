-- Grain:   one row per Outcome Star of a client and rater
-- Key:     client_id, instrument, rater, read_on
-- Source:  mapped.star_reading (Outcome Stars)
-- Version: 1
-- Rejected: see judged_rows in sql/macros.sql.

select *
from judged_rows(
    'star_reading',
    required := ['site', 'client_id', 'instrument', 'read_on', 'rater'],
    key_columns := ['client_id', 'instrument', 'rater', 'read_on']
)
