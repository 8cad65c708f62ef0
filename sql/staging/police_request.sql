-- Grain:   one row per perpetrator and request about whom the police were asked
-- Key:     perpetrator_id, request_number
-- Source:  mapped.police_request (the lists that were sent to the police)
-- Version: 1
-- Rejected: see judged_rows in sql/macros.sql.

select *
from judged_rows(
    'police_request',
    required := ['site', 'perpetrator_id', 'request_number'],
    key_columns := ['perpetrator_id', 'request_number']
)
