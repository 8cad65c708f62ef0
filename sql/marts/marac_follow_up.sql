-- Grain:   one row per allocated perpetrator and follow-up period with MARAC coverage
-- Key:     person_id, period
-- Source:  cohort.follow_up, staging.marac_case
-- Version: 1
-- An appearance is a case heard: a perpetrator and a victim at a meeting. The index
-- meeting itself lies in no period. Hearings count at any site.

with follow_up as (
    select * from cohort.follow_up where source = 'marac'
),

marac_case as (
    select * from staging.marac_case
)

select
    follow_up.person_id,
    follow_up.site,
    follow_up.arm,
    follow_up.period,
    follow_up.position,
    follow_up.observed_days,
    follow_up.fully_observed,
    count(marac_case.hearing_date) as appearances
from follow_up
left join marac_case
    on follow_up.person_id = marac_case.perpetrator_id
    and marac_case.hearing_date between follow_up.observed_first and follow_up.observed_last
group by all
