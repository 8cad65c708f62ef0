-- Grain:   one row per police incident and perpetrator, on a day for which the force of its
--          site sent its data
-- Key:     person_id, incident_id
-- Source:  staging.police_incident, study.coverage_span
-- Version: 1
-- The one rule of which incidents count, as cohort.hearing is of hearings. An incident that
-- stands under two references of one person is one incident; it was domestic abuse, or
-- crimed, where any of its rows says so. is_domestic_abuse and is_crimed are null where the
-- force does not know: such an incident is neither domestic abuse nor not.

with police_incident as (
    select * from staging.police_incident
),

coverage_span as (
    select * from study.coverage_span where source = 'police'
)

select
    police_incident.perpetrator_id as person_id,
    police_incident.incident_id,
    min(police_incident.incident_date) as incident_date,
    min(police_incident.site) as site,
    bool_or(case police_incident.domestic_abuse when 'yes' then true when 'no' then false end)
        as is_domestic_abuse,
    bool_or(case police_incident.crimed when 'yes' then true when 'no' then false end)
        as is_crimed
from police_incident
inner join coverage_span
    on police_incident.site = coverage_span.site
    and police_incident.incident_date between coverage_span.first_day and coverage_span.last_day
group by police_incident.perpetrator_id, police_incident.incident_id
