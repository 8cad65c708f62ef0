"""What was not received is not available, never zero: in the marts, the results and the report."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from given import Warehouse

from datrial.analyses.base import Context
from datrial.analyses.registry import ANALYSES
from datrial.report.figures import figure_for
from datrial.report.summary import findings
from datrial.results.cells import State, Table
from datrial.results.manifest import AnalysisEnd, Manifest
from datrial.results.read import Run, RunTable

OWN, OTHER = "site_2", "site_1"
DAYS = ("2016-01-01", "2019-09-30")
NOT_AVAILABLE = (None, None, None, None)

HISTORIES = [
    # received of the person's own site and of another, hearings as (site, victim, day)
    # -> appearances, victims, serial, repeat
    ("own site, not heard", [DAYS], [], [], (0, 0, False, False)),
    ("nothing of any site", [], [], [], NOT_AVAILABLE),
    ("nothing of the own site", [], [DAYS], [], NOT_AVAILABLE),
    (
        "nothing of the own site, heard at another with two victims",
        [], [DAYS],
        [(OTHER, "v1", "2017-01-01"), (OTHER, "v2", "2017-02-01")],
        NOT_AVAILABLE,
    ),
    (
        "heard at both",
        [DAYS], [DAYS],
        [(OWN, "v1", "2017-01-01"), (OTHER, "v2", "2017-02-01")],
        (2, 2, True, False),
    ),
    (
        "heard at another site, of which nothing was received",
        [DAYS], [],
        [(OWN, "v1", "2017-01-01"), (OTHER, "v2", "2017-02-01")],
        (1, 1, False, False),
    ),
    (
        "the last day received, and the day after",
        [("2016-01-01", "2017-02-28")], [],
        [(OWN, "v1", "2017-02-28"), (OWN, "v1", "2017-03-01")],
        (1, 1, False, False),
    ),
    (
        "a second hearing in a month that was not received",
        [("2016-01-01", "2017-02-28"), ("2017-04-01", "2019-09-30")], [],
        [(OWN, "v1", "2017-02-01"), (OWN, "v2", "2017-03-15"), (OWN, "v1", "2017-03-15")],
        (1, 1, False, False),
    ),
    (
        "... and in the month after it",
        [("2016-01-01", "2017-02-28"), ("2017-04-01", "2019-09-30")], [],
        [(OWN, "v1", "2017-02-01"), (OWN, "v2", "2017-04-01"), (OWN, "v1", "2017-04-01")],
        (3, 2, True, True),
    ),
    (
        "a day that was received of the own site only",
        [DAYS], [("2016-01-01", "2016-12-31")],
        [(OTHER, "v1", "2016-12-31"), (OTHER, "v1", "2017-01-01")],
        (1, 1, False, False),
    ),
    (
        "a day that was received of the other site only: no rate hangs on it",
        [("2016-01-01", "2016-12-31")], [DAYS],
        [(OTHER, "v1", "2017-01-01")],
        (1, 1, False, False),
    ),
]  # fmt: skip


def person(own: list[Any], other: list[Any], hearings: list[tuple[str, str, str]]) -> Warehouse:
    """Return the marts of p1 of ``OWN`` (index date 2017-01-15, end 2017-11-30)."""
    house = Warehouse()
    house.allocated(("p1", OWN, "2017-01-15", "intervention"))
    house.rows(
        "staging.cms_service_user", "perpetrator_id, closure_date", ("p1", "2017-11-30"),
    )  # fmt: skip
    for site, received in ((OWN, own), (OTHER, other)):
        for days in received:
            house.covered("marac", site, *days)
    house.covered("police", OWN, *DAYS)  # another source tells nothing
    house.rows(
        "staging.marac_case", "site, perpetrator_id, victim_id, hearing_date",
        *((site, "p1", victim, day) for site, victim, day in hearings),
    )  # fmt: skip
    house.build()
    return house


@pytest.mark.parametrize(
    ("own", "other", "hearings", "expect"),
    [row[1:] for row in HISTORIES],
    ids=[row[0] for row in HISTORIES],
)
def test_a_history_rests_on_the_days_received(
    own: list[Any], other: list[Any], hearings: list[tuple[str, str, str]], expect: tuple[Any, ...]
) -> None:
    assert person(own, other, hearings).get(
        "appearances, victims, is_serial, is_repeat", "marts.marac_history"
    ) == [expect]


RE_APPEARANCES = [
    # site and day of a hearing after the index date -> appearances during the intervention.
    # Of the own site March 2017 was not received, of the other site April 2017.
    (OWN, "2017-02-28", 1),
    (OWN, "2017-03-01", 0),
    (OWN, "2017-04-01", 1),
    (OTHER, "2017-02-28", 1),
    (OTHER, "2017-03-01", 0),  # counts for no time at risk
    (OTHER, "2017-04-30", 0),  # a stray: the other site sent nothing for this day
    (OTHER, "2017-05-01", 1),
    ("site_3", "2017-02-28", 0),  # a site that sent nothing
]


@pytest.mark.parametrize(("site", "day", "expect"), RE_APPEARANCES)
def test_an_appearance_needs_both_sites_data_for_its_day(site: str, day: str, expect: int) -> None:
    own = [("2016-01-01", "2017-02-28"), ("2017-04-01", "2019-09-30")]
    other = [("2016-01-01", "2017-03-31"), ("2017-05-01", "2019-09-30")]
    house = person(own, other, [(site, "v1", day)])
    assert house.get("appearances", "marts.marac_follow_up", "period = 'during'") == [(expect,)]


IN_SOURCES = "in_marac, in_police, in_cms, completed, victims_with_intake_form, "
PARTICIPANTS = [
    # sources that sent data of p1's site -> in each of them, completed, forms
    ("all", ("marac", "police", "insights", "cms"), (False, False, False, False, 0, 0)),
    ("none", (), (None, None, None, None, None, None)),
    ("MARAC", ("marac",), (False, None, None, None, None, None)),
    ("police", ("police",), (None, False, None, None, None, None)),
    ("IDVA", ("insights",), (None, None, None, None, 0, 0)),
    ("case management", ("cms",), (None, None, False, False, None, None)),
]


@pytest.mark.parametrize(
    ("sources", "expect"), [row[1:] for row in PARTICIPANTS], ids=[row[0] for row in PARTICIPANTS]
)
def test_not_to_be_found_is_knowledge_only_of_a_source_that_sent_data(
    sources: tuple[str, ...], expect: tuple[Any, ...]
) -> None:
    house = Warehouse()
    house.allocated(("p1", OWN, "2017-01-15", "intervention"))
    for source in sources:
        house.covered(source, OWN, *DAYS)
    for source in ("marac", "police", "insights", "cms"):
        house.covered(source, OTHER, *DAYS)  # another site tells nothing
    house.build()
    columns = f"{IN_SOURCES} victims_with_both_forms"
    assert house.get(columns, "marts.participant") == [expect]


def two_sites(*silent: tuple[str, str]) -> Warehouse:
    """Return a trial with four people an arm at two sites; one in four is heard again.

    Of what is in ``silent`` (source, site) nothing was received; sites 1 and 2 sent
    everything else, and of site 3, where nobody is, nothing was received.
    """
    house = Warehouse()
    for site in (OWN, OTHER):
        for source in ("marac", "police", "insights", "cms"):
            if (source, site) not in silent:
                house.covered(source, site, *DAYS)
        for number in range(8):
            name, arm = f"{site}-{number}", "intervention" if number % 2 else "control"
            house.allocated((name, site, "2017-01-15", arm))
            if ("cms", site) not in silent and arm == "intervention":
                house.rows(
                    "staging.cms_service_user",
                    "site, perpetrator_id, start_date, closure_date, completed",
                    (site, name, "2017-01-20", "2017-11-30", "yes"),
                )
            if ("police", site) not in silent:
                house.rows("staging.police_incident", "site, perpetrator_id, incident_date",
                           (site, name, "2017-02-01"))  # fmt: skip
            if ("insights", site) not in silent:
                house.rows("staging.insights_intake", "site, perpetrator_id, victim_id",
                           (site, name, f"v-{name}"))  # fmt: skip
            if ("marac", site) not in silent:
                heard = [(f"v-{name}", "2017-01-15")]
                heard += [(f"w-{name}", "2017-03-01")] if number < 2 else []
                house.rows(
                    "staging.marac_case", "site, perpetrator_id, victim_id, hearing_date",
                    *((site, name, *case) for case in heard),
                )  # fmt: skip
    house.build()
    return house


def answer(house: Warehouse, analysis: str, **parameters: Any) -> dict[str, Table]:
    chosen = ANALYSES[analysis]
    context = Context(house.connection, house.study, np.random.default_rng(1))
    tables = chosen.run(context, chosen.parameters.model_validate(parameters))
    return {table.id.partition(".")[2]: table for table in tables}


def told(table: Table, row: str, column: str, statistic: str = "count") -> Any:
    """Return a cell's value, or its state and reason."""
    cell = table.get(row, column, statistic)
    return (str(cell.state), cell.note) if cell.value is None else cell.value


