-- Grain:   one row per allocated perpetrator and version of a definition of perpetrators
-- Key:     person_id, definition, version
-- Source:  study.definition, cohort.member, cohort.follow_up, cohort.hearing,
--          study.coverage_span, cohort.incident
-- Version: 2
-- holds_from: the first day on which the definition holds. holds: whether it ever does, null
-- where that cannot be known. Every version is here, whichever a study uses (role).
-- MARAC: a hearing counts on a day for which the site of the hearing sent its data, and
-- nothing is known of a perpetrator whose own site sent none. Serial: with the given number
-- of different victims-survivors, on the same or on different days. Repeat: the same pair on
-- a later day, not longer after its last hearing than the months given; the day of the month
-- counts, and where a month has no such day, its last.
-- Police: the given number of domestic abuse incidents in the evaluation period, on days for
-- which both the force that recorded them and the perpetrator's own sent their data
-- (marts.police_history). Nothing is known of those about whom the police were not asked, or of
-- whom that is not known (cohort.member).

with member as (
    select * from cohort.member
),

definition as (
    select * from study.definition
),

coverage_span as (
    select * from study.coverage_span
),

received as (
    select distinct coverage_span.source, coverage_span.site from coverage_span
),

hearing as (
    select distinct
        hearing.person_id,
        hearing.victim_id,
        hearing.hearing_date
    from cohort.hearing as hearing
),

new_victim as (
    select
        first_hearing.person_id,
        first_hearing.hearing_date,
        row_number() over (
            partition by first_hearing.person_id
            order by first_hearing.hearing_date, first_hearing.victim_id
        ) as victim_number
    from (
        select hearing.person_id, hearing.victim_id, min(hearing.hearing_date) as hearing_date
        from hearing
        group by hearing.person_id, hearing.victim_id
    ) as first_hearing
),

later_hearing as (
    select
        hearing.person_id,
        hearing.hearing_date,
        lag(hearing.hearing_date) over (
            partition by hearing.person_id, hearing.victim_id order by hearing.hearing_date
        ) as last_hearing
    from hearing
),

evaluation as (
    select
        follow_up.person_id,
        follow_up.site,
        min(follow_up.first_day) as first_day,
        max(follow_up.last_day) as last_day
    from cohort.follow_up as follow_up
    where follow_up.source = 'police'
    group by follow_up.person_id, follow_up.site
),

abuse as (
    select
        incident.person_id,
        list_sort(list(incident.incident_date)) as days
    from cohort.incident as incident
    inner join evaluation
        on incident.person_id = evaluation.person_id
        and incident.incident_date between evaluation.first_day and evaluation.last_day
    inner join coverage_span
        on coverage_span.source = 'police'
        and evaluation.site = coverage_span.site
        and incident.incident_date between coverage_span.first_day and coverage_span.last_day
    where incident.is_domestic_abuse
    group by incident.person_id
),

holding as (
    select definition.definition, definition.version, new_victim.person_id,
        min(new_victim.hearing_date) as holds_from
    from definition
    inner join new_victim
        on definition.definition = 'serial' and new_victim.victim_number = definition.minimum
    group by definition.definition, definition.version, new_victim.person_id
    union all
    select definition.definition, definition.version, later_hearing.person_id,
        min(later_hearing.hearing_date) as holds_from
    from definition
    inner join later_hearing
        on definition.definition = 'marac_repeat'
        and later_hearing.last_hearing is not null
        and (
            definition.within_months is null
            or later_hearing.hearing_date
            <= later_hearing.last_hearing + to_months(definition.within_months)
        )
    group by definition.definition, definition.version, later_hearing.person_id
    union all
    select definition.definition, definition.version, abuse.person_id,
        abuse.days[definition.minimum] as holds_from
    from definition
    inner join abuse
        on definition.definition = 'police_repeat' and len(abuse.days) >= definition.minimum
)

select
    member.person_id,
    member.site,
    member.arm,
    definition.definition,
    definition.version,
    definition.role,
    case
        when received.site is not null
            and (definition.source <> 'police' or member.police_asked)
            then holding.holds_from is not null
    end as holds,
    case
        when received.site is not null
            and (definition.source <> 'police' or member.police_asked)
            then holding.holds_from
    end as holds_from
from member
inner join definition on definition.definition in ('serial', 'marac_repeat', 'police_repeat')
left join received
    on member.site = received.site and definition.source = received.source
left join holding
    on member.person_id = holding.person_id
    and definition.definition = holding.definition
    and definition.version = holding.version
