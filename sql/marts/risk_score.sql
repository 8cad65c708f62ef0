-- Grain:   one row per Drive-DASH form (service user and time point)
-- Key:     person_id, time_point
-- Source:  staging.cms_risk_item, cohort.member, study.setting
-- Version: 1
-- Score: the number of items answered yes. Not known: answered don't know or not
-- applicable, or not answered. A form with more of these than the study allows has no
-- score.

with risk_item as (
    select * from staging.cms_risk_item
),

member as (
    select * from cohort.member
),

allowed as (
    select setting.value as most_not_known
    from study.setting as setting
    where setting.name = 'dash_max_not_known'
),

answers as (
    select
        risk_item.perpetrator_id as person_id,
        risk_item.time_point,
        [
            item_01, item_02, item_03, item_04, item_05, item_06, item_07, item_08, item_09, item_10,
            item_11, item_12, item_13, item_14, item_15, item_16, item_17, item_18, item_19, item_20
        ] as items
    from risk_item
),

counted as (
    select
        answers.person_id,
        answers.time_point,
        len(list_filter(answers.items, lambda item: item = 'yes')) as yes_answers,
        len(list_filter(answers.items, lambda item: item is null or item not in ('yes', 'no')))
            as not_known_answers
    from answers
)

select
    counted.person_id,
    member.site,
    counted.time_point,
    counted.yes_answers,
    counted.not_known_answers,
    counted.not_known_answers <= allowed.most_not_known as is_usable,
    case
        when counted.not_known_answers <= allowed.most_not_known then counted.yes_answers
    end as score
from counted
inner join member on counted.person_id = member.person_id
cross join allowed
