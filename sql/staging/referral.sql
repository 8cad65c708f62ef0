-- Grain:   one row per referral of a client (a person may be referred again)
-- Key:     client_id, referred_on
-- Source:  mapped.referral (services' referral logs)
-- Version: 1
-- Rejected: see judged_rows in sql/macros.sql.

select *
from judged_rows(
    'referral',
    required := ['site', 'client_id', 'referred_on'],
    key_columns := ['client_id', 'referred_on']
)