def absent(reason: str) -> tuple[str, str]:
    return ("not_available", reason)


FLOWS = [
    # nothing received -> row of the flow, column, what is told, warning
    ("police, site_2", [("police", OWN)], "police_record_site_2", "all",
     absent("no police data were received of Site 2"), ""),
    ("police, site_2", [("police", OWN)], "police_record_site_2", "control",
     absent("no police data were received of Site 2"), ""),
    ("police, site_2", [("police", OWN)], "police_record_site_1", "all", 8, ""),
    ("police, site_2", [("police", OWN)], "marac_site_2", "all", 8, ""),
    ("nobody, nothing", [], "police_record_site_3", "all",
     absent("no police data were received of Site 3"), ""),
    ("IDVA, site_2", [("insights", OWN)], "insights_intake", "all", 8,
     "without Site 2, of which no IDVA data were received"),
    ("IDVA", [("insights", OWN), ("insights", OTHER)], "insights_both", "intervention",
     absent("no IDVA data were received of Site 1, Site 2"), ""),
    ("all", [], "insights_both", "intervention", 0, ""),
    ("case management", [("cms", OWN), ("cms", OTHER)], "completed", "intervention",
     absent("no case-management data were received of Site 1, Site 2"), ""),
    ("case management", [("cms", OWN), ("cms", OTHER)], "cms_forms", "control",
     ("not_applicable", "only the intervention has this"), ""),
    ("case management, site_1", [("cms", OTHER)], "cms_forms", "intervention", 4,
     "without Site 1, of which no case-management data were received"),
    ("MARAC", [("marac", OWN), ("marac", OTHER)], "heard", "all",
     absent("no MARAC data were received"), ""),
    ("MARAC", [("marac", OWN), ("marac", OTHER)], "excluded_under_age", "all",
     absent("no MARAC data were received"), ""),
    ("MARAC", [("marac", OWN), ("marac", OTHER)], "allocated_not_heard", "all",
     absent("no MARAC data were received"), ""),
    ("MARAC, site_2", [("marac", OWN)], "allocated_not_heard", "all", 0,
     "without Site 2, Site 3, of which no MARAC data were received"),
    ("MARAC", [("marac", OWN), ("marac", OTHER)], "allocated", "all", 16, ""),
]  # fmt: skip


