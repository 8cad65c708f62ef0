-- Grain:   one row per outcome form of a client and rater
-- Key:     client_id, instrument, rater, rated_on
-- Source:  mapped.outcome_rating (outcome forms)
-- Version: 1
-- Rejected: see judged_rows in sql/macros.sql.

select *
from judged_rows(
    'outcome_rating',
    required := ['site', 'client_id', 'instrument', 'rated_on', 'rater'],
    key_columns := ['client_id', 'instrument', 'rater', 'rated_on']
)
