"""Police incidents by site, arm and period: nobody is lost, means are per person, zero is zero."""

from __future__ import annotations

import random
from itertools import pairwise

import numpy as np
import pytest
from given import Warehouse, drive
from scipy.stats import chi2_contingency

from datrial.analyses.arms import WITHHELD
from datrial.analyses.base import Context
from datrial.analyses.police_follow_up_data import KINDS
from datrial.analyses.registry import ANALYSES
from datrial.config.study import Arm
from datrial.errors import DatrialError, UsageError
from datrial.results.cells import State, Table
from datrial.results.published import load_published

ONE, TWO, THREE = "site_1", "site_2", "site_3"
PERIODS = ("before", "during", "after_0_6", "after_6_12", "after_12")
ARMS = ("intervention", "control")
DAYS = ("2015-06-01", "2019-09-30")
Incident = tuple[str, str, str, str]  # person, day, domestic abuse, crimed


def asked(people: dict[str, str], *incidents: Incident, site: str = TWO) -> Warehouse:
    """Return people of a site (person -> arm), all on the list for the police."""
    house = Warehouse()
    house.covered("police", site, *DAYS)
    add(house, people, *incidents, site=site)
    return house


def add(house: Warehouse, people: dict[str, str], *incidents: Incident, site: str = TWO) -> None:
    for person, arm in people.items():
        house.allocated((person, site, "2017-01-15", arm))
        if arm == "intervention":
            house.rows(
                "staging.cms_service_user", "perpetrator_id, start_date, closure_date",
                (person, "2017-01-20", "2017-11-30"),
            )  # fmt: skip
    house.rows("ledger.police_request", "person_id", *((person,) for person in people))
    house.rows(
        "staging.police_incident",
        "incident_id, perpetrator_id, incident_date, domestic_abuse, crimed, site",
        *((f"{site}{n}", *incident, site) for n, incident in enumerate(incidents)),
    )


def answer(house: Warehouse, analysis: str, **parameters: object) -> dict[str, Table]:
    """Return an analysis's tables; every cell without a value must say why."""
    chosen = ANALYSES[analysis]
    context = Context(house.connection, house.study, np.random.default_rng(1))
    tables = chosen.run(context, chosen.parameters.model_validate(parameters))
    for table in tables:
        assert table.id.startswith(f"{analysis}.")
        assert set(table.catalogue) <= set(chosen.catalogue)
        keys = [(cell.row, cell.column, cell.statistic) for cell in table.cells]
        assert len(keys) == len(set(keys))
        assert all((cell.value is not None) or cell.note for cell in table.cells)
        assert {cell.row for cell in table.cells} == set(table.row_labels)
    return {table.id.partition(".")[2]: table for table in tables}


def value(table: Table, row: str, column: str, statistic: str = "count") -> float | None:
    return table.get(row, column, statistic).value


@pytest.fixture(scope="module")
def small() -> dict[str, Table]:
    """Drive: a with three incidents, b with none; control: c with one, d with two."""
    house = asked(
        {"a": "intervention", "b": "intervention", "c": "control", "d": "control"},
        ("a", "2016-09-01", "yes", "yes"),
        ("a", "2017-02-01", "yes", "no"),
        ("a", "2017-03-01", "no", "yes"),
        ("c", "2017-03-01", "yes", "yes"),
        ("d", "2017-03-01", "dont_know", "yes"),
        ("d", "2017-01-15", "yes", "dont_know"),  # the index date
        ("d", "2016-01-01", "yes", "yes"),  # outside
    )
    # Not asked about, and in no number, whatever the police sent.
    house.allocated(("u", TWO, "2017-01-15", "control"))
    house.rows(
        "staging.police_incident",
        "incident_id, perpetrator_id, incident_date, domestic_abuse, crimed, site",
        ("more", "u", "2017-03-01", "yes", "yes", TWO),
    )
    house.build()
    return answer(house, "police_follow_up")


