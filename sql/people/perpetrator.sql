-- Grain:   one row per perpetrator that any agency mentions
-- Key:     person_id
-- Source:  every staging table with a perpetrator reference
-- Version: 1
-- False says only that no row mentions the perpetrator. Whether that is knowledge depends on
-- what the source sent for the site: marts.participant.

with mentions as (
    select perpetrator_id as person_id, 'marac' as source from staging.marac_case
    union all
    select perpetrator_id as person_id, 'police' as source from staging.police_incident
    union all
    select perpetrator_id as person_id, 'insights' as source from staging.insights_intake
    union all
    select perpetrator_id as person_id, 'cms' as source from staging.cms_service_user
    union all
    select person_id, 'allocation' as source from ledger.allocation
)

select
    mentions.person_id,
    bool_or(mentions.source = 'allocation') as is_allocated,
    bool_or(mentions.source = 'marac') as in_marac,
    bool_or(mentions.source = 'police') as in_police,
    bool_or(mentions.source = 'insights') as in_insights,
    bool_or(mentions.source = 'cms') as in_cms
from mentions
group by mentions.person_id
