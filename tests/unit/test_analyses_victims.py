"""Victims-survivors by arm: counted by hand on a few, and the simulated study beside the report."""

from __future__ import annotations

from functools import cache
from types import ModuleType

import numpy as np
import pandas as pd
import pytest
from given import Warehouse, drive
from scipy import stats

from datrial.analyses import participant_profile, victim_behaviours, victim_risk, victim_support
from datrial.analyses.base import Context
from datrial.analyses.levels import BEHAVIOURS
from datrial.analyses.victim_support_types import SUPPORTS
from datrial.config.study import Arm
from datrial.config.tables import staging_tables
from datrial.models import two_sample_t_from_summary
from datrial.results.cells import State, Table
from datrial.results.published import load_published
from datrial.simulate.records import all_records
from datrial.simulate.world import make_world

MODULES = (victim_support, victim_risk, victim_behaviours)
SITES = ("site_1", "site_2", "site_3")
INTAKE = ("site, perpetrator_id, victim_id, intake_date, attempts_to_leave, police_calls, "
          "need_financial, need_self_harm, physical, sexual")  # fmt: skip
EXIT = ("site, victim_id, exit_date, contacts, support_marac, support_housing, risk_change, "
        "risk_sustainability, physical, sexual")  # fmt: skip
#: Person, arm, intake form, exit form: two in the intervention arm, three controls.
PEOPLE = [
    ("p1", "intervention", ("2017-02-01", 1, 4, "yes", "yes", "high", "none"),
     ("2017-02-11", 7, "yes", "no", "significant_reduction", "permanently_eliminated",
      "none", "none")),
    ("p2", "intervention", ("2017-02-01", 3, 6, "no", "dont_know", "standard", "dont_know"),
     ("2017-03-03", 3, "yes", None, "no_change", None, "moderate", "high")),
    ("c1", "control", ("2017-02-01", 0, None, None, None, "high", "none"),
     ("2017-02-01", 1, "no", "no", "dont_know", "dont_know", "high", "standard")),
    ("c2", "control", ("2017-02-01", 1, 2, "yes", None, "none", "none"),
     ("2017-02-05", None, None, None, "increase", "short_term", "none", None)),
    ("c3", "control", ("2017-02-01", 2, 0, "no", "no", "moderate", "high"), None),
]  # fmt: skip


@cache
def five(sites: tuple[str, ...] = SITES, *, coded: bool = False) -> Warehouse:
    """Return five victims-survivors of site 2."""
    arms = {"intervention": "arm_b", "control": "arm_a"} if coded else {}
    study = drive(arms={arm: Arm(label=arm, role="coded") for arm in sorted(arms.values())})
    house = Warehouse(study if coded else None)
    for site in sites:
        house.covered("insights", site, "2016-02-15", "2019-09-30")
    for person, arm, intake, left in PEOPLE:
        house.allocated((person, "site_2", "2017-01-15", arms.get(arm, arm)))
        victim = person.replace("p", "v").replace("c", "w")
        house.rows("staging.insights_intake", INTAKE, ("site_2", person, victim, *intake))
        if left:
            house.rows("staging.insights_exit", EXIT, ("site_2", victim, *left))
    house.build()
    return house


@cache
def replica() -> Warehouse:
    """Return the simulated Drive study, as its agencies know it, without the mess of files."""
    study = drive()
    house = Warehouse(study)
    records = {
        layout.table: rows for layout, rows in all_records(make_world(study, 11, 1, lambda _: None))
    }
    records["allocation_list"]["person_id"] = records["allocation_list"]["perpetrator_id"]
    for table, name, columns in (
        ("staging.insights_intake", "insights_intake",
         ("site", *staging_tables()["insights_intake"].columns)),
        ("staging.insights_exit", "insights_exit",
         ("site", *staging_tables()["insights_exit"].columns)),
        ("ledger.allocation", "allocation_list", ("site", "person_id", "meeting_date", "arm")),
    ):  # fmt: skip
        rows = pd.DataFrame({column: records[name][column] for column in columns})
        house.connection.register("arrived", rows)
        listed = ", ".join(columns)
        house.connection.execute(f"insert into {table} ({listed}) select {listed} from arrived")
        house.connection.unregister("arrived")
    for site in study.sites:
        house.covered("insights", site, "2016-02-15", "2019-09-30")
    house.build()
    return house


