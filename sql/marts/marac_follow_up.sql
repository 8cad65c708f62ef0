-- Grain:   one row per allocated perpetrator and follow-up period with MARAC coverage
-- Key:     person_id, period
-- Source:  marts.marac_spell
-- Version: 5
-- The study's periods around the intervention: see marts.marac_spell.

select
    marac_spell.person_id,
    marac_spell.site,
    marac_spell.arm,
    marac_spell.spell as period,
    marac_spell.position,
    marac_spell.observed_days,
    marac_spell.fully_observed,
    marac_spell.appearances
from marts.marac_spell as marac_spell
where marac_spell.scheme = 'period'
