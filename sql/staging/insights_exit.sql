-- Grain:   one row per victim-survivor whose IDVA support has ended
-- Key:     victim_id
-- Source:  mapped.insights_exit (IDVA Insights, exit forms)
-- Version: 1
-- Rejected, for the first reason that applies: blank row; summary line; cells that do not
-- fit the header; no usable value in a required column (site, victim_id, exit_date);
-- duplicate of an earlier row (same key, same content); conflict with an earlier row (same
-- key, other content).
-- Earlier: lower extract id, then lower row number.

with mapped_row as (
    select * from mapped.insights_exit
),

judged as (
    select
        mapped_row.*,
        row_fault(
            mapped_row.row_kind,
            mapped_row.problems,
            ['site', 'victim_id', 'exit_date']
        ) as fault
    from mapped_row
),

compared as (
    select
        judged.*,
        row_number() over same_key as place,
        row(
            judged.site, judged.exit_date, judged.contacts, judged.risk_change,
            judged.physical, judged.sexual, judged.harassment_stalking,
            judged.jealous_controlling
        ) is not distinct from first_value(row(
            judged.site, judged.exit_date, judged.contacts, judged.risk_change,
            judged.physical, judged.sexual, judged.harassment_stalking,
            judged.jealous_controlling
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
    compared.exit_date,
    compared.contacts,
    compared.risk_change,
    compared.physical,
    compared.sexual,
    compared.harassment_stalking,
    compared.jealous_controlling,
    compared.problems,
    coalesce(
        compared.fault, repeat_fault(compared.place, compared.is_same_content)
    ) as reject_reason
from compared
