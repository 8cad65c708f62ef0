-- Grain:   one row per service user of the intervention
-- Key:     person_id
-- Source:  staging.cms_service_user, cohort.member
-- Version: 1
-- state: closed; closed_before_start (the dates cannot both be right); not_completed (left
-- without a closure date); open (neither).
-- days, months: from start to closure of the closed, months complete. A month is complete on
-- the same day of the month, or on the last day of a shorter one.
-- open_until: the last day on which the case is known to be open: the closure, else of the
-- open the last day that case management sent for the site; of the others null.

with service_user as (
    select * from staging.cms_service_user
),

member as (
    select * from cohort.member
),

judged as (
    select
        service_user.perpetrator_id as person_id,
        member.site,
        service_user.start_date,
        service_user.closure_date,
        member.cms_data_end,
        case
            when service_user.closure_date < service_user.start_date then 'closed_before_start'
            when service_user.closure_date is not null then 'closed'
            when service_user.completed = 'no' then 'not_completed'
            else 'open'
        end as state
    from service_user
    inner join member on service_user.perpetrator_id = member.person_id
)

select
    judged.person_id,
    judged.site,
    judged.start_date,
    judged.closure_date,
    judged.state,
    case
        when judged.state = 'closed' then judged.closure_date - judged.start_date
    end as days,
    case
        when judged.state = 'closed'
            then datesub('month', judged.start_date, judged.closure_date)
    end as months,
    case judged.state
        when 'closed' then judged.closure_date
        when 'open' then judged.cms_data_end
    end as open_until
from judged
