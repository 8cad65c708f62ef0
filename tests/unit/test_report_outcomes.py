"""Figures and sentences of the report about Stars and rated outcomes."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, cast

import pytest
from outcomes_given import Form, Reading, compared, house_of, pairs, released

from datrial.report.figures import figure_for
from datrial.report.figures_outcome_ratings import improved_cases
from datrial.report.figures_outcome_stars import star_changes, star_radar
from datrial.report.summary_outcomes import OUTCOME_SENTENCES
from datrial.results.cells import PublishedValue
from datrial.results.read import Run, RunTable

if TYPE_CHECKING:
    from datrial.report.drawing import Figure

STARS = pairs([((1, 2), (3, 3)), ((2, 2), (4, 4)), ((3, 2), (3, 3)), ((2, 2), (5, 4))] * 3)
FEW: list[Reading] = pairs([((1, 2), (3, 3))] * 3)
FORMS: list[Form] = [(f"p{n}", "2022-06-01", (2 if n < 9 else 0, 1, 1)) for n in range(18)]


class SmallRun:
    """The tables of one analysis, as the summary asks for them."""

    def __init__(self, entries: dict[str, RunTable]) -> None:
        self.entries = entries

    def table(self, table_id: str) -> RunTable | None:
        return self.entries.get(table_id)


def entries(
    analysis: str, rows: list[Reading] | list[Form], profile: str = "open", *, both: bool = False
) -> dict[str, RunTable]:
    """Return an analysis's tables as of a stored run; `both`: every other client is a control."""
    clients = {row[0]: "o" if both and int(row[0][1:]) % 2 else "r" for row in rows}
    given = {"stars": rows} if analysis == "outcome_stars" else {"forms": rows}
    house = house_of(**given, clients=clients, study=compared() if both else None)  # type: ignore[arg-type]
    return {
        table.id: RunTable(analysis, table, {})
        for table in released(analysis, house, profile).values()
    }


def told(analysis: str, tables: dict[str, RunTable]) -> str:
    return " ".join(OUTCOME_SENTENCES[analysis](cast(Run, SmallRun(tables))))


def test_the_radar_has_two_rings_its_areas_dates_and_words() -> None:
    figure = star_radar(entries("outcome_stars", STARS)["outcome_stars.areas"])
    assert figure is not None
    for text in ("Safety", "Home", "First reading", "Last reading", "Star (1 to 5) (n = 12)"):
        assert text in figure.svg
    assert "the first: 1 February 2022" in figure.svg
    assert "Safety first 2.00 and last 3.75; Home first 2.00 and last 3.50." in figure.alt
    assert figure.title.endswith("(n = 12)")


def test_the_forest_has_each_area_with_its_interval() -> None:
    figure = star_changes(entries("outcome_stars", STARS)["outcome_stars.changes"])
    assert figure is not None
    assert re.search(r"Safety, Harbour 1\.75, interval \d\.\d+ to \d\.\d+", figure.alt)
    assert "Total" not in figure.alt


@pytest.mark.parametrize("draw", [star_radar, star_changes])
def test_two_cohorts_stand_side_by_side(draw: Callable[[RunTable], Figure | None]) -> None:
    name = "areas" if draw is star_radar else "changes"
    figure = draw(entries("outcome_stars", STARS, both=True)[f"outcome_stars.{name}"])
    assert figure is not None
    assert "Others" in figure.svg
    assert "Harbour" in figure.alt
    assert "less" not in figure.title.partition("(n")[2]


def test_hidden_means_draw_no_ring_and_no_figure_stands_without_any() -> None:
    for table in ("areas", "changes"):
        entry = entries("outcome_stars", FEW, "counts_below_5")[f"outcome_stars.{table}"]
        assert figure_for(cast(Run, SmallRun({})), entry) is None
    entry = entries("outcome_ratings", FORMS[:3], "counts_below_5")["outcome_ratings.improved"]
    assert improved_cases(entry) is None


def test_a_cohort_that_is_hidden_has_its_mark_beside_the_other() -> None:
    rows = pairs([((1, 2), (3, 3)), ((2, 2), (4, 4))] * 6)
    few = {"p1", "p3", "p5"}
    kept = [row for row in rows if int(row[0][1:]) % 2 == 0 or row[0] in few]
    entry = entries("outcome_stars", kept, "counts_below_5", both=True)["outcome_stars.areas"]
    figure = star_radar(entry)
    assert figure is not None
    assert "hidden to protect people [c]" in figure.alt
    assert "[c]" in figure.svg


def test_improved_cases_stand_beside_the_printed_share() -> None:
    entry = entries("outcome_ratings", FORMS)["outcome_ratings.improved"]
    beside = {
        ("forms__risk__average", "intervention", "share"): PublishedValue(0.75, "Paragraph 1")
    }
    figure = improved_cases(RunTable(entry.analysis, entry.table, beside))
    assert figure is not None
    assert "Forms: Risk: Harbour 50.0% (published 75.0%), interval" in figure.alt
    assert "Hollow diamonds" in figure.caption
    assert "any item" not in figure.alt


def test_the_summary_says_the_change_who_improved_and_its_limits() -> None:
    text = told("outcome_stars", entries("outcome_stars", STARS))
    assert (
        "Star (1 to 5): the mean total of the last reading is 1.81 times that of the first (95%"
        in text
    )
    assert "of 12 clients with both" in text
    assert "100.0% of 12 became better." in text
    assert "0.0% of 12 had one reading only." in text
    assert "some would have changed without the support" in text


def test_the_summary_says_what_is_hidden() -> None:
    text = told("outcome_stars", entries("outcome_stars", FEW, "counts_below_5"))
    assert "the change is hidden to protect people [c]" in text
    text = told("outcome_ratings", entries("outcome_ratings", FORMS[:3], "counts_below_5"))
    assert "The share of cases improved is hidden to protect people [c] for" in text
    text = told("outcome_ratings", entries("outcome_ratings", FORMS))
    assert "Forms: Risk: 50.0% of 18 improved on average." in text
    assert told("outcome_ratings", {}) == ""
