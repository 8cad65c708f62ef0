"""Abusive behaviours: counted by hand on eight service users, and what IDVAs say of the same."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest
from given import Warehouse

from datrial.analyses.base import Context
from datrial.analyses.behaviours import ANALYSIS
from datrial.analyses.levels import BEHAVIOURS
from datrial.models import mcnemar_counts, weighted_kappa
from datrial.results.cells import State, Table
from datrial.results.published import load_published, published_values
from datrial.warehouse.coded_arms import code_arms, study_as_shown

SITE = "site_1"
ENDS = ("ci_low", "ci_high")
TIMES = ("intake", "midpoint", "closure")
#: Person -> physical abuse at the three time points (None: no form; "": no answer), engagement.
PEOPLE: dict[str, tuple[tuple[str | None, ...], str | None]] = {
    "p0": (("high", "none", "none"), "engaged"),
    "p1": (("high", "standard", "moderate"), "engaged"),
    "p2": (("moderate", "moderate", "moderate"), "partially_engaged"),
    "p3": (("standard", "high", "dont_know"), "did_not_engage"),
    "p4": (("none", "none", "none"), "no_contact_made"),
    "p5": (("none", "dont_know", "standard"), "dont_know"),
    "p6": (("dont_know", "none", None), None),
    "p7": (("", None, "high"), "engaged"),
}
#: Victim -> perpetrator, physical at intake, at exit (None: no exit form).
VICTIMS = {
    "v0": ("p0", "high", "none"),
    "v1": ("p1", "moderate", None),
    "v2": ("p2", "none", "standard"),
    "v2b": ("p2", "high", "none"),  # a second victim-survivor: the most severe counts
    "v3": ("p3", "dont_know", "high"),
    "v4": ("p4", "none", "none"),
    "v6": ("p6", "high", None),
    "c0": ("c0", "high", "high"),  # of the control arm
}


@cache
def house(*, covered: tuple[str, ...] = ("cms", "insights"), people: bool = True) -> Warehouse:
    found = Warehouse()
    for site in found.study.sites:
        for source in covered:
            found.covered(source, site, "2016-02-15", "2019-09-30")
    if people:
        found.allocated(("c0", SITE, "2017-01-15", "control"))
    for person, (answers, engagement) in PEOPLE.items() if people else ():
        found.allocated((person, SITE, "2017-01-15", "intervention"))
        for time_point, answer_ in zip(TIMES, answers, strict=True):
            if answer_ is not None and "cms" in covered:
                found.rows(
                    "staging.cms_behaviour",
                    "perpetrator_id, time_point, physical",
                    (person, time_point, answer_ or None),
                )
        if engagement and "cms" in covered:
            found.rows("staging.cms_engagement", "perpetrator_id, engagement", (person, engagement))
    for victim, (person, intake, leaving) in VICTIMS.items() if people else ():
        if "insights" not in covered:
            break
        columns = "victim_id, perpetrator_id, physical"
        found.rows("staging.insights_intake", columns, (victim, person, intake))
        if leaving is not None:
            found.rows("staging.insights_exit", "victim_id, physical", (victim, leaving))
    found.build()
    return found


def answer(given: Warehouse, **parameters: Any) -> dict[str, Table]:
    """Return the tables; every cell without a value says why, and no cell is there twice."""
    context = Context(given.connection, given.study, np.random.default_rng(1))
    tables = ANALYSIS.run(context, ANALYSIS.parameters.model_validate(parameters))
    for table in tables:
        assert set(table.catalogue) <= set(ANALYSIS.catalogue)
        keys = [(cell.row, cell.column, cell.statistic) for cell in table.cells]
        assert len(keys) == len(set(keys))
        for cell in table.cells:
            assert (cell.state is State.VALUE) == (cell.value is not None)
            assert cell.state is State.VALUE or cell.note
    return {table.id.removeprefix("behaviours."): table for table in tables}


@cache
def counted(dont_know: str = "missing") -> dict[str, Table]:
    return answer(house(), dont_know=dont_know)


def told(table: Table, row: str, column: str, statistic: str = "share") -> Any:
    """Return a cell's value, or why it has none, and its n."""
    cell = table.get(row, column, statistic)
    return (cell.note if cell.value is None else pytest.approx(cell.value)), cell.n


SEVERITIES = [
    # rule, time point -> none, standard, moderate, high, any, not known
    ("missing", "intake", (2, 1, 1, 2, 4, 2)),
    ("missing", "midpoint", (3, 1, 1, 1, 3, 2)),
    ("missing", "closure", (2, 1, 2, 1, 4, 2)),
    ("no", "intake", (3, 1, 1, 2, 4, 1)),
    ("no", "midpoint", (4, 1, 1, 1, 3, 1)),
    ("no", "closure", (3, 1, 2, 1, 4, 1)),
]


