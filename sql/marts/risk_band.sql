-- Grain:   one row per Drive-DASH form (service user and time point) and version of the band
-- Key:     person_id, time_point, version
-- Source:  marts.risk_score, study.definition
-- Version: 1
-- is_high_risk: the score reaches the bound of the version; null where the form has no score.

with risk_score as (
    select * from marts.risk_score
),

definition as (
    select * from study.definition where definition = 'risk_band'
)

select
    risk_score.person_id,
    risk_score.site,
    risk_score.time_point,
    definition.version,
    definition.role,
    risk_score.score >= definition.minimum as is_high_risk
from risk_score
cross join definition
