-- Grain:   one row per allocated perpetrator (as allocated: nobody is left out)
-- Key:     person_id
-- Source:  ledger.allocation, staging.cms_service_user, staging.marac_case, study.setting,
--          study.coverage, study.arm, people.characteristic, ledger.police_request,
--          staging.police_incident
-- Version: 2
-- Index date: the MARAC meeting of the allocation. Age: as recorded there; the lower where
-- two ages are recorded; where none is, from the date of birth (which is in no table).
-- End of intervention: the closure date; without one (all controls), the index date
-- plus a fixed number of days where the study states it, else plus the mean number of
-- days from index to closure in the intervention arm, to the nearest day.
-- <source>_data_end: the last day that the source sent for the site; null where it sent none.
-- There may be gaps before it (study.coverage_span).
-- police_asked: whether the police were asked about him. Where the ledger holds no list for
-- the police: all of the intervention arm and whoever has a record; of the others null.
-- death_date, prison_from and moved_away_on: not available (null), as no source that a mapping
-- reads gives them. So nobody's time at risk ends before the data do.

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

police_list as (
    select count(*) > 0 as exists_at_all from ledger.police_request
),

with_police_record as (
    select distinct police_incident.perpetrator_id as person_id
    from staging.police_incident as police_incident
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
    cast(null as date) as death_date,
    cast(null as date) as prison_from,
    cast(null as date) as moved_away_on
from allocation
left join service_user on allocation.person_id = service_user.perpetrator_id
left join age_at_index on allocation.person_id = age_at_index.person_id
left join characteristic on allocation.person_id = characteristic.person_id
left join data_end on allocation.site = data_end.site
left join study.arm as arm on allocation.arm = arm.arm
left join with_police_record on allocation.person_id = with_police_record.person_id
cross join mean_duration
cross join police_list
left join fixed_duration on true
