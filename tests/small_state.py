"""A small state folder with a snapshot of a few invented people, on which analyses run at once."""

from __future__ import annotations

from pathlib import Path

from given import Warehouse

from datrial.allocation.blinding import code_label
from datrial.config.study import Study, load_study
from datrial.pipeline import stops
from datrial.pipeline.identity import content_hash
from datrial.pipeline.inputs import data_rules
from datrial.pipeline.job import Job, Published
from datrial.pipeline.made_of import write_made_of
from datrial.warehouse.coded_arms import code_arms
from datrial.warehouse.snapshots import SnapshotStore
from datrial.warehouse.study_tables import write_study_tables

#: Quick, and of tables that the few people fill.
QUICK = ("balance", "participant_flow")
_CHECKS = """
    create schema accounting; create schema checks; create schema quarantine;
    create table accounting.extract (
        table_name varchar, extract_id varchar, received bigint, staged bigint, quarantined bigint
    );
    create table accounting.problem
        (table_name varchar, column_name varchar, problem varchar, rows bigint);
    create table quarantine.row (table_name varchar, reason varchar, stage varchar);
    create table checks.result (
        table_name varchar, rule_id varchar, description varchar, severity varchar, engine varchar,
        reads varchar, rows_looked_at bigint, rows_failed bigint, verdict varchar, message varchar,
        observed varchar
    );
"""


def small_snapshot(home: Path, study: Study | None = None, *, coded: bool = False) -> str:
    """Publish a snapshot of 120 allocated people as the current one, and return its id.

    Parameters
    ----------
    coded
        Codes stand in the place of the arms.
    """
    name = "c0dedc0dedc0" if coded else "5a5a5a5a5a5a"
    study = study or load_study("drive")
    warehouse = Warehouse(study)
    connection = warehouse.connection
    write_study_tables(
        connection, study, [], [], simulated=True, rules=content_hash(data_rules(study))
    )
    write_made_of(connection, {"extracts": ["current:drive/cms@" + "0" * 64 + " a b #1"]})
    sites = list(study.sites)
    for number in range(120):
        arm = "intervention" if number % 3 == 0 else "control"
        day = f"2017-0{1 + number % 9}-10"
        warehouse.allocated((f"p_{number:020x}", sites[number % len(sites)], day, arm))
    warehouse.build()
    connection.execute(_CHECKS)
    if coded:
        codes = dict(zip(study.arms, ("arm_b", "arm_a"), strict=True))
        code_arms(connection, codes, {code: code_label(code) for code in codes.values()})
    built = home / "built.duckdb"
    connection.execute(f"attach '{built}' as built")
    connection.execute("copy from database memory to built")
    connection.execute("detach built")
    connection.close()
    SnapshotStore(home, study.study).publish(built, name)
    return name


def small_run(snapshot: str, label: str = "", analyses: tuple[str, ...] = QUICK) -> Published:
    """Run some analyses on a snapshot, as they are now, and store the run with its report."""
    job = Job(study="drive", analyses=analyses, label=label, fresh=True)
    analysed = [stops.analyse(job, snapshot, name) for name in job.resolved_study().analyses]
    return stops.publish(job, snapshot, analysed)