@pytest.mark.parametrize(("rule", "time_point", "counts"), SEVERITIES)
def test_severities_at_each_time_point_under_both_rules(
    rule: str, time_point: str, counts: tuple[int, ...]
) -> None:
    table = counted(rule)["severity"]
    known = sum(counts[:4])
    columns = ("none", "standard", "moderate", "high", "any", "not_known")
    for column, count in zip(columns, counts, strict=True):
        assert told(table, f"physical__{time_point}", column, "count")[0] == count
        if column != "not_known":
            assert told(table, f"physical__{time_point}", column) == (count / known, known)
    assert ("counts as no such behaviour" in table.note) == (rule == "no")


def test_a_behaviour_that_nobody_answered_has_no_share() -> None:
    assert told(counted()["severity"], "sexual__intake", "any") == (
        "no form with a known severity",
        None,
    )


CHANGES = [
    # row -> less severe, none at both, as severe, more severe
    ("physical__midpoint__all", (2, 1, 1, 1)),
    ("physical__midpoint__any", (2, 0, 1, 1)),
    ("physical__midpoint__high", (2, 0, 0, 0)),
    ("physical__closure__all", (2, 1, 1, 1)),
    ("physical__closure__any", (2, 0, 1, 0)),
    ("physical__closure__high", (2, 0, 0, 0)),
]


@pytest.mark.parametrize(("row", "counts"), CHANGES)
def test_change_is_counted_person_by_person(row: str, counts: tuple[int, ...]) -> None:
    table = counted()["change"]
    n = sum(counts)
    for column, count in zip(table.column_labels, counts, strict=True):
        assert told(table, row, column, "count")[0] == count
        assert told(table, row, column) == (count / n, n)


def test_nobody_known_twice_has_a_reason() -> None:
    table = counted()["change"]
    assert told(table, "sexual__closure__all", "reduced")[0] == (
        "nobody has a known severity at both time points"
    )
    assert told(table, "sexual__closure__high", "reduced", "count")[0] == (
        "nobody with this severity at intake is known later"
    )


def test_every_step_is_counted_also_to_and_from_not_known() -> None:
    table = counted()["transitions"]
    assert told(table, "physical__intake_midpoint__high", "none", "count")[0] == 1
    assert told(table, "physical__intake_midpoint__high", "none") == (1 / 2, 2)
    assert told(table, "physical__midpoint_closure__high", "not_known", "count")[0] == 1
    assert told(table, "physical__intake_midpoint__not_known", "none", "count")[0] == 1
    assert told(table, "physical__intake_midpoint__not_known", "not_known", "count")[0] == 1
    assert told(table, "physical__midpoint_closure__high", "none")[0] == (
        "nobody with this severity is known later"
    )
    cell = table.get("physical__intake_midpoint__high", "not_known", "share")
    assert cell.state is State.NOT_APPLICABLE


@pytest.mark.parametrize("step", ["intake_midpoint", "midpoint_closure", "intake_closure"])
def test_steps_add_up_to_the_severities_and_to_everybody(step: str) -> None:
    tables = counted()
    first, last = step.split("_")
    levels = ("none", "standard", "moderate", "high", "not_known")
    for behaviour in BEHAVIOURS:

        def steps(row: str, column: str, of: str = behaviour) -> float:
            return tables["transitions"].get(f"{of}__{step}__{row}", column, "count").value or 0

        def size(time_point: str, level: str, of: str = behaviour) -> float | None:
            return tables["severity"].get(f"{of}__{time_point}", level, "count").value

        assert sum(steps(row, column) for row in levels for column in levels) == len(PEOPLE)
        for level in levels:
            assert sum(steps(level, column) for column in levels) == size(first, level)
            assert sum(steps(row, level) for row in levels) == size(last, level)


def test_prevalence_by_engagement_and_its_reduction() -> None:
    table = counted()["engagement"]
    assert told(table, "physical__engaged", "intake") == (1, 2)
    assert told(table, "physical__engaged", "closure") == (2 / 3, 3)
    # p7 has no answer at intake: p0 and p1 are known at both, one of them without it at closure.
    assert told(table, "physical__engaged", "reduction", "share_difference") == (1 / 2, 2)
    low, high = (told(table, "physical__engaged", "reduction", end)[0] for end in ENDS)
    expect = mcnemar_counts(1, 1, 0, 0).difference
    assert (low, high) == (-expect.ci_high, -expect.ci_low)
    assert -expect.ci_high < 1 / 2 < -expect.ci_low
    assert told(table, "physical__did_not_engage", "reduction", "share_difference")[0] == (
        "nobody has a known severity at both time points"
    )
    assert told(table, "physical__no_contact_made", "midpoint") == (0, 1)


def test_engagement_is_a_share_of_those_reached() -> None:
    table = counted()["engaged"]
    counts = {"engaged": 3, "partially_engaged": 1, "did_not_engage": 1}
    for row, count in counts.items():
        assert told(table, row, "people", "count")[0] == count
        assert told(table, row, "people") == (count / 5, 5)
    assert told(table, "no_contact_made", "people", "count")[0] == 1
    assert told(table, "not_known", "people", "count")[0] == 2
    assert table.get("no_contact_made", "people", "share").state is State.NOT_APPLICABLE


