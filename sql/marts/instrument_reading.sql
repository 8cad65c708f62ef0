-- Grain:   one row per reading of an instrument (person, instrument, time point, rater, day) and
--          item
-- Key:     person_id, instrument, time_point, rater, read_on, item
-- Source:  staging.need_score, staging.star_reading, staging.outcome_rating, staging.checklist,
--          study.instrument, study.instrument_item, cohort.client
-- Version: 1
-- score: the number given; of a rating of change -2 (significant deterioration) to 2 (significant
-- improvement), null for an answer that is no rating. answer: the code given.
-- score is null, and is_off_scale true, where the number given lies outside the scale.
-- arm, strand: the client's; null of a person who was never referred.

with reading as (
    select
        need_score.client_id as person_id,
        need_score.instrument,
        need_score.time_point,
        need_score.rater,
        need_score.read_on,
        unnest(range(1, 13)) as position,
        unnest([
            need_score.item_1, need_score.item_2, need_score.item_3, need_score.item_4,
            need_score.item_5, need_score.item_6, need_score.item_7, need_score.item_8,
            need_score.item_9, need_score.item_10, need_score.item_11, need_score.item_12
        ]) as score,
        cast(null as varchar) as answer
    from staging.need_score as need_score
    union all
    select
        star_reading.client_id as person_id,
        star_reading.instrument,
        cast(null as varchar) as time_point,
        star_reading.rater,
        star_reading.read_on,
        unnest(range(1, 13)) as position,
        unnest([
            star_reading.item_1, star_reading.item_2, star_reading.item_3, star_reading.item_4,
            star_reading.item_5, star_reading.item_6, star_reading.item_7, star_reading.item_8,
            star_reading.item_9, star_reading.item_10, star_reading.item_11,
            star_reading.item_12
        ]) as score,
        cast(null as varchar) as answer
    from staging.star_reading as star_reading
    union all
    select
        outcome_rating.client_id as person_id,
        outcome_rating.instrument,
        cast(null as varchar) as time_point,
        outcome_rating.rater,
        outcome_rating.rated_on as read_on,
        unnest(range(1, 17)) as position,
        cast(null as bigint) as score,
        unnest([
            outcome_rating.item_1, outcome_rating.item_2, outcome_rating.item_3,
            outcome_rating.item_4, outcome_rating.item_5, outcome_rating.item_6,
            outcome_rating.item_7, outcome_rating.item_8, outcome_rating.item_9,
            outcome_rating.item_10, outcome_rating.item_11, outcome_rating.item_12,
            outcome_rating.item_13, outcome_rating.item_14, outcome_rating.item_15,
            outcome_rating.item_16
        ]) as answer
    from staging.outcome_rating as outcome_rating
    union all
    select
        checklist.client_id as person_id,
        checklist.instrument,
        cast(null as varchar) as time_point,
        cast(null as varchar) as rater,
        checklist.assessed_on as read_on,
        unnest(range(1, 25)) as position,
        cast(null as bigint) as score,
        unnest([
            checklist.item_1, checklist.item_2, checklist.item_3, checklist.item_4,
            checklist.item_5, checklist.item_6, checklist.item_7, checklist.item_8,
            checklist.item_9, checklist.item_10, checklist.item_11, checklist.item_12,
            checklist.item_13, checklist.item_14, checklist.item_15, checklist.item_16,
            checklist.item_17, checklist.item_18, checklist.item_19, checklist.item_20,
            checklist.item_21, checklist.item_22, checklist.item_23, checklist.item_24
        ]) as answer
    from staging.checklist as checklist
)

select
    reading.person_id,
    client.site,
    client.arm,
    client.strand,
    reading.instrument,
    reading.time_point,
    reading.rater,
    reading.read_on,
    item.item,
    item.position,
    case
        when reading.answer = 'significant_improvement' then 2
        when reading.answer = 'slight_improvement' then 1
        when reading.answer = 'no_change' then 0
        when reading.answer = 'slight_deterioration' then -1
        when reading.answer = 'significant_deterioration' then -2
        when reading.score between instrument.lowest and instrument.highest then reading.score
    end as score,
    reading.answer,
    coalesce(
        reading.score not between instrument.lowest and instrument.highest, false
    ) as is_off_scale
from reading
inner join study.instrument as instrument on reading.instrument = instrument.instrument
inner join study.instrument_item as item
    on reading.instrument = item.instrument and reading.position = item.position
left join cohort.client as client on reading.person_id = client.person_id
