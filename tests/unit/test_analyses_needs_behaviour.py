"""Needs and behaviours: odds ratios, who is left out and why, the report's sentences."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from given import Warehouse
from scipy.stats import chi2

from datrial.analyses import needs_behaviour
from datrial.analyses.base import Context
from datrial.analyses.levels import BEHAVIOURS, NEEDS
from datrial.analyses.needs_behaviour_tables import SENTENCES
from datrial.models import adjust_benjamini_hochberg, fit_logit, fit_ordered_logit
from datrial.report.drawing import Figure
from datrial.report.figures import figure_for
from datrial.results.cells import PublishedValue, State, Table
from datrial.results.manifest import Manifest
from datrial.results.published import load_published
from datrial.results.read import Run, RunTable

ANY = ("standard", "moderate", "high")


def answers(people: int = 160, seed: int = 4) -> list[tuple[dict[str, str], dict[str, str]]]:
    """Return needs and behaviours of people; drugs misuse goes with physical abuse."""
    rng = np.random.default_rng(seed)
    drawn = []
    for _ in range(people):
        needs = {need: "yes" if rng.random() < 0.35 else "no" for need in NEEDS}
        if rng.random() < 0.95:
            needs["other_addictions"] = "no"
        shown = {
            "physical": 0.65 if needs["drugs_misuse"] == "yes" else 0.25,
            "sexual": 0.02, "harassment_stalking": 0.4, "jealous_controlling": 0.5,
        }  # fmt: skip
        behaviours = {
            name: str(rng.choice(ANY)) if rng.random() < share else "none"
            for name, share in shown.items()
        }
        drawn.append((needs, behaviours))
    return drawn


def house_of(people: list[tuple[dict[str, str], dict[str, str] | None]]) -> Warehouse:
    """Return a warehouse with a midpoint form of each person's needs and behaviours."""
    house = Warehouse()
    house.covered("cms", "site_2", "2016-02-01", "2019-09-30")
    for number, (needs, behaviours) in enumerate(people):
        person = f"p{number:03d}"
        house.allocated((person, "site_2", "2016-09-01", "intervention"))
        house.rows(
            "staging.cms_need", f"perpetrator_id, time_point, {', '.join(NEEDS)}",
            (person, "midpoint", *(needs.get(need) for need in NEEDS)),
        )  # fmt: skip
        if behaviours is not None:
            house.rows(
                "staging.cms_behaviour", f"perpetrator_id, time_point, {', '.join(BEHAVIOURS)}",
                (person, "midpoint", *(behaviours.get(name) for name in BEHAVIOURS)),
            )  # fmt: skip
    house.build()
    return house


def answer(house: Warehouse, **parameters: object) -> dict[str, Table]:
    """Return the analysis's tables; every cell without a value must say why."""
    chosen = needs_behaviour.ANALYSIS
    context = Context(house.connection, house.study, np.random.default_rng(1))
    tables = chosen.run(context, chosen.parameters.model_validate(parameters))
    for table in tables:
        assert set(table.catalogue) <= set(chosen.catalogue)
        keys = [(cell.row, cell.column, cell.statistic) for cell in table.cells]
        assert len(keys) == len(set(keys))
        assert all(cell.value is not None or cell.note for cell in table.cells)
    return {table.id.removeprefix("needs_behaviour."): table for table in tables}


@pytest.fixture(scope="module")
def house() -> Warehouse:
    return house_of(list(answers()))


@pytest.fixture(scope="module")
def tables(house: Warehouse) -> dict[str, Table]:
    return answer(house)


@pytest.fixture(scope="module")
def plain(house: Warehouse) -> dict[str, Table]:
    return answer(house, penalty="none")


def frame_of(house: Warehouse) -> pd.DataFrame:
    data: pd.DataFrame = house.connection.execute(
        "select * from marts.need join marts.behaviour using (person_id, time_point)"
    ).df()
    needs = {need: (data[need] == "yes").astype(int) for need in NEEDS}
    return data.assign(**needs)


def test_the_odds_ratios_are_those_of_the_models(
    house: Warehouse, tables: dict[str, Table], plain: dict[str, Table]
) -> None:
    data = frame_of(house)
    data["physical"] = (data["physical"] != "none").astype(int)
    fit = fit_logit(f"physical ~ {' + '.join(NEEDS)}", data)
    ratios = fit.odds_ratios().loc["drugs_misuse"]
    for statistic in ("odds_ratio", "ci_low", "ci_high", "p_value"):
        cell = plain["odds_ratios"].get("drugs_misuse", "physical", statistic)
        assert cell.value == pytest.approx(ratios[statistic], rel=1e-6)
        assert cell.n == 160
    assert ratios["odds_ratio"] > 2  # as it was put in
    r2 = plain["models"].get("physical", "all_needs", "r_squared").value
    assert r2 == pytest.approx(fit.mcfadden_r2, rel=1e-6)

    data["sexual"] = (data["sexual"] != "none").astype(int)
    firth = fit_logit(f"sexual ~ {' + '.join(NEEDS)}", data, penalty="firth")
    profile = firth.profile_intervals(["drugs_misuse"]).iloc[0]
    cell = tables["odds_ratios"].get("drugs_misuse", "sexual", "ci_high")
    assert cell.value == pytest.approx(np.exp(profile["ci_high"]), rel=1e-5)
    together = tables["models"].get("sexual", "all_needs", "p_value").value
    assert together == pytest.approx(firth.likelihood_ratio_test().p_value, rel=1e-5)


