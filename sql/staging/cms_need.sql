-- Grain:   one row per service user and time point
-- Key:     perpetrator_id, time_point
-- Source:  mapped.cms_need (case management, needs)
-- Version: 1
-- Rejected, for the first reason that applies: blank row; summary line; cells that do not
-- fit the header; no usable value in a required column (site, perpetrator_id, time_point);
-- duplicate of an earlier row (same key, same content); conflict with an earlier row (same
-- key, other content).
-- Earlier: lower extract id, then lower row number.

with mapped_row as (
    select * from mapped.cms_need
),

judged as (
    select
        mapped_row.*,
        row_fault(
            mapped_row.row_kind,
            mapped_row.problems,
            ['site', 'perpetrator_id', 'time_point']
        ) as fault
    from mapped_row
),

compared as (
    select
        judged.*,
        row_number() over same_key as place,
        row(
            judged.site, judged.assessed_on, judged.housing, judged.employment,
            judged.alcohol_misuse, judged.relationship_with_children,
            judged.parenting_capacity, judged.mental_health, judged.drugs_misuse,
            judged.relationship_with_family, judged.financial, judged.social_community_ties,
            judged.physical_health, judged.other_addictions
        ) is not distinct from first_value(row(
            judged.site, judged.assessed_on, judged.housing, judged.employment,
            judged.alcohol_misuse, judged.relationship_with_children,
            judged.parenting_capacity, judged.mental_health, judged.drugs_misuse,
            judged.relationship_with_family, judged.financial, judged.social_community_ties,
            judged.physical_health, judged.other_addictions
        )) over same_key as is_same_content
    from judged
    window same_key as (
        partition by judged.fault is null, judged.perpetrator_id, judged.time_point
        order by judged.extract_id, judged.row_number
    )
)

select
    compared.extract_id,
    compared.row_number,
    compared.row_kind,
    compared.site,
    compared.perpetrator_id,
    compared.time_point,
    compared.assessed_on,
    compared.housing,
    compared.employment,
    compared.alcohol_misuse,
    compared.relationship_with_children,
    compared.parenting_capacity,
    compared.mental_health,
    compared.drugs_misuse,
    compared.relationship_with_family,
    compared.financial,
    compared.social_community_ties,
    compared.physical_health,
    compared.other_addictions,
    compared.problems,
    coalesce(
        compared.fault, repeat_fault(compared.place, compared.is_same_content)
    ) as reject_reason
from compared
