-- Grain:   one row per allocated perpetrator
-- Key:     person_id
-- Source:  cohort.member, staging.marac_case
-- Version: 1
-- Serial (version 1): heard at MARAC with two or more different victims, on the same or
-- on different days, at any time for which data were received. Repeat (version 1): the
-- same pair of perpetrator and victim heard again on a later day.

with member as (
    select * from cohort.member
),

marac_case as (
    select * from staging.marac_case
),

pair as (
    select
        marac_case.perpetrator_id,
        marac_case.victim_id,
        count(*) as appearances,
        count(distinct marac_case.hearing_date) as hearing_days
    from marac_case
    group by marac_case.perpetrator_id, marac_case.victim_id
),

history as (
    select
        pair.perpetrator_id,
        cast(sum(pair.appearances) as bigint) as appearances,
        count(*) as victims,
        max(pair.hearing_days) as most_hearing_days_of_a_pair
    from pair
    group by pair.perpetrator_id
)

select
    member.person_id,
    member.site,
    member.arm,
    member.index_date,
    coalesce(history.appearances, 0) as appearances,
    coalesce(history.victims, 0) as victims,
    coalesce(history.victims >= 2, false) as is_serial,
    coalesce(history.most_hearing_days_of_a_pair >= 2, false) as is_repeat
from member
left join history on member.person_id = history.perpetrator_id
