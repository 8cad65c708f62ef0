-- Grain:   one row per service user of the intervention
-- Key:     perpetrator_id
-- Source:  mapped.cms_service_user (case management, service users)
-- Version: 1
-- Rejected, for the first reason that applies: blank row; summary line; cells that do not
-- fit the header; no usable value in a required column (site, perpetrator_id, start_date);
-- duplicate of an earlier row (same key, same content); conflict with an earlier row (same
-- key, other content).
-- Earlier: lower extract id, then lower row number.

with mapped_row as (
    select * from mapped.cms_service_user
),

judged as (
    select
        mapped_row.*,
        row_fault(
            mapped_row.row_kind,
            mapped_row.problems,
            ['site', 'perpetrator_id', 'start_date']
        ) as fault
    from mapped_row
),

compared as (
    select
        judged.*,
        row_number() over same_key as place,
        row(
            judged.site, judged.start_date, judged.closure_date, judged.completed, judged.age,
            judged.sex, judged.ethnicity, judged.relationship, judged.living_arrangement,
            judged.domestic_abuse_charges, judged.idva_engaged, judged.cyps_involvement,
            judged.ccj_involvement
        ) is not distinct from first_value(row(
            judged.site, judged.start_date, judged.closure_date, judged.completed, judged.age,
            judged.sex, judged.ethnicity, judged.relationship, judged.living_arrangement,
            judged.domestic_abuse_charges, judged.idva_engaged, judged.cyps_involvement,
            judged.ccj_involvement
        )) over same_key as is_same_content
    from judged
    window same_key as (
        partition by judged.fault is null, judged.perpetrator_id
        order by judged.extract_id, judged.row_number
    )
)

select
    compared.extract_id,
    compared.row_number,
    compared.row_kind,
    compared.site,
    compared.perpetrator_id,
    compared.start_date,
    compared.closure_date,
    compared.completed,
    compared.age,
    compared.sex,
    compared.ethnicity,
    compared.relationship,
    compared.living_arrangement,
    compared.domestic_abuse_charges,
    compared.idva_engaged,
    compared.cyps_involvement,
    compared.ccj_involvement,
    compared.problems,
    coalesce(
        compared.fault, repeat_fault(compared.place, compared.is_same_content)
    ) as reject_reason
from compared
