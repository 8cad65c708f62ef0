-- Grain:   one row per case heard (perpetrator and victim) at a meeting
-- Key:     perpetrator_id, victim_id, hearing_date
-- Source:  mapped.marac_case (MARAC case lists)
-- Version: 1
-- Rejected, for the first reason that applies: blank row; summary line; cells that do not
-- fit the header; no usable value in a required column (site, perpetrator_id, victim_id,
-- hearing_date); duplicate of an earlier row (same key, same content); conflict with an
-- earlier row (same key, other content).
-- Earlier: lower extract id, then lower row number.

with mapped_row as (
    select * from mapped.marac_case
),

judged as (
    select
        mapped_row.*,
        row_fault(
            mapped_row.row_kind,
            mapped_row.problems,
            ['site', 'perpetrator_id', 'victim_id', 'hearing_date']
        ) as fault
    from mapped_row
),

compared as (
    select
        judged.*,
        row_number() over same_key as place,
        row(
            judged.site, judged.perpetrator_age, judged.referral_agency, judged.repeat_case,
            judged.children_count
        ) is not distinct from first_value(row(
            judged.site, judged.perpetrator_age, judged.referral_agency, judged.repeat_case,
            judged.children_count
        )) over same_key as is_same_content
    from judged
    window same_key as (
        partition by judged.fault is null, judged.perpetrator_id, judged.victim_id, judged.hearing_date
        order by judged.extract_id, judged.row_number
    )
)

select
    compared.extract_id,
    compared.row_number,
    compared.row_kind,
    compared.site,
    compared.perpetrator_id,
    compared.victim_id,
    compared.hearing_date,
    compared.perpetrator_age,
    compared.referral_agency,
    compared.repeat_case,
    compared.children_count,
    compared.problems,
    coalesce(
        compared.fault, repeat_fault(compared.place, compared.is_same_content)
    ) as reject_reason
from compared