def test_the_printed_difference_in_having_a_record_is_found_again() -> None:
    people = {f"i{n}": "intervention" for n in range(184)} | {
        f"c{n}": "control" for n in range(184)
    }
    found = [f"i{n}" for n in range(149)] + [f"c{n}" for n in range(173)]
    house = asked(people, *((person, "2017-03-01", "yes", "no") for person in found))
    house.build()
    tables = answer(house, "police_follow_up", kinds=["incidents"])
    table, row = tables["records"], "site_2__with_record"
    assert (value(table, "site_2__asked", "control"), value(table, row, "control")) == (184, 173)
    difference, low, high, p_value = (
        value(table, row, "difference", name)
        for name in ("share_difference", "ci_low", "ci_high", "p_value")
    )
    assert difference == pytest.approx(149 / 184 - 173 / 184)
    assert low is not None
    assert high is not None
    assert low < -0.13 < high < 0
    expect = chi2_contingency([[149, 35], [173, 11]], correction=False).pvalue
    assert p_value == pytest.approx(expect)
    assert round(expect, 4) == 0.0002
    # The same people and incidents in a period: nobody is left out of it.
    cell = tables["shares"].get("site_2__during__incidents", "intervention", "share")
    assert cell.value == pytest.approx(149 / 184)
    assert cell.n == 184


def test_people_without_a_record_are_zeros_and_not_left_out(small: dict[str, Table]) -> None:
    cell = small["per_person"].get("site_2__incidents", "intervention", "mean")
    assert (cell.value, cell.n) == (1.5, 2)
    row = ("site_2__incidents", "intervention")
    described = {name: value(small["per_person"], *row, name) for name in
                 ("total", "people", "median", "minimum", "maximum", "sd")}  # fmt: skip
    assert described == {
        "total": 3, "people": 1, "median": 1.5, "minimum": 0, "maximum": 3,
        "sd": pytest.approx(np.std([3, 0], ddof=1)),
    }  # fmt: skip
    cell = small["with_record"].get(*row, "mean")
    assert (cell.value, cell.n) == (3, 1)
    assert small["with_record"].get(*row, "sd").state is State.NOT_AVAILABLE


def test_incidents_are_of_a_kind_only_where_the_force_says_so(small: dict[str, Table]) -> None:
    counts = {kind: value(small["incidents"], f"site_2__during__{kind}", "control")
              for kind in KINDS}  # fmt: skip
    assert counts == {
        "incidents": 2, "domestic_abuse": 1, "domestic_abuse_crimed": 1, "other": 0,
        "other_crimed": 0,
    }  # fmt: skip
    counted = small["counted"]
    assert {
        key: value(counted, f"site_2__{key}", "control")
        for key in ("received", "outside", "inside", "in_periods", "on_index_date", "not_known")
    } == {
        "received": 4, "outside": 1, "inside": 3, "in_periods": 2, "on_index_date": 1,
        "not_known": 1,
    }  # fmt: skip
    assert value(counted, "site_2__outside", "all", "share") == pytest.approx(1 / 7)
    crimed = small["crimed"]
    assert value(crimed, "site_2__domestic_abuse", "control", "share") == 1  # of the one known
    assert value(crimed, "site_2__domestic_abuse__not_known", "control", "share") == 0.5


def test_a_mean_over_incidents_is_the_mean_of_each_incidents_perpetrator() -> None:
    numbers = {"a": 1, "b": 4, "c": 9, "d": 0}
    incidents = [(person, f"2017-02-{1 + n:02d}", "yes", "no")
                 for person, many in numbers.items() for n in range(many)]  # fmt: skip
    house = asked(dict.fromkeys(numbers, "intervention") | {"z": "control"}, *incidents)
    house.build()
    tables = answer(house, "police_follow_up")
    table, row = tables["over_incidents"], ("site_2__domestic_abuse", "intervention")
    each = np.repeat(list(numbers.values()), list(numbers.values()))
    assert value(table, *row, "mean") == pytest.approx(each.mean())
    assert value(table, *row, "sd") == pytest.approx(each.std(ddof=1))
    assert table.get("site_2__domestic_abuse", "control", "mean").note == (
        "fewer than two incidents"
    )
    check = tables["unit_check"]
    assert value(check, "site_2__incidents", "counted") == 14
    assert value(check, "site_2__incidents", "means") == pytest.approx(14)
    # ... and times the people it gives far more incidents than there are
    assert value(check, "site_2__incidents", "over_incidents") == pytest.approx(each.mean() * 3)


