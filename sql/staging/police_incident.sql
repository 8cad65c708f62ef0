-- Grain:   one row per recorded incident and perpetrator
-- Key:     incident_id, perpetrator_id
-- Source:  mapped.police_incident (police incident extracts)
-- Version: 1
-- Rejected, for the first reason that applies: blank row; summary line; cells that do not
-- fit the header; no usable value in a required column (site, incident_id, perpetrator_id,
-- incident_date, domestic_abuse); duplicate of an earlier row (same key, same content);
-- conflict with an earlier row (same key, other content).
-- Earlier: lower extract id, then lower row number.

with mapped_row as (
    select * from mapped.police_incident
),

judged as (
    select
        mapped_row.*,
        row_fault(
            mapped_row.row_kind,
            mapped_row.problems,
            ['site', 'incident_id', 'perpetrator_id', 'incident_date', 'domestic_abuse']
        ) as fault
    from mapped_row
),

compared as (
    select
        judged.*,
        row_number() over same_key as place,
        row(
            judged.site, judged.incident_date, judged.offence,
            judged.domestic_abuse, judged.crimed, judged.outcome
        ) is not distinct from first_value(row(
            judged.site, judged.incident_date, judged.offence,
            judged.domestic_abuse, judged.crimed, judged.outcome
        )) over same_key as is_same_content
    from judged
    window same_key as (
        partition by judged.fault is null, judged.incident_id, judged.perpetrator_id
        order by judged.extract_id, judged.row_number
    )
)

select
    compared.extract_id,
    compared.row_number,
    compared.row_kind,
    compared.site,
    compared.incident_id,
    compared.perpetrator_id,
    compared.incident_date,
    compared.offence,
    compared.domestic_abuse,
    compared.crimed,
    compared.outcome,
    compared.problems,
    coalesce(
        compared.fault, repeat_fault(compared.place, compared.is_same_content)
    ) as reject_reason
from compared
