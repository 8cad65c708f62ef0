"""The study file's values as tables in the schema ``study``, for SQL to read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from datrial.warehouse.coverage_tables import Received, Spans, coverage_months, coverage_spans

if TYPE_CHECKING:
    import duckdb

    from datrial.config.mapping import SourceMapping
    from datrial.config.study import Study


def write_study_tables(
    connection: duckdb.DuckDBPyConnection,
    study: Study,
    mappings: Iterable[SourceMapping],
    receipts: Iterable[Received],
    *,
    simulated: bool = False,
    rules: str = "",
) -> None:
    """Write ``study.arm``, ``site``, ``period``, ``window``, ``definition`` and the others.

    ``study.setting`` has the single values, ``study.definition`` the registry of
    definitions with the versions in use. ``study.origin`` says whether the extracts
    are simulated, and holds the hash of the study's rules for data, so that an
    analysis can see that it runs under the rules that the snapshot was built with.

    ``study.coverage_span`` has the runs of days for which data were received,
    by source and site; ``study.coverage_month`` says of every month whether it
    was received, in part, or not; ``study.coverage`` has the first and the last
    day received, between which there may be gaps.

    Parameters
    ----------
    receipts
        The extracts that count; without any, nothing is covered.
    """
    receipts = list(receipts)
    spans = coverage_spans(mappings, receipts)
    connection.execute("create schema if not exists study")
    _write(
        connection,
        "study.arm",
        "arm varchar, label varchar, role varchar",
        [(key, arm.label, arm.role) for key, arm in study.arms.items()],
    )
    _write_arm_sources(connection, study, receipts)
    _write_instruments(connection, study)
    _write(
        connection,
        "study.site",
        "site varchar, label varchar, recruitment_start date, recruitment_end date",
        [
            (key, site.label, site.recruitment_start, site.recruitment_end)
            for key, site in study.sites.items()
        ],
    )
    _write(
        connection,
        "study.period",
        "period varchar, position integer, label varchar, after_anchor varchar, "
        "after_months integer, until_anchor varchar, until_months integer, including_start boolean",
        [
            (
                p.key, position, p.label, p.after.anchor, p.after.months, p.until.anchor,
                p.until.months, p.including_start,
            )
            for position, p in enumerate(study.periods)
        ],
    )  # fmt: skip
    _write(
        connection,
        "study.window",
        "follow_up_window varchar, position integer, label varchar, after_months integer, "
        "until_months integer",
        [
            (f"months_{after}_{until}", position, window_label(after, until), after, until)
            for position, (after, until) in enumerate(pairwise(study.windows))
        ],
    )
    _write(
        connection,
        "study.definition",
        "definition varchar, version integer, role varchar, source varchar, wording varchar, "
        "minimum integer, within_months integer, valid_from date",
        list(study.definitions.rows()),
    )
    _write(connection, "study.origin", "simulated boolean, rules varchar", [(simulated, rules)])
    _write(connection, "study.setting", "name varchar, value double", settings(study))
    _write_coverage(connection, spans, receipts)


def _write_arm_sources(
    connection: duckdb.DuckDBPyConnection, study: Study, receipts: Sequence[Received]
) -> None:
    """Write which extracts' people are in which arm, where nobody is allocated.

    ``study.arm_extract`` has the extracts of the sources that an arm names;
    ``study.other_arm`` the arm of all others' people, if there is one.
    """
    arms = {} if study.allocation else study.arms
    named = {source: key for key, arm in arms.items() for source in arm.sources}
    others = [(key,) for key, arm in arms.items() if not arm.sources]
    rows = [(r.extract_id, named[r.mapping]) for r in receipts if r.mapping in named]
    _write(connection, "study.arm_extract", "extract_id varchar, arm varchar", rows)
    _write(connection, "study.other_arm", "arm varchar", others)


def _write_instruments(connection: duckdb.DuckDBPyConnection, study: Study) -> None:
    """Write the assessment tools with their items: ``position`` 1 is the column ``item_1``."""
    _write(
        connection,
        "study.instrument",
        "instrument varchar, position integer, label varchar, table_name varchar, "
        "lowest integer, highest integer, better varchar",
        [
            (key, position, i.label, i.table, i.lowest, i.highest, i.better)
            for position, (key, i) in enumerate(study.instruments.items(), 1)
        ],
    )
    _write(
        connection,
        "study.instrument_item",
        "instrument varchar, item varchar, position integer, label varchar",
        [
            (key, item, position, label)
            for key, i in study.instruments.items()
            for position, (item, label) in enumerate(i.items.items(), 1)
        ],
    )
    _write(
        connection,
        "study.instrument_domain",
        "instrument varchar, domain varchar, position integer, label varchar, item varchar",
        [
            (key, domain, position, about.label, item)
            for key, i in study.instruments.items()
            for position, (domain, about) in enumerate(i.domains.items(), 1)
            for item in about.items
        ],
    )


def _write_coverage(
    connection: duckdb.DuckDBPyConnection, spans: Spans, receipts: Sequence[Received]
) -> None:
    days = "source varchar, site varchar, first_day date, last_day date"
    runs = [(*key, *run) for key, found in spans.items() for run in found]
    ends = [(*key, found[0][0], found[-1][1]) for key, found in spans.items() if found]
    _write(connection, "study.coverage_span", days, runs)
    _write(connection, "study.coverage", days, ends)
    _write(
        connection,
        "study.coverage_month",
        "source varchar, site varchar, month date, days_in_month integer, "
        "days_received integer, state varchar",
        coverage_months(spans, receipts),
    )


def settings(study: Study) -> list[tuple[str, float | None]]:
    """Return the single values that SQL reads, by name."""
    end, scoring = study.end_of_intervention, study.scoring
    return [
        ("end_of_intervention_fixed_days", None if end.days is None else float(end.days)),
        ("dash_items", float(scoring.dash_items) if scoring else None),
        ("dash_max_not_known", float(scoring.dash_max_not_known) if scoring else None),
    ]


def window_label(after: int, until: int) -> str:
    """Return a fixed window's name for people: ``6-12 months from allocation``."""
    return f"{after}-{until} months from allocation"


