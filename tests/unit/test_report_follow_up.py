"""Figures and sentences of follow-up: every number told, what is missing has its mark."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

import pytest
from follow_up_fixture import INDEX, PEOPLE, SITE, answer, trial
from given import Warehouse

from datrial.analyses import follow_up_randomisation, follow_up_rates, follow_up_times
from datrial.report.figures import figure_for
from datrial.report.numbers import Style, write_number
from datrial.report.summary import findings
from datrial.results.cells import State, Table
from datrial.results.manifest import AnalysisEnd, Manifest
from datrial.results.read import Run, RunTable

ANALYSES = (follow_up_rates, follow_up_times, follow_up_randomisation)
FIGURES = (
    "follow_up_rates.rate_ratios", "follow_up_rates.change", "follow_up_times.first_event",
    "follow_up_times.mean_events", "follow_up_times.hazard_ratios",
)  # fmt: skip
OUTCOMES = ("marac_appearances", "police_domestic_abuse")


def run_of(house: Warehouse) -> Run:
    tables = [
        table
        for analysis in ANALYSES
        for table in answer(house, analysis, outcomes=OUTCOMES).values()
    ]
    return as_run(tables)


def as_run(tables: list[Table]) -> Run:
    entries = tuple(RunTable(table.id.partition(".")[0], table, {}) for table in tables)
    names = dict.fromkeys(entry.analysis for entry in entries)
    ends = tuple(AnalysisEnd(id=name, state="done", reason="") for name in names)
    manifest = Manifest(run_id="r", snapshot_id="s", study="drive", analyses=ends)
    return Run(Path(), manifest, {}, entries)


@pytest.fixture(scope="module")
def run() -> Run:
    return run_of(trial(PEOPLE))


@pytest.fixture(scope="module")
def silent() -> Run:
    house = Warehouse()
    house.allocated(("i1", SITE, INDEX, "intervention"), ("c1", SITE, INDEX, "control"))
    house.build()
    return run_of(house)


def entry_of(run: Run, table_id: str) -> RunTable:
    entry = run.table(table_id)
    assert entry is not None
    return entry


@pytest.mark.parametrize("table_id", FIGURES)
def test_figures_tell_every_number_that_they_draw(run: Run, table_id: str) -> None:
    entry = entry_of(run, table_id)
    figure = figure_for(run, entry)
    assert figure is not None
    ET.fromstring(figure.svg)
    statistic, style = {
        "follow_up_times.first_event": ("probability", Style.SHARE),
        "follow_up_times.mean_events": ("mean", Style.MEAN),
        "follow_up_times.hazard_ratios": ("hazard_ratio", Style.RATIO),
    }.get(table_id, ("rate_ratio", Style.RATIO))
    drawn = [
        cell
        for cell in entry.table.cells
        if cell.statistic == statistic
        and cell.value is not None
        and cell.column != "negative_binomial"
        and not (table_id.endswith("rate_ratios") and "__months_" not in cell.row)
        and not (table_id.endswith("change") and "__months_" in cell.row)
    ]
    assert drawn
    for cell in drawn:
        assert write_number(cell.value or 0.0, style) in figure.alt
    for label in ("Appearances at MARAC", "Domestic abuse recorded by the police"):
        assert label in figure.alt


@pytest.mark.parametrize("table_id", FIGURES)
def test_without_a_number_there_is_no_figure(silent: Run, table_id: str) -> None:
    assert figure_for(silent, entry_of(silent, table_id)) is None


def test_an_outcome_without_numbers_has_its_mark_beside_another(run: Run) -> None:
    entry = entry_of(run, "follow_up_times.mean_events")
    cells = [
        replace(cell, value=None, state=State.NOT_AVAILABLE, note="nothing was received")
        if cell.row.startswith("police")
        else cell
        for cell in entry.table.cells
    ]
    figure = figure_for(run, RunTable(entry.analysis, replace(entry.table, cells=cells), {}))
    assert figure is not None
    assert "not available" in figure.svg


def test_numbers_at_risk_stand_below_the_curves(run: Run) -> None:
    figure = figure_for(run, entry_of(run, "follow_up_times.first_event"))
    assert figure is not None
    texts = ["".join(e.itertext()).strip() for e in ET.fromstring(figure.svg).iter()
             if e.tag.endswith("text")]  # fmt: skip
    # At the allocation all three and all four are at risk, in both panels.
    assert texts.count("3") >= 2
    assert texts.count("4") >= 2


def sentences(run: Run, analysis: str) -> list[str]:
    return [s for found in findings(run, {}) if found.analysis == analysis for s in found.sentences]


def test_rates_are_told_with_interval_and_how_sure(run: Run) -> None:
    told = sentences(run, "follow_up_rates")
    entry = entry_of(run, "follow_up_rates.rate_ratios")
    ratio = entry.value("marac_appearances__months_0_6", "ancova", "rate_ratio")
    assert ratio is not None
    assert f"0-6 months from allocation {write_number(ratio, Style.RATIO)} (95% interval" in told[0]
    assert "the data do not settle" in told[0]
    assert "before the allocation, which shows how alike the arms were, 1.33" in told[1]
    assert told[-1].startswith("These rest on everyone allocated, as allocated")


def test_an_interval_below_1_is_said_to_lie_there(run: Run) -> None:
    entry = entry_of(run, "follow_up_rates.rate_ratios")
    at = ("marac_appearances__months_0_6", "ancova")
    cells = [
        replace(cell, value=0.8) if (cell.row, cell.column, cell.statistic) == (*at, "ci_high")
        else cell
        for cell in entry.table.cells
    ]  # fmt: skip
    told = sentences(as_run([replace(entry.table, cells=cells)]), "follow_up_rates")
    assert "The interval lies below 1: 0-6 months from allocation." in told[0]


def test_a_ratio_that_differs_between_sites_is_told() -> None:
    ratios = Table("follow_up_rates.rate_ratios", "Ratios: a against b, by spell", "", (),
                   {"x__months_0_6": "Abuse, 0-6 months"}, {"ancova": "Adjusted"})  # fmt: skip
    sites = Table("follow_up_rates.sites", "Sites", "", (),
                  {"x__site_1": "Abuse, Site 1", "x__site_2": "Abuse, Site 2",
                   "x__all": "Abuse, all sites"}, {"estimate": "Ratio"})  # fmt: skip
    for p_value, is_told in ((0.01, True), (0.2, False)):
        sites.cells.clear()
        ratios.cells.clear()
        for statistic, value in (("rate_ratio", 0.6), ("ci_low", 0.4), ("ci_high", 0.9)):
            ratios.add("x__months_0_6", "ancova", statistic, value)
            sites.add("x__site_1", "estimate", statistic, value)
            sites.add("x__site_2", "estimate", statistic, 2 * value)
        sites.add("x__all", "estimate", "p_value", p_value)
        told = [s for s in sentences(as_run([ratios, sites]), "follow_up_rates") if "differs" in s]
        assert told == (
            [
                "Abuse: the rate ratio differs between sites (p = 0.010), so that one number for "
                "all of them hides it: Site 1 0.60 (95% interval 0.40 to 0.90); Site 2 1.20 (95% "
                "interval 0.80 to 1.80)."
            ]
            if is_told
            else []
        )


def test_times_tell_shares_hazards_and_events(run: Run) -> None:
    told = sentences(run, "follow_up_times")
    assert told[0].startswith(
        "Appearances at MARAC: hazard ratio of a first event, the intervention arm against the "
        "control arm, "
    )
    assert "within 12 months 66.7% of Drive and 75.0% of Control had one" in told[0]
    assert "0.83 fewer events per person by then in the intervention arm" in told[0]


def test_the_lots_are_told_with_the_difference(run: Run) -> None:
    told = sentences(run, "follow_up_randomisation")
    entry = entry_of(run, "follow_up_randomisation.permutation")
    p_value = entry.value("marac_appearances", "adjusted", "p_value")
    assert p_value is not None
    assert f"p = {write_number(p_value, Style.P_VALUE)}" in told[0]


def test_what_is_missing_is_told_with_its_reason(silent: Run) -> None:
    for analysis in ("follow_up_rates", "follow_up_times", "follow_up_randomisation"):
        told = " ".join(sentences(silent, analysis))
        assert "no MARAC data were received" in told
        assert "no police data were received" in told
