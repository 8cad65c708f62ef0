-- Grain:   one row per allocated perpetrator, source with dated events, and fixed window
-- Key:     person_id, source, follow_up_window
-- Source:  cohort.spell
-- Version: 2
-- Fixed months from the index date, the same for both arms, with the days observed in each:
-- see cohort.spell. The study's periods hang on an end of intervention that is
-- constructed for controls; these do not (sensitivity).

select
    spell.person_id,
    spell.site,
    spell.arm,
    spell.source,
    spell.spell as follow_up_window,
    spell.position,
    spell.first_day,
    spell.last_day,
    spell.observed_first,
    spell.observed_last,
    spell.observed_days,
    spell.fully_observed
from cohort.spell as spell
where spell.scheme = 'window'
