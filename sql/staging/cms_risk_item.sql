-- Grain:   one row per service user and time point (20 Drive-DASH items)
-- Key:     perpetrator_id, time_point
-- Source:  mapped.cms_risk_item (case management, Drive-DASH items)
-- Version: 1
-- Rejected, for the first reason that applies: blank row; summary line; cells that do not
-- fit the header; no usable value in a required column (site, perpetrator_id, time_point);
-- duplicate of an earlier row (same key, same content); conflict with an earlier row (same
-- key, other content).
-- Earlier: lower extract id, then lower row number.

with mapped_row as (
    select * from mapped.cms_risk_item
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
            judged.site, judged.assessed_on, judged.item_01, judged.item_02, judged.item_03,
            judged.item_04, judged.item_05, judged.item_06, judged.item_07, judged.item_08,
            judged.item_09, judged.item_10, judged.item_11, judged.item_12, judged.item_13,
            judged.item_14, judged.item_15, judged.item_16, judged.item_17, judged.item_18,
            judged.item_19, judged.item_20
        ) is not distinct from first_value(row(
            judged.site, judged.assessed_on, judged.item_01, judged.item_02, judged.item_03,
            judged.item_04, judged.item_05, judged.item_06, judged.item_07, judged.item_08,
            judged.item_09, judged.item_10, judged.item_11, judged.item_12, judged.item_13,
            judged.item_14, judged.item_15, judged.item_16, judged.item_17, judged.item_18,
            judged.item_19, judged.item_20
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
    compared.item_01,
    compared.item_02,
    compared.item_03,
    compared.item_04,
    compared.item_05,
    compared.item_06,
    compared.item_07,
    compared.item_08,
    compared.item_09,
    compared.item_10,
    compared.item_11,
    compared.item_12,
    compared.item_13,
    compared.item_14,
    compared.item_15,
    compared.item_16,
    compared.item_17,
    compared.item_18,
    compared.item_19,
    compared.item_20,
    compared.problems,
    coalesce(
        compared.fault, repeat_fault(compared.place, compared.is_same_content)
    ) as reject_reason
from compared
