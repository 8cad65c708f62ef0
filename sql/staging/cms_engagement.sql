-- Grain:   one row per service user
-- Key:     perpetrator_id
-- Source:  mapped.cms_engagement (case management, engagement)
-- Version: 1
-- Rejected, for the first reason that applies: blank row; summary line; cells that do not
-- fit the header; no usable value in a required column (site, perpetrator_id); duplicate of
-- an earlier row (same key, same content); conflict with an earlier row (same key, other
-- content).
-- Earlier: lower extract id, then lower row number.

with mapped_row as (
    select * from mapped.cms_engagement
),

judged as (
    select
        mapped_row.*,
        row_fault(
            mapped_row.row_kind,
            mapped_row.problems,
            ['site', 'perpetrator_id']
        ) as fault
    from mapped_row
),

compared as (
    select
        judged.*,
        row_number() over same_key as place,
        row(
            judged.site, judged.engagement, judged.direct_contact
        ) is not distinct from first_value(row(
            judged.site, judged.engagement, judged.direct_contact
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
    compared.engagement,
    compared.direct_contact,
    compared.problems,
    coalesce(
        compared.fault, repeat_fault(compared.place, compared.is_same_content)
    ) as reject_reason
from compared
