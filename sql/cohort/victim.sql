-- Grain:   one row per allocated perpetrator and victim-survivor of his index meeting or
--          of an IDVA form
-- Key:     person_id, victim_id
-- Source:  cohort.member, staging.marac_case, staging.insights_intake, staging.insights_exit,
--          study.coverage
-- Version: 1
-- The arm is that of the perpetrator. Primary: the victim-survivor of the index meeting. Of
-- several, the one whose case with him was heard on most days up to and including the index
-- date; then the one of the earliest hearing; then the first by pseudonym, which is as good
-- as a lot. Nothing after the allocation is looked at, above all not who engaged with an
-- IDVA, which the intervention may change. Without a case of the index meeting there is no
-- primary victim-survivor. has_intake_form (engaged with an IDVA) and has_exit_form are null
-- where the IDVA source sent nothing for the site.

with member as (
    select * from cohort.member
),

marac_case as (
    select * from staging.marac_case
),

received as (
    select distinct coverage.site from study.coverage as coverage
    where coverage.source = 'insights'
),

index_case as (
    select distinct
        member.person_id,
        marac_case.victim_id
    from member
    inner join marac_case
        on member.person_id = marac_case.perpetrator_id
        and member.index_date = marac_case.hearing_date
),

history as (
    select
        index_case.person_id,
        index_case.victim_id,
        count(distinct marac_case.hearing_date) as hearing_days,
        min(marac_case.hearing_date) as first_heard
    from index_case
    inner join member on index_case.person_id = member.person_id
    inner join marac_case
        on index_case.person_id = marac_case.perpetrator_id
        and index_case.victim_id = marac_case.victim_id
        and marac_case.hearing_date <= member.index_date
    group by index_case.person_id, index_case.victim_id
),

ranked as (
    select
        history.*,
        row_number() over (
            partition by history.person_id
            order by history.hearing_days desc, history.first_heard, history.victim_id
        ) as place,
        count(*) over (partition by history.person_id) as victims_at_index
    from history
),

intake as (
    select distinct
        insights_intake.perpetrator_id as person_id,
        insights_intake.victim_id
    from staging.insights_intake as insights_intake
),

exited as (
    select distinct insights_exit.victim_id from staging.insights_exit as insights_exit
),

pair as (
    select index_case.person_id, index_case.victim_id from index_case
    union
    select intake.person_id, intake.victim_id from intake
)

select
    member.person_id,
    pair.victim_id,
    member.site,
    member.arm,
    member.index_date,
    ranked.person_id is not null as is_of_index_meeting,
    coalesce(ranked.place = 1, false) as is_primary,
    case
        when ranked.place is null or ranked.place > 1 then 'not_primary'
        when ranked.victims_at_index = 1 then 'only_one_at_index'
        else 'first_of_several'
    end as primary_rule,
    case when received.site is not null then intake.victim_id is not null end as has_intake_form,
    case
        when received.site is not null
            then intake.victim_id is not null and exited.victim_id is not null
    end as has_exit_form
from member
inner join pair on member.person_id = pair.person_id
left join ranked
    on pair.person_id = ranked.person_id and pair.victim_id = ranked.victim_id
left join intake
    on pair.person_id = intake.person_id and pair.victim_id = intake.victim_id
left join exited on pair.victim_id = exited.victim_id
left join received on member.site = received.site
