-- Grain:   one row per IDVA form about a victim-survivor of an allocated perpetrator
-- Key:     person_id, victim_id, time_point
-- Source:  staging.insights_intake, staging.insights_exit, cohort.member
-- Version: 1
-- The behaviours of the perpetrator as the IDVA recorded them. time_point: intake; closure for
-- the exit form, to stand beside the case manager's. An exit form without an intake form names
-- no perpetrator and is not here. Codes stay as they are, don't know included; an analysis
-- states what it does with it.

with insights_intake as (
    select * from staging.insights_intake
),

insights_exit as (
    select * from staging.insights_exit
),

member as (
    select * from cohort.member
),

form as (
    select
        insights_intake.perpetrator_id,
        insights_intake.victim_id,
        'intake' as time_point,
        insights_intake.physical,
        insights_intake.sexual,
        insights_intake.harassment_stalking,
        insights_intake.jealous_controlling
    from insights_intake
    union all
    select
        insights_intake.perpetrator_id,
        insights_intake.victim_id,
        'closure' as time_point,
        insights_exit.physical,
        insights_exit.sexual,
        insights_exit.harassment_stalking,
        insights_exit.jealous_controlling
    from insights_exit
    inner join insights_intake on insights_exit.victim_id = insights_intake.victim_id
)

select
    member.person_id,
    form.victim_id,
    member.site,
    member.arm,
    form.time_point,
    form.physical,
    form.sexual,
    form.harassment_stalking,
    form.jealous_controlling
from form
inner join member on form.perpetrator_id = member.person_id
