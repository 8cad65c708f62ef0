-- Grain:   one row per person and teller with a Severity of Abuse Grid
-- Key:     person_id, told_by
-- Source:  staging.severity_reading, cohort.client
-- Version: 1
-- Of several grids (several episodes): the first at intake, the last midway and the last at exit.
-- A last midway or exit grid from before the first intake is no later reading: it is left out.
-- told_by: whoever's account the grid is; not_said where the extract does not tell.
-- arm, strand: the client's; null of a person who was never referred.
-- Levels: none to high, dont_know, or null where a grid has no answer.

with reading as (
    select
        severity_reading.client_id as person_id,
        coalesce(severity_reading.told_by, 'not_said') as told_by,
        severity_reading.time_point,
        severity_reading.read_on,
        severity_reading.physical,
        severity_reading.sexual,
        severity_reading.harassment_stalking,
        severity_reading.jealous_controlling
    from staging.severity_reading as severity_reading
),

placed as (
    select
        reading.*,
        row_number() over (
            partition by reading.person_id, reading.told_by, reading.time_point
            order by reading.read_on
        ) as place_first,
        row_number() over (
            partition by reading.person_id, reading.told_by, reading.time_point
            order by reading.read_on desc
        ) as place_last
    from reading
),

teller as (
    select
        reading.person_id,
        reading.told_by,
        count(*) filter (where reading.time_point = 'intake') as intake_grids,
        count(*) filter (where reading.time_point = 'midway') as midway_grids,
        count(*) filter (where reading.time_point = 'exit') as exit_grids
    from reading
    group by reading.person_id, reading.told_by
)

select
    teller.person_id,
    teller.told_by,
    client.site,
    client.arm,
    client.strand,
    teller.intake_grids,
    teller.midway_grids,
    teller.exit_grids,
    intake.read_on as intake_on,
    midway.read_on as midway_on,
    leaving.read_on as exit_on,
    intake.physical as physical_intake,
    midway.physical as physical_midway,
    leaving.physical as physical_exit,
    intake.sexual as sexual_intake,
    midway.sexual as sexual_midway,
    leaving.sexual as sexual_exit,
    intake.harassment_stalking as harassment_stalking_intake,
    midway.harassment_stalking as harassment_stalking_midway,
    leaving.harassment_stalking as harassment_stalking_exit,
    intake.jealous_controlling as jealous_controlling_intake,
    midway.jealous_controlling as jealous_controlling_midway,
    leaving.jealous_controlling as jealous_controlling_exit
from teller
left join placed as intake
    on
        teller.person_id = intake.person_id
        and teller.told_by = intake.told_by
        and intake.time_point = 'intake'
        and intake.place_first = 1
left join placed as midway
    on
        teller.person_id = midway.person_id
        and teller.told_by = midway.told_by
        and midway.time_point = 'midway'
        and midway.place_last = 1
        and (intake.read_on is null or midway.read_on >= intake.read_on)
left join placed as leaving
    on
        teller.person_id = leaving.person_id
        and teller.told_by = leaving.told_by
        and leaving.time_point = 'exit'
        and leaving.place_last = 1
        and (intake.read_on is null or leaving.read_on >= intake.read_on)
left join cohort.client as client on teller.person_id = client.person_id