def test_means_that_do_not_give_the_incidents_counted_stop_the_analysis() -> None:
    house = asked({"a": "intervention", "c": "control"}, ("a", "2017-02-01", "yes", "no"))
    house.build()
    answer(house, "police_follow_up")
    house.connection.execute("update marts.police_history set incidents = 2 where person_id = 'a'")
    with pytest.raises(DatrialError, match=r"in 1 row.* first site_2__incidents"):
        answer(house, "police_follow_up")


def test_shares_are_of_all_asked_of_those_observed_and_of_the_whole_period() -> None:
    people = dict.fromkeys(("a", "b"), "intervention") | dict.fromkeys(("c", "d"), "control")
    house = asked(people, *((person, "2018-01-05", "yes", "no") for person in ("b", "c")))
    # b died on 15 January 2018, in the 0-6 months after; d before they began
    house.rows(
        "staging.person_event", "perpetrator_id, event, event_date, site",
        ("b", "died", "2018-01-15", TWO), ("d", "died", "2017-03-01", TWO),
    )  # fmt: skip
    house.build()
    table, row = answer(house, "police_follow_up")["people"], "site_2__after_0_6__incidents"
    own = {cell.statistic: (cell.value, cell.n) for cell in table.cells
           if (cell.row, cell.column) == (row, "intervention")}  # fmt: skip
    assert (own["observed"], own["people"], own["share"]) == ((2, 2), (1, 2), (0.5, 2))
    assert own["share_of_observed"] == (0, 1)  # a, who was observed throughout
    assert own["share_of_those_with_a_record"] == (1, 1)
    assert table.get(row, "intervention", "share").warning == (
        "1 of 2 not observed for the whole period"
    )
    years = own["person_years"][0] or 0
    assert own["incident_rate"][0] == pytest.approx(1 / years)
    other = table.get(row, "control", "share_of_observed_any_day")
    assert (other.value, other.n) == (1, 1)
    assert value(table, row, "control", "share") == 0.5
    assert other.warning == "1 of 2 not observed for the whole period, 1 of them on no day"


def test_a_period_of_which_nothing_was_received_has_no_zeros() -> None:
    house = Warehouse()
    house.covered("police", TWO, "2016-02-01", "2017-08-31")
    add(house, {"a": "intervention", "c": "control"}, ("a", "2017-02-01", "yes", "no"))
    house.build()
    tables = answer(house, "police_follow_up")
    assert value(tables["incidents"], "site_2__during__incidents", "intervention") == 1
    for name, statistic in (("incidents", "count"), ("people", "people"), ("shares", "share")):
        cell = tables[name].get("site_2__after_0_6__incidents", "intervention", statistic)
        assert (cell.value, cell.note) == (None, "no police data were received for this period")
    cell = tables["shares"].get("site_2__after_0_6__incidents", "difference", "p_value")
    assert cell.note == "nobody was observed in one of the arms"


def test_a_site_that_sent_nothing_is_told_and_has_no_zero() -> None:
    house = asked({"a": "intervention", "c": "control"}, ("a", "2017-02-01", "yes", "no"))
    add(house, {"e": "intervention", "f": "control"}, site=ONE)
    house.build()
    for analysis in ("police_follow_up", "police_perpetrators"):
        for table in answer(house, analysis).values():
            silent = [cell for cell in table.cells if cell.row.startswith(ONE)
                      and cell.state is not State.NOT_APPLICABLE]  # fmt: skip
            assert silent
            assert {cell.note for cell in silent} <= {
                "no police data were received of Site 1", "no test of the family",
            }  # fmt: skip
            assert {cell.value for cell in silent} == {None}
    only = answer(house, "police_follow_up", sites=[TWO], kinds=["other"])
    assert set(only["per_person"].row_labels) == {"site_2__other"}
    with pytest.raises(UsageError, match=r"no site site_9; `sites` may name site_1, site_2"):
        answer(house, "police_follow_up", sites=["site_9"])


