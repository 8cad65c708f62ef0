-- Grain:   one row per allocated perpetrator with police coverage and spell of time
-- Key:     person_id, scheme, spell
-- Source:  cohort.spell, cohort.incident, cohort.member, study.coverage_span
-- Version: 1
-- Incidents of each kind in the study's periods and in the fixed windows (cohort.spell). An
-- incident recorded at any site counts on a day for which the person's own force sent its
-- data, not after he died or moved away. The counts are null where no day was observed, and
-- where the police were not asked about the person, or it is not known that they were: to
-- be without a record says nothing there. A person who was asked about and has no record has
-- zeros. incidents holds those as well of which it is not known whether they were domestic
-- abuse; so the two kinds may be fewer than all.

with spell as (
    select * from cohort.spell where source = 'police'
),

member as (
    select * from cohort.member
),

incident as (
    select * from cohort.incident
),

coverage_span as (
    select * from study.coverage_span where source = 'police'
),

counted as (
    select
        spell.person_id,
        spell.scheme,
        spell.spell,
        count(*) as incidents,
        count(*) filter (where incident.is_domestic_abuse) as domestic_abuse,
        count(*) filter (where incident.is_domestic_abuse and incident.is_crimed)
            as domestic_abuse_crimed,
        count(*) filter (where not incident.is_domestic_abuse) as other,
        count(*) filter (where not incident.is_domestic_abuse and incident.is_crimed)
            as other_crimed
    from spell
    inner join incident
        on spell.person_id = incident.person_id
        and incident.incident_date between spell.first_day and spell.observed_last
    inner join coverage_span
        on spell.site = coverage_span.site
        and incident.incident_date between coverage_span.first_day and coverage_span.last_day
    group by spell.person_id, spell.scheme, spell.spell
),

known as (
    select
        spell.*,
        coalesce(member.police_asked, false) as police_asked,
        coalesce(member.police_asked, false) and spell.observed_days > 0 as is_known
    from spell
    inner join member on spell.person_id = member.person_id
)

select
    known.person_id,
    known.site,
    known.arm,
    known.scheme,
    known.spell,
    known.position,
    known.police_asked,
    known.observed_days,
    known.fully_observed,
    case when known.is_known then coalesce(counted.incidents, 0) end as incidents,
    case when known.is_known then coalesce(counted.domestic_abuse, 0) end as domestic_abuse,
    case when known.is_known then coalesce(counted.domestic_abuse_crimed, 0) end
        as domestic_abuse_crimed,
    case when known.is_known then coalesce(counted.other, 0) end as other,
    case when known.is_known then coalesce(counted.other_crimed, 0) end as other_crimed
from known
left join counted
    on known.person_id = counted.person_id
    and known.scheme = counted.scheme
    and known.spell = counted.spell