@pytest.mark.parametrize(
    ("silent", "row", "column", "expect", "warning"),
    [row[1:] for row in FLOWS],
    ids=[f"{row[0]}: {row[2]}, {row[3]}" for row in FLOWS],
)
def test_the_participant_flow_tells_what_is_not_known(
    silent: list[tuple[str, str]], row: str, column: str, expect: Any, warning: str
) -> None:
    flow = answer(two_sites(*silent), "participant_flow")["flow"]
    assert told(flow, row, column) == expect
    assert flow.get(row, column, "count").warning == warning


def test_days_missing_within_a_source_are_a_warning_of_its_counts() -> None:
    house = two_sites(("police", OWN))
    house.covered("police", OWN, "2016-01-01", "2016-12-31")
    house.covered("police", OWN, "2017-02-01", "2019-09-30")
    house.connection.execute("drop schema people cascade; drop schema cohort cascade; "
                             "drop schema marts cascade; create schema people; create table "
                             "people.characteristic (person_id varchar, age_at_index integer, "
                             "postcode_area varchar)")  # fmt: skip
    house.build()
    cell = answer(house, "participant_flow")["flow"].get("police_record_site_2", "all", "count")
    assert cell.value == 0
    assert cell.warning == "31 days within the police data of Site 2 were not received"


