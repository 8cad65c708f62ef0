"""Every analysis on a small warehouse: cells for what can be computed, states for what cannot."""

from __future__ import annotations

import numpy as np
import pytest
from given import Warehouse

from datrial.analyses.base import Context
from datrial.analyses.levels import NEEDS, term_label
from datrial.analyses.registry import ANALYSES
from datrial.results.cells import State, Table

ITEMS = ", ".join(f"item_{number:02d}" for number in range(1, 21))


def small_trial(people: int = 80) -> Warehouse:
    """Return a trial in which half the people of each arm appear again."""
    rng = np.random.default_rng(3)
    house = Warehouse()
    for source in ("marac", "cms"):
        house.covered(source, "site_2", "2016-02-01", "2019-09-30")
    for i in range(people):
        person, arm = f"p{i:03d}", "intervention" if i % 2 else "control"
        house.allocated((person, "site_2", "2016-09-01", arm))
        cases = [(person, f"v{i}", "2016-09-01", "site_2")]
        if i % 4 < 2:
            cases.append((person, f"w{i}" if i % 8 == 0 else f"v{i}", "2017-01-10", "site_2"))
        house.rows("staging.marac_case", "perpetrator_id, victim_id, hearing_date, site", *cases)
        if arm == "control":
            continue
        house.rows(
            "staging.cms_service_user",
            "perpetrator_id, site, start_date, closure_date, completed, age, relationship, "
            "living_arrangement",
            (person, "site_2", "2016-09-05", "2017-07-01", "yes", 20 + i % 40,
             rng.choice(["current_partner", "ex_partner"]), rng.choice(["apart", "together"])),
        )  # fmt: skip
        for position, time_point in enumerate(("intake", "midpoint", "closure")):
            yes = rng.random(20) < 0.5 - 0.05 * position
            house.rows(
                "staging.cms_risk_item", f"perpetrator_id, time_point, {ITEMS}",
                (person, time_point, *np.where(yes, "yes", "no").tolist()),
            )  # fmt: skip
            house.rows(
                "staging.cms_behaviour", "perpetrator_id, time_point, physical",
                (person, time_point, str(rng.choice(["none", "standard", "high"], p=(
                    [0.4, 0.2, 0.4] if position == 0 else [0.7, 0.2, 0.1])))),
            )  # fmt: skip
            needs = np.where(rng.random(12) < rng.choice([0.1, 0.6]), "yes", "no").tolist()
            house.rows(
                "staging.cms_need", f"perpetrator_id, time_point, {', '.join(NEEDS)}",
                (person, time_point, *needs),
            )  # fmt: skip
    house.build()
    return house


@pytest.fixture(scope="module")
def trial() -> Warehouse:
    return small_trial()


def answer(house: Warehouse, analysis: str, **parameters: object) -> dict[str, Table]:
    chosen = ANALYSES[analysis]
    context = Context(house.connection, house.study, np.random.default_rng(1))
    tables = chosen.run(context, chosen.parameters.model_validate(parameters))
    for table in tables:
        assert table.id.startswith(f"{analysis}.")
        assert set(table.catalogue) <= set(chosen.catalogue)
        for cell in table.cells:
            assert (cell.state is State.VALUE) == (cell.value is not None)
            assert cell.state is State.VALUE or cell.note  # what is absent says why
    return {table.id.partition(".")[2]: table for table in tables}


def test_reappearance_counts_people_appearances_and_time(trial: Warehouse) -> None:
    table = answer(trial, "marac_follow_up", sites=["site_2"])["reappearance"]
    for arm in ("intervention", "control"):
        assert table.get("during", arm, "people").value == 20
        assert table.get("during", arm, "share").value == 0.5
        assert table.get("after_0_6", arm, "people").value == 0
        assert table.get("during", arm, "observed").value == 40
    years = table.get("during", "control", "person_years").value
    assert years == pytest.approx(40 * 303 / 365.25)  # 2016-09-02 to 2017-07-01