@cache
def answer(house: Warehouse, analysis: ModuleType) -> dict[str, Table]:
    """Return the tables; every cell without a value says why, and no cell is there twice."""
    chosen = analysis.ANALYSIS
    context = Context(house.connection, house.study, np.random.default_rng(1))
    tables: list[Table] = chosen.run(context, chosen.parameters())
    for table in tables:
        assert set(table.catalogue) <= set(chosen.catalogue)
        keys = [(cell.row, cell.column, cell.statistic) for cell in table.cells]
        assert len(keys) == len(set(keys))
        for cell in table.cells:
            assert (cell.state is State.VALUE) == (cell.value is not None)
            assert cell.state is State.VALUE or cell.note
    return {table.id.removeprefix(f"{chosen.id}."): table for table in tables}


@cache
def answers() -> dict[str, Table]:
    """Return every table of the simulated study by its whole id."""
    return {
        table.id: table
        for module in (*MODULES, participant_profile)
        for table in answer(replica(), module).values()
    }


def test_the_mart_counts_needs_and_supports_by_their_yeses() -> None:
    found = five().get("victim_id, number_of_needs, number_of_supports, days_of_support",
                       "marts.victim_survivor")  # fmt: skip
    assert found == [
        ("v1", "2", 1, 10), ("v2", "0", 1, 30), ("w1", None, 0, 0), ("w2", "1", None, 4),
        ("w3", "0", None, None),
    ]  # fmt: skip


def test_three_needs_or_more_are_one_group() -> None:
    house = Warehouse()
    house.allocated(("p1", "site_2", "2017-01-15", "control"))
    needs = [name for name in staging_tables()["insights_intake"].columns if name[:5] == "need_"]
    for yes in range(6):
        house.rows(
            "staging.insights_intake", f"perpetrator_id, victim_id, {', '.join(needs)}",
            ("p1", f"v{yes}", *["yes"] * yes, *["no"] * (5 - yes)),
        )  # fmt: skip
    house.build()
    found = house.get("victim_id, number_of_needs", "marts.victim_survivor")
    assert [number for _, number in found] == ["0", "1", "2", *["3_or_more"] * 3]


BY_HAND = [
    # module, table, row, column, statistic -> value, n
    (victim_support, "self_mobilised", "attempts_to_leave", "all", "mean", 1.4, 5),
    (victim_support, "self_mobilised", "attempts_to_leave", "intervention", "mean", 2, 2),
    (victim_support, "self_mobilised", "attempts_to_leave", "control", "sd", 1, 3),
    (victim_support, "self_mobilised", "attempts_to_leave", "student", "difference", 1, 5),
    (victim_support, "self_mobilised", "police_calls", "control", "mean", 1, 2),
    (victim_support, "amount", "days_of_support", "intervention", "mean", 20, 2),
    (victim_support, "amount", "days_of_support", "control", "maximum", 4, 2),
    (victim_support, "amount", "contacts", "control", "mean", 1, 1),
    (victim_support, "amount", "contacts", "all", "median", 3, 3),
    (victim_support, "amount", "contacts", "all", "minimum", 1, 3),
    (victim_support, "by_site", "contacts__site_2", "intervention", "mean", 5, 2),
    (victim_support, "types", "support_marac", "intervention", "share", 1, 2),
    (victim_support, "types", "support_marac", "control", "count", 0, 1),
    (victim_support, "types", "support_marac", "difference", "share_difference", 1, 3),
    (victim_support, "types", "support_housing", "all", "share", 0, 2),
    (victim_support, "types_by_site", "support_marac__site_2", "all", "share", 2 / 3, 3),
    (victim_risk, "change", "significant_reduction", "intervention", "share", 0.5, 2),
    (victim_risk, "change", "increase", "control", "share", 1, 1),
    (victim_risk, "change", "dont_know", "control", "count", 1, 2),
    (victim_risk, "sustainability", "missing", "intervention", "count", 1, 2),
    (victim_risk, "sustainability", "answered", "all", "count", 2, 4),
    (victim_behaviours, "prevalence", "physical__intake_all", "control", "share", 2 / 3, 3),
    (victim_behaviours, "prevalence", "physical__intake", "control", "share", 0.5, 2),
    (victim_behaviours, "prevalence", "physical__exit", "intervention", "share", 0.5, 2),
    (victim_behaviours, "prevalence", "sexual__exit", "control", "share", 1, 1),
    (victim_behaviours, "change", "physical", "intervention", "share_difference", -0.5, 2),
    (victim_behaviours, "change", "physical", "control", "share_difference", 0, 2),
    (victim_behaviours, "change", "physical", "difference", "share_difference", -0.5, 4),
    (victim_behaviours, "severity", "physical__intake__high", "all", "share", 0.5, 4),
    (victim_behaviours, "severity", "physical__exit__moderate", "intervention", "share", 0.5, 2),
    (victim_behaviours, "severity_change", "physical__high", "intervention", "share_difference",
     -0.5, 2),
    (victim_behaviours, "severity_change", "physical__none", "all", "share_difference", 0.25, 4),
]  # fmt: skip


