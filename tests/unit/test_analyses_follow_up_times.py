"""Times to repeated abuse: curves by hand, gaps and late entry, what cannot be told."""

from __future__ import annotations

import numpy as np
import pytest
from follow_up_fixture import INDEX, PEOPLE, SITE, answer, coded, day, trial
from given import Warehouse

from datrial.analyses import follow_up_times
from datrial.analyses.arms import WITHHELD
from datrial.analyses.base import Context
from datrial.analyses.follow_up_times_data import times_of
from datrial.results.cells import State, Table

MARAC = {"outcomes": ("marac_appearances",)}


@pytest.fixture(scope="module")
def tables() -> dict[str, Table]:
    return answer(trial(PEOPLE), follow_up_times)


@pytest.mark.parametrize("outcome", ["marac_appearances", "police_domestic_abuse"])
def test_curves_are_those_of_a_count_by_hand(tables: dict[str, Table], outcome: str) -> None:
    # Everybody is observed for 1,000 days: shares and means are plain ones.
    for arm, month, people, events, n in (
        ("intervention", 0, 0, 0, 3), ("intervention", 3, 2, 2, 3), ("intervention", 24, 2, 2, 3),
        ("control", 3, 2, 4, 4), ("control", 9, 2, 5, 4), ("control", 24, 3, 6, 4),
    ):  # fmt: skip
        row = f"{outcome}__month_{month}"
        first, mean = tables["first_event"], tables["mean_events"]
        assert first.get(row, arm, "probability").value == pytest.approx(people / n)
        assert first.get(row, arm, "people").value == people
        assert first.get(row, arm, "at_risk").value == n - people
        assert mean.get(row, arm, "mean").value == pytest.approx(events / n)
        assert mean.get(row, arm, "at_risk").value == n
    difference = tables["mean_difference"].get(f"{outcome}__month_12", "estimate", "difference")
    assert difference.value == pytest.approx(2 / 3 - 6 / 4)
    assert (difference.value or 0) < 0


def test_mean_days_without_an_event_are_those_of_a_count_by_hand(
    tables: dict[str, Table],
) -> None:
    table, year = tables["time_without_event"], 365.25
    means = {"intervention": (10 + 60 + year) / 3, "control": (10 + 90 + year + 300) / 4}
    for arm, mean in means.items():
        assert table.get("marac_appearances", arm, "mean").value == pytest.approx(mean)
    assert table.get("marac_appearances", "estimate", "difference").value == pytest.approx(
        means["intervention"] - means["control"]
    )


def test_who_is_observed_and_intervals_lie_in_their_bounds(tables: dict[str, Table]) -> None:
    people = tables["people"]
    for statistic, value in (
        ("people", 4), ("observed", 4), ("entered_late", 0), ("with_event", 3), ("count", 6),
        ("person_years", 4000 / 365.25),
    ):  # fmt: skip
        found = people.get("marac_appearances", "control", statistic).value
        assert found == pytest.approx(value)
    cells = [c for c in tables["first_event"].cells if c.statistic in ("ci_low", "ci_high")]
    assert all(0 <= c.value <= 1 for c in cells if c.value is not None)
    at_zero = tables["first_event"].get("marac_appearances__month_0", "control", "ci_low")
    assert at_zero.state is State.NOT_APPLICABLE


def test_ratios_turn_over_when_the_arms_are_swapped(tables: dict[str, Table]) -> None:
    swapped = answer(trial(PEOPLE, swapped=True), follow_up_times)
    for model in ("first", "recurrent"):
        ours, other = (
            each["hazard_ratios"].get("marac_appearances", model, "hazard_ratio").value
            for each in (tables, swapped)
        )
        assert ours is not None
        assert other == pytest.approx(1 / ours, rel=1e-6)
    ours, other = (
        each["mean_difference"].get("marac_appearances__month_12", "estimate", "difference").value
        for each in (tables, swapped)
    )
    assert ours is not None
    assert other == pytest.approx(-ours)
    assert tables["log_rank"].get("marac_appearances", "estimate", "chi2").value == pytest.approx(
        swapped["log_rank"].get("marac_appearances", "estimate", "chi2").value
    )


def test_a_gap_and_a_late_start_are_time_not_at_risk() -> None:
    house = Warehouse()
    house.covered("marac", SITE, day(31), day(99))
    house.covered("marac", SITE, day(200), day(800))
    for person, arm, days in (
        ("i1", "intervention", [20, 50, 300]), ("i2", "intervention", [150]),
        ("c1", "control", [60, 250]), ("c2", "control", []),
    ):  # fmt: skip
        house.allocated((person, SITE, INDEX, arm))
        house.rows(
            "staging.marac_case", "perpetrator_id, victim_id, hearing_date, site",
            *((person, f"v{n}", day(number), SITE) for n, number in enumerate(days)),
        )  # fmt: skip
    house.build()
    found = answer(house, follow_up_times, **MARAC, months=(3, 6, 12), differences_at=(12,))
    people = found["people"]
    # The events of day 20 and of day 150 were not received.
    assert people.get("marac_appearances", "intervention", "count").value == 2
    assert people.get("marac_appearances", "intervention", "entered_late").value == 2
    years = people.get("marac_appearances", "intervention", "person_years").value
    assert years == pytest.approx(2 * (69 + 601) / 365.25)
    at_risk = [
        found["mean_events"].get(f"marac_appearances__month_{month}", "control", "at_risk").value
        for month in (3, 6, 12)
    ]
    assert at_risk == [2, 0, 2]
    share = found["first_event"].get("marac_appearances__month_12", "intervention", "probability")
    assert share.value == pytest.approx(1 / 2)
    first = times_of(
        Context(house.connection, house.study, np.random.default_rng(1)), "marac_appearances", ()
    ).first
    assert first.groupby("person_id")["event"].sum().to_dict() == {
        "c1": 1, "c2": 0, "i1": 1, "i2": 0,
    }  # fmt: skip
    assert first.loc[first["person_id"] == "i1", "stop"].tolist() == [50]


