-- Grain:   one row per allocated perpetrator (as allocated: nobody is left out)
-- Key:     person_id
-- Source:  ledger.allocation, staging.cms_service_user, staging.marac_case, study.setting,
--          study.coverage, study.arm, people.characteristic, ledger.police_request,
--          staging.police_incident, staging.person_event
-- Version: 3
-- Index date: the MARAC meeting of the allocation. Age: as recorded there; the lower where
-- two ages are recorded; where none is, from the date of birth (which is in no table).
-- End of intervention: the closure date; without one (all controls), the index date
-- plus a fixed number of days where the study states it, else plus the mean number of
-- days from index to closure in the intervention arm, to the nearest day.
-- <source>_data_end: the last day that the source sent for the site; null where it sent none.
-- There may be gaps before it (study.coverage_span).
-- police_asked: whether the police were asked about him. Where the ledger holds no list for
-- the police: all of the intervention arm and whoever has a record; of the others null.
-- death_date, moved_away_on, prison_from: where a source tells of such events; else null.
-- Death is the first day told. Moving away is the first on or after the index date: whoever
-- moved before it was heard here again. Prison is the first day of the first stay that did
-- not end before the index date; a release on the index date, or on the day of the entry,
-- has ended it.
-- Death and moving away end what can be observed of a person (cohort.spell). Prison does not:
-- he is still allocated, can be recorded from prison, and the intervention may be what brought
-- him there; to leave out his time there would compare arms by what came after the
-- allocation. The day is here for sensitivity.

with allocation as (
    select * from ledger.allocation
),

service_user as (
    select * from staging.cms_service_user
),

marac_case as (
    select * from staging.marac_case
),

characteristic as (
    select * from people.characteristic
),

person_event as (
    select * from staging.person_event
),

police_list as (
    select count(*) > 0 as exists_at_all from ledger.police_request
),

with_police_record as (
    select distinct police_incident.perpetrator_id as person_id
    from staging.police_incident as police_incident
),

leaving as (
    select
        allocation.person_id,
        min(person_event.event_date) filter (
            where person_event.event = 'died'
        ) as death_date,
        min(person_event.event_date) filter (
            where person_event.event = 'moved_away'
            and person_event.event_date >= allocation.meeting_date
        ) as moved_away_on
    from allocation
    inner join person_event on allocation.person_id = person_event.perpetrator_id
    group by allocation.person_id
),

prison as (
    select
        allocation.person_id,
        min(entry.event_date) as prison_from
    from allocation
    inner join person_event as entry
        on allocation.person_id = entry.perpetrator_id
        and entry.event = 'prison'
    where not exists (
        select 1 from person_event as release
        where release.perpetrator_id = entry.perpetrator_id
            and release.event = 'released'
            and release.event_date between entry.event_date and allocation.meeting_date
    )
    group by allocation.person_id
),

data_end as (
    select
        coverage.site,
        max(coverage.last_day) filter (where coverage.source = 'marac') as marac,
        max(coverage.last_day) filter (where coverage.source = 'police') as police,
        max(coverage.last_day) filter (where coverage.source = 'insights') as insights,
        max(coverage.last_day) filter (where coverage.source = 'cms') as cms
    from study.coverage as coverage
    group by coverage.site
),

fixed_duration as (
    select setting.value as days
    from study.setting as setting
    where setting.name = 'end_of_intervention_fixed_days'
),

mean_duration as (
    select avg(service_user.closure_date - allocation.meeting_date) as days
    from allocation
    inner join service_user on allocation.person_id = service_user.perpetrator_id
    where service_user.closure_date >= allocation.meeting_date
),

age_at_index as (
    select
        allocation.person_id,
        min(marac_case.perpetrator_age) as age
    from allocation
    inner join marac_case
        on allocation.person_id = marac_case.perpetrator_id
        and allocation.meeting_date = marac_case.hearing_date
    group by allocation.person_id
)

select
    allocation.person_id,
    allocation.site,
    allocation.arm,
    allocation.meeting_date as index_date,
    service_user.closure_date,
    coalesce(service_user.completed = 'yes', false) as completed,
    service_user.perpetrator_id is not null as has_cms_record,
    coalesce(
        case
            when service_user.closure_date >= allocation.meeting_date
                then service_user.closure_date
        end,
        allocation.meeting_date
        + cast(round(coalesce(fixed_duration.days, mean_duration.days)) as integer)
    ) as end_date,
    case
        when service_user.closure_date >= allocation.meeting_date then 'closure'
        when fixed_duration.days is not null then 'fixed_days'
        when mean_duration.days is not null then 'mean_intervention_duration'
        else 'not_available'
    end as end_rule,
    coalesce(age_at_index.age, characteristic.age_at_index) as age_at_index,
    characteristic.postcode_area,
    data_end.marac as marac_data_end,
    data_end.police as police_data_end,
    data_end.insights as insights_data_end,
    data_end.cms as cms_data_end,
    case
        when police_list.exists_at_all
            then allocation.person_id in (select person_id from ledger.police_request)
        when arm.role = 'intervention' or with_police_record.person_id is not null then true
    end as police_asked,
    leaving.death_date,
    prison.prison_from,
    leaving.moved_away_on
from allocation
left join service_user on allocation.person_id = service_user.perpetrator_id
left join age_at_index on allocation.person_id = age_at_index.person_id
left join characteristic on allocation.person_id = characteristic.person_id
left join data_end on allocation.site = data_end.site
left join leaving on allocation.person_id = leaving.person_id
left join prison on allocation.person_id = prison.person_id
left join study.arm as arm on allocation.arm = arm.arm
left join with_police_record on allocation.person_id = with_police_record.person_id
cross join mean_duration
cross join police_list
left join fixed_duration on true
