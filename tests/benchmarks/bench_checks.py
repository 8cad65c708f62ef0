"""Time of the checks on police rows: SQL beside Great Expectations on the same table.

Run ``python tests/benchmarks/bench_checks.py [--rows 1000000]``. Each engine has a process
of its own and judges all rules of the suite, those that read the ledger too; 1 row in 1,000
fails a critical rule and goes to quarantine; both must give the same verdicts.

2 cores, two runs on a machine busy with other work (load 4 to 6), 1,000,000 rows, 25 rules:
SQL 6.5 and 8.2 s, peak 895 and 814 MB; Great Expectations 27.7 and 9.6 s, peak 1,586 and
1,605 MB; 295 MB of each are the imports. SQL on the same machine with less to do: 1.5 s for
all rules about rows, 0.2 s for the key.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import duckdb

import datrial.checks.judging as judging
from datrial.checks.run import run_checks, run_cross_checks
from datrial.config.project import project_root

ENGINES = {"sql": 1, "great_expectations": 10**12}


def make(path: Path, rows: int) -> None:
    """Write a warehouse with staged incidents of three sites, a tenth as many people, a ledger."""
    connection = duckdb.connect(str(path))
    connection.execute(
        f"""
        create schema raw; create schema mapped; create schema staging; create schema quarantine;
        create schema accounting; create schema ledger; set threads = 2;
        select setseed(0.5);
        create table staging.police_incident as
        select
            'police@' || (n % 3) as extract_id, n as row_number, 'site_' || (n % 3) as site,
            'i_' || md5(n::varchar)[:20] as incident_id,
            'p_' || md5((random() * {rows} / 10)::bigint::varchar)[:20] as perpetrator_id,
            date '2015-10-01' + (random() * 1460)::integer as incident_date,
            ['violence_with_injury', 'theft', 'drugs', 'other', null][1 + (random() * 5)::int % 5]
                as offence,
            case when random() < 0.45 then 'yes' else 'no' end as domestic_abuse,
            case when random() < 0.5 then 'yes' else 'no' end as crimed,
            'no_further_action' as outcome
        from range({rows}) as t(n);
        insert into staging.police_incident
        select extract_id, row_number + {rows}, site, 'x_' || incident_id, perpetrator_id,
            date '2019-12-31', offence, domestic_abuse, crimed, outcome
        from staging.police_incident limit {rows // 1000};
        create table raw.police_incident as
        select extract_id, row_number from staging.police_incident;
        create table mapped.police_incident as
        select extract_id, row_number, []::varchar[] as problems from staging.police_incident;
        create table raw.extract as
        select 'police_incident' as table_name, extract_id, any_value(site) as site,
            date '2015-10-01' as covers_start, date '2019-09-30' as covers_end,
            count(*) as received from staging.police_incident group by extract_id;
        create table ledger.allocation as
        select distinct perpetrator_id as person_id from staging.police_incident;
        create table quarantine.row (table_name varchar, extract_id varchar, row_number bigint,
            reason varchar, stage varchar);
        create table accounting.extract (table_name varchar, extract_id varchar, site varchar,
            received bigint, staged bigint, quarantined bigint);
        create table accounting.problem (table_name varchar, extract_id varchar,
            column_name varchar, problem varchar, rows bigint);
        """
    )
    connection.close()


def check(path: Path, engine: str) -> dict[str, object]:
    """Run all the rules by one engine; the imports are not timed."""
    import great_expectations  # noqa: F401

    judging.SQL_FROM_ROWS = ENGINES[engine]
    suites = project_root() / "expectations"
    with duckdb.connect(str(path)) as connection:
        connection.execute("set threads = 2")
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        start = time.perf_counter()
        results = run_checks(connection, suites, ["police_incident"])
        results += run_cross_checks(connection, suites, ["police_incident"])
        seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {
        "seconds": round(seconds, 1),
        "rules": len(results),
        "peak_mb": peak // 1024,
        "before_mb": before // 1024,
        "verdicts": [(r.rule_id, r.verdict, r.rows_looked_at, r.rows_failed) for r in results],
    }


def main() -> None:
    """Time both engines, each in a process of its own, on its own copy of the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--one", nargs=2, metavar=("ENGINE", "FILE"), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.one:
        print(json.dumps(check(Path(asked.one[1]), asked.one[0])))
        return
    answers = {}
    with tempfile.TemporaryDirectory() as folder:
        for engine in ENGINES:
            path = Path(folder) / f"{engine}.duckdb"
            make(path, asked.rows)
            command = [sys.executable, __file__, "--one", engine, str(path)]
            said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
            answers[engine] = json.loads(said)
            path.unlink()
            answer = answers[engine]
            print(
                f"{engine:<20} {asked.rows:,} rows, {answer['rules']} rules: "
                f"{answer['seconds']} s, peak {answer['peak_mb']:,} MB "
                f"({answer['before_mb']:,} MB before the first rule)"
            )
    same = answers["sql"]["verdicts"] == answers["great_expectations"]["verdicts"]
    print(f"same verdicts: {same}")
    if not same:
        sys.exit(1)


if __name__ == "__main__":
    main()
