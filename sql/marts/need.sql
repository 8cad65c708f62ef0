-- Grain:   one row per needs form (service user and time point)
-- Key:     person_id, time_point
-- Source:  staging.cms_need, cohort.member
-- Version: 1
-- Codes stay as they are, don't know included; an analysis states what it does with it.

with need as (
    select * from staging.cms_need
),

member as (
    select * from cohort.member
)

select
    need.perpetrator_id as person_id,
    member.site,
    need.time_point,
    need.housing,
    need.employment,
    need.alcohol_misuse,
    need.relationship_with_children,
    need.parenting_capacity,
    need.mental_health,
    need.drugs_misuse,
    need.relationship_with_family,
    need.financial,
    need.social_community_ties,
    need.physical_health,
    need.other_addictions
from need
inner join member on need.perpetrator_id = member.person_id