@pytest.mark.parametrize("analysis", ["police_follow_up", "police_perpetrators"])
def test_a_study_without_any_data_has_its_tables_with_states(analysis: str) -> None:
    house = Warehouse()
    house.build()
    tables = answer(house, analysis)
    assert tables
    assert {cell.value for table in tables.values() for cell in table.cells} == {None}


def test_without_a_list_nobody_knows_of_how_many_the_police_were_asked() -> None:
    house = asked(
        {"a": "intervention", "b": "intervention", "c": "control", "d": "control"},
        ("a", "2017-02-01", "yes", "no"), ("c", "2017-02-01", "yes", "no"),
    )  # fmt: skip
    house.connection.execute("delete from ledger.police_request")
    house.build()
    tables = answer(house, "police_follow_up")
    records, row = tables["records"], "site_2__with_record"
    assert value(records, row, "intervention", "share") == 0.5
    assert value(records, row, "control") == 1
    for column, statistic in (("control", "share"), ("difference", "p_value"), ("all", "share")):
        assert (
            "about whom the police were asked is not known"
            in records.get(row, column, statistic).note
        )
    per_person = tables["per_person"]
    assert value(per_person, "site_2__incidents", "control", "total") == 1
    assert value(per_person, "site_2__incidents", "control", "mean") is None
    people = tables["people"]
    assert value(people, "site_2__during__incidents", "control", "people") == 1
    assert value(people, "site_2__during__incidents", "control", "share") is None
    assert value(people, "site_2__during__incidents", "intervention", "share") == 0.5
    assert value(tables["with_record"], "site_2__incidents", "control", "mean") == 1


def test_p_values_are_adjusted_over_the_periods_after_the_allocation() -> None:
    people = {f"i{n}": "intervention" for n in range(30)} | {f"c{n}": "control" for n in range(30)}
    draw = random.Random(4)
    days = {"before": "2016-10-01", "during": "2017-05-01", "after_0_6": "2018-01-05",
            "after_6_12": "2018-08-01", "after_12": "2019-05-01"}  # fmt: skip
    house = asked(people, *(
        (person, day, "yes", "no") for person, arm in people.items() for day in days.values()
        if draw.random() < (0.3 if arm == "intervention" else 0.6)
    ))  # fmt: skip
    house.build()
    table = answer(house, "police_follow_up")["shares"]
    rows = [f"site_2__{period}__domestic_abuse" for period in PERIODS]
    before = table.get(rows[0], "difference", "p_value_adjusted")
    assert before.state is State.NOT_APPLICABLE
    raw = [value(table, row, "difference", "p_value") or 0 for row in rows[1:]]
    adjusted = [value(table, row, "difference", "p_value_adjusted") or 0 for row in rows[1:]]
    assert min(adjusted) == pytest.approx(min(1, 4 * min(raw)))
    in_order = [a for _, a in sorted(zip(raw, adjusted, strict=True))]
    assert all(low <= high for low, high in pairwise(in_order))
    assert all(p <= a for p, a in zip(raw, adjusted, strict=True))


