"""Needs scored by two raters: who has a need, what changed, whether they agree."""

from __future__ import annotations

import numpy as np
import pytest
from grids import ITEMS, House, service

from datrial.analyses.needs_matrix import ANALYSIS
from datrial.errors import UsageError
from datrial.models import paired_change, regression_to_the_mean
from datrial.pipeline.protection import protect_run
from datrial.results.cells import State, Table

ARM = "intervention"
#: Housing at intake and at exit as the worker scored it; None: not scored.
WORKER = [(2, 9), (4, 5), (4, 8), (5, 5), (8, 9), (9, 7), (10, 10), (3, None)]
CLIENT = [(4, 9), (4, 7), (6, 8), (6, 4), (8, 9), (9, 9), (10, 10), (3, 4)]


def house(*, raters: tuple[str, ...] = ("worker", "client")) -> House:
    found = House()
    for number, pairs in enumerate(zip(WORKER, CLIENT, strict=True)):
        person = f"p{number}"
        found.clients(person)
        for rater, (first, last) in zip(("worker", "client"), pairs, strict=True):
            if rater in raters:
                found.matrix(person, "intake", (first, 5, 7), rater)
                found.matrix(person, "exit", (last, 5, 9), rater)
    return found


@pytest.fixture(scope="module")
def found() -> dict[str, Table]:
    return house().answer(ANALYSIS)


def value(table: Table, row: str, statistic: str, arm: str = ARM) -> float | None:
    return table.get(f"matrix__{row}", arm, statistic).value


def test_a_need_is_eight_or_below_and_a_high_one_four_or_below(found: dict[str, Table]) -> None:
    need = found["need"]
    counts = {
        row: value(need, f"housing__{row}", "count")
        for row in ("need__intake", "need__exit", "high_need__intake", "high_need__exit")
    }
    # Of the seven scored at both times.
    assert counts == {
        "need__intake": 5, "need__exit": 4, "high_need__intake": 3, "high_need__exit": 0,
    }  # fmt: skip
    assert need.get("matrix__housing__need__intake", ARM, "share").n == 7
    reduced = found["need_change"]
    assert value(reduced, "housing__need", "reduction") == pytest.approx(0.2)
    assert value(reduced, "housing__high_need", "reduction") == 1
    assert need.row_labels["matrix__housing__need__exit"] == "Housing: need (8 or below) at exit"


def test_the_bounds_are_parameters() -> None:
    need = house().answer(ANALYSIS, need=9, high_need=2)["need"]
    assert value(need, "housing__need__intake", "count") == 6
    assert value(need, "housing__high_need__intake", "count") == 1


def test_where_lower_is_better_a_need_is_a_high_score() -> None:
    about = service().instruments["matrix"].model_copy(update={"better": "lower"})
    given = house()
    given.study = service().model_copy(update={"instruments": {"matrix": about}})
    found = given.answer(ANALYSIS, need=5, high_need=9)
    assert value(found["need"], "housing__need__intake", "count") == 4
    assert value(found["need"], "housing__high_need__exit", "count") == 3
    assert value(found["improved"], "housing__worse", "count") == 4


def test_means_and_their_change_are_those_of_the_model(found: dict[str, Table]) -> None:
    means = found["means"]
    pairs = np.array([pair for pair in WORKER if None not in pair], dtype=float)
    model = paired_change(pairs[:, 0], pairs[:, 1])
    row = "worker__housing"
    assert value(means, row, "mean_intake") == pytest.approx(6.0)
    assert value(means, row, "difference") == pytest.approx(model.mean.estimate)
    assert value(means, row, "ci_low") == pytest.approx(model.mean.ci_low)
    assert value(means, row, "p_value") == pytest.approx(model.p_value)
    assert means.get("matrix__worker__housing", ARM, "difference").n == 7
    assert value(means, "client__housing", "mean_exit") == pytest.approx(7.5)
    alike = means.get("matrix__worker__identity", ARM, "ci_low")
    assert (alike.state, alike.note) == (State.NOT_AVAILABLE, "one person, or all changed alike")


def test_the_sum_of_all_areas_is_of_those_scored_in_every_one(found: dict[str, Table]) -> None:
    means = found["means"]
    assert value(means, "worker__all_items", "mean_intake") == pytest.approx(6 + 5 + 7)
    assert means.get("matrix__worker__all_items", ARM, "mean_intake").n == 7
    assert means.get("matrix__client__all_items", ARM, "mean_intake").n == 8


def test_who_improved_and_who_got_worse(found: dict[str, Table]) -> None:
    counts = [
        value(found["improved"], f"housing__{part}", "count")
        for part in ("improved", "unchanged", "worse")
    ]
    assert counts == [4, 2, 1]


