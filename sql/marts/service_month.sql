-- Grain:   one row per month of the reporting period, kind, code, arm and strand with any
-- Key:     month, kind, code, arm, strand
-- Source:  marts.service_case, staging.service_activity, study.site, study.arm_extract,
--          study.other_arm
-- Version: 1
-- The reporting period: the calendar months that the sites' days of recruitment touch. A month
-- that has no row had none, if its data were received: see study.coverage_span.
-- kind measure, counted by their own day: requests, assessments, taken_on, turned_down
-- (assessed, never taken on), closures (of cases that had been taken on).
-- kind measure, clients: awaiting (taken on, not started, not closed, at the end of the month's
-- last day), awaiting_any (so on any day of it), caseload (awaiting or receiving on any day of
-- it, the day of closure included), caseload_end (at the end of its last day). A client counts
-- once in a month and strand. Cases whose days are out of order are in none of these four.
-- kind turned_down, closure: by reason, `not_recorded` where none is given. kind activity: by
-- what was done; the arm is that of the extract.

with month as (
    select
        cast(month_start as date) as month_start,
        last_day(cast(month_start as date)) as month_end
    from (
        select
            unnest(generate_series(
                cast(date_trunc('month', min(recruitment_start)) as timestamp),
                cast(date_trunc('month', max(recruitment_end)) as timestamp),
                interval 1 month
            )) as month_start
        from study.site
    )
),

service_case as (
    select * from marts.service_case
),

event as (
    select 'measure' as kind, 'requests' as code, arm, strand, requested_on as event_day
    from service_case
    union all
    select 'measure' as kind, 'assessments' as code, arm, strand, assessed_on as event_day
    from service_case
    union all
    select 'measure' as kind, 'taken_on' as code, arm, strand, taken_on as event_day
    from service_case
    union all
    select 'measure' as kind, 'turned_down' as code, arm, strand, turned_down_on as event_day
    from service_case
    union all
    select 'measure' as kind, 'closures' as code, arm, strand, closed_on as event_day
    from service_case
    where taken_on is not null
    union all
    select
        'turned_down' as kind, coalesce(not_taken_on_reason, 'not_recorded') as code, arm, strand,
        turned_down_on as event_day
    from service_case
    union all
    select
        'closure' as kind, coalesce(closure_reason, 'not_recorded') as code, arm, strand,
        closed_on as event_day
    from service_case
    where taken_on is not null
    union all
    select
        'activity' as kind,
        activity.activity as code,
        coalesce(arm_extract.arm, other_arm.arm) as arm,
        activity.strand,
        activity.held_on as event_day
    from staging.service_activity as activity
    left join study.arm_extract as arm_extract on activity.extract_id = arm_extract.extract_id
    left join study.other_arm as other_arm on true
),

-- From the first to the last day of a state; a case that is not closed has no last day.
lasting as (
    select
        person_id, arm, strand, taken_on as first_day,
        started_on,
        closed_on,
        -- Waiting ends when it starts or is closed: on that day nobody waits at its end.
        least(started_on, closed_on) as waited_until
    from service_case
    where taken_on is not null and not is_out_of_order
),

state as (
    select
        month.month_start,
        lasting.person_id,
        lasting.arm,
        lasting.strand,
        coalesce(lasting.closed_on > month.month_end, true) as is_live_at_end,
        coalesce(lasting.waited_until > month.month_end, true) as is_waiting_at_end,
        coalesce(lasting.waited_until >= month.month_start, true)
            and lasting.waited_until is distinct from lasting.first_day as was_waiting
    from lasting
    inner join month
        on lasting.first_day <= month.month_end
        and coalesce(lasting.closed_on, date '9999-12-31') >= month.month_start
),

client_count as (
    select
        month_start,
        arm,
        strand,
        count(distinct person_id) as caseload,
        count(distinct person_id) filter (where is_live_at_end) as caseload_end,
        count(distinct person_id) filter (where was_waiting) as awaiting_any,
        count(distinct person_id) filter (where is_waiting_at_end) as awaiting
    from state
    group by month_start, arm, strand
),

counted as (
    select month.month_start, event.kind, event.code, event.arm, event.strand, count(*) as number
    from event
    inner join month on event.event_day between month.month_start and month.month_end
    group by month.month_start, event.kind, event.code, event.arm, event.strand
    union all
    select month_start, 'measure' as kind, code, arm, strand, number
    from client_count
    unpivot (number for code in (caseload, caseload_end, awaiting_any, awaiting))
)

select month_start as month, kind, code, arm, strand, number
from counted
where arm is not null and number > 0
order by all