def random_trial(seed: int, *, swapped: bool = False) -> Warehouse:
    """Return a trial of two sites with unequal arms, gaps in the data, and leaving people."""
    draw = random.Random(seed)
    house = Warehouse()
    for site in (ONE, TWO):
        house.covered("police", site, "2016-02-01", draw.choice(["2017-06-30", "2018-03-31"]))
        house.covered("police", site, "2018-05-01", draw.choice(["2018-12-31", "2019-09-30"]))
        house.covered("marac", site, *DAYS)
    for site in (ONE, TWO):
        people = {f"{site}p{n}": draw.choice(ARMS) for n in range(14)}
        shown = {person: ARMS[1 - ARMS.index(arm)] if swapped else arm
                 for person, arm in people.items()}  # fmt: skip
        incidents = [
            (person, f"201{draw.randint(6, 9)}-{draw.randint(1, 9):02d}-{draw.randint(1, 28):02d}",
             draw.choice(["yes", "no", "dont_know"]), draw.choice(["yes", "no", "dont_know"]))
            for person in people for _ in range(draw.choice([0, 1, 2, 7]))
        ]  # fmt: skip
        for person, arm in shown.items():
            house.allocated((person, site, "2017-01-15", arm))
        # The closure date is everybody's, so that swapped arms have the same periods.
        house.rows(
            "staging.cms_service_user",
            "perpetrator_id, start_date, closure_date",
            *((person, "2017-01-20", "2017-11-30") for person in people),
        )
        house.rows("ledger.police_request", "person_id", *((person,) for person in people))
        house.rows(
            "staging.police_incident",
            "incident_id, perpetrator_id, incident_date, domestic_abuse, crimed, site",
            *((f"{site}{n}", *incident, site) for n, incident in enumerate(incidents)),
        )
        for person in draw.sample(sorted(people), 4):
            house.rows(
                "staging.person_event", "perpetrator_id, event, event_date, site",
                (person, "died", "2018-02-01", site),
            )  # fmt: skip
        house.rows(
            "staging.marac_case", "site, perpetrator_id, victim_id, hearing_date",
            *((site, person, f"v{draw.randint(0, 1)}", day) for person in people
              for day in ("2017-01-15", "2018-01-15")),
        )  # fmt: skip
    house.build()
    return house


@pytest.mark.parametrize("seed", range(4))
def test_totals_agree_between_the_tables(seed: int) -> None:
    tables = answer(random_trial(seed), "police_follow_up")
    for site in (ONE, TWO):
        for arm in ARMS:
            counted = {
                key: value(tables["counted"], f"{site}__{key}", arm) or 0
                for key in ("received", "outside", "inside", "in_periods", "on_index_date",
                            "in_no_period", "domestic_abuse", "other", "not_known")
            }  # fmt: skip
            of_periods = sum(
                value(tables["incidents"], f"{site}__{period}__incidents", arm) or 0
                for period in PERIODS
            )
            assert of_periods == counted["in_periods"]
            assert counted["received"] == counted["outside"] + counted["inside"]
            assert counted["inside"] == sum(
                counted[key] for key in ("in_periods", "on_index_date", "in_no_period")
            )
            assert counted["inside"] == sum(
                counted[key] for key in ("domestic_abuse", "other", "not_known")
            )
            total = value(tables["per_person"], f"{site}__incidents", arm, "total")
            assert total == counted["inside"]
            assert value(tables["with_record"], f"{site}__incidents", arm, "total") == total
        for kind in KINDS:
            row = f"{site}__{kind}"
            means = value(tables["unit_check"], row, "means")
            assert means == pytest.approx(value(tables["unit_check"], row, "counted"))


def test_swapped_arms_swap_the_numbers_and_the_sign() -> None:
    one, two = (
        answer(random_trial(7, swapped=swapped), "police_follow_up") for swapped in (False, True)
    )
    differences = 0
    for name in ("records", "shares", "people", "incidents"):
        for cell in one[name].cells:
            other = {"intervention": "control", "control": "intervention"}.get(
                cell.column, cell.column
            )
            swapped = two[name].get(cell.row, other, cell.statistic).value
            if cell.column == "difference" and cell.statistic == "share_difference":
                differences += cell.value is not None
                assert swapped == (None if cell.value is None else pytest.approx(-cell.value))
            elif cell.column == "difference" and cell.statistic.startswith("ci"):
                end = "ci_low" if cell.statistic == "ci_high" else "ci_high"
                swapped = two[name].get(cell.row, cell.column, end).value
                assert swapped == (None if cell.value is None else pytest.approx(-cell.value))
            else:
                assert swapped == (None if cell.value is None else pytest.approx(cell.value))
    assert differences > 20


def test_one_person_more_changes_the_numbers_of_his_arm_and_site_only() -> None:
    def found(*, more: bool) -> dict[str, Table]:
        house = random_trial(3)
        if more:
            add(house, {"new": "control"}, site=TWO)
            house.build()
        return answer(house, "police_follow_up")

    one, two = found(more=False), found(more=True)
    changed = {
        (name, cell.row.partition("__")[0], cell.column)
        for name in ("records", "per_person", "people", "counted", "crimed", "incidents")
        for cell in one[name].cells
        if two[name].get(cell.row, cell.column, cell.statistic).value != cell.value
    }
    assert {(site, column) for _, site, column in changed} == {
        (TWO, "control"), (TWO, "all"), (TWO, "difference"),
    }  # fmt: skip
    # He has no incident: people and means change, incidents do not.
    assert {name for name, _, _ in changed} == {"records", "per_person", "people"}