def test_equal_arms_give_a_rate_ratio_of_one_and_empty_periods_say_why(trial: Warehouse) -> None:
    table = answer(trial, "marac_follow_up", sites=["site_2"])["rate_ratios"]
    assert table.get("during", "estimate", "rate_ratio").value == pytest.approx(1)
    empty = table.get("after_0_6", "estimate", "rate_ratio")
    assert (empty.state, empty.note) == (State.NOT_AVAILABLE, "no appearance in the arm Drive")


def test_swapped_arms_turn_the_rate_ratio_over() -> None:
    def ratio(control: int, intervention: int) -> float:
        house = Warehouse()
        house.covered("marac", "site_2", "2016-02-01", "2019-09-30")
        again = {"control": control, "intervention": intervention}
        for arm, count in again.items():
            for i in range(20):
                person = f"{arm}{i}"
                house.allocated((person, "site_2", "2016-09-01", arm))
                house.rows(
                    "staging.cms_service_user",
                    "perpetrator_id, closure_date",
                    (person, "2017-07-01"),
                )
                if i < count:
                    house.rows(
                        "staging.marac_case", "perpetrator_id, victim_id, hearing_date, site",
                        (person, "v", "2017-01-10", "site_2"),
                    )  # fmt: skip
        house.build()
        value = answer(house, "marac_follow_up")["rate_ratios"].get(
            "during", "estimate", "rate_ratio"
        )
        assert value.value is not None
        return value.value

    assert ratio(10, 5) == pytest.approx(0.5)
    assert ratio(5, 10) == pytest.approx(2)


def test_without_coverage_nothing_is_available_and_nothing_is_zero() -> None:
    house = Warehouse()
    house.allocated(
        ("p1", "site_2", "2016-09-01", "control"), ("p2", "site_2", "2016-09-01", "intervention")
    )
    house.rows("staging.cms_service_user", "perpetrator_id, closure_date", ("p2", "2017-07-01"))
    house.covered("marac", "site_2", "2016-09-10", "2016-09-20")
    house.build()
    tables = answer(house, "marac_follow_up")
    assert tables["reappearance"].get("after_12", "control", "people").state is State.NOT_AVAILABLE
    assert tables["reappearance"].get("during", "control", "people").value == 0
    warned = tables["reappearance"].get("during", "control", "people").warning
    assert warned == "1 of 1 not observed for the whole period"


def test_serial_and_repeat_shares(trial: Warehouse) -> None:
    table = answer(trial, "marac_follow_up")["serial"]
    assert table.get("all", "serial", "count").value == 10  # every eighth
    assert table.get("intervention", "serial", "count").value == 0
    assert table.get("all", "repeat", "share").value == pytest.approx(30 / 80)


def test_risk_score_means_and_rate_ratios(trial: Warehouse) -> None:
    tables = answer(trial, "risk_score", formula="time_point")
    means = tables["means"]
    intake, closure = (means.get(t, "observed", "mean").value for t in ("intake", "closure"))
    ratio = tables["rate_ratios"].get("closure", "estimate", "rate_ratio").value
    assert intake and closure and ratio
    assert ratio == pytest.approx(closure / intake, rel=0.02)  # everybody has all three forms


def test_behaviour_forms_and_predictions(trial: Warehouse) -> None:
    tables = answer(
        trial, "behaviour_change", outcomes=["physical"], formula="time_point + age", imputations=2
    )
    forms = tables["forms"]
    counts = [forms.get(row, "physical", "count").value for row in forms.row_labels]
    assert counts == [120, 0, 120, 40]  # received, left out, used, people
    # A severity that nobody has: its cells are there, and say so.
    predictions = tables["predictions"]
    absent = predictions.get("physical__intake", "moderate", "probability")
    assert absent.state is State.NOT_AVAILABLE
    known = [
        predictions.get("physical__closure", level, "probability").value
        for level in ("none", "standard", "high")
    ]
    assert sum(value or 0 for value in known) == pytest.approx(1)
    ratio = tables["odds_ratios"].get("time_point[T.closure]", "physical", "odds_ratio").value
    imputed = tables["imputed"].get("time_point[T.closure]", "physical", "odds_ratio").value
    assert ratio is not None and ratio < 1
    assert imputed == pytest.approx(ratio)  # nothing is missing


