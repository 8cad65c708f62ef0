-- Grain:   one row per action that a case manager recorded about a service user
-- Key:     none: a case manager may do the same thing twice on a day
-- Source:  staging.cms_action, cohort.member, marts.case_duration
-- Version: 1
-- action is null where none is recorded or it is not one of the kind of work: the rest of the
-- row still counts. objective is told of multi-agency work only.
-- when_in_case: before_start, in_case, after_end; not_known without a start or an end.
-- month: of the actions in the case, the month since its start, the first being 1.

with action as (
    select * from staging.cms_action
),

member as (
    select * from cohort.member
),

case_duration as (
    select * from marts.case_duration
),

placed as (
    select
        action.perpetrator_id as person_id,
        member.site,
        action.action_date,
        action.work,
        case
            when action.work = 'indirect'
                and action.action in ('background_research', 'multi_agency', 'case_update')
                then action.action
            when action.work = 'direct'
                and action.action in ('contact', 'direct_support', 'behaviour_change')
                then action.action
        end as action,
        action.objective,
        action.agency,
        case_duration.start_date,
        case
            when case_duration.open_until is null then 'not_known'
            when action.action_date < case_duration.start_date then 'before_start'
            when action.action_date > case_duration.open_until then 'after_end'
            else 'in_case'
        end as when_in_case
    from action
    inner join member on action.perpetrator_id = member.person_id
    left join case_duration on action.perpetrator_id = case_duration.person_id
)

select
    placed.person_id,
    placed.site,
    placed.action_date,
    placed.work,
    placed.action,
    case when placed.action = 'multi_agency' then placed.objective end as objective,
    nullif(placed.agency, 'not_applicable') as agency,
    placed.when_in_case,
    case
        when placed.when_in_case = 'in_case'
            then datesub('month', placed.start_date, placed.action_date) + 1
    end as month
from placed
