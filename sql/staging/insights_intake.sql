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
        case
            when mapped_row.row_kind = 'blank' then 'blank row'
            when mapped_row.row_kind = 'summary' then 'summary line'
            when mapped_row.row_kind = 'ragged' then 'cells do not fit the header'
            else list_filter(
                mapped_row.problems,
                lambda problem: split_part(problem, ': ', 1) in (
                    'site', 'victim_id', 'perpetrator_id', 'intake_date'
                )
            )[1]
        end as fault
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
    case
        when compared.fault is not null then compared.fault
        when compared.place > 1 and compared.is_same_content then 'duplicate of an earlier row'
        when compared.place > 1 then 'conflicts with an earlier row of the same key'
    end as reject_reason
from compared
