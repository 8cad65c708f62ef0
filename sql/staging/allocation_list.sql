-- Grain:   one row per allocated perpetrator
-- Key:     perpetrator_id
-- Source:  mapped.allocation_list (the allocation list of whoever randomised)
-- Version: 1
-- Rejected, for the first reason that applies: blank row; summary line; cells that do not
-- fit the header; no usable value in a required column (site, perpetrator_id, meeting_date,
-- arm); duplicate of an earlier row (same key and same content).
-- The same perpetrator with another arm or meeting is not rejected here: which of the two
-- holds is not for a rule to guess, so both stay and the check of the key stops the run.
-- Earlier: lower extract id, then lower row number.

with mapped_row as (
    select * from mapped.allocation_list
),

judged as (
    select
        mapped_row.*,
        row_fault(
            mapped_row.row_kind,
            mapped_row.problems,
            ['site', 'perpetrator_id', 'meeting_date', 'arm']
        ) as fault
    from mapped_row
),

compared as (
    select
        judged.*,
        row_number() over same_key as place,
        row(
            judged.site, judged.meeting_date, judged.arm
        ) is not distinct from first_value(row(
            judged.site, judged.meeting_date, judged.arm
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
    compared.meeting_date,
    compared.arm,
    compared.problems,
    case
        when compared.fault is not null then compared.fault
        when compared.place > 1 and compared.is_same_content then 'duplicate of an earlier row'
    end as reject_reason
from compared
