-- Grain:   one row per perpetrator who was heard at MARAC or allocated
-- Key:     person_id
-- Source:  people.perpetrator, ledger.exclusion, cohort.member, staging.insights_intake,
--          staging.insights_exit, staging.cms_service_user
-- Version: 1
-- Where each perpetrator stands in the participant flow (CONSORT). Victim-survivors are
-- counted at their perpetrator: forms is the number of victims-survivors with the form.

with perpetrator as (
    select * from people.perpetrator where in_marac or is_allocated
),

exclusion as (
    select * from ledger.exclusion
),

member as (
    select * from cohort.member
),

victim_form as (
    select
        insights_intake.perpetrator_id as person_id,
        count(*) as intake_forms,
        count(insights_exit.victim_id) as both_forms
    from staging.insights_intake as insights_intake
    left join staging.insights_exit as insights_exit
        on insights_intake.victim_id = insights_exit.victim_id
    group by insights_intake.perpetrator_id
)

select
    perpetrator.person_id,
    perpetrator.in_marac,
    perpetrator.in_police,
    perpetrator.in_cms,
    perpetrator.is_allocated,
    member.site,
    member.arm,
    member.completed,
    exclusion.reason as exclusion_reason,
    coalesce(victim_form.intake_forms, 0) as victims_with_intake_form,
    coalesce(victim_form.both_forms, 0) as victims_with_both_forms
from perpetrator
left join member on perpetrator.person_id = member.person_id
left join exclusion on perpetrator.person_id = exclusion.person_id
left join victim_form on perpetrator.person_id = victim_form.person_id
