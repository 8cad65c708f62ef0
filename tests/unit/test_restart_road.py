"""Restart's replica through the road: what the report prints comes out to the printed digit, and a
cohort to compare with comes in by editing the study file alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import pytest
import restart_road
from restart_road import Road

from datrial.results.published import PublishedNumber, load_published
from datrial.simulate.services import restart_comparison as other
from datrial.simulate.services import restart_margins as printed

pytestmark = pytest.mark.long
DIFFERENCE = "difference"
COHORT = "comparison"
#: Printed numbers that do not follow from the report's others: cell -> the number that does.
#: tests/unit/test_restart_replica.py proves them.
CONTRADICTED = {
    ("referral_pathway.onward", "of_any__one_to_one", "intervention", "share"): 16 / 57,
    ("client_profile.age_bands", "missing", "intervention", "count"): 4,
}


@pytest.fixture(scope="module")
def inbox(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return restart_road.simulated(tmp_path_factory.mktemp("inbox"))


@pytest.fixture(scope="module")
def alone(inbox: Path, tmp_path_factory: pytest.TempPathFactory) -> Road:
    """Return the run of the study file as it is."""
    return restart_road.run_road(inbox, tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def compared(inbox: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Road]:
    """Return the run of the same files with the study file edited as its last lines say."""
    edited = restart_road.with_comparison()
    folder = tmp_path_factory.mktemp("project")
    with (
        pytest.MonkeyPatch.context() as patch,
        restart_road.edited_project(folder, edited, patch),
    ):
        yield restart_road.run_road(inbox, tmp_path_factory.mktemp("home_compared"))


def as_printed(value: float, number: PublishedNumber) -> float:
    """Return our number with as many decimals as were printed, a half upwards."""
    places = -int(Decimal(number.printed or str(number.value)).as_tuple().exponent)
    places = 2 if number.statistic.startswith("share") else max(places, 0)
    if number.statistic == "count":
        places = 0
    exact = Decimal(repr(round(value, 10)))
    return float(exact.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP))


def test_every_printed_number_has_a_cell_and_comes_out(alone: Road) -> None:
    assert not alone.failed
    cells = alone.cells()
    wrong = []
    # The numbers of chapter 9 are the cost model's, whose rounding has tests of its own.
    ours = [n for n in load_published("restart") if not n.table.startswith("cost_model.")]
    assert len(ours) > 200
    for number in ours:
        cell = cells[number.key]
        assert cell.value is not None, number.key
        if number.key in CONTRADICTED:
            assert cell.value == pytest.approx(CONTRADICTED[number.key])
            assert cell.value != pytest.approx(number.value, abs=0.005)
        elif as_printed(cell.value, number) != pytest.approx(number.value):
            wrong.append((number.key, number.value, cell.value))
    assert wrong == []


def test_files_that_no_mapping_names_do_no_harm(alone: Road) -> None:
    assert (alone.received.extracts, alone.received.unread) == (8, 2)
    about_clients = [
        table for table in alone.tables.values() if "intervention" in table.column_labels
    ]
    assert len(about_clients) > 20
    assert not any(COHORT in table.column_labels for table in about_clients)
    assert not any(DIFFERENCE in table.column_labels for table in about_clients)


def test_the_cohort_is_read_and_nothing_fails(compared: Road) -> None:
    assert not compared.failed
    assert (compared.received.extracts, compared.received.unread) == (10, 0)


def test_the_same_tables_gain_the_cohort_and_a_difference(alone: Road, compared: Road) -> None:
    assert set(compared.tables) == set(alone.tables)
    plain = {"severity_grid.transitions", "severity_grid.tests"}  # by arm in the rows; tests
    for name, table in alone.tables.items():
        if "intervention" not in table.column_labels or name in plain:
            continue
        assert COHORT in compared.tables[name].column_labels, name
    for name in (
        "client_profile.ethnicity", "client_profile.age_bands", "client_profile.children",
        "client_profile.child_protection", "referral_pathway.referrals",
        "referral_pathway.outcomes", "referral_pathway.onward", "severity_grid.intake",
        "severity_grid.overall", "outcome_ratings.improved", "outcome_ratings.index",
    ):  # fmt: skip
        label = compared.tables[name].column_labels[DIFFERENCE]
        assert label == "Restart less Authority without Restart"
        assert "not drawn by chance" in compared.tables[name].note, name


def test_the_numbers_of_the_intervention_do_not_change(alone: Road, compared: Road) -> None:
    before, after = alone.cells(), compared.cells()
    assert before.keys() <= after.keys()
    changed = {
        key
        for key, cell in before.items()
        if (cell.value, cell.n, cell.state) != (after[key].value, after[key].n, after[key].state)
    }
    # What was received is counted over all files.
    assert {key[0].partition(".")[0] for key in changed} <= {"extracts_received"}


def test_known_effects_are_recovered(compared: Road) -> None:
    def share(outcomes: dict[str, tuple[int, int]], domain: str) -> float:
        cases, improved = outcomes[domain]
        return improved / cases

    for domain in other.OUTCOMES:
        row = f"service_user_outcomes__{domain}__average"
        true = share(printed.SERVICE_USER_OUTCOMES, domain) - share(other.OUTCOMES, domain)
        table = "outcome_ratings.improved"
        assert compared.value(table, row, DIFFERENCE, "share_difference") == pytest.approx(true)
        assert compared.value(table, row, DIFFERENCE, "ci_low") > 0
    onward = "referral_pathway.onward"
    assert compared.value(onward, "any", DIFFERENCE, "share_difference") == pytest.approx(
        57 / 79 - 15 / 60
    )
    assert compared.value(onward, "any", DIFFERENCE, "ci_low") > 0


def test_where_there_is_no_effect_the_interval_holds_zero(compared: Road) -> None:
    for table, row in (
        ("client_profile.people", "age"),
        ("client_profile.ethnicity", "white_british"),
        ("severity_grid.overall", "victim_survivor__high__known"),
        ("severity_grid.overall", "victim_survivor__standard__known"),
    ):
        low, high = (compared.value(table, row, DIFFERENCE, end) for end in ("ci_low", "ci_high"))
        assert low < 0 < high, (table, row)


def test_what_the_cohort_was_never_asked_is_not_available(compared: Road) -> None:
    cells = compared.cells()
    for table, row in (
        ("outcome_ratings.improved", "victim_outcomes__safety__average"),
        ("client_profile.checklists", "needs__housing"),
    ):
        for column in (COHORT, DIFFERENCE):
            cell = cells[table, row, column, "share" if column == COHORT else "share_difference"]
            assert cell.value is None and cell.note, (table, row, column)
