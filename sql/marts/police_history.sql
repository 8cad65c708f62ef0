-- Grain:   one row per allocated perpetrator about whom the police were asked, at a site
--          that sent police data
-- Key:     person_id
-- Source:  cohort.member, cohort.incident, cohort.follow_up, study.coverage_span, marts.defined
-- Version: 2
-- The incidents of the evaluation period: from the first day of a person's first period to the
-- last day of the last, and not after the last day received of his force. As in
-- marts.police_spell an incident counts, wherever it was recorded, on a day for which his own
-- force sent its data: one recorded elsewhere on a day in a gap, or later, is in no count, also
-- not in outside. Incidents outside the evaluation period are left out and counted (outside).
-- on_index_date: inside, but in no period. has_record: any incident in the evaluation period; a
-- person without one has zeros. serial and repeat as the versions that the study uses
-- (marts.defined); serial is of MARAC and null where MARAC sent nothing.

with member as (
    select * from cohort.member where police_asked
),

incident as (
    select * from cohort.incident
),

follow_up as (
    select * from cohort.follow_up where source = 'police'
),

coverage_span as (
    select * from study.coverage_span where source = 'police'
),

defined as (
    select * from marts.defined where role = 'in_use'
),

evaluation as (
    select
        follow_up.person_id,
        min(follow_up.first_day) as first_day,
        max(follow_up.last_day) as last_day
    from follow_up
    group by follow_up.person_id
),

placed as (
    select
        incident.person_id,
        incident.is_domestic_abuse,
        incident.is_crimed,
        incident.incident_date between evaluation.first_day and evaluation.last_day as is_inside,
        incident.incident_date = member.index_date as is_on_index_date
    from incident
    inner join evaluation on incident.person_id = evaluation.person_id
    inner join member on incident.person_id = member.person_id
    inner join coverage_span
        on member.site = coverage_span.site
        and incident.incident_date between coverage_span.first_day and coverage_span.last_day
),

counted as (
    select
        placed.person_id,
        count(*) filter (where placed.is_inside) as incidents,
        count(*) filter (where placed.is_inside and placed.is_domestic_abuse) as domestic_abuse,
        count(*) filter (where placed.is_inside and placed.is_domestic_abuse and placed.is_crimed)
            as domestic_abuse_crimed,
        count(*) filter (where placed.is_inside and not placed.is_domestic_abuse) as other,
        count(*) filter (where placed.is_inside and not placed.is_domestic_abuse and placed.is_crimed)
            as other_crimed,
        count(*) filter (where not placed.is_inside) as outside,
        count(*) filter (where placed.is_on_index_date) as on_index_date
    from placed
    group by placed.person_id
)

select
    member.person_id,
    member.site,
    member.arm,
    coalesce(counted.incidents, 0) > 0 as has_record,
    coalesce(counted.incidents, 0) as incidents,
    coalesce(counted.domestic_abuse, 0) as domestic_abuse,
    coalesce(counted.domestic_abuse_crimed, 0) as domestic_abuse_crimed,
    coalesce(counted.other, 0) as other,
    coalesce(counted.other_crimed, 0) as other_crimed,
    coalesce(counted.outside, 0) as outside,
    coalesce(counted.on_index_date, 0) as on_index_date,
    serial.holds as is_serial,
    repeat.holds as is_repeat
from member
inner join evaluation on member.person_id = evaluation.person_id
left join counted on member.person_id = counted.person_id
left join defined as serial
    on member.person_id = serial.person_id and serial.definition = 'serial'
left join defined as repeat
    on member.person_id = repeat.person_id and repeat.definition = 'police_repeat'
