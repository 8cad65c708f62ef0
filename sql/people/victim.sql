-- Grain:   one row per victim-survivor that MARAC or an IDVA service mentions
-- Key:     victim_id
-- Source:  staging.marac_case, staging.insights_intake, staging.insights_exit
-- Version: 1
-- False says only that no row mentions the victim-survivor: the source may have sent none.

with marac_case as (
    select * from staging.marac_case
),

insights_intake as (
    select * from staging.insights_intake
),

insights_exit as (
    select * from staging.insights_exit
),

mentions as (
    select victim_id, 'marac' as source from marac_case
    union all
    select victim_id, 'intake' as source from insights_intake
    union all
    select victim_id, 'exit' as source from insights_exit
)

select
    mentions.victim_id,
    bool_or(mentions.source = 'marac') as in_marac,
    bool_or(mentions.source = 'intake') as has_intake_form,
    bool_or(mentions.source = 'exit') as has_exit_form
from mentions
group by mentions.victim_id
