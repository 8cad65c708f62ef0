-- Grain:   one row per allocated perpetrator, source with dated events, and follow-up period
-- Key:     person_id, source, period
-- Source:  cohort.spell
-- Version: 4
-- The study's periods around the intervention, with the days observed in each: see
-- cohort.spell.

select
    spell.person_id,
    spell.site,
    spell.arm,
    spell.source,
    spell.spell as period,
    spell.position,
    spell.first_day,
    spell.last_day,
    spell.observed_first,
    spell.observed_last,
    spell.observed_days,
    spell.fully_observed
from cohort.spell as spell
where spell.scheme = 'period'
