-- Grain:   one row per practitioner, course and round
-- Key:     practitioner_id, course, round
-- Source:  mapped.training (training registers)
-- Version: 1
-- Rejected: see judged_rows in sql/macros.sql.

select *
from judged_rows(
    'training',
    required := ['site', 'practitioner_id', 'course', 'round', 'training_date'],
    key_columns := ['practitioner_id', 'course', 'round']
)