SITES = {"sites": [OWN, OTHER]}
OF_SITE_1 = "without Site 1, of which no MARAC data were received"


def test_people_of_a_site_without_marac_data_are_in_no_number() -> None:
    tables = answer(two_sites(("marac", OTHER)), "marac_follow_up", **SITES)
    for table, row, column, statistics in (
        ("appearances", "control", "appearances", {"people": 4, "total": 5, "mean": 1.25}),
        ("serial", "all", "serial", {"count": 2, "share": 0.25}),
        ("serial", "control", "repeat", {"count": 0, "share": 0}),
    ):
        for statistic, value in statistics.items():
            cell = tables[table].get(row, column, statistic)
            assert (cell.value, cell.warning) == (value, OF_SITE_1)
    assert told(tables["reappearance"], "during", "control", "observed") == 4
    assert told(tables["reappearance"], "during", "control", "share") == 0.25
    assert "No MARAC data were received of Site 1" in tables["reappearance"].note


def test_without_marac_data_no_table_of_marac_holds_a_number_but_the_empty_count() -> None:
    tables = answer(two_sites(("marac", OWN), ("marac", OTHER)), "marac_follow_up", **SITES)
    reason = absent("no MARAC data were received of Site 1, Site 2")
    assert told(tables["appearances"], "control", "appearances", "total") == reason
    assert told(tables["appearances"], "difference", "appearances", "rate_ratio") == reason
    assert told(tables["serial"], "all", "repeat") == reason
    values = {c.statistic: c.value for t in tables.values() for c in t.cells if c.value is not None}
    assert values == {"observed": 0}  # nobody was observed


def partly_observed(closure: dict[str, str]) -> dict[str, Table]:
    """Return the tables of serial controls of whom MARAC data end on 2018-01-31.

    A person whose closure lies later has no day observed in the six months after it.
    """
    house = Warehouse()
    house.covered("marac", OWN, "2016-01-01", "2018-01-31")
    for name, day in closure.items():
        house.allocated((name, OWN, "2017-01-15", "control"))
        house.rows("staging.cms_service_user", "perpetrator_id, closure_date", (name, day))
        house.rows(
            "staging.marac_case", "site, perpetrator_id, victim_id, hearing_date",
            (OWN, name, "v1", "2017-01-15"), (OWN, name, "v2", "2018-01-15"),
        )  # fmt: skip
    house.build()
    return answer(house, "marac_follow_up", sites=[OWN])


#: p1 and p2: 2017-12-01 to 2018-01-31 observed of the period 0-6 months after; p3: no day of it.
CLOSURES = {"p1": "2017-11-30", "p2": "2017-11-30", "p3": "2018-01-31"}


@pytest.mark.parametrize("table", ["reappearance", "serial_periods"])
def test_whoever_was_not_observed_is_no_person_who_did_not_appear(table: str) -> None:
    found = partly_observed(CLOSURES)[table]
    at = ("after_0_6", "control")
    assert found.get(*at, "people").value == 2
    warning = "3 of 3 not observed for the whole period, 1 of them on no day"
    assert found.get(*at, "people").warning == warning
    # The published rule: of all, with its warning. Beside it: of those observed at all.
    assert (found.get(*at, "share").value, found.get(*at, "share").n) == (pytest.approx(2 / 3), 3)
    assert found.get(*at, "share").warning == warning
    observed = found.get(*at, "share_of_observed_any_day")
    assert (observed.value, observed.n) == (1, 2)
    assert observed.warning == "2 of 2 not observed for the whole period"


