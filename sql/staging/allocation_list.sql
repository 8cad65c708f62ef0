-- Grain:   one row per allocated perpetrator
-- Key:     perpetrator_id
-- Source:  mapped.allocation_list (the allocation list of whoever randomised)
-- Version: 2
-- Rejected: see judged_rows in sql/macros.sql.
-- The same perpetrator with another arm or meeting is not rejected: which of the two holds
-- is not for a rule to guess, so both stay and the check of the key stops the run.

select *
from judged_rows(
    'allocation_list',
    required := ['site', 'perpetrator_id', 'meeting_date', 'arm'],
    key_columns := ['perpetrator_id'],
    judge_contradictions := false
)
