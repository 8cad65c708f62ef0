-- Grain:   one row per recorded incident and perpetrator
-- Key:     incident_id, perpetrator_id
-- Source:  mapped.police_incident (police incident extracts)
-- Version: 2
-- Rejected: see judged_rows in sql/macros.sql.

select *
from judged_rows(
    'police_incident',
    required := ['site', 'incident_id', 'perpetrator_id', 'incident_date', 'domestic_abuse'],
    key_columns := ['incident_id', 'perpetrator_id']
)