@pytest.mark.parametrize(("module", "table", "row", "column", "statistic", "value", "n"), BY_HAND)
def test_five_victims_by_hand(
    module: ModuleType, table: str, row: str, column: str, statistic: str, value: float, n: int
) -> None:
    cell = answer(five(), module)[table].get(row, column, statistic)
    assert (cell.value, cell.n) == (pytest.approx(value), n)


WITHOUT = [
    (victim_support, "amount", "contacts", "student", "p_value",
     "the means could not be compared: A t-test needs at least two people in each group."),
    (victim_support, "amount", "contacts", "control", "sd", "fewer than two are known"),
    (victim_support, "types", "support_police", "all", "share", "no form has an answer"),
    (victim_support, "types", "support_police", "difference", "p_value",
     "the shares could not be compared: One of the two groups is empty."),
    (victim_support, "by_site", "contacts__site_1", "all", "mean", "no form has an answer"),
    (victim_behaviours, "change", "harassment_stalking", "all", "p_value",
     "the change could not be tested: No pair has both answers."),
]  # fmt: skip


@pytest.mark.parametrize(("module", "table", "row", "column", "statistic", "why"), WITHOUT)
def test_what_cannot_be_compared_says_why(
    module: ModuleType, table: str, row: str, column: str, statistic: str, why: str
) -> None:
    cell = answer(five(), module)[table].get(row, column, statistic)
    assert (cell.state, cell.note) == (State.NOT_AVAILABLE, why)


@pytest.mark.parametrize("module", MODULES)
def test_without_data_the_same_cells_say_why(module: ModuleType) -> None:
    def keys(tables: dict[str, Table]) -> set[tuple[str, str, str, str]]:
        return {(name, cell.row, cell.column, cell.statistic)
                for name, table in tables.items() for cell in table.cells}  # fmt: skip

    empty = Warehouse()
    empty.allocated(("p1", "site_2", "2017-01-15", "control"))
    empty.build()
    nothing = answer(empty, module)
    told = {cell.note for table in nothing.values() for cell in table.cells}
    of_sites = {f"no IDVA data were received of Site {number}" for number in (1, 2, 3)}
    assert "no IDVA data were received" in told <= {"no IDVA data were received", *of_sites}
    assert keys(nothing) == keys(answer(five(), module)) == keys(answer(replica(), module))


def test_a_site_that_sent_nothing_is_not_zero_and_is_told_beside_the_whole() -> None:
    tables = answer(five(("site_2", "site_3")), victim_support)
    cell = tables["types_by_site"].get("support_marac__site_1", "all", "count")
    assert cell.note == "no IDVA data were received of Site 1"
    whole = tables["types"].get("support_marac", "all", "count")
    assert whole.warning == "without Site 1, of which no IDVA data were received"


