"""Figures and sentences of a service's months: every state has its mark, nothing is made up."""

from __future__ import annotations

import random
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
from service_given import COMPARED, OTHERS, house_of, note_extracts, tables_of

from datrial.report.figures import figure_for
from datrial.report.summary_service import SERVICE_SENTENCES
from datrial.results.cells import Cell, PublishedValue, State, Table
from datrial.results.read import RunTable

ANALYSES = ("service_activity", "waiting_times")
DRAWN = (
    "service_activity.requests", "service_activity.caseload", "service_activity.closure_reasons",
    "service_activity.closure_reason_months", "service_activity.activities", "waiting_times.mean",
)  # fmt: skip


class Tables:
    """What a figure or a sentence asks of a run."""

    def __init__(self, tables: dict[str, Table], published: dict[str, Any] | None = None) -> None:
        self.tables, self.published = tables, published or {}

    def table(self, name: str) -> RunTable | None:
        if name not in self.tables:
            return None
        table = self.tables[name]
        return RunTable(name.partition(".")[0], table, self.published.get(name, {}))


@cache
def made(arms: int = 1) -> dict[str, Table]:
    """Return the tables of a service of two strands, or of two cohorts of them."""
    rows = [
        {"client_id": f"{arm}{strand}{month}{each}", "strand": strand, "extract_id": arm,
         "referred_on": f"2024-{month:02d}-{1 + each:02d}",
         "assessed_on": f"2024-{month:02d}-{5 + each:02d}",
         "accepted_on": f"2024-{month:02d}-{5 + each:02d}",
         "started_on": f"2024-{month:02d}-{9 + each:02d}" if each % 4 else None,
         "closed_on": f"2024-{month:02d}-28" if each % 3 else None,
         "closure_reason": ("done" if each % 2 else "stopped") if each % 3 else None}
        for arm in ("own", OTHERS)[:arms]
        for strand in ("adults", "youth")
        for month in (1, 2, 3, 4)
        for each in range(12 + month)
    ]  # fmt: skip
    held = [{"held_on": f"2024-0{1 + n % 4}-15", "strand": "adults"} for n in range(40)]
    house = house_of(rows, held, **(COMPARED if arms > 1 else {}))
    note_extracts(house, *((table, name, "town", "2024-01-01", "2024-04-30")
                           for table in ("referral", "service_activity")
                           for name in ("own", OTHERS)[:arms]))  # fmt: skip
    tables = [table for name in ANALYSES for table in tables_of(house, name).values()]
    return {table.id: table for table in tables}


def with_states(state: State, share: float, seed: int, arms: int = 1) -> Tables:
    """Return the tables with a share of their cells without a value."""
    chance = random.Random(seed)

    def cell(given: Cell) -> Cell:
        if chance.random() >= share:
            return given
        return replace(given, value=None, n=None, state=state, note="why")

    return Tables({
        name: replace(table, cells=[cell(each) for each in table.cells])
        for name, table in made(arms).items()
    })  # fmt: skip


@pytest.mark.parametrize("arms", [1, 2])
@pytest.mark.parametrize("state", [State.SUPPRESSED, State.NOT_AVAILABLE])
def test_figures_and_sentences_bear_any_state(state: State, arms: int) -> None:
    for seed, share in enumerate((0.1, 0.5, 0.9)):
        run = with_states(state, share, seed, arms)
        for name in run.tables:
            figure_for(run, run.table(name))  # type: ignore[arg-type]
        for name in ANALYSES:
            assert all(SERVICE_SENTENCES[name](run))  # type: ignore[arg-type]
    nothing = with_states(state, 1, 0, arms)
    for name in nothing.tables:
        assert figure_for(nothing, nothing.table(name)) is None  # type: ignore[arg-type]


@pytest.mark.parametrize("arms", [1, 2])
@pytest.mark.parametrize("name", DRAWN)
def test_each_figure_is_drawn_and_told(name: str, arms: int) -> None:
    run = Tables(made(arms))
    figure = figure_for(run, run.table(name))  # type: ignore[arg-type]
    assert figure is not None
    assert figure.svg.startswith("<svg") and len(figure.alt) > 100
    assert ("Others" in figure.alt) == (arms > 1)


def test_panels_share_an_axis_that_holds_the_highest_of_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tables = dict(made())
    table = tables["service_activity.requests"]
    tables[table.id] = replace(
        table,
        cells=[replace(cell, value=90.0)
               if cell.row == "adults__2024_02" and cell.statistic == "count" else cell
               for cell in table.cells],
    )  # fmt: skip
    tops: list[float] = []

    def look(canvas: Any, name: str) -> str:
        tops.extend(axes.get_ylim()[1] for axes in canvas.axes)
        return "<svg></svg>"

    monkeypatch.setattr("datrial.report.figures_service_activity.to_svg", look)
    run = Tables(tables)
    assert figure_for(run, run.table(table.id)) is not None  # type: ignore[arg-type]
    assert len(tops) == 2 and min(tops) > 90


def test_a_hidden_month_has_its_mark_in_the_figure_and_no_number() -> None:
    tables = dict(made())
    table = tables["service_activity.requests"]
    tables[table.id] = replace(
        table,
        cells=[
            replace(cell, value=None, state=State.SUPPRESSED, note="hidden")
            if cell.row == "adults__2024_02" and cell.statistic == "count" else cell
            for cell in table.cells
        ],
    )  # fmt: skip
    run = Tables(tables)
    figure = figure_for(run, run.table(table.id))  # type: ignore[arg-type]
    assert figure is not None and "[c]" in figure.svg
    assert "Feb 24 hidden to protect people [c]" in figure.alt
    assert "Adults: Jan 24 13, Feb 24 14" not in figure.alt


def test_only_printed_months_are_explained_as_published() -> None:
    name = "service_activity.requests"
    for row, explained in (("all__months", False), ("adults__2024_03", True)):
        printed = {(row, "intervention", "count"): PublishedValue(15.0, "somewhere")}
        run = Tables(made(), {name: printed})
        figure = figure_for(run, run.table(name))  # type: ignore[arg-type]
        assert figure is not None and ("diamonds" in figure.caption) == explained


def test_a_figure_of_which_all_is_hidden_is_not_drawn() -> None:
    run = with_states(State.SUPPRESSED, 1.0, 3)
    name = "service_activity.closure_reason_months"
    assert figure_for(run, run.table(name)) is None  # type: ignore[arg-type]


def test_sentences_give_means_by_strand_with_what_was_printed_and_the_verdict() -> None:
    printed = {("all__months", "intervention", "mean"): PublishedValue(29.0, "somewhere")}
    run = Tables(made(), {"service_activity.requests": printed})
    sentences = list(SERVICE_SENTENCES["service_activity"](run))  # type: ignore[arg-type]
    # 13, 14, 15 and 16 a month in each strand.
    assert sentences[0].startswith(
        "Requests for intervention: 29.0 a month (published 29), adults 14.5 and young people 14.5;"
    )
    assert sentences[0].endswith("whether they rise or fall, so few months cannot tell.")
    caseload = next(each for each in sentences if each.startswith("Live caseload"))
    assert "ratio" not in caseload  # neighbouring months share clients
    waited = list(SERVICE_SENTENCES["waiting_times"](run))  # type: ignore[arg-type]
    assert waited[0].startswith("Request to start: Adults: a mean of 8.00 days")
    assert "of those who started" in waited[0]