@pytest.mark.parametrize("table", ["reappearance", "serial_periods"])
def test_where_nobody_was_observed_no_share_is_available(table: str) -> None:
    found = partly_observed({"p3": "2018-01-31"})[table]
    for statistic in ("people", "share", "share_of_observed_any_day"):
        assert told(found, "after_0_6", "control", statistic) == absent(
            "no MARAC data were received for this period"
        )
        assert told(found, "during", "control", statistic) == 1


def test_a_period_without_a_known_end_says_so() -> None:
    house = Warehouse()
    house.covered("marac", OWN, *DAYS)
    house.allocated(("c1", OWN, "2017-01-15", "control"))
    house.build()
    found = answer(house, "marac_follow_up", sites=[OWN])
    assert told(found["reappearance"], "during", "control", "share") == absent(
        "the end of the intervention is not known"
    )
    assert told(found["serial_periods"], "during", "control", "share") == absent(
        "no serial perpetrator is known in this arm"
    )
    assert told(found["serial"], "intervention", "serial") == absent("nobody in this group")


FORMS = [
    ("behaviour_change", {}, "forms", "received", "physical", "count"),
    ("behaviour_change", {}, "forms", "people", "sexual", "count"),
    ("behaviour_change", {}, "predictions", "physical__intake", "none", "probability"),
    ("behaviour_change", {}, "odds_ratios", "age", "physical", "odds_ratio"),
    ("behaviour_change", {}, "imputed", "age", "sexual", "fmi"),
    ("behaviour_change", {}, "factor_tests", "relationship", "physical", "p_value_adjusted"),
    ("behaviour_change", {}, "person_level", "sigma", "physical", "value"),
    ("direct_work", {}, "people", "contact", "yes", "count"),
    ("direct_work", {}, "odds_ratios", "contact__sexual", "adjusted", "odds_ratio"),
    ("direct_work", {}, "probabilities", "contact__physical__no__adjusted", "high", "probability"),
    ("direct_work", {}, "change", "behaviour_change__physical", "closure", "p_value_adjusted"),
    ("direct_work", {}, "imputed", "direct_support__physical", "adjusted", "fmi"),
    ("risk_score", {}, "means", "intake", "observed", "mean"),
    ("risk_score", {}, "rate_ratios", "midpoint", "estimate", "rate_ratio"),
    ("needs", {}, "prevalence", "any_answer", "intake", "count"),
    ("needs", {}, "prevalence", "housing", "intake", "answered"),
    ("needs", {}, "prevalence", "no_needs", "intake", "share"),
    ("needs_classes", {"starts": 2}, "sizes", "class_1", "share", "share"),
]


@pytest.mark.parametrize(
    ("analysis", "parameters", "table", "row", "column", "statistic"),
    FORMS,
    ids=[f"{row[2]}, {row[3]}, {row[4]}" for row in FORMS],
)
def test_without_case_management_data_there_is_no_number_of_forms(
    analysis: str, parameters: dict[str, Any], table: str, row: str, column: str, statistic: str
) -> None:
    silent = Warehouse()
    silent.build()
    found = answer(silent, analysis, **parameters)[table]
    assert told(found, row, column, statistic) == absent("no case-management data were received")


def test_forms_that_are_not_there_although_data_were_received_are_zero() -> None:
    house = two_sites()
    assert told(answer(house, "behaviour_change")["forms"], "received", "physical") == 0
    needs = answer(house, "needs")["prevalence"]
    assert told(needs, "any_answer", "intake") == 0
    assert told(needs, "housing", "intake", "share") == absent("no service user has an answer")


def run_of(*tables: Table) -> Run:
    """Return a stored run of these tables."""
    entries = tuple(RunTable(table.id.partition(".")[0], table, {}) for table in tables)
    ends = [
        AnalysisEnd(id=name, state="done")
        for name in dict.fromkeys(entry.analysis for entry in entries)
    ]
    manifest = Manifest(run_id="r", snapshot_id="s", study="drive", analyses=ends, parameters={})
    return Run(Path(), manifest, {}, entries)


