-- Grain:   one row per allocated perpetrator and spell of time with MARAC coverage
-- Key:     person_id, scheme, spell
-- Source:  cohort.spell, cohort.hearing, study.coverage_span
-- Version: 1
-- The study's periods and the fixed windows (cohort.spell).
-- An appearance is a case heard: a perpetrator and a victim at a meeting. The index
-- meeting itself lies in no period. A hearing at any site counts if two things hold: its
-- day is a day for which the person's own site sent MARAC data (a hearing on a day that
-- counts for no time at risk is no event), and a day for which the site of the hearing
-- did (else it is a stray, as in marts.marac_history). Nor does one after he died or moved
-- away (cohort.spell). appearances is null where no day was observed.

with spell as (
    select * from cohort.spell where source = 'marac'
),

coverage_span as (
    select * from study.coverage_span where source = 'marac'
),

hearing as (
    select * from cohort.hearing
),

appearance as (
    select
        spell.person_id,
        spell.scheme,
        spell.spell,
        count(*) as appearances
    from spell
    inner join hearing
        on spell.person_id = hearing.person_id
        and hearing.hearing_date between spell.first_day and spell.observed_last
    inner join coverage_span
        on spell.site = coverage_span.site
        and hearing.hearing_date between coverage_span.first_day and coverage_span.last_day
    group by spell.person_id, spell.scheme, spell.spell
)

select
    spell.person_id,
    spell.site,
    spell.arm,
    spell.scheme,
    spell.spell,
    spell.position,
    spell.observed_days,
    spell.fully_observed,
    case
        when spell.observed_days > 0 then coalesce(appearance.appearances, 0)
    end as appearances
from spell
left join appearance
    on spell.person_id = appearance.person_id
    and spell.scheme = appearance.scheme
    and spell.spell = appearance.spell
