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
-- People are numbered, in no order, to count by a number rather than by a text; the spells are
-- read twice rather than kept in memory.

with person as materialized (
    select
        member.person_id,
        member.site,
        coalesce(member.police_asked, false) as police_asked,
        row_number() over () as person_number
    from cohort.member as member
),

spell as not materialized (
    select
        spell.*,
        person.person_number,
        person.police_asked,
        person.police_asked and spell.observed_days > 0 as is_known
    from cohort.spell as spell
    inner join person on spell.person_id = person.person_id
    where spell.source = 'police'
),

coverage_span as (
    select * from study.coverage_span where source = 'police'
),

incident as (
    select
        person.person_number,
        incident.incident_date,
        incident.is_domestic_abuse,
        incident.is_crimed
    from cohort.incident as incident
    inner join person on incident.person_id = person.person_id
    inner join coverage_span
        on person.site = coverage_span.site
        and incident.incident_date between coverage_span.first_day and coverage_span.last_day
    where person.police_asked
),

counted as (
    select
        spell.person_number,
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
        on spell.person_number = incident.person_number
        and incident.incident_date between spell.first_day and spell.observed_last
    group by spell.person_number, spell.scheme, spell.spell
)

select
    spell.person_id,
    spell.site,
    spell.arm,
    spell.scheme,
    spell.spell,
    spell.position,
    spell.police_asked,
    spell.observed_days,
    spell.fully_observed,
    case when spell.is_known then coalesce(counted.incidents, 0) end as incidents,
    case when spell.is_known then coalesce(counted.domestic_abuse, 0) end as domestic_abuse,
    case when spell.is_known then coalesce(counted.domestic_abuse_crimed, 0) end
        as domestic_abuse_crimed,
    case when spell.is_known then coalesce(counted.other, 0) end as other,
    case when spell.is_known then coalesce(counted.other_crimed, 0) end as other_crimed
from spell
left join counted
    on spell.person_number = counted.person_number
    and spell.scheme = counted.scheme
    and spell.spell = counted.spell