def everything(house: Warehouse) -> Run:
    """Return a run of all analyses of the study, the needs with few starts."""
    tables: list[Table] = []
    for name in ("participant_flow", "behaviour_change", "risk_score", "needs_classes"):
        few = {"starts": 2} if name == "needs_classes" else {}
        tables += answer(house, name, **few).values()
    tables += answer(house, "marac_follow_up", sites=[OWN]).values()
    return run_of(*tables)


def test_the_summary_says_what_is_not_available_instead_of_leaving_it_out() -> None:
    house = two_sites(*((source, OWN) for source in ("marac", "insights", "police", "cms")),
                      ("cms", OTHER))  # fmt: skip
    said = {found.analysis: found.sentences for found in findings(everything(house), {})}
    assert (
        "During: the rate ratio is not available (nobody of the arm Drive was observed)."
        in (said["marac_follow_up"])
    )
    assert (
        "Serial perpetrators (heard with two or more different victims-survivors): not available "
        "for Drive and not available for Control."
    ) in said["marac_follow_up"]
    reason = "no case-management data were received"
    assert any(
        "With a police record, Site 2 (no police data were received of Site 2)" in sentence
        for sentence in said["participant_flow"]
    )
    for analysis, what in (
        ("behaviour_change", "The adjusted probability of high physical abuse"),
        ("behaviour_change", "The adjusted probability of no physical abuse"),
        ("risk_score", "The change of the Drive-DASH score at case closure"),
        ("needs_classes", "The share of service users without any need"),
    ):
        assert f"{what} is not available ({reason})." in said[analysis], said[analysis]


def test_figures_show_what_is_not_available_and_never_a_zero_for_it() -> None:
    house = two_sites(("police", OWN), ("insights", OWN), ("insights", OTHER))
    run = everything(house)
    drawn = {entry.table.id: figure_for(run, entry) for entry in run.tables}
    # A run with both flows, box by box, draws these; one without them draws the steps.
    assert drawn["participant_flow.flow"] is None
    boxes, victims = (drawn[f"participant_flow.{name}"] for name in ("perpetrators", "victims"))
    assert boxes is not None and victims is not None
    assert "... of a site without police data: All 4, Drive 4, Control 0" in boxes.alt
    assert "Not known whether the police were asked: All 4" in boxes.alt  # controls of site 2
    assert "Engaged with an IDVA (intake form): All not available" in victims.alt
    assert "Of a site without IDVA data: All 16, Drive 8, Control 8" in victims.alt
    steps = run_of(answer(house, "participant_flow")["flow"])
    flow = figure_for(steps, steps.tables[0])
    assert flow is not None
    assert (
        "With a police record, Site 2: All not available [x], Drive not available [x]" in flow.alt
    )
    assert "With a police record, Site 1: All 8" in flow.alt
    assert flow.svg.count("[x]") == 2 * 4  # in each arm: police at sites 2 and 3, two IDVA rows
    # Without a number there is no figure; with one, what is missing is marked.
    assert drawn["behaviour_change.predictions"] is None
    appeared = drawn["marac_follow_up.reappearance"]
    assert appeared is not None and "Six months before: Drive 0.0%" in appeared.alt


def test_the_flow_diagram_tells_that_it_is_not_known_who_was_not_heard() -> None:
    house = two_sites(("marac", OWN), ("marac", OTHER))
    run = run_of(*answer(house, "participant_flow").values())
    figure = figure_for(run, run.tables[0])
    assert figure is not None
    assert "Allocated, not found in the MARAC data</text>" in figure.svg
    assert "Heard at MARAC: All not available" in figure.alt
    assert all(
        cell.state is not State.VALUE
        for cell in run.tables[0].table.cells
        if cell.row.startswith(("heard", "excluded", "allocated_not"))
    )


def test_the_coverage_of_months_has_its_figure() -> None:
    table = Table("extracts_received.coverage", "", "")
    table.column("month_01", "Jan")
    table.column("month_02", "Feb")
    table.row("police__site_2__2017", "Police, Site 2, 2017")
    table.add("police__site_2__2017", "month_01", "rows", 4)
    table.absent("police__site_2__2017", "month_02", "rows", "no data were received")
    run = run_of(table)
    figure = figure_for(run, run.tables[0])
    assert figure is not None and "not received February 2017" in figure.alt
