"""From landed files to checked staging tables, and what the allocation reads of them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from datrial.config.project import project_root
from datrial.pipeline.inputs import Inputs, landing_folder
from datrial.pipeline.job import Built, CheckCount, Received, RowCount

if TYPE_CHECKING:
    import duckdb

    from datrial.config.mapping import SourceMapping
    from datrial.config.study import Study
    from datrial.extracts.landing import Landed
    from datrial.extracts.receipts import Receipt


def land_extracts(inputs: Inputs) -> Landed:
    """Land the agencies' files and return what counts."""
    from datrial.extracts.landing import land

    return land(inputs.mappings, inputs.job.inbox_folder, landing_folder())


def received_or_land(inputs: Inputs, received: Received | None) -> Landed:
    """Return what was received, from the landing folder; else land the inbox now."""
    from datrial.extracts.landing import landed

    if received is None:
        return land_extracts(inputs)
    return landed(landing_folder(), received.current, received.earlier)


def load_mapped(
    connection: duckdb.DuckDBPyConnection,
    inputs: Inputs,
    landed: Landed,
    mappings: Sequence[SourceMapping],
) -> None:
    """Load the extracts of some mappings to raw rows and rows in our types and codes.

    Extracts that were replaced are loaded beside them, and the difference is counted.
    """
    from datrial.extracts.differences import write_differences
    from datrial.extracts.raw import load

    keys = {mapping.key for mapping in mappings}
    current, earlier = (
        [receipt for receipt in receipts if receipt.mapping in keys]
        for receipts in (landed.current, landed.earlier)
    )
    pseudonymiser = inputs.pseudonymiser()
    load(connection, current, mappings, landing_folder(), pseudonymiser, earlier=earlier)
    write_differences(connection)


def stage_and_check(
    connection: duckdb.DuckDBPyConnection,
    inputs: Inputs,
    landed: Landed,
    mappings: Sequence[SourceMapping],
) -> None:
    """Make the staging tables, and judge each by the rules that look at it alone.

    The table of an optional source that sent nothing is there, with no rows,
    and is not checked: what is not sent is not available, and not a fault.

    Raises
    ------
    DataError
        If a critical check fails.
    """
    from datrial.checks.results import raise_on_critical
    from datrial.checks.run import run_checks
    from datrial.extracts.staging import stage

    stage(connection, _tables(mappings), project_root() / "sql" / "staging")
    fed = tables_sent(landed, mappings)
    raise_on_critical(run_checks(connection, project_root() / "expectations", fed))


def check_across(
    connection: duckdb.DuckDBPyConnection,
    inputs: Inputs,
    landed: Landed,
    mappings: Sequence[SourceMapping],
) -> None:
    """Judge the staging tables by the rules that look at other tables too.

    Raises
    ------
    DataError
        If a critical check fails.
    """
    from datrial.checks.results import raise_on_critical
    from datrial.checks.run import run_cross_checks

    fed = tables_sent(landed, mappings)
    raise_on_critical(run_cross_checks(connection, project_root() / "expectations", fed))


def tables_sent(landed: Landed, mappings: Iterable[SourceMapping]) -> list[str]:
    """Return the staging tables of the sources that sent something or had to."""
    sent = {receipt.mapping for receipt in landed.current}
    return _tables(mapping for mapping in mappings if mapping.key in sent or not mapping.optional)


def _tables(mappings: Iterable[SourceMapping]) -> list[str]:
    return sorted({table.table for mapping in mappings for table in mapping.tables})


def referrals(connection: duckdb.DuckDBPyConnection, study: Study) -> tuple[list[Any], list[Any]]:
    """Return every hearing, and the places per meeting.

    A hearing is (person, site, hearing date, age, answers); the answers are the
    columns that the study's rule of eligibility and its scheme go by. A person
    heard with two different ages at a meeting appears with both; the rule of
    eligibility decides.
    """
    from datrial.allocation.factors import referral_columns

    columns = referral_columns(study)
    names = ", ".join(("hearing_date, site, perpetrator_id, perpetrator_age", *columns))
    rows = sorted(set(staged_rows(connection, "marac_case", names)), key=repr)
    hearings = [
        (person, site, day, age, dict(zip(columns, answers, strict=True)))
        for day, site, person, age, *answers in rows
    ]
    return hearings, staged_rows(connection, "meeting_capacity", "site, meeting_date, places")


def staged_rows(connection: duckdb.DuckDBPyConnection, table: str, columns: str) -> list[Any]:
    """Return some columns of a staging table; nothing if the study has no such table."""
    exists = connection.execute(
        "select 1 from information_schema.tables where table_schema = 'staging' and table_name = ?",
        [table],
    ).fetchall()
    if not exists:
        return []
    select = f"select {columns} from staging.{table} order by all"  # noqa: S608 (names are ours)
    return list(connection.execute(select).fetchall())


def list_hash(receipts: list[Receipt], mappings: Iterable[SourceMapping], table: str) -> str:
    """Return the hash of the file that fills a staging table (of all such files together)."""
    keys = {mapping.key for mapping in mappings if any(t.table == table for t in mapping.tables)}
    hashes = sorted(receipt.sha256 for receipt in receipts if receipt.mapping in keys)
    return hashes[0] if len(hashes) == 1 else hashlib.sha256("".join(hashes).encode()).hexdigest()


def account(connection: duckdb.DuckDBPyConnection, snapshot: str) -> Built:
    """Return the row accounting and the verdicts of a built warehouse."""
    rows = connection.execute(
        """
        select table_name, sum(received), sum(staged), sum(quarantined)
        from accounting.extract group by all order by all
        """
    ).fetchall()
    checks = connection.execute(
        """
        select table_name, rule_id, severity, rows_looked_at, rows_failed, verdict
        from checks.result order by table_name, rule_id
        """
    ).fetchall()
    return Built(
        snapshot_id=snapshot,
        rows=tuple(RowCount(table=t, received=r, staged=s, quarantined=q) for t, r, s, q in rows),
        checks=tuple(
            CheckCount(
                table=t, rule=rule, severity=severity, rows_looked_at=looked, rows_failed=failed,
                verdict=verdict,
            )
            for t, rule, severity, looked, failed, verdict in checks
        ),
    )  # fmt: skip