@pytest.mark.parametrize("module", MODULES)
def test_a_blinded_study_has_its_codes_in_the_place_of_arms(module: ModuleType) -> None:
    for table in answer(five(coded=True), module).values():
        said = (str(table.row_labels) + str(table.column_labels) + table.note).lower()
        assert "intervention" not in {word.strip(".,:;'{}") for word in said.split()}
        assert not {"intervention", "control"} & set(table.column_labels)
    coded = answer(five(coded=True), victim_support)["self_mobilised"]
    assert coded.get("attempts_to_leave", "welch", "difference").value == pytest.approx(1)
    assert coded.column_labels["welch"] == "Welch's t-test, arm_b against arm_a"


def test_every_published_number_has_its_cell() -> None:
    forms_of_others = ("participant_profile.service_users", "participant_profile.involvement")
    tables = set(answers()) - set(forms_of_others)
    ours = [number for number in load_published("drive") if number.table in tables]
    assert {number.table for number in ours} >= {
        "victim_support.self_mobilised", "victim_support.amount", "victim_support.types",
        "victim_risk.sustainability", "victim_behaviours.change", "participant_profile.victims",
        "victim_behaviours.severity_change",
    }  # fmt: skip
    for number in ours:
        cell = answers()[number.table].get(number.row, number.column, number.statistic)
        assert cell.value is not None, number


EXACT = [
    # table, statistics, tolerance: half of the last printed digit, or one person
    ("participant_profile.victims", ("count",), 1),
    ("victim_support.types", ("share",), 0.005),
    ("victim_risk.sustainability", ("count",), 0),
]


@pytest.mark.parametrize(("name", "statistics", "tolerance"), EXACT)
def test_the_simulated_study_meets_the_printed_numbers(
    name: str, statistics: tuple[str, ...], tolerance: float
) -> None:
    checked = 0
    for number in load_published("drive"):
        if number.table == name and number.statistic in statistics:
            cell = answers()[name].get(number.row, number.column, number.statistic)
            assert cell.value == pytest.approx(number.value, abs=tolerance + 1e-9), number
            checked += 1
    assert checked >= 2


def test_table_9_is_met_to_its_printed_digits() -> None:
    checked = 0
    for number in load_published("drive"):
        if number.table == "victim_support.self_mobilised":
            cell = answers()[number.table].get(number.row, number.column, number.statistic)
            digits = len(f"{number.value:g}".partition(".")[2])
            assert round(cell.value or 0, digits) == number.value, number
            checked += 1
    assert checked == 20


def test_days_and_contacts_are_met_but_for_an_sd_that_cannot_be() -> None:
    off = set()
    for number in load_published("drive"):
        if number.table == "victim_support.amount" and number.row != "number_of_supports":
            cell = answers()[number.table].get(number.row, number.column, number.statistic)
            if round(cell.value or 0) != number.value:
                off.add((number.row, number.column, number.statistic))
    assert off == {("contacts", "control", "sd")}


def test_the_number_of_supports_is_met_to_its_printed_digits() -> None:
    table = answers()["victim_support.amount"]
    for arm, mean, sd in (("intervention", 5.4, 1.7), ("control", 4.6, 1.8)):
        assert round(table.get("number_of_supports", arm, "mean").value or 0, 1) == mean
        # The SD is that of a normal cut to whole numbers: it has their variance of 1/12 more.
        assert table.get("number_of_supports", arm, "sd").value == pytest.approx(sd, abs=0.05)


def test_the_printed_tests_of_supports_and_of_length() -> None:
    """What the printed means, SDs and numbers give: for supports not what is printed."""
    days = two_sample_t_from_summary([125, 251], [88, 119], [353, 104])
    contacts = two_sample_t_from_summary([16, 23], [6, 22], [353, 104])
    assert days.student.p_value < 0.001
    assert contacts.student.p_value < 0.001
    supports = two_sample_t_from_summary([4.6, 5.4], [1.8, 1.7], [353, 104])
    assert supports.student.p_value < 0.001  # printed: p > 0.05