def test_coded_arms_are_withheld_where_controls_were_drawn_for_the_police() -> None:
    coded = {"arm_a": Arm(label="Arm A", role="coded"), "arm_b": Arm(label="Arm B", role="coded")}
    for drawn in (True, False):
        house = Warehouse(drive(arms=coded))
        house.covered("police", TWO, *DAYS)
        people = {"a": "arm_a", "b": "arm_b", "c": "arm_b"}
        add(house, people, ("a", "2017-02-01", "yes", "no"))
        if drawn:
            house.connection.execute("delete from ledger.police_request where person_id = 'c'")
        house.build()
        tables = answer(house, "police_follow_up")
        cells = [cell for table in tables.values() for cell in table.cells
                 if cell.column in coded]  # fmt: skip
        assert any(cell.value is not None for cell in cells) is not drawn
        assert value(tables["records"], "site_2__with_record", "all") == 1
        versions = answer(house, "definitions")["perpetrators"]
        repeat = [cell.note == WITHHELD for cell in versions.cells
                  if cell.column in coded and cell.row.startswith("police_repeat")]  # fmt: skip
        assert repeat and set(repeat) == {drawn}


# Serial and repeat perpetrators


@pytest.fixture(scope="module")
def perpetrators() -> dict[str, Table]:
    """Serial: a (a record) and b (none); repeat: a and c. Site 1: police without MARAC."""
    house = asked(
        {"a": "intervention", "b": "intervention", "c": "control", "d": "control"},
        ("a", "2017-02-01", "yes", "no"), ("a", "2017-03-01", "yes", "no"),
        ("a", "2017-03-02", "no", "no"),
        ("c", "2017-02-01", "yes", "no"), ("c", "2018-02-01", "yes", "no"),
        ("d", "2017-02-01", "yes", "no"),
    )  # fmt: skip
    house.covered("marac", TWO, *DAYS)
    house.rows(
        "staging.marac_case", "perpetrator_id, victim_id, hearing_date, site",
        ("a", "v1", "2017-01-15", TWO), ("a", "v2", "2017-06-01", TWO),
        ("b", "v3", "2017-01-15", TWO), ("b", "v4", "2017-06-01", TWO),
        ("c", "v5", "2017-01-15", TWO),
    )  # fmt: skip
    house.covered("police", ONE, *DAYS)
    add(
        house, {"e": "intervention", "f": "control"},
        ("e", "2017-02-01", "yes", "no"), ("e", "2017-02-02", "yes", "no"), site=ONE,
    )  # fmt: skip
    house.build()
    return answer(house, "police_perpetrators")


def test_serial_and_repeat_are_of_all_asked_and_of_those_with_a_record(
    perpetrators: dict[str, Table],
) -> None:
    table = perpetrators["perpetrators"]
    for row, column, count, n in (
        ("site_2__serial", "all", 2, 4),
        ("site_2__serial__with_record", "all", 1, 3),
        ("site_2__repeat", "all", 2, 4),
        ("site_2__repeat__with_record", "all", 2, 3),
        ("site_2__serial", "intervention", 2, 2),
        ("site_2__serial__with_record", "intervention", 1, 1),
        ("site_2__repeat", "control", 1, 2),
    ):
        cell = table.get(row, column, "count")
        assert (cell.value, cell.n) == (count, n)
        assert value(table, row, column, "share") == pytest.approx(count / n)


