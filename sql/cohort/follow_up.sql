-- Grain:   one row per allocated perpetrator, source with dated events, and follow-up period
-- Key:     person_id, source, period
-- Source:  cohort.member, study.period, study.coverage
-- Version: 1
-- A period is the days after one anchor day up to and including another; a period with
-- including_start counts its first anchor day and not its last (six months before: from
-- index - 6 months to the day before the index date). Only the days for which the
-- agency sent its data are observed: observed_days = 0 means not available, never zero
-- events. Where the end of intervention is not known, observed_days is null. (greatest and
-- least pass nulls over, hence the guards.)

with member as (
    select * from cohort.member
),

period as (
    select * from study.period
),

coverage as (
    select * from study.coverage where source in ('marac', 'police')
),

anchored as (
    select
        member.person_id,
        member.site,
        member.arm,
        coverage.source,
        period.period,
        period.position,
        case period.after_anchor
            when 'index' then member.index_date
            when 'end' then member.end_date
            else coverage.last_day
        end + to_months(period.after_months) as after_day,
        case period.until_anchor
            when 'index' then member.index_date
            when 'end' then member.end_date
            else coverage.last_day
        end + to_months(period.until_months) as until_day,
        period.including_start,
        coverage.first_day as covered_first,
        coverage.last_day as covered_last
    from member
    inner join coverage on member.site = coverage.site
    cross join period
),

bounded as (
    select
        anchored.*,
        cast(anchored.after_day as date)
        + (case when anchored.including_start then 0 else 1 end) as first_day,
        cast(anchored.until_day as date)
        - (case when anchored.including_start then 1 else 0 end) as last_day
    from anchored
),

observed as (
    select
        bounded.*,
        case
            when bounded.first_day is not null and bounded.last_day is not null
                then greatest(bounded.first_day, bounded.covered_first)
        end as observed_first,
        case
            when bounded.first_day is not null and bounded.last_day is not null
                then least(bounded.last_day, bounded.covered_last)
        end as observed_last
    from bounded
)

select
    observed.person_id,
    observed.site,
    observed.arm,
    observed.source,
    observed.period,
    observed.position,
    observed.first_day,
    observed.last_day,
    observed.observed_first,
    observed.observed_last,
    case
        when observed.observed_first is not null
            then greatest(0, observed.observed_last - observed.observed_first + 1)
    end as observed_days,
    coalesce(
        observed.first_day <= observed.last_day
        and observed.observed_first = observed.first_day
        and observed.observed_last = observed.last_day,
        false
    ) as fully_observed
from observed
