-- Grain:   one row per IDVA intake form of a victim-survivor of an allocated perpetrator
-- Key:     person_id, victim_id
-- Source:  staging.insights_intake, cohort.member
-- Version: 1
-- The arm is that of the perpetrator. Codes stay as they are, don't know included; an
-- analysis states what it does with it.

with insights_intake as (
    select * from staging.insights_intake
),

member as (
    select * from cohort.member
)

select
    member.person_id,
    insights_intake.victim_id,
    member.site,
    member.arm,
    insights_intake.age,
    insights_intake.sex,
    insights_intake.ethnicity,
    insights_intake.relationship,
    insights_intake.living_arrangement,
    insights_intake.children_present
from insights_intake
inner join member on insights_intake.perpetrator_id = member.person_id
