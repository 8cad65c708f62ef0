-- Grain:   one row per service user
-- Key:     perpetrator_id
-- Source:  mapped.cms_engagement (case management, engagement)
-- Version: 2
-- Rejected: see judged_rows in sql/macros.sql.

select *
from judged_rows(
    'cms_engagement',
    required := ['site', 'perpetrator_id'],
    key_columns := ['perpetrator_id']
)
