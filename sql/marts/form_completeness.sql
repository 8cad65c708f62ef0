-- Grain:   one row per form that was due or received
-- Key:     person_id, victim_id, form, time_point
-- Source:  cohort.member, cohort.victim, study.arm, study.coverage, staging.cms_need,
--          staging.cms_behaviour, staging.cms_risk_item, staging.insights_intake,
--          staging.insights_exit
-- Version: 2
-- Due: of every perpetrator of the intervention arm the needs, behaviour and risk form at
-- three time points; of every primary victim-survivor the IDVA forms, of which one who does
-- not engage has none. is_received is null where the source sent nothing for the site. The
-- items of a form that was received are answered, not known (don't know, not applicable) or
-- missing; items is their number. A question that an agency's form does not have is missing in
-- every form of it. Levels of needs are not counted: they say more of an answer that is.

with member as (
    select * from cohort.member
),

victim as (
    select * from cohort.victim
),

received_source as (
    select distinct coverage.source, coverage.site from study.coverage as coverage
),

form as (
    select
        'needs' as form,
        cms_need.perpetrator_id as person_id,
        cast(null as varchar) as victim_id,
        cms_need.time_point as time_point,
        [
            cms_need.housing, cms_need.employment, cms_need.alcohol_misuse,
            cms_need.relationship_with_children, cms_need.parenting_capacity,
            cms_need.mental_health, cms_need.drugs_misuse,
            cms_need.relationship_with_family, cms_need.financial,
            cms_need.social_community_ties, cms_need.physical_health,
            cms_need.other_addictions
        ] as answers
    from staging.cms_need as cms_need
    union all
    select
        'behaviour' as form,
        cms_behaviour.perpetrator_id as person_id,
        cast(null as varchar) as victim_id,
        cms_behaviour.time_point as time_point,
        [
            cms_behaviour.physical, cms_behaviour.sexual, cms_behaviour.harassment_stalking,
            cms_behaviour.jealous_controlling
        ] as answers
    from staging.cms_behaviour as cms_behaviour
    union all
    select
        'risk' as form,
        cms_risk_item.perpetrator_id as person_id,
        cast(null as varchar) as victim_id,
        cms_risk_item.time_point as time_point,
        [
            cms_risk_item.item_01, cms_risk_item.item_02, cms_risk_item.item_03,
            cms_risk_item.item_04, cms_risk_item.item_05, cms_risk_item.item_06,
            cms_risk_item.item_07, cms_risk_item.item_08, cms_risk_item.item_09,
            cms_risk_item.item_10, cms_risk_item.item_11, cms_risk_item.item_12,
            cms_risk_item.item_13, cms_risk_item.item_14, cms_risk_item.item_15,
            cms_risk_item.item_16, cms_risk_item.item_17, cms_risk_item.item_18,
            cms_risk_item.item_19, cms_risk_item.item_20
        ] as answers
    from staging.cms_risk_item as cms_risk_item
    union all
    select
        'idva_intake' as form,
        insights_intake.perpetrator_id as person_id,
        insights_intake.victim_id as victim_id,
        'intake' as time_point,
        [
            cast(insights_intake.age as varchar), insights_intake.sex,
            insights_intake.ethnicity, insights_intake.relationship,
            insights_intake.living_arrangement, insights_intake.children_present,
            insights_intake.criminal_record_domestic_abuse,
            insights_intake.cyps_involvement, insights_intake.physical,
            insights_intake.sexual, insights_intake.harassment_stalking,
            insights_intake.jealous_controlling, insights_intake.sexual_orientation,
            insights_intake.need_mental_health, insights_intake.need_self_harm,
            insights_intake.need_alcohol_misuse, insights_intake.need_drugs_misuse,
            insights_intake.need_financial,
            cast(insights_intake.attempts_to_leave as varchar),
            cast(insights_intake.ae_attendances as varchar),
            cast(insights_intake.police_calls as varchar),
            cast(insights_intake.gp_attendances as varchar),
            cast(insights_intake.specialist_support as varchar)
        ] as answers
    from staging.insights_intake as insights_intake
    union all
    select
        'idva_exit' as form,
        cast(null as varchar) as person_id,
        insights_exit.victim_id as victim_id,
        'exit' as time_point,
        [
            cast(insights_exit.contacts as varchar), insights_exit.risk_change,
            insights_exit.physical, insights_exit.sexual, insights_exit.harassment_stalking,
            insights_exit.jealous_controlling, insights_exit.risk_sustainability,
            insights_exit.support_safety_planning, insights_exit.support_marac,
            insights_exit.support_health_wellbeing, insights_exit.support_criminal_court,
            insights_exit.support_police, insights_exit.support_housing,
            insights_exit.support_children, insights_exit.support_civil_court,
            insights_exit.support_finance, insights_exit.support_specialist_service
        ] as answers
    from staging.insights_exit as insights_exit
),

due as (
    select
        'cms' as source,
        member.person_id,
        cast(null as varchar) as victim_id,
        member.site,
        member.arm,
        kind.form,
        stage.time_point
    from member
    inner join study.arm as arm on member.arm = arm.arm and arm.role = 'intervention'
    cross join (values ('needs'), ('behaviour'), ('risk')) as kind(form)
    cross join (values ('intake'), ('midpoint'), ('closure')) as stage(time_point)
    union all
    select
        'insights' as source,
        victim.person_id,
        victim.victim_id,
        victim.site,
        victim.arm,
        kind.form,
        kind.time_point
    from victim
    cross join (values ('idva_intake', 'intake'), ('idva_exit', 'exit')) as kind(form, time_point)
    where victim.is_primary or victim.has_intake_form
)

select
    due.person_id,
    due.victim_id,
    due.site,
    due.arm,
    due.form,
    due.time_point,
    case when received_source.site is not null then form.form is not null end as is_received,
    len(form.answers) as items,
    len(list_filter(
        form.answers,
        lambda answer: answer is not null and answer not in ('dont_know', 'not_applicable')
    )) as answered,
    len(list_filter(form.answers, lambda answer: answer in ('dont_know', 'not_applicable')))
        as not_known,
    len(list_filter(form.answers, lambda answer: answer is null)) as missing
from due
left join form
    on due.form = form.form
    and due.time_point = form.time_point
    and due.victim_id is not distinct from form.victim_id
    and (form.form = 'idva_exit' or due.person_id = form.person_id)
left join received_source
    on due.site = received_source.site and due.source = received_source.source
