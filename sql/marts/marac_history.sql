-- Grain:   one row per allocated perpetrator
-- Key:     person_id
-- Source:  cohort.member, cohort.hearing, study.coverage_span, marts.defined
-- Version: 3
-- Serial and repeat: the versions that the study uses, as marts.defined reads them.
-- A hearing at any site counts, on a day for which that site sent its MARAC data: a row
-- dated on another day is a stray of a month that was not received. Not having been heard
-- is known only where the perpetrator's own site sent MARAC data. Where it sent none,
-- everything here is null (not available), even if another site heard the perpetrator: of
-- such people only those heard could be known.

with member as (
    select * from cohort.member
),

coverage_span as (
    select * from study.coverage_span where source = 'marac'
),

received as (
    select distinct coverage_span.site from coverage_span
),

hearing as (
    select * from cohort.hearing
),

pair as (
    select
        hearing.person_id,
        hearing.victim_id,
        count(*) as appearances
    from hearing
    group by hearing.person_id, hearing.victim_id
),

history as (
    select
        pair.person_id,
        cast(sum(pair.appearances) as bigint) as appearances,
        count(*) as victims
    from pair
    group by pair.person_id
),

defined as (
    select
        defined.person_id,
        bool_or(defined.holds) filter (where defined.definition = 'serial') as is_serial,
        bool_or(defined.holds) filter (where defined.definition = 'marac_repeat') as is_repeat
    from marts.defined as defined
    where defined.role = 'in_use'
    group by defined.person_id
)

select
    member.person_id,
    member.site,
    member.arm,
    member.index_date,
    case when received.site is not null then coalesce(history.appearances, 0) end as appearances,
    case when received.site is not null then coalesce(history.victims, 0) end as victims,
    defined.is_serial,
    defined.is_repeat
from member
left join received on member.site = received.site
left join history on member.person_id = history.person_id
left join defined on member.person_id = defined.person_id
