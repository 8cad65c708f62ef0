-- Grain:   one row per referral of a client, with how far it went and how it ended
-- Key:     person_id, referral_number
-- Source:  staging.referral, cohort.client
-- Version: 1
-- arm: the client's, that of his first referral. referral_number: 1 is a person's first referral.
-- is_...: null where nobody recorded it, or it was not known.
-- outcome, the first that applies: completed; never_engaged; stopped (engaged, and did not
-- complete); not_taken_on (nothing on engagement, and unsuitable or with a reason why not taken
-- on); not_completed (nothing on engagement); open (no end is recorded).

with referral as (
    select
        referral.*,
        case referral.suitable when 'yes' then true when 'no' then false end as is_suitable,
        case referral.engaged when 'yes' then true when 'no' then false end as is_engaged,
        case referral.completed when 'yes' then true when 'no' then false end as is_completed,
        case referral.accommodation_need
            when 'yes' then true when 'no' then false
        end as needs_accommodation,
        case referral.accommodation_referral
            when 'yes' then true when 'no' then false
        end as is_accommodation_referral
    from staging.referral as referral
)

select
    referral.client_id as person_id,
    row_number() over (
        partition by referral.client_id order by referral.referred_on, referral.site
    ) as referral_number,
    referral.site,
    client.arm,
    referral.strand,
    referral.area,
    referral.referred_on,
    referral.is_suitable,
    referral.consulted_on,
    referral.assessed_on,
    referral.accepted_on,
    referral.started_on,
    referral.closed_on,
    referral.not_taken_on_reason,
    referral.is_engaged,
    referral.is_completed,
    referral.onward_referral,
    referral.needs_accommodation,
    referral.is_accommodation_referral,
    referral.accommodation,
    case
        when referral.is_completed then 'completed'
        when not referral.is_engaged then 'never_engaged'
        when referral.is_engaged and not referral.is_completed then 'stopped'
        when
            referral.is_engaged is null
            and (referral.is_suitable = false or referral.not_taken_on_reason is not null)
            then 'not_taken_on'
        when not referral.is_completed then 'not_completed'
        else 'open'
    end as outcome
from referral
inner join cohort.client as client on referral.client_id = client.person_id