def test_their_incidents_are_counted_by_period_and_per_person(
    perpetrators: dict[str, Table],
) -> None:
    incidents, people = perpetrators["incidents"], perpetrators["people"]
    assert value(incidents, "site_2__serial__during__domestic_abuse", "intervention") == 2
    assert value(incidents, "site_2__serial__during__incidents", "intervention") == 3
    cell = people.get("site_2__serial__during__domestic_abuse", "intervention", "share")
    assert (cell.value, cell.n) == (0.5, 2)
    assert value(incidents, "site_2__repeat__during__domestic_abuse", "control") == 1
    own = ("site_2__serial__domestic_abuse", "all")
    assert value(perpetrators["per_person"], *own, "mean") == 1
    assert value(perpetrators["over_incidents"], *own, "mean") == 2
    cell = perpetrators["shares"].get("site_2__serial__during__other", "control", "share")
    assert cell.note == "nobody of this arm is known to be in the group: serial perpetrators"
    assert "difference" not in perpetrators["shares"].column_labels
    assert list(perpetrators["per_person"].row_labels)[:6] == [
        f"site_1__{group}__{kind}" for group in ("serial", "repeat")
        for kind in ("incidents", "domestic_abuse", "other")
    ]  # fmt: skip


def test_without_marac_data_nobody_is_known_to_be_serial_and_repeat_is_known(
    perpetrators: dict[str, Table],
) -> None:
    silent = "no MARAC data were received of Site 1"
    assert perpetrators["perpetrators"].get("site_1__serial", "all", "share").note == silent
    assert value(perpetrators["perpetrators"], "site_1__repeat", "all") == 1
    for name, row, statistic in (
        ("incidents", "site_1__serial__during__other", "count"),
        ("shares", "site_1__serial__during__other", "share"),
        ("per_person", "site_1__serial__other", "mean"),
    ):
        assert perpetrators[name].get(row, "intervention", statistic).note == silent
    side_by_side = perpetrators["definitions"]
    assert side_by_side.get("site_1__marac_repeat_version_2", "all", "count").note == silent
    assert value(side_by_side, "site_1__police_repeat_version_1", "intervention", "share") == 1


# The published numbers


def test_published_numbers_stand_beside_cells_and_disagree_where_it_is_said() -> None:
    printed = {
        number.key: number
        for number in load_published("drive")
        if number.table.startswith(("police_follow_up.", "police_perpetrators."))
    }
    house = random_trial(1)
    cells = {
        (table.id, cell.row, cell.column, cell.statistic)
        for analysis in ("police_follow_up", "police_perpetrators")
        for table in answer(house, analysis).values()
        for cell in table.cells
    }
    assert len(printed) == 141
    assert printed.keys() <= cells

    def of(table: str, row: str, column: str, statistic: str = "count") -> float:
        return printed[f"police_follow_up.{table}", row, column, statistic].value

    for site in (ONE, TWO):
        people = {arm: of("records", f"{site}__with_record", arm) for arm in ARMS}
        asked_about = {arm: of("records", f"{site}__asked", arm) for arm in ARMS}
        for arm in ARMS:
            share = of("records", f"{site}__with_record", arm, "share")
            assert share == pytest.approx(people[arm] / asked_about[arm], abs=0.005)
        for kind in ("incidents", "domestic_abuse", "other"):
            row = f"{site}__{kind}"
            product = sum(of("over_incidents", row, arm, "mean") * people[arm] for arm in ARMS)
            assert of("unit_check", row, "over_incidents") == pytest.approx(product)
            assert product > 2 * of("unit_check", row, "counted")
        counted = {key: of("counted", f"{site}__{key}", "all")
                   for key in ("inside", "domestic_abuse", "other")}  # fmt: skip
        assert counted["inside"] == counted["domestic_abuse"] + counted["other"]
        # Domestic abuse: the printed per cent is not the printed number over all of the kind.
        crimed = of("crimed", f"{site}__domestic_abuse", "all") / counted["domestic_abuse"]
        assert crimed - of("crimed", f"{site}__domestic_abuse", "all", "share") > 0.05
        source = printed[
            "police_follow_up.crimed", f"{site}__domestic_abuse", "all", "share"
        ].source
        assert "of them" in source
        other = of("crimed", f"{site}__other", "all") / counted["other"]
        assert other == pytest.approx(of("crimed", f"{site}__other", "all", "share"), abs=0.005)
