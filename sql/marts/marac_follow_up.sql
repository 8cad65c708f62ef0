-- Grain:   one row per allocated perpetrator and follow-up period with MARAC coverage
-- Key:     person_id, period
-- Source:  cohort.follow_up, cohort.hearing, study.coverage_span
-- Version: 4
-- An appearance is a case heard: a perpetrator and a victim at a meeting. The index
-- meeting itself lies in no period. A hearing at any site counts if two things hold: its
-- day is a day for which the person's own site sent MARAC data (a hearing on a day that
-- counts for no time at risk is no event), and a day for which the site of the hearing
-- did (else it is a stray, as in marts.marac_history). Nor does one after he died or moved
-- away (cohort.spell). appearances is null where no day was observed.

with follow_up as (
    select * from cohort.follow_up where source = 'marac'
),

coverage_span as (
    select * from study.coverage_span where source = 'marac'
),

hearing as (
    select * from cohort.hearing
),

appearance as (
    select
        follow_up.person_id,
        follow_up.period,
        count(*) as appearances
    from follow_up
    inner join hearing
        on follow_up.person_id = hearing.person_id
        and hearing.hearing_date between follow_up.first_day and follow_up.observed_last
    inner join coverage_span
        on follow_up.site = coverage_span.site
        and hearing.hearing_date between coverage_span.first_day and coverage_span.last_day
    group by follow_up.person_id, follow_up.period
)

select
    follow_up.person_id,
    follow_up.site,
    follow_up.arm,
    follow_up.period,
    follow_up.position,
    follow_up.observed_days,
    follow_up.fully_observed,
    case
        when follow_up.observed_days > 0 then coalesce(appearance.appearances, 0)
    end as appearances
from follow_up
left join appearance
    on follow_up.person_id = appearance.person_id
    and follow_up.period = appearance.period
