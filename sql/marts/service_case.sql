-- Grain:   one row per referral of a client (a person may be referred again)
-- Key:     person_id, requested_on
-- Source:  staging.referral, cohort.client
-- Version: 1
-- Arm: the client's. Strand: the referral's own.
-- taken_on: the day of acceptance; of a client who started without one, the day of the
-- assessment, else of the start. Where the arm's records have no day of acceptance at all,
-- whoever was assessed and not turned down is taken on at the assessment.
-- turned_down_on: of a case assessed and never taken on that was closed or has a reason; the
-- day it was closed, else of the assessment.
-- ended_on: the day after which nobody waits any more: closure, else being turned down.
-- is_out_of_order: some of its days come before one that they must follow, so that one of them
-- is wrong and nobody knows which. The same day is in order; acceptance may come before or after
-- the assessment, as services differ in that.

with referral as (
    select
        referral.client_id as person_id,
        client.arm,
        referral.site,
        referral.strand,
        referral.referred_on as requested_on,
        referral.assessed_on,
        referral.accepted_on,
        referral.started_on,
        referral.closed_on,
        referral.not_taken_on_reason,
        referral.closure_reason,
        bool_or(referral.accepted_on is not null) over (partition by client.arm)
            as acceptance_is_recorded
    from staging.referral as referral
    inner join cohort.client as client on referral.client_id = client.person_id
),

judged as (
    select
        referral.*,
        case
            when referral.accepted_on is not null then referral.accepted_on
            when referral.started_on is not null
                then coalesce(referral.assessed_on, referral.started_on)
            when not referral.acceptance_is_recorded
                and referral.not_taken_on_reason is null then referral.assessed_on
        end as taken_on
    from referral
)

select
    person_id,
    arm,
    site,
    strand,
    requested_on,
    assessed_on,
    taken_on,
    started_on,
    closed_on,
    case
        when taken_on is null and assessed_on is not null
            and (closed_on is not null or not_taken_on_reason is not null)
            then coalesce(closed_on, assessed_on)
    end as turned_down_on,
    coalesce(closed_on, case when not_taken_on_reason is not null then assessed_on end)
        as ended_on,
    not_taken_on_reason,
    closure_reason,
    coalesce(assessed_on < requested_on, false)
        or coalesce(taken_on < requested_on, false)
        or coalesce(started_on < greatest(requested_on, assessed_on, taken_on), false)
        or coalesce(closed_on < greatest(requested_on, assessed_on, taken_on, started_on), false)
        as is_out_of_order
from judged
