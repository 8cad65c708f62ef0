-- Grain:   one row per allocated perpetrator (as allocated: nobody is left out)
-- Key:     person_id
-- Source:  ledger.allocation, staging.cms_service_user, staging.marac_case, study.setting,
--          people.characteristic
-- Version: 1
-- Index date: the MARAC meeting of the allocation. Age: as recorded there; the lower where
-- two ages are recorded; where none is, from the date of birth (which is in no table).
-- End of intervention: the closure date; without one (all controls), the index date
-- plus a fixed number of days where the study states it, else plus the mean number of
-- days from index to closure in the intervention arm, to the nearest day.

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
    characteristic.postcode_area
from allocation
left join service_user on allocation.person_id = service_user.perpetrator_id
left join age_at_index on allocation.person_id = age_at_index.person_id
left join characteristic on allocation.person_id = characteristic.person_id
cross join mean_duration
left join fixed_duration on true
