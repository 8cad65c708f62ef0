-- Grain:   one row per allocated perpetrator, source with dated events, and stretch of days
--          observed after the index date
-- Key:     person_id, source, start_day
-- Source:  cohort.member, cohort.hearing, cohort.incident, study.coverage_span
-- Version: 1
-- Counting-process intervals, for times to an event and for events that happen again. Days are
-- counted from the index date (day 0, which lies in no stretch): a stretch is the days after
-- start_day up to and including stop_day. It ends on a day with an event, of which the columns
-- count each kind, or, without one, where the observation does: on the last day of a
-- stretch of days received for the person's own site, on the day on which he died or moved
-- away (cohort.spell), on the last day received. So a gap in what was received is a stretch
-- without a row; whose site's data begin later enters late; and whoever was observed on no
-- day after the index date has no row. Which events count on an observed day is what
-- marts.marac_spell and marts.police_spell count; of the police those alone are here about
-- whom they were asked. appearances is of MARAC, the other counts are of the police, and null
-- for the other source.

with member as (
    select * from cohort.member
),

hearing as (
    select * from cohort.hearing
),

incident as (
    select * from cohort.incident
),

coverage_span as (
    select * from study.coverage_span where source in ('marac', 'police')
),

stretch as (
    select
        member.person_id,
        member.site,
        member.arm,
        member.index_date,
        coverage_span.source,
        greatest(coverage_span.first_day - member.index_date, 1) as first_day,
        least(
            coverage_span.last_day,
            coalesce(member.death_date, coverage_span.last_day),
            coalesce(member.moved_away_on, coverage_span.last_day)
        ) - member.index_date as last_day
    from member
    inner join coverage_span on member.site = coverage_span.site
    where coverage_span.source <> 'police' or coalesce(member.police_asked, false)
),

observed as (
    select * from stretch where stretch.first_day <= stretch.last_day
),

event_day as (
    select
        hearing.person_id,
        'marac' as source,
        hearing.hearing_date as event_date,
        count(*) as appearances,
        null as incidents,
        null as domestic_abuse,
        null as domestic_abuse_crimed
    from hearing
    group by hearing.person_id, hearing.hearing_date
    union all
    select
        incident.person_id,
        'police' as source,
        incident.incident_date as event_date,
        null as appearances,
        count(*) as incidents,
        count(*) filter (where incident.is_domestic_abuse) as domestic_abuse,
        count(*) filter (where incident.is_domestic_abuse and incident.is_crimed)
            as domestic_abuse_crimed
    from incident
    group by incident.person_id, incident.incident_date
),

with_event as (
    select
        observed.*,
        event_day.event_date - observed.index_date as stop_day,
        event_day.appearances,
        event_day.incidents,
        event_day.domestic_abuse,
        event_day.domestic_abuse_crimed
    from observed
    inner join event_day
        on observed.person_id = event_day.person_id
        and observed.source = event_day.source
        and event_day.event_date - observed.index_date
        between observed.first_day and observed.last_day
),

ended as (
    select with_event.* from with_event
    union all
    select
        observed.*,
        observed.last_day as stop_day,
        case when observed.source = 'marac' then 0 end as appearances,
        case when observed.source = 'police' then 0 end as incidents,
        case when observed.source = 'police' then 0 end as domestic_abuse,
        case when observed.source = 'police' then 0 end as domestic_abuse_crimed
    from observed
    left join with_event
        on observed.person_id = with_event.person_id
        and observed.source = with_event.source
        and observed.last_day = with_event.stop_day
    where with_event.person_id is null
)

select
    ended.person_id,
    ended.site,
    ended.arm,
    ended.source,
    coalesce(
        lag(ended.stop_day) over (
            partition by ended.person_id, ended.source, ended.first_day
            order by ended.stop_day
        ),
        ended.first_day - 1
    ) as start_day,
    ended.stop_day,
    ended.appearances,
    ended.incidents,
    ended.domestic_abuse,
    ended.domestic_abuse_crimed
from ended