def test_the_printed_sd_of_contacts_of_controls_cannot_be() -> None:
    """At least 177 of 353 numbers are 10.5 or below, one is 103, and the mean is 15.5 or more.

    The sum of squares is least where the lower half is all 10.5 and the rest but one alike.
    """
    lower, upper = np.full(177, 10.5), np.full(175, (15.5 * 353 - 177 * 10.5 - 103) / 175)
    smallest = np.concatenate([lower, upper, [103]])
    assert smallest.mean() == pytest.approx(15.5)
    assert smallest.std(ddof=1) > 6.6  # printed: 6


def test_the_tests_agree_with_scipy() -> None:
    frame = replica().connection.execute("select * from marts.victim_survivor").df()
    arms = [frame[frame["arm"] == arm] for arm in ("intervention", "control")]
    table = answers()["victim_support.amount"]
    given = [arm["days_of_support"].dropna().astype(float) for arm in arms]
    for test, equal in (("student", True), ("welch", False)):
        expect = stats.ttest_ind(*given, equal_var=equal)
        assert table.get("days_of_support", test, "p_value").value == pytest.approx(expect.pvalue)
        low, high = expect.confidence_interval()
        assert table.get("days_of_support", test, "ci_low").value == pytest.approx(low)
        assert table.get("days_of_support", test, "ci_high").value == pytest.approx(high)
    risk = answers()["victim_risk.tests"].get("risk_change", "independence", "chi_squared")
    known = frame[frame["risk_change"].isin(list(victim_risk.RISK_CHANGE))]
    counts = pd.crosstab(known["arm"], known["risk_change"])
    assert risk.value == pytest.approx(stats.chi2_contingency(counts, correction=False).statistic)


def test_the_change_agrees_with_the_shares_beside_it() -> None:
    shares, changes = (answers()[f"victim_behaviours.{name}"] for name in ("prevalence", "change"))
    for behaviour in BEHAVIOURS:
        found = {}
        for arm in ("all", "intervention", "control"):
            before, after = (
                shares.get(f"{behaviour}__{time}", arm, "share").value
                for time in ("intake", "exit")
            )
            found[arm] = (after or 0) - (before or 0)
            cell = changes.get(behaviour, arm, "share_difference")
            assert cell.value == pytest.approx(found[arm])
            assert -1 <= (changes.get(behaviour, arm, "ci_low").value or -9) < found[arm]
        cell = changes.get(behaviour, "difference", "share_difference")
        assert cell.value == pytest.approx(found["intervention"] - found["control"])


def test_fewer_report_abuse_at_exit_in_both_arms_as_the_report_says() -> None:
    for behaviour in BEHAVIOURS:
        for arm in ("intervention", "control"):
            cell = answers()["victim_behaviours.change"].get(behaviour, arm, "p_value")
            assert (cell.value or 1) < 0.05, (behaviour, arm)


def test_severities_of_a_behaviour_add_up() -> None:
    severity, changes = (
        answers()[f"victim_behaviours.{name}"] for name in ("severity", "severity_change")
    )
    levels = ("none", "standard", "moderate", "high")
    for behaviour in BEHAVIOURS:
        for arm in ("all", "intervention", "control"):
            for time in ("intake", "exit"):
                shares = [severity.get(f"{behaviour}__{time}__{level}", arm, "share").value
                          for level in levels]  # fmt: skip
                assert sum(share or 0 for share in shares) == pytest.approx(1)
            moved = [changes.get(f"{behaviour}__{level}", arm, "share_difference").value
                     for level in levels]  # fmt: skip
            assert sum(change or 0 for change in moved) == pytest.approx(0, abs=1e-12)


def test_the_labels_of_supports_are_those_of_the_staging_table() -> None:
    columns = staging_tables()["insights_exit"].columns
    assert list(SUPPORTS) == [name for name in columns if name.startswith("support_")]