def test_which_rater_sees_more_need(found: dict[str, Table]) -> None:
    order = found["raters_order"]
    counts = [
        value(order, f"client__intake__housing__{part}", "count")
        for part in ("lead_more", "same_score", "other_more")
    ]
    assert counts == [3, 5, 0]
    label = order.row_labels["matrix__client__intake__housing__lead_more"]
    assert label == "Housing, at intake: worker sees more need"
    needs = found["raters_need"]
    row = "client__intake__housing__high_need"
    assert value(needs, row, "share_lead") == 4 / 8
    assert value(needs, row, "share_other") == 3 / 8
    assert value(needs, row, "share_difference") == pytest.approx(1 / 8)


def test_agreement_stands_with_its_number_of_pairs(found: dict[str, Table]) -> None:
    raters = found["raters"]
    row = "client__intake__housing"
    gap = np.array([w[0] - c[0] for w, c in zip(WORKER, CLIENT, strict=True)], dtype=float)
    assert value(raters, row, "difference") == pytest.approx(gap.mean())
    reach = 1.959963984540054 * gap.std(ddof=1)
    assert value(raters, row, "upper_limit") == pytest.approx(gap.mean() + reach)
    assert raters.get(f"matrix__{row}", ARM, "icc").n == 8
    assert raters.get("matrix__client__exit__housing", ARM, "icc").n == 7
    kappa, icc = value(raters, row, "kappa"), value(raters, row, "icc")
    assert kappa is not None
    assert icc is not None
    assert abs(kappa - icc) < 0.05
    alike = raters.get("matrix__client__intake__health", ARM, "kappa")
    assert alike.state is State.NOT_AVAILABLE
    assert "large samples only" in raters.note


def test_another_rater_can_lead() -> None:
    found = house().answer(ANALYSIS, lead_rater="client")
    assert value(found["need"], "housing__high_need__intake", "count") == 3
    assert "matrix__worker__intake__housing" in found["raters"].row_labels
    assert "Scores of: client." in found["need"].note


def test_one_rater_alone_has_nobody_to_agree_with() -> None:
    found = house(raters=("client",)).answer(ANALYSIS)
    assert value(found["need"], "housing__high_need__intake", "count") == 3
    assert not found["raters"].cells
    assert not found["raters_order"].cells


def test_regression_to_the_mean_is_sized_only_as_far_as_it_can_be(
    found: dict[str, Table],
) -> None:
    pairs = np.array([pair for pair in WORKER if None not in pair], dtype=float)
    table = found["regression"]
    model = regression_to_the_mean(pairs[:, 0], pairs[:, 1], reliability=0.7)
    assert value(table, "housing__oldham", "value") == pytest.approx(model.oldham.estimate)
    assert value(table, "housing__slope", "ci_low") == pytest.approx(model.blomqvist.ci_low)
    absent = table.get("matrix__housing__expected", ARM, "value")
    assert absent.note == "no population mean is given"
    given = house().answer(ANALYSIS, population_mean=8.0, reliability=0.5)["regression"]
    assert value(given, "housing__expected", "value") == pytest.approx(0.5 * (8 - 6))
    assert value(given, "housing__beyond", "value") == pytest.approx(pairs.mean(axis=0)[1] - 6 - 1)
    whole = value(given, "all_items__expected", "value")
    assert whole == pytest.approx(0.5 * (24 - 18))


def test_first_intake_and_last_exit_count_and_what_lies_off_the_scale_does_not() -> None:
    given = House()
    given.clients("p1")
    given.matrix("p1", "exit", (1, 1, 1), day="2022-01-10")
    given.matrix("p1", "intake", (3, 4, 11), day="2022-02-01")
    given.matrix("p1", "intake", (9, 9, 9), day="2022-03-01")
    given.matrix("p1", "midway", (2, 2, 2))
    given.matrix("p1", "exit", (6, 6, 6), day="2022-05-01")
    given.matrix("p1", "exit", (7, None, 8), day="2022-08-01")
    means = given.answer(ANALYSIS)["means"]
    assert value(means, "worker__housing", "mean_intake") == 3
    assert value(means, "worker__housing", "mean_exit") == 7
    for item in ("health", "identity", "all_items"):
        assert value(means, f"worker__{item}", "mean_intake") is None


def test_without_scores_every_cell_says_that_nothing_was_sent() -> None:
    found = House().answer(ANALYSIS)
    cells = [cell for table in found.values() for cell in table.cells]
    assert {cell.note for cell in cells} == {"no need score data were received"}
    assert set(found["means"].row_labels) == {
        f"matrix__{rater}__{item}" for rater in ("worker", "client")
        for item in (*ITEMS, "all_items")
    }  # fmt: skip
    assert found["raters"].row_labels


