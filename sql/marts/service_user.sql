-- Grain:   one row per service user of the intervention
-- Key:     person_id
-- Source:  staging.cms_service_user, cohort.member
-- Version: 1
-- Codes stay as they are, don't know included; an analysis states what it does with it.

with service_user as (
    select * from staging.cms_service_user
),

member as (
    select * from cohort.member
)

select
    service_user.perpetrator_id as person_id,
    member.site,
    member.arm,
    service_user.age,
    service_user.sex,
    service_user.ethnicity,
    service_user.relationship,
    service_user.living_arrangement,
    service_user.cyps_involvement,
    service_user.ccj_involvement
from service_user
inner join member on service_user.perpetrator_id = member.person_id
