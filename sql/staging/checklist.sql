-- Grain:   one row per checklist of a client (needs, adverse childhood experiences)
-- Key:     client_id, instrument, assessed_on
-- Source:  mapped.checklist (checklists of needs and experiences)
-- Version: 1
-- Rejected: see judged_rows in sql/macros.sql.

select *
from judged_rows(
    'checklist',
    required := ['site', 'client_id', 'instrument', 'assessed_on'],
    key_columns := ['client_id', 'instrument', 'assessed_on']
)
