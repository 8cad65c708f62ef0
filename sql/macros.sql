-- What the staging tables share, so that one rule stands in one place.

-- Why a mapped row cannot be used, for the first reason that applies; null where it can.
-- problems: '<column>: <kind>'; only those of required columns make a row unusable.
create or replace temp macro row_fault(row_kind, problems, required) as
    case
        when row_kind = 'blank' then 'blank row'
        when row_kind = 'summary' then 'summary line'
        when row_kind = 'ragged' then 'cells do not fit the header'
        else list_filter(
            problems, lambda problem: list_contains(required, split_part(problem, ': ', 1))
        )[1]
    end;

-- Why a usable row repeats another of its key. place: 1 for the earliest row of the key.
create or replace temp macro repeat_fault(place, is_same_content) as
    case
        when place > 1 and is_same_content then 'duplicate of an earlier row'
        when place > 1 then 'conflicts with an earlier row of the same key'
    end;
