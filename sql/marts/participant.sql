-- Grain:   one row per perpetrator who was heard at MARAC or allocated
-- Key:     person_id
-- Source:  people.perpetrator, ledger.exclusion, cohort.member, study.coverage,
--          staging.insights_intake, staging.insights_exit
-- Version: 2
-- Where each perpetrator stands in the participant flow (CONSORT). Victim-survivors are
-- counted at their perpetrator: forms is the number of victims-survivors with the form.
-- That somebody is not in a source is known only where that source sent data for the site
-- of the allocation; where it sent none, its columns are null (not available). They are
-- null as well for people who were not allocated: the agencies were not asked about them.
-- Only in_marac can be true without that, as whoever was heard was heard.

with perpetrator as (
    select * from people.perpetrator where in_marac or is_allocated
),

exclusion as (
    select * from ledger.exclusion
),

member as (
    select * from cohort.member
),

received as (
    select
        coverage.site,
        bool_or(coverage.source = 'marac') as marac,
        bool_or(coverage.source = 'police') as police,
        bool_or(coverage.source = 'insights') as insights,
        bool_or(coverage.source = 'cms') as cms
    from study.coverage as coverage
    group by coverage.site
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
    perpetrator.in_marac or case when received.marac then false end as in_marac,
    case when received.police then perpetrator.in_police end as in_police,
    case when received.cms then perpetrator.in_cms end as in_cms,
    perpetrator.is_allocated,
    member.site,
    member.arm,
    case when received.cms then member.completed end as completed,
    exclusion.reason as exclusion_reason,
    case
        when received.insights then coalesce(victim_form.intake_forms, 0)
    end as victims_with_intake_form,
    case
        when received.insights then coalesce(victim_form.both_forms, 0)
    end as victims_with_both_forms
from perpetrator
left join member on perpetrator.person_id = member.person_id
left join received on member.site = received.site
left join exclusion on perpetrator.person_id = exclusion.person_id
left join victim_form on perpetrator.person_id = victim_form.person_id
