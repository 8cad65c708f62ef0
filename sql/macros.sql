-- What the staging tables share, so that one rule stands in one place.

-- Why a mapped row cannot be used, for the first reason that applies; null where it can.
-- problems: '<column>: <kind>'; only those of required columns make a row unusable.
create or replace temp macro row_fault(row_kind, problems, required) as
    case
        when row_kind = 'blank' then 'blank row'
        when row_kind = 'summary' then 'summary line'
        when row_kind = 'ragged' then 'cells do not fit the header'
        when len(problems) > 0 then list_filter(
            problems, lambda problem: list_contains(required, split_part(problem, ': ', 1))
        )[1]
    end;

-- The rows of mapped.<table_name> with why each is rejected (null where it is staged):
-- 1. it cannot be used (row_fault);
-- 2. replaced by a later extract: a later extract of the same mapping has the key with
--    another content (the later delivery stands; its first row of the key, if there are more);
-- 3. of the rows that are left, all but the earliest of a key: duplicate (same content as the
--    earliest) or conflict (another content).
-- Earlier: lower number of arrival, then lower row number. The content of a row is the site
-- and all columns but those of the key. Where judge_contradictions is false, another content
-- is left for the check that stops the run: 2 and the conflicts of 3 do not apply.
-- Few keys repeat: they are found first (by a hash; it does no harm if two keys share one),
-- and rows are compared and ordered only among them.
create or replace temp macro judged_rows(
    table_name, required, key_columns, judge_contradictions := true
) as table (
    with usable as not materialized (
        select
            mapped.extract_id,
            mapped.row_number,
            hash(*columns(lambda c: list_contains(key_columns, c))) as key_hash,
            row(*columns(lambda c: list_contains(key_columns, c))) as key,
            row(*columns(lambda c: not list_contains(
                key_columns || ['extract_id', 'row_number', 'row_kind', 'problems'], c
            ))) as content
        from query_table('mapped.' || table_name) as mapped
        where row_fault(mapped.row_kind, mapped.problems, required) is null
    ),

    repeated as (
        select usable.key_hash
        from usable
        group by usable.key_hash
        having count(*) > 1
    ),

    delivered as (
        select
            usable.extract_id,
            usable.row_number,
            usable.key,
            usable.content,
            extract.arrival,
            first_value(usable.extract_id) over latest_first as latest_extract,
            first_value(usable.content) over latest_first as latest_content
        from usable
        semi join repeated on usable.key_hash = repeated.key_hash
        inner join raw.extract as extract
            on usable.extract_id = extract.extract_id and extract.table_name = table_name
        window latest_first as (
            partition by usable.key, extract.mapping
            order by extract.arrival desc, usable.extract_id desc, usable.row_number
        )
    ),

    judged as (
        select
            delivered.*,
            judge_contradictions
            and delivered.extract_id <> delivered.latest_extract
            and delivered.content is distinct from delivered.latest_content as is_replaced
        from delivered
    ),

    compared as (
        select
            judged.*,
            row_number() over same_key as place,
            judged.content is not distinct from first_value(judged.content) over same_key
                as is_same_content
        from judged
        window same_key as (
            partition by judged.key, judged.is_replaced
            order by judged.arrival, judged.extract_id, judged.row_number
        )
    ),

    repeat as (
        select
            compared.extract_id,
            compared.row_number,
            case
                when compared.is_replaced then 'replaced by a later extract'
                when compared.place > 1 and compared.is_same_content
                    then 'duplicate of an earlier row'
                when compared.place > 1 and judge_contradictions
                    then 'conflicts with an earlier row of the same key'
            end as fault
        from compared
    )

    select
        mapped.*,
        coalesce(
            row_fault(mapped.row_kind, mapped.problems, required), repeat.fault
        ) as reject_reason
    from query_table('mapped.' || table_name) as mapped
    left join repeat
        on mapped.extract_id = repeat.extract_id and mapped.row_number = repeat.row_number
);
