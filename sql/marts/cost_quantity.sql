-- Grain:   one row per measure, entry and answer, site and arm
-- Key:     measure, entry, answer, site, arm
-- Source:  cohort.member, cohort.spell, cohort.incident, cohort.victim, study.period,
--          study.coverage_span, staging.police_incident, staging.insights_intake,
--          staging.marac_case, marts.victim_survivor, marts.need
-- Version: 1
-- What a cost model can be worked out from, counted and not yet judged: own_data in
-- configs/costs says which answers count. All of cohort.member whom a source tells of; rows
-- with zero stand for nobody with the answer, no row for a source that told of nobody.
-- number: incidents, children or forms; people: whom they are of (forms are counted by form).
-- exposure: what a rate is per (days, families), whole numbers; exposed: whose it is; both are
-- those of the measure. The sums of squares and products over people give a rate the spread
-- between people; of answers they are null.
-- incidents: by offence, and whether crimed (dont_know: the force does not say), in the six
-- months before the index date: the days and the people of marts.police_spell in the study's
-- period from six months before up to it. Without such a period nothing is counted. Exposure is
-- the days observed: a day without police data is in no exposure and its incidents are in no
-- count. incidents_all: the same, all together.
-- outcome: of the crimed ones, what became of them. An incident under two references of one
-- person is one (cohort.incident): charged where either row says so, else the first that is
-- known in the order of the alphabet, as with offences.
-- victims_intake, victims_exit: IDVA forms of victims-survivors of allocated perpetrators.
-- service_users_<time point>: levels of need on the forms of service users.
-- children: of the primary victim-survivor's case at the index meeting, of families that have
-- any; the highest number where several are recorded.

with member as (
    select * from cohort.member
),

coverage_span as (
    select * from study.coverage_span where source = 'police'
),

before as (
    select
        spell.person_id,
        spell.site,
        spell.arm,
        spell.first_day,
        spell.observed_last,
        spell.observed_days
    from cohort.spell as spell
    inner join study.period as period
        on spell.scheme = 'period'
        and spell.spell = period.period
        and period.after_anchor = 'index'
        and period.after_months = -6
        and period.until_anchor = 'index'
        and period.until_months = 0
    inner join member on spell.person_id = member.person_id
    where spell.source = 'police' and spell.observed_days > 0 and member.police_asked
),

exposure as (
    select
        before.site,
        before.arm,
        cast(sum(before.observed_days) as bigint) as exposure,
        count(*) as exposed,
        cast(sum(before.observed_days * before.observed_days) as bigint) as exposure_squared
    from before
    group by before.site, before.arm
),

counted_incident as (
    select
        before.person_id,
        before.site,
        before.arm,
        before.observed_days,
        incident.incident_id,
        incident.is_crimed
    from before
    inner join cohort.incident as incident
        on before.person_id = incident.person_id
        and incident.incident_date between before.first_day and before.observed_last
    inner join coverage_span
        on before.site = coverage_span.site
        and incident.incident_date between coverage_span.first_day and coverage_span.last_day
),

recorded as (
    select
        police_incident.perpetrator_id as person_id,
        police_incident.incident_id,
        min(police_incident.offence) filter (
            where police_incident.offence <> 'dont_know'
        ) as offence,
        case
            when bool_or(police_incident.outcome = 'charged') then 'charged'
            else min(police_incident.outcome) filter (
                where police_incident.outcome not in ('dont_know', 'not_applicable')
            )
        end as outcome
    from staging.police_incident as police_incident
    semi join counted_incident
        on police_incident.perpetrator_id = counted_incident.person_id
        and police_incident.incident_id = counted_incident.incident_id
    group by police_incident.perpetrator_id, police_incident.incident_id
),

incident as (
    select
        counted_incident.person_id,
        counted_incident.site,
        counted_incident.arm,
        counted_incident.observed_days,
        coalesce(recorded.offence, 'dont_know') as offence,
        case
            when counted_incident.is_crimed then 'crimed'
            when not counted_incident.is_crimed then 'not_crimed'
            else 'dont_know'
        end as crimed,
        coalesce(recorded.outcome, 'dont_know') as outcome
    from counted_incident
    inner join recorded
        on counted_incident.person_id = recorded.person_id
        and counted_incident.incident_id = recorded.incident_id
),

offence as (
    select unnest([
        'violence_with_injury', 'violence_without_injury', 'harassment_stalking',
        'sexual_offence', 'criminal_damage', 'public_order', 'theft', 'burglary', 'drugs',
        'breach_of_order', 'verbal_argument', 'other', 'dont_know'
    ]) as offence
),

of_person as (
    select
        'incidents' as measure,
        incident.offence as entry,
        incident.crimed as answer,
        incident.person_id,
        incident.site,
        incident.arm,
        incident.observed_days,
        count(*) as number
    from incident
    group by all
    union all
    select
        'incidents_all' as measure,
        'all' as entry,
        'all' as answer,
        incident.person_id,
        incident.site,
        incident.arm,
        incident.observed_days,
        count(*) as number
    from incident
    group by all
    union all
    select
        'outcome' as measure,
        incident.offence as entry,
        incident.outcome as answer,
        incident.person_id,
        incident.site,
        incident.arm,
        incident.observed_days,
        count(*) as number
    from incident
    where incident.crimed = 'crimed'
    group by all
),

of_police as (
    select
        of_person.measure,
        of_person.entry,
        of_person.answer,
        of_person.site,
        of_person.arm,
        cast(sum(of_person.number) as bigint) as number,
        count(*) as people,
        cast(sum(of_person.number * of_person.number) as bigint) as number_squared,
        cast(sum(of_person.number * of_person.observed_days) as bigint) as number_by_exposure
    from of_person
    group by all
),

