-- Grain:   one row per service user and time point (20 Drive-DASH items)
-- Key:     perpetrator_id, time_point
-- Source:  mapped.cms_risk_item (case management, Drive-DASH items)
-- Version: 2
-- Rejected: see judged_rows in sql/macros.sql.

select *
from judged_rows(
    'cms_risk_item',
    required := ['site', 'perpetrator_id', 'time_point'],
    key_columns := ['perpetrator_id', 'time_point']
)