def test_cases_of_one_day_are_several_events_and_one_first_event() -> None:
    people = [("i1", "intervention", [10, 10]), *PEOPLE[1:]]
    found = answer(trial(people), follow_up_times, **MARAC)
    row = "marac_appearances__month_3"
    assert found["mean_events"].get(row, "intervention", "mean").value == pytest.approx(3 / 3)
    assert found["first_event"].get(row, "intervention", "probability").value == pytest.approx(
        2 / 3
    )
    assert found["people"].get("marac_appearances", "intervention", "count").value == 3
    assert found["people"].get("marac_appearances", "intervention", "with_event").value == 2


def test_hazard_ratios_are_those_of_another_program() -> None:
    # statsmodels' PHReg has Efron's ties and delayed entry; estimates agree to 1e-5. It takes
    # whoever enters on the day of an event for at risk that day: half a day later he is not.
    from statsmodels.duration.hazard_regression import PHReg

    rng, people = np.random.default_rng(8), []
    for number in range(40):
        arm = "intervention" if number % 3 == 0 else "control"
        days = rng.choice(900, size=rng.poisson(1.2 if number % 3 == 0 else 2.4), replace=False)
        people.append((f"p{number}", arm, sorted(1 + int(each) for each in days)))
    house = trial(people)
    found = answer(house, follow_up_times, **MARAC)["hazard_ratios"]
    context = Context(house.connection, house.study, np.random.default_rng(1))
    times = times_of(context, "marac_appearances", ())
    for model, rows in (("first", times.first), ("recurrent", times.all)):
        theirs = PHReg(
            rows["stop"], rows[["compared"]], status=rows["event"], entry=rows["start"] + 0.5,
            ties="efron",
        ).fit()  # fmt: skip
        ours = found.get("marac_appearances", model, "hazard_ratio").value
        assert ours == pytest.approx(np.exp(theirs.params[0]), rel=1e-5)


def test_no_ratio_where_an_arm_has_no_event_but_the_curves_stand() -> None:
    people = [("i1", "intervention", []), ("i2", "intervention", []), *PEOPLE[3:]]
    found = answer(trial(people), follow_up_times, **MARAC)
    for table, column in (("hazard_ratios", "first"), ("proportionality", "recurrent")):
        cell = found[table].get("marac_appearances", column, "p_value")
        assert cell.note == "no event in the arm Drive"
    share = found["first_event"].get("marac_appearances__month_12", "intervention", "probability")
    assert share.value == 0
    low = found["first_event"].get("marac_appearances__month_12", "intervention", "ci_low")
    assert (low.state, low.note[:8]) == (State.NOT_AVAILABLE, "no event")


def test_a_mean_beyond_the_follow_up_says_so() -> None:
    found = answer(trial(PEOPLE), follow_up_times, **MARAC, mean_until=60, months=(12, 60))
    note = found["time_without_event"].get("marac_appearances", "estimate", "difference").note
    assert "follow-up" in note
    cell = found["first_event"].get("marac_appearances__month_60", "control", "probability")
    assert cell.note == "nobody of this arm is observed for so long"


def test_the_tables_have_the_same_rows_where_nothing_was_received(
    tables: dict[str, Table],
) -> None:
    house = Warehouse()
    house.allocated(("i1", SITE, INDEX, "intervention"), ("c1", SITE, INDEX, "control"))
    house.build()
    empty = answer(house, follow_up_times)
    for name, table in tables.items():
        cells = {(c.row, c.column, c.statistic) for c in table.cells}
        assert cells == {(c.row, c.column, c.statistic) for c in empty[name].cells}
        assert all(cell.value is None for cell in empty[name].cells)


def test_of_one_arm_alone_there_is_no_comparison() -> None:
    found = answer(trial(PEOPLE[:3]), follow_up_times, **MARAC)
    cell = found["log_rank"].get("marac_appearances", "estimate", "p_value")
    assert cell.note == "nobody of the arm Control was observed"
    people = found["people"].get("marac_appearances", "control", "person_years")
    assert people.note == "nobody of this arm was observed"


def test_coded_arms_are_compared_and_not_told_by_whom_the_police_were_asked_about() -> None:
    found = answer(coded(trial(PEOPLE), sampled=True), follow_up_times)
    ratio = found["hazard_ratios"].get("police_domestic_abuse", "first", "hazard_ratio")
    assert ratio.value is not None
    for name in ("people", "first_event", "mean_events", "time_without_event"):
        of_police = [
            cell for cell in found[name].cells
            if cell.row.startswith("police") and cell.column.startswith("arm_")
        ]  # fmt: skip
        assert of_police
        assert {(cell.value, cell.note) for cell in of_police} == {(None, WITHHELD)}
    share = found["first_event"].get("marac_appearances__month_12", "arm_a", "probability")
    assert share.value is not None