police_answer as (
    select 'incidents' as measure, offence.offence as entry, crimed.crimed as answer
    from offence
    cross join (select unnest(['crimed', 'not_crimed', 'dont_know']) as crimed) as crimed
    union all
    select 'incidents_all', 'all', 'all'
    union all
    select 'outcome' as measure, offence.offence as entry, outcome.outcome as answer
    from offence
    cross join (
        select unnest([
            'charged', 'cautioned', 'no_further_action', 'community_resolution',
            'under_investigation', 'other', 'dont_know'
        ]) as outcome
    ) as outcome
),

form as (
    select
        'victims_intake' as measure,
        member.site,
        member.arm,
        unnest([
            {'entry': 'need_mental_health', 'answer': insights_intake.need_mental_health},
            {'entry': 'need_self_harm', 'answer': insights_intake.need_self_harm},
            {'entry': 'need_alcohol_misuse', 'answer': insights_intake.need_alcohol_misuse},
            {'entry': 'need_drugs_misuse', 'answer': insights_intake.need_drugs_misuse},
            {'entry': 'children_present', 'answer': insights_intake.children_present},
            {'entry': 'cyps_involvement', 'answer': insights_intake.cyps_involvement}
        ]) as given
    from staging.insights_intake as insights_intake
    inner join member on insights_intake.perpetrator_id = member.person_id
    union all
    select
        'victims_exit' as measure,
        victim_survivor.site,
        victim_survivor.arm,
        {'entry': 'support_housing', 'answer': victim_survivor.support_housing} as given
    from marts.victim_survivor as victim_survivor
    where victim_survivor.has_exit_form
    union all
    select
        'service_users_' || need.time_point as measure,
        member.site,
        member.arm,
        unnest([
            {'entry': 'mental_health_level', 'answer': need.mental_health_level},
            {'entry': 'alcohol_misuse_level', 'answer': need.alcohol_misuse_level},
            {'entry': 'drugs_misuse_level', 'answer': need.drugs_misuse_level},
            {'entry': 'housing_level', 'answer': need.housing_level}
        ]) as given
    from marts.need as need
    inner join member on need.person_id = member.person_id
),

of_form as (
    select
        form.measure,
        form.given.entry as entry,
        coalesce(form.given.answer, 'not_answered') as answer,
        form.site,
        form.arm,
        count(*) as number
    from form
    group by all
),

-- What a form can answer, so that an answer that nobody gave has a zero.
form_answer as (
    select distinct
        of_form.measure,
        of_form.entry,
        of_form.site,
        of_form.arm,
        unnest(
            case
                when of_form.entry = 'housing_level'
                    then ['homeless', 'transitory', 'unstable', 'temporary', 'stable',
                        'dont_know', 'not_answered']
                when of_form.entry = 'mental_health_level'
                    then ['poor', 'fair', 'good', 'very_good', 'excellent', 'dont_know',
                        'not_answered']
                when of_form.entry in ('alcohol_misuse_level', 'drugs_misuse_level')
                    then ['excessive', 'high', 'moderate', 'low', 'none', 'dont_know',
                        'not_answered']
                else ['yes', 'no', 'dont_know', 'not_applicable', 'not_answered']
            end
        ) as answer
    from of_form
),

family as (
    select
        victim.person_id,
        victim.site,
        victim.arm,
        max(marac_case.children_count) as children
    from cohort.victim as victim
    inner join staging.marac_case as marac_case
        on victim.person_id = marac_case.perpetrator_id
        and victim.victim_id = marac_case.victim_id
        and victim.index_date = marac_case.hearing_date
    where victim.is_primary
    group by victim.person_id, victim.site, victim.arm
    having max(marac_case.children_count) > 0
)

select
    police_answer.measure,
    police_answer.entry,
    police_answer.answer,
    exposure.site,
    exposure.arm,
    'police' as source,
    coalesce(of_police.number, 0) as number,
    coalesce(of_police.people, 0) as people,
    exposure.exposure,
    exposure.exposed,
    coalesce(of_police.number_squared, 0) as number_squared,
    coalesce(of_police.number_by_exposure, 0) as number_by_exposure,
    exposure.exposure_squared
from exposure
cross join police_answer
left join of_police
    on exposure.site = of_police.site
    and exposure.arm = of_police.arm
    and police_answer.measure = of_police.measure
    and police_answer.entry = of_police.entry
    and police_answer.answer = of_police.answer
union all
select
    form_answer.measure,
    form_answer.entry,
    form_answer.answer,
    form_answer.site,
    form_answer.arm,
    case when form_answer.measure like 'victims%' then 'insights' else 'cms' end as source,
    coalesce(of_form.number, 0) as number,
    coalesce(of_form.number, 0) as people,
    null as exposure,
    null as exposed,
    null as number_squared,
    null as number_by_exposure,
    null as exposure_squared
from form_answer
left join of_form
    on form_answer.measure = of_form.measure
    and form_answer.entry = of_form.entry
    and form_answer.answer = of_form.answer
    and form_answer.site = of_form.site
    and form_answer.arm = of_form.arm
union all
select
    'children' as measure,
    'index_case' as entry,
    'all' as answer,
    family.site,
    family.arm,
    'marac' as source,
    cast(sum(family.children) as bigint) as number,
    count(*) as people,
    count(*) as exposure,
    count(*) as exposed,
    cast(sum(family.children * family.children) as bigint) as number_squared,
    cast(sum(family.children) as bigint) as number_by_exposure,
    count(*) as exposure_squared
from family
group by family.site, family.arm