def test_the_p_values_of_all_tests_are_adjusted_together(tables: dict[str, Table]) -> None:
    table = tables["odds_ratios"]
    keys = [(need, behaviour) for behaviour in BEHAVIOURS for need in NEEDS]
    raw = [table.get(*key, "p_value").value for key in keys]
    ours = [table.get(*key, "p_value_adjusted").value for key in keys]
    assert len(raw) == 48
    assert ours == pytest.approx(list(adjust_benjamini_hochberg(raw)))  # type: ignore[arg-type]


def test_a_rare_behaviour_is_penalised_and_the_table_says_so(tables: dict[str, Table]) -> None:
    note = tables["models"].note
    assert "Sexual abuse: Firth's penalised likelihood, profile intervals and tests: " in note
    assert "fewer than 10 service users show it" in note
    assert "Jealous and controlling behaviour: " in note
    cells = [c for c in tables["odds_ratios"].cells if c.column == "sexual"]
    assert all(cell.value is not None and np.isfinite(cell.value) for cell in cells)
    assert any("few service users" in cell.warning for cell in cells)
    # No number of few people in the text: the counts are cells, which can be suppressed.
    assert "has only" not in note


def test_without_a_penalty_a_separated_need_has_no_estimate(plain: dict[str, Table]) -> None:
    cells = plain["odds_ratios"].cells
    absent = [c for c in cells if c.column == "sexual" and c.statistic == "odds_ratio"]
    separated = [cell for cell in absent if cell.value is None]
    assert separated
    assert all("no finite estimate" in cell.note for cell in separated)


def test_who_is_left_out_adds_up() -> None:
    people: list[tuple[dict[str, str], dict[str, str] | None]] = list(answers(60))
    people[0] = (people[0][0], None)
    people[1] = ({}, None)  # neither: counted once, under the first reason
    people[2] = (people[2][0], {**dict.fromkeys(BEHAVIOURS, "none"), "physical": "dont_know"})
    people[3] = ({**people[3][0], "housing": "dont_know"}, people[3][1])
    people[4] = ({need: "yes" for need in NEEDS if need != "alcohol_misuse"}, people[4][1])
    house = house_of(people)

    table, as_no = (
        answer(house, dont_know=rule, penalty="none")["answers"] for rule in ("missing", "no")
    )

    def row(table: Table, behaviour: str) -> list[float | None]:
        return [table.get(behaviour, column, "count").value for column in table.column_labels][:5]

    assert row(table, "physical") == [60, 2, 1, 2, 55]
    assert row(table, "sexual") == [60, 2, 0, 2, 56]
    assert row(as_no, "physical") == [60, 2, 1, 1, 56]  # no answer at all is still none
    events = table.get("jealous_controlling", "events", "count").value
    shown = [b for n, b in people[5:] if b and b["jealous_controlling"] != "none"]
    kept = [people[2][1]]
    assert events == len(shown) + sum(b["jealous_controlling"] != "none" for b in kept if b)


def test_the_sentences_of_the_report_stand_beside_what_the_data_show(
    tables: dict[str, Table],
) -> None:
    table = tables["sentences"]
    assert len(table.row_labels) == len(SENTENCES) == 7
    for sentence in SENTENCES:
        if sentence.need:
            ours = tables["odds_ratios"].get(sentence.need, sentence.behaviour, "odds_ratio")
            beside = table.get(sentence.row, "estimate", "odds_ratio")
            assert beside.value == ours.value
            assert ours.value is not None
            is_same = (ours.value > 1) == (sentence.printed == "higher")
            assert beside.note.startswith("direction as printed" if is_same else "direction not")
            assert table.get(sentence.row, "tests", "total").value == 1
        else:
            below = [
                tables["odds_ratios"].get(need, sentence.behaviour, "p_value").value
                for need in NEEDS
            ]
            count = sum(p is not None and p < 0.05 for p in below)
            assert table.get(sentence.row, "tests", "count").value == count
            assert table.get(sentence.row, "tests", "total").value == 12
            odds = table.get(sentence.row, "estimate", "odds_ratio")
            assert odds.state is State.NOT_APPLICABLE
            whole = tables["models"].get(sentence.behaviour, "all_needs", "p_value")
            assert table.get(sentence.row, "estimate", "p_value").value == whole.value


