-- Grain:   one row per service user of the intervention with a case-management record
-- Key:     person_id
-- Source:  marts.case_duration, marts.behaviour, marts.action, study.coverage
-- Version: 1
-- contact, direct_support, behaviour_change: yes where a case manager recorded any such action
-- in the case, else no. Actions before its start or after its end do not count; those of a case
-- whose start or end is not known do. A direct action whose kind is not stated tells of none.
-- null (not available) where it is not yes and the actions were not sent: case management sent
-- nothing for the site, or no action of anybody there.

with case_duration as (
    select * from marts.case_duration
),

behaviour as (
    select * from marts.behaviour
),

action as (
    select * from marts.action
),

coverage as (
    select * from study.coverage where source = 'cms'
),

recorded as (
    select case_duration.person_id, case_duration.site from case_duration
    union
    select behaviour.person_id, behaviour.site from behaviour
    union
    select action.person_id, action.site from action
),

sent as (
    select distinct action.site
    from action
    inner join coverage on action.site = coverage.site
),

done as (
    select
        action.person_id,
        bool_or(action.action = 'contact') as contact,
        bool_or(action.action = 'direct_support') as direct_support,
        bool_or(action.action = 'behaviour_change') as behaviour_change
    from action
    where action.when_in_case in ('in_case', 'not_known')
    group by action.person_id
)

select
    recorded.person_id,
    recorded.site,
    case when done.contact then 'yes' when sent.site is not null then 'no' end as contact,
    case
        when done.direct_support then 'yes'
        when sent.site is not null then 'no'
    end as direct_support,
    case
        when done.behaviour_change then 'yes'
        when sent.site is not null then 'no'
    end as behaviour_change
from recorded
left join sent on recorded.site = sent.site
left join done on recorded.person_id = done.person_id
