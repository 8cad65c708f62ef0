-- Grain:   one row per MARAC meeting that refers to the intervention
-- Key:     site, meeting_date
-- Source:  mapped.meeting_capacity (the team's list of places per MARAC meeting)
-- Version: 2
-- Rejected: see judged_rows in sql/macros.sql.
-- The same meeting with another number of places is not rejected: which of the two holds is
-- not for a rule to guess, so both stay and the check of the key stops the run.

select *
from judged_rows(
    'meeting_capacity',
    required := ['site', 'meeting_date', 'places'],
    key_columns := ['site', 'meeting_date'],
    judge_contradictions := false
)
