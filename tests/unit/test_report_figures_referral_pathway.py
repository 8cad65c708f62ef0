"""The funnel, and referrals by site and period: what is drawn, marked, told, and kept back."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from referral_pathway_fixture import (
    COMPARED,
    ONE_SITE,
    OTHERS,
    completed,
    house_of,
    never,
    stopped,
    tables_of,
)

from datrial.report.drawing import Figure
from datrial.report.figures import figure_for
from datrial.report.summary import findings
from datrial.results.cells import Cell, PublishedValue, State, Table
from datrial.results.manifest import AnalysisEnd, Manifest
from datrial.results.read import Run, RunTable

ROWS = [completed("group"), completed(), stopped(), never(site="coast"), never(site="coast")]
HIDDEN = "hidden to protect people [c]"


def drawn(
    name: str,
    rows: list[dict[str, Any]] | None = None,
    published: dict[tuple[str, str, str], float] | None = None,
    states: dict[tuple[str, str], State] | None = None,
    **changes: Any,
) -> Figure | None:
    """Draw a table of some referrals, cells of it without value."""
    table = tables_of(house_of(ROWS if rows is None else rows, **changes))[name]
    cells = [without(cell, (states or {}).get((cell.row, cell.column))) for cell in table.cells]
    beside = {key: PublishedValue(value, "Table 1") for key, value in (published or {}).items()}
    entry = RunTable("referral_pathway", replace(table, cells=cells), beside)
    manifest = Manifest(run_id="r", snapshot_id="s", study="harbour", analyses=())
    return figure_for(Run(Path(), manifest, {}, (entry,)), entry)


def without(cell: Cell, state: State | None) -> Cell:
    return cell if state is None else replace(cell, value=None, n=None, state=state)


def texts(figure: Figure) -> str:
    return "\n".join(re.findall(r"<text[^>]*>(.*?)</text>", figure.svg, re.DOTALL))


def widths(figure: Figure, colour: str = "#0072b2") -> list[float]:
    """Return the widths of the bars of a colour."""
    paths = re.findall(
        r'<path d="M ([\d.]+) [\d.]+ \nL ([\d.]+) [\d.]+ \nL [^"]*"[^>]*style="fill: (#\w+)',
        figure.svg,
    )
    return [abs(float(b) - float(a)) for a, b, own in paths if own == colour]


def test_the_funnel_has_the_stages_that_are_recorded() -> None:
    figure = drawn("referrals")
    assert figure is not None
    for text in ("Referred", "Engaged", "3 (60%)", "Completed", "2 (40%)"):
        assert text in texts(figure)
    assert "Assessed" not in texts(figure)
    assert "Nothing is recorded of: assessed, accepted." in figure.caption
    assert figure.alt.startswith("Funnel. Harbour: referred 5, found suitable 5 (100.0%)")
    wide = widths(figure)
    assert [round(each / wide[0], 3) for each in wide] == [1, 1, 0.6, 0.6, 0.6, 0.4, 0.2]


def test_a_hidden_stage_has_its_mark_and_no_bar() -> None:
    whole = drawn("referrals")
    figure = drawn("referrals", states={("engaged", "intervention"): State.SUPPRESSED})
    assert figure is not None and whole is not None
    assert len(widths(figure)) == len(widths(whole)) - 1
    assert "[c]" in texts(figure)
    assert f"engaged {HIDDEN}" in figure.alt and "[c]: hidden to protect people" in figure.caption


def test_a_hidden_total_leaves_the_stages_their_own_numbers() -> None:
    figure = drawn("referrals", states={("referred", "intervention"): State.SUPPRESSED})
    assert figure is not None
    assert f"referred {HIDDEN}" in figure.alt and "found suitable 5" in figure.alt


def test_a_printed_number_is_a_diamond_at_its_share() -> None:
    published = {("referred", "intervention", "count"): 5.0,
                 ("completed", "intervention", "count"): 3.0}  # fmt: skip
    figure = drawn("referrals", published=published)
    assert figure is not None
    assert "completed 2 (published 3)" in figure.alt and "Hollow diamonds" in figure.caption
    alone = drawn("referrals", published={("completed", "intervention", "count"): 3.0})
    assert alone is not None and "Hollow diamonds" in alone.caption
    hidden = drawn(
        "referrals", published={("completed", "intervention", "count"): 3.0},
        states={("referred", "intervention"): State.SUPPRESSED},
    )  # fmt: skip
    assert hidden is not None  # of how many it is a share is not known: there is no diamond
    assert "Hollow" not in hidden.caption and "completed 2 (published 3)" in hidden.alt


def test_two_cohorts_are_two_funnels() -> None:
    rows = [*ROWS, never(extract_id=OTHERS, client_id="o")]
    figure = drawn("referrals", rows, **COMPARED)
    assert figure is not None
    assert "Others: referred 1" in figure.alt and "Harbour: referred 5" in figure.alt
    assert {"Harbour", "Others"} <= set(texts(figure).split("\n"))
    assert len(widths(figure)) == 7
    others = [each for each in widths(figure, "#d55e00") if each]
    assert len(others) == 2  # referred and suitable; nobody engaged, which is 0
    assert "consultation held not available [x], started not available [x]" in figure.alt


def said(rows: list[dict[str, Any]], *hidden: tuple[str, str], **changes: Any) -> list[str]:
    """Return the sentences of the summary, some (table, row) of it hidden."""
    made = tables_of(house_of(rows, **changes))
    entries = []
    for name, table in made.items():
        cells = [
            without(cell, State.SUPPRESSED if (name, cell.row) in hidden else None)
            for cell in table.cells
        ]
        entries.append(RunTable("referral_pathway", replace(table, cells=cells), {}))
    end = AnalysisEnd(id="referral_pathway", state="done", reason="")
    manifest = Manifest(run_id="r", snapshot_id="s", study="harbour", analyses=(end,))
    run = Run(Path(), manifest, {}, tuple(entries))
    return [sentence for found in findings(run, {}) for sentence in found.sentences]


def test_the_summary_tells_referrals_people_ends_and_onward_referral() -> None:
    rows = [*ROWS, completed("single", client_id="p0", referred_on="2022-06-01")]
    assert said(rows) == [
        "Referrals: 6; people referred: 5.",
        "How they ended: completed 3, 50.0%; engaged, then stopped 1, 16.7%; never engaged 2, "
        "33.3%.",
        "Of those who completed, 2, 66.7% were referred on to a programme: Group 1 and One to "
        "one 1.",
    ]


def test_the_summary_says_what_is_hidden_and_what_was_not_received() -> None:
    told = said(ROWS, ("outcomes", "stopped"), ("counts", "persons"))
    assert told[0] == "Referrals: 5; people referred: a hidden number [c]."
    assert "engaged, then stopped a hidden number [c]" in told[1]
    assert said([]) == [
        "The number of referrals is not available (no referral data were received)."
    ]
    compared = said([*ROWS, never(extract_id=OTHERS)], **COMPARED)
    assert "Others: Referrals: 1; people referred: 1." in compared


def test_periods_have_a_panel_for_each_site() -> None:
    rows = [*ROWS, never(site="coast", referred_on="2022-11-01")]
    figure = drawn("periods", rows)
    assert figure is not None
    assert {"Town", "Coast"} <= set(texts(figure).split("\n"))
    assert "Town. 1 Jan 2022 to 31 Mar 2022: 3;" in figure.alt
    assert "1 Oct 2022 to 31 Dec 2022: 1." in figure.alt
    assert figure.title == "Referrals by site and period (number of referrals)"
    assert sorted(each for each in widths(figure) if each)[-1] > 0


def test_a_hidden_period_has_its_mark_beside_the_others() -> None:
    place = ("town", "intervention__from_2022_01_01")
    figure = drawn("periods", states={place: State.SUPPRESSED})
    assert figure is not None
    assert "[c]" in texts(figure) and f"Town. 1 Jan 2022 to 31 Mar 2022: {HIDDEN}" in figure.alt
    assert "3" not in re.findall(r"^\d+$", texts(figure), re.MULTILINE)


def test_of_one_site_there_is_one_panel_with_two_cohorts_side_by_side() -> None:
    rows = [{**completed(), "site": "town"}, {**never(), "extract_id": OTHERS}]
    figure = drawn("by_period", rows, **{**COMPARED, **ONE_SITE})
    assert figure is not None
    assert figure.title == "Referrals by period (number of referrals)"
    assert "Harbour, 1 Jan 2022 to 31 Mar 2022: 1" in figure.alt
    assert "Others, 1 Jan 2022 to 31 Mar 2022: 1" in figure.alt
    assert {"Harbour", "Others"} <= set(texts(figure).split("\n"))


@pytest.mark.parametrize("state", [State.SUPPRESSED, State.NOT_AVAILABLE, State.NOT_APPLICABLE])
@pytest.mark.parametrize("name", ["referrals", "periods", "by_period"])
def test_without_a_number_there_is_no_figure(name: str, state: State) -> None:
    changes = ONE_SITE if name == "by_period" else {}
    rows = [{**row, "site": "town"} for row in ROWS]
    table: Table = tables_of(house_of(rows, **changes))[name]
    nothing = {(cell.row, cell.column): state for cell in table.cells}
    assert drawn(name, rows, states=nothing, **changes) is None
    assert drawn(name, [], **changes) is None