def write_allocations(
    connection: duckdb.DuckDBPyConnection,
    allocations: Sequence[tuple[str, str, Any, str, str]],
    exclusions: Sequence[tuple[str, str]],
    requested: Sequence[tuple[str, str]] = (),
    merged: Sequence[tuple[Any, ...]] = (),
) -> None:
    """Write ``ledger.allocation``, ``exclusion``, ``police_request`` and ``merged``.

    Parameters
    ----------
    allocations
        (person id, site, meeting date, arm, scheme), one row per allocated perpetrator.
    exclusions
        (person id, reason), one row per perpetrator who was heard and never allocated.
    requested
        (person id, step) of those whose police records were asked for.
    merged
        Every allocation of whoever was allocated under several references.
    """
    connection.execute("create schema if not exists ledger")
    _write(
        connection,
        "ledger.allocation",
        "person_id varchar, site varchar, meeting_date date, arm varchar, scheme varchar",
        allocations,
    )
    _write(connection, "ledger.exclusion", "person_id varchar, reason varchar", exclusions)
    _write(connection, "ledger.police_request", "person_id varchar, step varchar", requested)
    _write(
        connection,
        "ledger.merged",
        "person_id varchar, reference_id varchar, site varchar, meeting_date date, arm varchar, "
        "stands boolean, same_arm boolean",
        merged,
    )


def _write(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    columns: str,
    rows: Sequence[tuple[Any, ...]],
) -> None:
    """Replace a table by rows; through one Arrow-free multi-row insert in slices."""
    connection.execute(f"create or replace table {table} ({columns})")
    width = columns.count(",") + 1
    for start in range(0, len(rows), 1000):
        slice_ = rows[start : start + 1000]
        marks = ", ".join([f"({', '.join('?' * width)})"] * len(slice_))
        connection.execute(
            f"insert into {table} values {marks}",  # noqa: S608 (names and marks are ours)
            [value for row in slice_ for value in row],
        )
