-- Grain:   one row per victim-survivor engaging with an IDVA
-- Key:     victim_id
-- Source:  mapped.insights_intake (IDVA Insights, intake forms)
-- Version: 1
-- Rejected, for the first reason that applies: blank row; summary line; cells that do not
-- fit the header; no usable value in a required column (site, victim_id, perpetrator_id,
-- intake_date); duplicate of an earlier row (same key, same content); conflict with an
-- earlier row (same key, other content).
-- Earlier: lower extract id, then lower row number.

with mapped_row as (
    select * from mapped.insights_intake
),

judged as (
    select
        mapped_row.*,
        row_fault(
            mapped_row.row_kind,
            mapped_row.problems,
            ['site', 'victim_id', 'perpetrator_id', 'intake_date']
        ) as fault
    from mapped_row
),

compared as (
    select
        judged.*,
        row_number() over same_key as place,
        row(
            judged.site, judged.perpetrator_id, judged.intake_date, judged.age, judged.sex,
            judged.ethnicity, judged.relationship, judged.living_arrangement,
            judged.children_present, judged.criminal_record_domestic_abuse,
            judged.cyps_involvement, judged.physical, judged.sexual,
            judged.harassment_stalking, judged.jealous_controlling
        ) is not distinct from first_value(row(
            judged.site, judged.perpetrator_id, judged.intake_date, judged.age, judged.sex,
            judged.ethnicity, judged.relationship, judged.living_arrangement,
            judged.children_present, judged.criminal_record_domestic_abuse,
            judged.cyps_involvement, judged.physical, judged.sexual,
            judged.harassment_stalking, judged.jealous_controlling
        )) over same_key as is_same_content
    from judged
    window same_key as (
        partition by judged.fault is null, judged.victim_id
        order by judged.extract_id, judged.row_number
    )
)

select
    compared.extract_id,
    compared.row_number,
    compared.row_kind,
    compared.site,
    compared.victim_id,
    compared.perpetrator_id,
    compared.intake_date,
    compared.age,
    compared.sex,
    compared.ethnicity,
    compared.relationship,
    compared.living_arrangement,
    compared.children_present,
    compared.criminal_record_domestic_abuse,
    compared.cyps_involvement,
    compared.physical,
    compared.sexual,
    compared.harassment_stalking,
    compared.jealous_controlling,
    compared.problems,
    coalesce(
        compared.fault, repeat_fault(compared.place, compared.is_same_content)
    ) as reject_reason
from compared
