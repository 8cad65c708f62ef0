-- Grain:   one row per needs form (service user and time point)
-- Key:     person_id, time_point
-- Source:  staging.cms_need, staging.cms_engagement, cohort.member
-- Version: 2
-- Codes stay as they are, don't know included; an analysis states what it does with it.
-- Engagement is the person's over the whole case, the same at every time point.

with need as (
    select * from staging.cms_need
),

engagement as (
    select * from staging.cms_engagement
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
    need.other_addictions,
    need.housing_level,
    need.employment_level,
    need.alcohol_misuse_level,
    need.relationship_with_children_level,
    need.parenting_capacity_level,
    need.mental_health_level,
    need.drugs_misuse_level,
    need.relationship_with_family_level,
    need.financial_level,
    need.social_community_ties_level,
    need.physical_health_level,
    need.other_addictions_level,
    engagement.engagement
from need
inner join member on need.perpetrator_id = member.person_id
left join engagement on need.perpetrator_id = engagement.perpetrator_id
