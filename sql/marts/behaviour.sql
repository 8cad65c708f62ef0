-- Grain:   one row per behaviour form (service user and time point)
-- Key:     person_id, time_point
-- Source:  staging.cms_behaviour, staging.cms_service_user, staging.cms_engagement, cohort.member
-- Version: 1
-- Codes stay as they are, don't know included; an analysis states what it does with it.

with behaviour as (
    select * from staging.cms_behaviour
),

service_user as (
    select * from staging.cms_service_user
),

engagement as (
    select * from staging.cms_engagement
),

member as (
    select * from cohort.member
)

select
    behaviour.perpetrator_id as person_id,
    member.site,
    behaviour.time_point,
    behaviour.physical,
    behaviour.sexual,
    behaviour.harassment_stalking,
    behaviour.jealous_controlling,
    service_user.age,
    service_user.relationship,
    service_user.living_arrangement,
    service_user.domestic_abuse_charges,
    service_user.idva_engaged,
    service_user.cyps_involvement,
    service_user.ccj_involvement,
    engagement.engagement,
    engagement.direct_contact
from behaviour
inner join member on behaviour.perpetrator_id = member.person_id
left join service_user on behaviour.perpetrator_id = service_user.perpetrator_id
left join engagement on behaviour.perpetrator_id = engagement.perpetrator_id
