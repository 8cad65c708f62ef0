-- Grain:   one row per police incident and perpetrator, on a day for which the force of its
--          site sent its data
-- Key:     person_id, incident_id
-- Source:  staging.police_incident, study.coverage_span
-- Version: 1
-- The one rule of which incidents count, as cohort.hearing is of hearings. An incident that
-- stands under two references of one person is one incident; it was domestic abuse, or
-- crimed, where any of its rows says so. is_domestic_abuse and is_crimed are null where the
-- force does not know: such an incident is neither domestic abuse nor not.
-- Few incidents stand under two references: they are found first, by a hash (it does no harm
-- if two keys share one), and only they are put together.

with coverage_span as (
    select * from study.coverage_span where source = 'police'
),

received as not materialized (
    select
        police_incident.perpetrator_id as person_id,
        police_incident.incident_id,
        police_incident.incident_date,
        police_incident.site,
        case police_incident.domestic_abuse when 'yes' then true when 'no' then false end
            as is_domestic_abuse,
        case police_incident.crimed when 'yes' then true when 'no' then false end as is_crimed,
        hash(police_incident.perpetrator_id, police_incident.incident_id) as key_hash
    from staging.police_incident as police_incident
    inner join coverage_span
        on police_incident.site = coverage_span.site
        and police_incident.incident_date
        between coverage_span.first_day and coverage_span.last_day
),

repeated as (
    select received.key_hash
    from received
    group by received.key_hash
    having count(*) > 1
)

select
    received.person_id,
    received.incident_id,
    received.incident_date,
    received.site,
    received.is_domestic_abuse,
    received.is_crimed
from received
anti join repeated on received.key_hash = repeated.key_hash
union all
select
    received.person_id,
    received.incident_id,
    min(received.incident_date) as incident_date,
    min(received.site) as site,
    bool_or(received.is_domestic_abuse) as is_domestic_abuse,
    bool_or(received.is_crimed) as is_crimed
from received
semi join repeated on received.key_hash = repeated.key_hash
group by received.person_id, received.incident_id