def test_behaviours_without_an_answer_say_so_beside_the_one_that_has_some(
    trial: Warehouse,
) -> None:
    tables = answer(trial, "behaviour_change", formula="time_point + age", imputations=2)
    assert tables["forms"].get("left_out", "sexual", "count").value == 120
    assert tables["odds_ratios"].get("age", "physical", "odds_ratio").state is State.VALUE
    assert tables["odds_ratios"].get("age", "sexual", "odds_ratio").note == (
        "no form has the behaviour and every predictor of the model"
    )
    assert tables["imputed"].get("age", "sexual", "odds_ratio").state is State.NOT_AVAILABLE


def test_the_classes_shown_are_the_classes_compared(trial: Warehouse) -> None:
    tables = answer(trial, "needs_classes", classes=[2, 3], profile_of=3, starts=20)
    smallest = tables["enumeration"].get("classes_3", "smallest_class", "value").value
    sizes = [tables["sizes"].get(f"class_{i}", "share", "share").value or 0 for i in (1, 2, 3)]
    assert sum(sizes) == pytest.approx(1)
    assert min(sizes) == pytest.approx(smallest)
    assert tables["enumeration"].get("classes_3", "parameters", "value").value == 26


@pytest.mark.parametrize(
    ("analysis", "parameters"),
    [
        ("needs_classes", {"starts": 5}),
        ("behaviour_change", {"formula": "time_point + age"}),
        ("risk_score", {}),
        ("marac_follow_up", {}),
        ("participant_flow", {}),
    ],
)
def test_a_study_without_any_data_has_its_tables_with_states(
    analysis: str, parameters: dict[str, object]
) -> None:
    house = Warehouse()
    house.build()
    tables = answer(house, analysis, **parameters)
    told = {
        (t.id, c.row)
        for t in tables.values()
        for c in t.cells
        if c.value is not None and c.statistic in ("count", "people", "answered", "total", "share")
    }
    # Nobody was allocated: the ledger knows that, and so that there is nobody of whom something
    # is not known. Of everything else nothing is known.
    of_the_ledger = ("allocated", "marac_site_1", "marac_site_2", "marac_site_3")
    nobody = {
        "flow": of_the_ledger,
        "victims": ("allocated", "no_primary", "engagement_unknown"),
        "perpetrators": (
            "allocated", "allocated_heard_unknown", "cms_unknown", "marac_not_followed",
            "police_asked", "police_not_asked", "police_not_listed", "police_unknown",
        ),
    }  # fmt: skip
    assert told <= {(f"participant_flow.{t}", row) for t, rows in nobody.items() for row in rows}
    assert any(c.state is State.NOT_AVAILABLE for table in tables.values() for c in table.cells)


def test_a_table_names_the_reference_levels_of_its_model(trial: Warehouse) -> None:
    tables = answer(trial, "behaviour_change", formula="time_point + age + relationship")
    reference = "Reference: Relationship: current intimate partner; Time point: intake."
    assert reference in tables["odds_ratios"].note
    assert "Reference: Time point: intake." in answer(trial, "risk_score", formula="time_point")[
        "rate_ratios"
    ].note  # fmt: skip


def test_what_a_model_says_of_itself_stands_at_its_numbers() -> None:
    """Six people an arm: robust errors are too small with so few, and the cells say it."""
    house = small_trial(12)
    cell = answer(house, "marac_follow_up")["rate_ratios"].get("during", "estimate", "rate_ratio")
    assert "Only 12 clusters" in cell.warning


def test_terms_are_told_in_words() -> None:
    assert term_label("relationship[T.family_member]") == "Relationship: family member"
    assert term_label("age") == "Age at intake (years)"
    assert term_label("idva_engaged[T.yes]") == "Victim-survivor engaged with an IDVA: yes"
    assert term_label("time_point[T.closure]:direct_contact[T.yes]") == (
        "Time point: case closure, with direct contact with case manager: yes"
    )
    assert term_label("age:relationship[T.other]") == (
        "Age at intake (years), with relationship: other person"
    )
