-- Grain:   one row per case heard at MARAC, on a day for which its site sent its data
-- Key:     person_id, victim_id, hearing_date
-- Source:  staging.marac_case, study.coverage_span
-- Version: 1
-- The one rule of which hearings count: a stray row dated in a month that was not received
-- counts nowhere. Hearings at any site are here; whether somebody's absence says anything is
-- decided by the coverage of his own site.

with marac_case as (
    select * from staging.marac_case
),

coverage_span as (
    select * from study.coverage_span where source = 'marac'
)

select
    marac_case.perpetrator_id as person_id,
    marac_case.victim_id,
    marac_case.hearing_date,
    marac_case.site
from marac_case
inner join coverage_span
    on marac_case.site = coverage_span.site
    and marac_case.hearing_date between coverage_span.first_day and coverage_span.last_day