def test_severity_may_be_ordered_and_both_readings_stand_side_by_side(
    house: Warehouse, plain: dict[str, Table]
) -> None:
    levels = {"none": 0, **{level: number for number, level in enumerate(ANY, start=1)}}
    data = frame_of(house).assign(severity=lambda d: d["physical"].map(levels))
    peer = fit_ordered_logit(f"severity ~ {' + '.join(NEEDS)}", data).odds_ratios()
    ordered = answer(house, outcome="ordered", penalty="none")

    ours = ordered["odds_ratios"].get("drugs_misuse", "physical", "odds_ratio").value

    assert ours == pytest.approx(peer.loc["drugs_misuse", "odds_ratio"], rel=1e-6)
    assert "Severity in four ordered levels" in ordered["odds_ratios"].note
    assert ordered["models"].get("physical", "all_needs", "p_value").value is None
    for column, of in (("ordered__missing", ordered), ("any__missing", plain)):
        beside = ordered["sensitivity"].get("physical__employment", column, "odds_ratio")
        same = of["odds_ratios"].get("employment", "physical", "odds_ratio")
        assert beside.value == pytest.approx(same.value)


def test_a_need_that_nobody_has_is_left_out_of_the_model_and_says_so() -> None:
    people = [({**needs, "other_addictions": "no"}, shown) for needs, shown in answers(80)]
    tables = answer(house_of(list(people)), penalty="none")
    cell = tables["odds_ratios"].get("other_addictions", "physical", "odds_ratio")
    assert (cell.state, cell.note) == (
        State.NOT_AVAILABLE, "all service users in the model have the same answer",
    )  # fmt: skip
    assert tables["odds_ratios"].get("housing", "physical", "odds_ratio").value
    row = "physical__other_addictions"
    assert tables["sentences"].get(row, "tests", "total").value is None


@pytest.mark.parametrize("outcome", ["any", "ordered"])
def test_what_cannot_be_fitted_has_the_same_tables_with_reasons(outcome: str) -> None:
    nobody = [(needs, dict.fromkeys(BEHAVIOURS, "none")) for needs, _ in answers(20)]
    full = answer(house_of(list(answers(50))), outcome=outcome, penalty="log_f")
    empty = Warehouse()
    empty.build()
    for house, reason in (
        (house_of(list(nobody)), "no service user in the model has shown the behaviour"),
        (empty, "no case-management data were received"),
    ):
        tables = answer(house, outcome=outcome)
        for name, table in tables.items():
            shape = {(c.row, c.column, c.statistic) for c in table.cells}
            assert shape == {(c.row, c.column, c.statistic) for c in full[name].cells}
        cell = tables["odds_ratios"].get("housing", "physical", "odds_ratio")
        assert (cell.state, cell.note) == (State.NOT_AVAILABLE, reason)
    assert answer(empty)["answers"].get("physical", "forms", "count").value is None


def test_every_published_number_has_its_cell(tables: dict[str, Table]) -> None:
    ours = [each for each in load_published("drive") if each.table.startswith("needs_behaviour.")]
    assert {number.value for number in ours} == {6.14, 0.01}
    for number in ours:
        name = number.table.removeprefix("needs_behaviour.")
        assert tables[name].get(number.row, number.column, number.statistic)
    # What is printed is consistent: an odds ratio of 6.14 at p = 0.01 is an interval above 1.
    error = np.log(6.14) / np.sqrt(chi2.isf(0.01, 1))
    assert np.log(6.14) - 1.96 * error > 0


def drawn(entry: RunTable) -> Figure | None:
    manifest = Manifest(run_id="r", snapshot_id="s", study="drive")
    return figure_for(Run(Path(), manifest, {}, (entry,)), entry)


def test_the_figure_draws_every_need_and_marks_what_goes_beyond_its_axis() -> None:
    table = Table("needs_behaviour.odds_ratios", "", "", ("D-N2",))
    for behaviour, label in BEHAVIOURS.items():
        table.column(behaviour, label)
    for need, label in NEEDS.items():
        table.row(need, label)
        for behaviour in BEHAVIOURS:
            if (need, behaviour) == ("housing", "sexual"):
                table.absent_all([need], [behaviour], ("odds_ratio", "ci_low", "ci_high"), "none")
                continue
            table.add(need, behaviour, "odds_ratio", 2.0, n=487)
            table.add(need, behaviour, "ci_low", 0.001 if need == "financial" else 0.5)
            table.add(need, behaviour, "ci_high", 9000.0 if need == "financial" else 8.0)
    published = {("other_addictions", "physical", "odds_ratio"): PublishedValue(6.14, "text")}
    entry = RunTable("needs_behaviour", table, published)
    figure = drawn(entry)
    assert figure is not None
    for label in (*NEEDS.values(), *BEHAVIOURS.values()):
        assert label in figure.alt
    assert "Other addictions 2.00 (published 6.14)" in figure.alt
    assert "Housing not available" in figure.alt
    assert "interval 0.001 to 9,000" in figure.alt
    assert "[x]" in figure.svg
    assert "arrow" in figure.caption
    assert "diamonds" in figure.caption
    assert figure.title.endswith("(n = 487)")
    nothing = Table("needs_behaviour.odds_ratios", "", "", ("D-N2",))
    nothing.column("physical", "Physical")
    nothing.row("housing", "Housing")
    nothing.absent("housing", "physical", "odds_ratio", "no data")
    assert drawn(RunTable("needs_behaviour", nothing, {})) is None