def test_both_sources_side_by_side_and_in_pairs() -> None:
    table = counted()["both_sources"]
    assert told(table, "physical__intake", "case_manager") == (4 / 6, 6)
    # Six forms of the intervention arm with a known severity: v0, v1, v2, v2b, v4, v6.
    assert told(table, "physical__intake", "idva") == (4 / 6, 6)
    assert told(table, "physical__intake_high", "idva") == (3 / 6, 6)
    # Pairs: p0 (high, high), p1 (high, moderate), p2 (moderate, high), p4 (none, none).
    assert told(table, "physical__intake", "case_manager_pairs") == (3 / 4, 4)
    assert told(table, "physical__intake_high", "idva_pairs") == (2 / 4, 4)


def test_agreement_is_of_perpetrators_known_from_both() -> None:
    table = counted()["agreement"]
    row = "physical__intake"
    assert told(table, row, "pairs", "count")[0] == 4
    assert told(table, row, "same") == (2 / 4, 4)
    assert told(table, row, "case_manager_higher") == (1 / 4, 4)
    assert told(table, row, "idva_higher") == (1 / 4, 4)
    expect = weighted_kappa([[1, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 1], [0, 0, 1, 1]])
    assert told(table, row, "kappa", "kappa") == (expect.kappa, 4)
    assert told(table, row, "kappa", "ci_low")[0] == (expect.conf_int() or (0, 0))[0]
    assert told(table, "sexual__intake", "kappa", "kappa")[0] == "no case was rated by both"
    # At exit: p0 (none, none), p2 (moderate, standard), p4 (none, none); p3 is not known.
    assert told(table, "physical__closure", "pairs", "count")[0] == 3


def test_kappas_weights_are_a_parameter() -> None:
    simple = answer(house(), kappa_weights="none")["agreement"]
    table = [[1, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 1], [0, 0, 1, 1]]
    found = told(simple, "physical__intake", "kappa", "kappa")[0]
    assert found == weighted_kappa(table, weights="none").kappa
    assert simple.column_labels["kappa"] == "Kappa"


def test_all_alike_has_no_kappa_and_says_so() -> None:
    given = house(people=False)
    for number in range(3):
        given.allocated((f"q{number}", SITE, "2017-01-15", "intervention"))
        given.rows(
            "staging.cms_behaviour", "perpetrator_id, time_point, physical",
            (f"q{number}", "intake", "none"),
        )  # fmt: skip
        given.rows(
            "staging.insights_intake", "victim_id, perpetrator_id, physical",
            (f"w{number}", f"q{number}", "none"),
        )  # fmt: skip
    given.build()
    table = answer(given)["agreement"]
    assert told(table, "physical__intake", "same")[0] == 1
    assert "kappa is not defined" in told(table, "physical__intake", "kappa", "kappa")[0]


def test_a_source_that_sent_nothing_is_not_zero() -> None:
    tables = answer(house(covered=("cms",)))
    assert told(tables["both_sources"], "physical__intake", "case_manager")[0] == 4 / 6
    assert told(tables["both_sources"], "physical__intake", "idva")[0] == (
        "no IDVA data were received"
    )
    assert told(tables["agreement"], "physical__intake", "pairs", "count")[0] == (
        "no IDVA data were received"
    )
    nothing = answer(house(covered=(), people=False))
    for table in nothing.values():
        assert all(cell.value is None for cell in table.cells)
        assert any("no case-management data" in cell.note for cell in table.cells)


def test_a_site_can_be_asked_for_alone() -> None:
    table = answer(house(), sites=["site_2"])["severity"]
    assert told(table, "physical__intake", "any", "count")[0] == 0
    assert told(table, "physical__intake", "any")[0] == "no form with a known severity"


def test_every_published_number_has_its_cell() -> None:
    published = published_values(
        load_published("drive"), {"behaviours": ANALYSIS.parameters().model_dump(mode="json")}
    )
    ours = [key for key in published if key[0].startswith("behaviours.")]
    assert len(ours) == 3
    for table, *cell in ours:
        assert counted()[table.partition(".")[2]].get(*cell).value is not None


def test_while_arms_are_coded_the_idva_forms_are_those_of_whom_the_case_managers_have_one() -> None:
    """The control's victim-survivor stays out, though nothing says any more whose she is."""
    given = house.__wrapped__()
    plain = answer(given)["both_sources"]
    codes = {"control": "arm_a", "intervention": "arm_b"}
    code_arms(given.connection, codes, {code: code for code in codes.values()})
    shown = study_as_shown(given.connection, given.study)
    context = Context(given.connection, shown, np.random.default_rng(1))
    tables = {table.id: table for table in ANALYSIS.run(context, ANALYSIS.parameters())}
    coded = tables["behaviours.both_sources"]
    assert plain.get("physical__intake", "idva", "share").n == 6
    for column in ("idva", "idva_pairs"):
        place = ("physical__intake", column, "share")
        assert coded.get(*place) == plain.get(*place)