def test_one_person_is_no_error() -> None:
    given = House()
    given.clients("p1")
    for rater in ("worker", "client"):
        given.matrix("p1", "intake", (2, 3, 4), rater)
        given.matrix("p1", "exit", (5, 3, 9), rater)
    found = given.answer(ANALYSIS)
    assert value(found["means"], "worker__housing", "difference") == 3
    agreement = found["raters"].get("matrix__client__exit__housing", ARM, "kappa")
    assert agreement.note == "fewer than three people have both"
    kept = protect_run([("needs_matrix", table) for table in found.values()], given.study)
    shown = {
        cell.value
        for _, table in kept.protected.tables
        for cell in table.cells
        if cell.state is State.VALUE
    }
    assert shown <= {0.0}


def test_two_cohorts_have_the_difference_of_their_changes() -> None:
    given = House(service(compared=True))
    for number in range(12):
        mine = number < 6
        person = f"p{number}"
        given.clients(person, extract="of_intervention" if mine else "of_others")
        given.matrix(person, "intake", (3 + number % 3, 5, 5))
        given.matrix(person, "exit", (3 + number % 3 + (3 if mine else 1) + number % 2, 5, 5))
    found = given.answer(ANALYSIS)
    row = "worker__housing"
    assert value(found["means"], row, "difference") == pytest.approx(3.5)
    assert value(found["means"], row, "difference", "difference") == pytest.approx(2.0)
    low, high = (value(found["means"], row, end, "difference") for end in ("ci_low", "ci_high"))
    assert low is not None
    assert high is not None
    assert low < 2 < high
    improved = found["improved"].get("matrix__housing__improved", "difference", "share_difference")
    assert improved.value is not None
    assert "not drawn by chance" in found["means"].note
    alike = found["means"].get("matrix__worker__health", "difference", "difference")
    assert alike.note.startswith("it could not be compared")


def test_an_instrument_that_is_not_there_is_refused_by_name() -> None:
    with pytest.raises(
        UsageError, match=r"`instrument: stars` is no instrument.*There are: matrix"
    ):
        House().answer(ANALYSIS, instrument="stars")
    given = House(service(instruments={}))
    with pytest.raises(UsageError, match="no instrument with the table need_score"):
        given.answer(ANALYSIS)


def test_means_of_few_people_are_hidden_and_of_enough_are_shown(found: dict[str, Table]) -> None:
    kept = protect_run([("needs_matrix", table) for table in found.values()], service())
    after = {table.id: table for _, table in kept.protected.tables}
    means = after["needs_matrix.means"]
    assert means.get("matrix__client__housing", ARM, "mean_intake").value is not None
    improved = after["needs_matrix.improved"].get("matrix__housing__worse", ARM, "count")
    assert improved.state is State.SUPPRESSED


def almost_the_same(few: int) -> tuple[dict[str, Table], House]:
    """Return 20 people scored at both times and some more at intake only; one lacks an area."""
    given = House()
    for number in range(20 + few):
        person = f"p{number:02}"
        given.clients(person)
        for rater in ("worker", "client"):
            first = 2 + number % 7
            given.matrix(person, "intake", (first, 5, None if number == 3 else 6), rater)
            if number < 20:
                given.matrix(person, "exit", (first + 1, 6, 6 + number % 2), rater)
    return given.answer(ANALYSIS), given


@pytest.mark.parametrize(("few", "is_told"), [(0, True), (2, False), (6, True)])
def test_means_of_almost_the_same_people_are_not_both_told(few: int, is_told: bool) -> None:
    before, given = almost_the_same(few)
    kept = protect_run([("needs_matrix", table) for table in before.values()], given.study)
    after = {table.id: table for _, table in kept.protected.tables}
    means, raters = after["needs_matrix.means"], after["needs_matrix.raters"]
    assert value(means, "worker__housing", "mean_intake") is not None
    told = value(raters, "client__intake__housing", "mean_lead")
    assert (told is not None) == is_told
    # The sum of all areas lacks one person, whose score could be worked out from the areas.
    assert value(means, "worker__all_items", "mean_intake") is None
    assert value(before["means"], "worker__all_items", "mean_intake") is not None


def test_open_results_hide_nothing() -> None:
    before, given = almost_the_same(2)
    study = given.study.model_copy(update={"disclosure": "open"})
    kept = protect_run([("needs_matrix", table) for table in before.values()], study)
    assert not kept.protected.hidden
