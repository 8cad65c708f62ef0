-- Grain:   one row per service user of the intervention
-- Key:     perpetrator_id
-- Source:  mapped.cms_service_user (case management, service users)
-- Version: 2
-- Rejected: see judged_rows in sql/macros.sql.

select *
from judged_rows(
    'cms_service_user',
    required := ['site', 'perpetrator_id', 'start_date'],
    key_columns := ['perpetrator_id']
)
