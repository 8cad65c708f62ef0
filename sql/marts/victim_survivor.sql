-- Grain:   one row per IDVA intake form of a victim-survivor of an allocated perpetrator
-- Key:     person_id, victim_id
-- Source:  staging.insights_intake, staging.insights_exit, cohort.member
-- Version: 2
-- The arm is that of the perpetrator. Codes stay as they are, don't know included; an
-- analysis states what it does with it. number_of_needs and number_of_supports count the
-- yeses (0, 1, 2, 3_or_more; a number); don't know and missing are no yes, and where none
-- of the questions was answered with yes or no they are null. Columns of the exit form are
-- null where there is none; days_of_support are those from the intake to the exit form.

with insights_intake as (
    select * from staging.insights_intake
),

insights_exit as (
    select * from staging.insights_exit
),

member as (
    select * from cohort.member
),

needs as (
    select
        insights_intake.victim_id,
        [
            insights_intake.need_mental_health, insights_intake.need_self_harm,
            insights_intake.need_alcohol_misuse, insights_intake.need_drugs_misuse,
            insights_intake.need_financial
        ] as answers
    from insights_intake
),

supports as (
    select
        insights_exit.victim_id,
        [
            insights_exit.support_safety_planning, insights_exit.support_marac,
            insights_exit.support_health_wellbeing, insights_exit.support_criminal_court,
            insights_exit.support_police, insights_exit.support_housing,
            insights_exit.support_children, insights_exit.support_civil_court,
            insights_exit.support_finance, insights_exit.support_specialist_service
        ] as answers
    from insights_exit
),

counted as (
    select
        needs.victim_id,
        case
            when list_has_any(needs.answers, ['yes', 'no'])
                then len(list_filter(needs.answers, lambda answer: answer = 'yes'))
        end as needs_there,
        case
            when list_has_any(supports.answers, ['yes', 'no'])
                then len(list_filter(supports.answers, lambda answer: answer = 'yes'))
        end as supports_there
    from needs
    left join supports on needs.victim_id = supports.victim_id
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
    insights_intake.children_present,
    insights_intake.sexual_orientation,
    case
        when counted.needs_there < 3 then cast(counted.needs_there as varchar)
        when counted.needs_there >= 3 then '3_or_more'
    end as number_of_needs,
    insights_intake.criminal_record_domestic_abuse,
    insights_intake.cyps_involvement,
    insights_intake.attempts_to_leave,
    insights_intake.ae_attendances,
    insights_intake.police_calls,
    insights_intake.gp_attendances,
    insights_intake.specialist_support,
    insights_intake.physical as intake_physical,
    insights_intake.sexual as intake_sexual,
    insights_intake.harassment_stalking as intake_harassment_stalking,
    insights_intake.jealous_controlling as intake_jealous_controlling,
    insights_exit.victim_id is not null as has_exit_form,
    insights_exit.exit_date - insights_intake.intake_date as days_of_support,
    insights_exit.contacts,
    counted.supports_there as number_of_supports,
    insights_exit.support_safety_planning,
    insights_exit.support_marac,
    insights_exit.support_health_wellbeing,
    insights_exit.support_criminal_court,
    insights_exit.support_police,
    insights_exit.support_housing,
    insights_exit.support_children,
    insights_exit.support_civil_court,
    insights_exit.support_finance,
    insights_exit.support_specialist_service,
    insights_exit.risk_change,
    insights_exit.risk_sustainability,
    insights_exit.physical as exit_physical,
    insights_exit.sexual as exit_sexual,
    insights_exit.harassment_stalking as exit_harassment_stalking,
    insights_exit.jealous_controlling as exit_jealous_controlling
from insights_intake
inner join member on insights_intake.perpetrator_id = member.person_id
inner join counted on insights_intake.victim_id = counted.victim_id
left join insights_exit on insights_intake.victim_id = insights_exit.victim_id
