"""The arms compared by the randomisation: numbers by hand, what cannot be told, coded arms."""

from __future__ import annotations

import random

import pytest
from follow_up_fixture import INDEX, PEOPLE, SITE, answer, coded, day, trial
from given import Warehouse

from datrial.analyses import follow_up_randomisation
from datrial.analyses.arms import WITHHELD
from datrial.results.cells import Table

ROW = "marac_appearances"
MARAC = {"outcomes": (ROW,)}


def meetings(*, scheme: str = "imported", contact: bool = True, last: int = 1000) -> Warehouse:
    """Return a warehouse of two meetings whose places differ, at two sites."""
    draw = random.Random(5)
    house = Warehouse()
    for number, (site, places) in enumerate((("site_1", 8), ("site_2", 20))):
        house.covered("marac", site, day(-400), day(last))
        for each in range(30):
            person, treated = f"p{number}_{each}", each < places
            arm = "intervention" if treated else "control"
            house.rows(
                "ledger.allocation", "person_id, site, meeting_date, arm, scheme",
                (person, site, day(7 * number), arm, scheme),
            )  # fmt: skip
            active = draw.choice([0, 1, 4])
            days = [d for d in range(-170, 300, 10) if draw.random() < 0.03 * active]
            house.rows(
                "staging.marac_case", "perpetrator_id, victim_id, hearing_date, site",
                *((person, f"v{n}", day(7 * number + d), site) for n, d in enumerate(days)),
            )  # fmt: skip
            if contact and treated:
                told = draw.choice(["yes", "yes", "no", "dont_know"])
                house.rows(
                    "staging.cms_engagement", "site, perpetrator_id, direct_contact",
                    (site, person, told),
                )  # fmt: skip
    house.build()
    return house


@pytest.fixture(scope="module")
def house() -> Warehouse:
    return meetings()


@pytest.fixture(scope="module")
def tables(house: Warehouse) -> dict[str, Table]:
    return answer(house, follow_up_randomisation, replays=500, **MARAC)


def rates(house: Warehouse) -> dict[tuple[str, str], list[float]]:
    """Return site and arm -> everybody's events per year in the first 365 days, counted anew."""
    rows = house.connection.execute(
        """
        select member.site, member.arm, member.person_id, count(heard.victim_id)
        from cohort.member as member
        left join staging.marac_case as heard
            on heard.perpetrator_id = member.person_id
            and heard.hearing_date - member.index_date between 1 and 365
        group by member.site, member.arm, member.person_id
        """
    ).fetchall()
    found: dict[tuple[str, str], list[float]] = {}
    for site, arm, _, count in rows:
        found.setdefault((site, arm), []).append(count / (365 / 365.25))
    return found


def test_differences_are_those_of_a_count_by_hand(
    house: Warehouse, tables: dict[str, Table]
) -> None:
    found = rates(house)
    mean = {key: sum(values) / len(values) for key, values in found.items()}
    n = {key: len(values) for key, values in found.items()}
    by_site = {
        site: mean[site, "intervention"] - mean[site, "control"] for site in ("site_1", "site_2")
    }
    # Weighted by one over the chance of the own arm, a meeting counts with all its people.
    plain = (30 * by_site["site_1"] + 30 * by_site["site_2"]) / 60
    cell = tables["differences"].get(ROW, "unadjusted", "difference")
    assert cell.value == pytest.approx(plain)
    assert cell.n == 60
    # The replays weigh meetings by n1 n0 / (n1 + n0).
    weight = {
        site: n[site, "intervention"] * n[site, "control"] / 30 for site in ("site_1", "site_2")
    }
    stratified = sum(weight[site] * by_site[site] for site in by_site) / sum(weight.values())
    test = tables["permutation"]
    assert test.get(ROW, "unadjusted", "difference").value == pytest.approx(stratified)
    assert test.get(ROW, "unadjusted", "strata").value == 2
    assert test.get(ROW, "unadjusted", "replays").value == 500
    low, high = (test.get(ROW, "unadjusted", end).value for end in ("ci_low", "ci_high"))
    assert low is not None and high is not None
    assert low < stratified < high


