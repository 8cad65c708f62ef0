-- Grain:   one row per allocated perpetrator, source with dated events, and spell of time
-- Key:     person_id, source, scheme, spell
-- Source:  cohort.member, study.period, study.window, study.coverage, study.coverage_span
-- Version: 4
-- Scheme 'period': the study's periods around the intervention. A period is the days after
-- one anchor day up to and including another; a period with including_start counts its first
-- anchor day and not its last (six months before: from index - 6 months to the day before
-- the index date). Scheme 'window': fixed months from the index date, the same for both
-- arms; a window is the days after its first month's day up to and including its last's.
-- Only the days for which the agency sent its data are observed, and days in a gap are not:
-- observed_days = 0 means not available, never zero events. observed_first and observed_last
-- are the first and the last day observed; there may be gaps between them. Where the end of
-- intervention is not known, observed_days is null. The end of the data is the last day
-- received.
-- Nobody is observed after the day on which he died or moved away (cohort.member): what comes
-- later is censored. That day itself is observed. It stays so if he appears again: to take
-- back the time of those only who were recorded again would hang the time at risk on its own
-- outcome. Prison ends nothing.
-- The days hang on the dates alone, not on the person: they are counted once for all people of
-- a site with the same dates.

with member as (
    select
        member.person_id,
        member.site,
        member.arm,
        member.index_date,
        member.end_date,
        coalesce(
            least(member.death_date, member.moved_away_on), date '9999-12-31'
        ) as left_on
    from cohort.member as member
),

coverage as (
    select * from study.coverage where source in ('marac', 'police')
),

coverage_span as (
    select * from study.coverage_span
),

scheme as (
    select
        'period' as scheme,
        period.period as spell,
        period.position,
        period.after_anchor,
        period.after_months,
        period.until_anchor,
        period.until_months,
        period.including_start
    from study.period as period
    union all
    select
        'window' as scheme,
        fixed.follow_up_window as spell,
        fixed.position,
        'index' as after_anchor,
        fixed.after_months,
        'index' as until_anchor,
        fixed.until_months,
        false as including_start
    from study.window as fixed
),

dates as (
    select
        same.*,
        row_number() over (
            order by same.site, same.index_date, same.end_date, same.left_on
        ) as dates_number
    from (select distinct member.site, member.index_date, member.end_date, member.left_on
        from member) as same
),

anchored as (
    select
        dates.dates_number,
        dates.site,
        dates.left_on,
        coverage.source,
        scheme.scheme,
        scheme.spell,
        scheme.position,
        case scheme.after_anchor
            when 'index' then dates.index_date
            when 'end' then dates.end_date
            else coverage.last_day
        end + to_months(scheme.after_months) as after_day,
        case scheme.until_anchor
            when 'index' then dates.index_date
            when 'end' then dates.end_date
            else coverage.last_day
        end + to_months(scheme.until_months) as until_day,
        scheme.including_start
    from dates
    inner join coverage on dates.site = coverage.site
    cross join scheme
),

bounded as (
    select
        anchored.dates_number,
        anchored.site,
        anchored.left_on,
        anchored.source,
        anchored.scheme,
        anchored.spell,
        anchored.position,
        cast(anchored.after_day as date)
        + (case when anchored.including_start then 0 else 1 end) as first_day,
        cast(anchored.until_day as date)
        - (case when anchored.including_start then 1 else 0 end) as last_day
    from anchored
),

observed as (
    select
        bounded.dates_number,
        bounded.source,
        bounded.scheme,
        bounded.spell,
        min(greatest(bounded.first_day, coverage_span.first_day)) as observed_first,
        max(least(bounded.last_day, coverage_span.last_day, bounded.left_on)) as observed_last,
        sum(
            least(bounded.last_day, coverage_span.last_day, bounded.left_on)
            - greatest(bounded.first_day, coverage_span.first_day) + 1
        ) as observed_days
    from bounded
    inner join coverage_span
        on bounded.source = coverage_span.source
        and bounded.site = coverage_span.site
        and bounded.first_day <= coverage_span.last_day
        and bounded.last_day >= coverage_span.first_day
        and bounded.left_on >= greatest(bounded.first_day, coverage_span.first_day)
    where bounded.first_day <= bounded.last_day
    group by bounded.dates_number, bounded.source, bounded.scheme, bounded.spell
),

counted as (
    select
        bounded.dates_number,
        bounded.source,
        bounded.scheme,
        bounded.spell,
        bounded.position,
        bounded.first_day,
        bounded.last_day,
        observed.observed_first,
        observed.observed_last,
        case
            when bounded.first_day is not null and bounded.last_day is not null
                then cast(coalesce(observed.observed_days, 0) as bigint)
        end as observed_days,
        coalesce(
            observed.observed_days = bounded.last_day - bounded.first_day + 1, false
        ) as fully_observed
    from bounded
    left join observed
        on bounded.dates_number = observed.dates_number
        and bounded.source = observed.source
        and bounded.scheme = observed.scheme
        and bounded.spell = observed.spell
)

select
    member.person_id,
    member.site,
    member.arm,
    counted.source,
    counted.scheme,
    counted.spell,
    counted.position,
    counted.first_day,
    counted.last_day,
    counted.observed_first,
    counted.observed_last,
    counted.observed_days,
    counted.fully_observed
from member
inner join dates
    on member.site = dates.site
    and member.index_date = dates.index_date
    and member.end_date is not distinct from dates.end_date
    and member.left_on = dates.left_on
inner join counted on dates.dates_number = counted.dates_number
