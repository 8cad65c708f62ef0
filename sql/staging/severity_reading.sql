-- Grain:   one row per Severity of Abuse Grid of a client
-- Key:     client_id, time_point, read_on
-- Source:  mapped.severity_reading (Severity of Abuse Grids)
-- Version: 1
-- Rejected: see judged_rows in sql/macros.sql.

select *
from judged_rows(
    'severity_reading',
    required := ['site', 'client_id', 'time_point', 'read_on'],
    key_columns := ['client_id', 'time_point', 'read_on']
)