def test_means_differ_by_the_adjusted_difference(tables: dict[str, Table]) -> None:
    means = [
        tables["means"].get(ROW, arm, "mean").value or 0.0 for arm in ("intervention", "control")
    ]
    difference = tables["differences"].get(ROW, "adjusted", "difference").value
    assert means[0] - means[1] == pytest.approx(difference)


def test_the_effect_of_contact_is_that_of_the_allocation_over_what_it_moved(
    house: Warehouse, tables: dict[str, Table]
) -> None:
    effects, contact = tables["contact_effect"], tables["contact"]
    whole = effects.get(ROW, "intention_to_treat", "difference").value or 0.0
    moved = contact.get(ROW, "estimate", "share_difference").value or 0.0
    assert effects.get(ROW, "compliers", "difference").value == pytest.approx(whole / moved)
    yes = house.get("count(*)", "staging.cms_engagement", "direct_contact = 'yes'")[0][0]
    assert contact.get(ROW, "intervention", "count").value == yes
    assert contact.get(ROW, "intervention", "share").value == pytest.approx(yes / 28)
    assert contact.get(ROW, "control", "share").value == 0
    p_values = [
        effects.get(ROW, column, "p_value").value
        for column in ("intention_to_treat", "anderson_rubin")
    ]
    assert p_values[0] == p_values[1]


def test_few_people_are_allocated_in_every_possible_way() -> None:
    found = answer(trial(PEOPLE), follow_up_randomisation, replays=500, **MARAC)["permutation"]
    assert found.get(ROW, "unadjusted", "replays").value == 35  # 3 of 7
    assert found.get(ROW, "unadjusted", "monte_carlo_error").value == 0
    difference = found.get(ROW, "unadjusted", "difference").value
    assert difference == pytest.approx((2 / 3 - 6 / 4) * 365.25 / 365)


def test_the_sign_turns_when_the_arms_are_swapped_and_p_stays() -> None:
    ours, other = (
        answer(trial(PEOPLE, swapped=swapped), follow_up_randomisation, replays=500, **MARAC)
        for swapped in (False, True)
    )
    for table, column in (("permutation", "unadjusted"), ("differences", "unadjusted")):
        a, b = (each[table].get(ROW, column, "difference").value for each in (ours, other))
        assert a is not None
        assert b == pytest.approx(-a)
        p, q = (each[table].get(ROW, column, "p_value").value for each in (ours, other))
        assert p == pytest.approx(q)


def test_without_word_of_contact_its_effect_is_not_told_and_the_rest_is() -> None:
    found = answer(meetings(contact=False), follow_up_randomisation, replays=200, **MARAC)
    note = "no case-management data tell who had contact"
    assert found["contact_effect"].get(ROW, "compliers", "difference").note == note
    assert found["contact"].get(ROW, "control", "share").note == note
    assert found["differences"].get(ROW, "adjusted", "difference").value is not None


def test_another_scheme_and_people_observed_for_less_are_said() -> None:
    house = meetings(scheme="biased_coin", last=200)
    found = answer(house, follow_up_randomisation, replays=200, **MARAC)
    warning = found["permutation"].get(ROW, "adjusted", "p_value").warning
    assert "60 people observed for a part of the time" in warning
    assert "allocated by biased coin, which does not draw at each meeting" in warning


def test_coded_arms_are_compared_and_contact_which_tells_them_is_withheld() -> None:
    house = coded(meetings())
    found = answer(house, follow_up_randomisation, replays=200, **MARAC)
    assert found["permutation"].get(ROW, "adjusted", "p_value").value is not None
    for name in ("contact", "contact_effect"):
        assert {(c.value, c.note) for c in found[name].cells} == {(None, WITHHELD)}


def test_the_tables_have_the_same_rows_where_nothing_was_received(
    tables: dict[str, Table],
) -> None:
    house = Warehouse()
    house.allocated(("i1", SITE, INDEX, "intervention"), ("c1", SITE, INDEX, "control"))
    house.build()
    empty = answer(house, follow_up_randomisation, **MARAC)
    for name, table in tables.items():
        cells = {(c.row, c.column, c.statistic) for c in table.cells}
        assert cells == {(c.row, c.column, c.statistic) for c in empty[name].cells}
        assert all(cell.value is None for cell in empty[name].cells)
