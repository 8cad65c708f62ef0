-- Grain:   one row per client (a person referred several times is one)
-- Key:     person_id
-- Source:  staging.referral, study.arm_extract, study.other_arm
-- Version: 1
-- Index date: the first referral. The arm: that of the source which the first referral came
-- with, by the study file; a study that allocates people has none here.
-- Each fact about the client: as at the first referral that tells it.
-- in_other_arm: whether he was referred with a source of another arm too.

with referral as (
    select
        referral.*,
        coalesce(arm_extract.arm, other_arm.arm) as arm
    from staging.referral as referral
    left join study.arm_extract as arm_extract on referral.extract_id = arm_extract.extract_id
    left join study.other_arm as other_arm on true
)

select
    referral.client_id as person_id,
    arg_min(referral.site, referral.referred_on) as site,
    arg_min(referral.arm, referral.referred_on) as arm,
    count(distinct referral.arm) > 1 as in_other_arm,
    min(referral.referred_on) as index_date,
    count(*) as referrals,
    arg_min(referral.strand, referral.referred_on)
        filter (where referral.strand is not null) as strand,
    arg_min(referral.age, referral.referred_on)
        filter (where referral.age is not null) as age,
    arg_min(referral.age_months, referral.referred_on)
        filter (where referral.age_months is not null) as age_months,
    arg_min(referral.sex, referral.referred_on)
        filter (where referral.sex is not null) as sex,
    arg_min(referral.ethnicity, referral.referred_on)
        filter (where referral.ethnicity is not null) as ethnicity,
    arg_min(referral.area, referral.referred_on)
        filter (where referral.area is not null) as area,
    arg_min(referral.children_count, referral.referred_on)
        filter (where referral.children_count is not null) as children_count,
    arg_min(referral.child_protection, referral.referred_on)
        filter (where referral.child_protection is not null) as child_protection
from referral
group by referral.client_id
