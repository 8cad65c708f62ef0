-- Grain:   one row per action a case manager recorded
-- Key:     none
-- Source:  mapped.cms_action (case management, actions)
-- Version: 2
-- Rejected, for the first reason that applies: see row_fault in sql/macros.sql; the n-th of
-- several equal rows where an earlier extract already has n of them.
-- A case manager may do the same thing twice on a day, and actions have no reference of
-- their own: so equal rows within one extract are separate actions and all count. Only
-- where two extracts overlap is an action there twice; then the larger number of equal rows
-- in one extract counts. Earlier: lower number of arrival.

with mapped_row as (
    select * from mapped.cms_action
),

extract as (
    select * from raw.extract where table_name = 'cms_action'
),

judged as (
    select
        mapped_row.*,
        row_fault(
            mapped_row.row_kind,
            mapped_row.problems,
            ['site', 'perpetrator_id', 'action_date', 'work']
        ) as fault
    from mapped_row
),

numbered as (
    select
        judged.*,
        extract.arrival,
        row_number() over (
            partition by
                judged.fault is null, judged.extract_id,
                judged.site, judged.perpetrator_id, judged.action_date, judged.work,
                judged.action, judged.objective, judged.agency
            order by judged.row_number
        ) as place_in_extract
    from judged
    left join extract on judged.extract_id = extract.extract_id
),

compared as (
    select
        numbered.*,
        row_number() over (
            partition by
                numbered.fault is null, numbered.place_in_extract,
                numbered.site, numbered.perpetrator_id, numbered.action_date, numbered.work,
                numbered.action, numbered.objective, numbered.agency
            order by numbered.arrival, numbered.extract_id
        ) as extracts_so_far
    from numbered
)

select
    compared.* exclude (fault, arrival, place_in_extract, extracts_so_far),
    case
        when compared.fault is not null then compared.fault
        when compared.extracts_so_far > 1 then 'duplicate of a row in an earlier extract'
    end as reject_reason
from compared
