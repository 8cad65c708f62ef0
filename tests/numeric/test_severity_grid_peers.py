"""The cells of severity and needs against statsmodels and scipy, on the same people."""

from __future__ import annotations

import numpy as np
import pytest
from grids import PRINTED_STEPS, TYPES, House, printed_house, service
from scipy import stats
from statsmodels.stats.contingency_tables import SquareTable, mcnemar
from statsmodels.stats.inter_rater import cohens_kappa
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint
from statsmodels.stats.weightstats import CompareMeans, DescrStatsW

from datrial.analyses.needs_matrix import ANALYSIS as NEEDS
from datrial.analyses.severity_grid import ANALYSIS as SEVERITY
from datrial.results.cells import Table

ARM = "intervention"
LEVELS = ["n", "s", "m", "h"]


@pytest.fixture(scope="module")
def severity() -> dict[str, Table]:
    return printed_house().answer(SEVERITY)


def cells(table: Table, row: str, *statistics: str, arm: str = ARM) -> list[float]:
    found = [table.get(row, arm, each).value for each in statistics]
    return [np.nan if each is None else each for each in found]


@pytest.mark.parametrize("kind", TYPES)
def test_shares_have_wilson_intervals(severity: dict[str, Table], kind: str) -> None:
    for level in ("high", "dont_know", "none"):
        row = f"{kind}__{level}"
        cell = severity["intake"].get(row, ARM, "count")
        ends = proportion_confint(int(cell.value or 0), cell.n, method="wilson")
        assert cells(severity["intake"], row, "ci_low", "ci_high") == pytest.approx(ends)


@pytest.mark.parametrize("kind", TYPES)
def test_mcnemar_is_exact(severity: dict[str, Table], kind: str) -> None:
    before = [step[0] in "smh" for step in PRINTED_STEPS[kind]]
    after = [step[1] in "smh" for step in PRINTED_STEPS[kind]]
    table = np.array(
        [[sum(a == x and b == y for a, b in zip(before, after, strict=True)) for y in (True, False)]
         for x in (True, False)]
    )  # fmt: skip
    (found,) = cells(severity["change"], kind, "p_value")
    assert found == pytest.approx(mcnemar(table, exact=True).pvalue)


@pytest.mark.parametrize("kind", TYPES)
def test_the_direction_of_steps_is_a_sign_test(severity: dict[str, Table], kind: str) -> None:
    moves = [
        LEVELS.index(step[1]) - LEVELS.index(step[0])
        for step in PRINTED_STEPS[kind]
        if "d" not in step
    ]
    rose, fell = sum(move > 0 for move in moves), sum(move < 0 for move in moves)
    expected = stats.binomtest(rose, rose + fell).pvalue if rose + fell else 1.0
    (found,) = cells(severity["tests"], kind, "p_sign")
    assert found == pytest.approx(expected)


def test_the_exact_tests_of_steps_are_those_of_every_way_that_they_could_fall(
    severity: dict[str, Table],
) -> None:
    kind = "jealous_controlling"
    known = [step for step in PRINTED_STEPS[kind] if "d" not in step]
    moved = [step for step in known if step[0] != step[1]]

    def tabled(steps: list[str]) -> np.ndarray:
        table = np.zeros((4, 4))
        for step in steps:
            table[LEVELS.index(step[0]), LEVELS.index(step[1])] += 1
        return table

    def lost(steps: list[str]) -> int:
        return abs(sum(LEVELS.index(step[0]) - LEVELS.index(step[1]) for step in steps))

    observed = SquareTable(tabled(known), shift_zeros=False).symmetry().statistic
    ways = [
        [step[::-1] if number >> place & 1 else step for place, step in enumerate(moved)]
        for number in range(2 ** len(moved))
    ]
    assert cells(severity["tests"], kind, "p_value") == pytest.approx(
        [np.mean([lost(way) >= lost(moved) for way in ways])]
    )
    symmetry = [
        SquareTable(tabled(way), shift_zeros=False).symmetry().statistic >= observed - 1e-9
        for way in ways
    ]
    assert cells(severity["tests"], kind, "p_symmetry") == pytest.approx([np.mean(symmetry)])


@pytest.fixture(scope="module")
def scored() -> tuple[dict[str, Table], np.ndarray]:
    """Return the tables, and person x (intake, exit) x (worker, client) of the first area."""
    rng = np.random.default_rng(20260101)
    house = House(service(compared=True))
    scores = np.zeros((40, 2, 2), dtype=int)
    for person in range(40):
        base = rng.integers(1, 8)
        name = f"p{person:02}"
        house.clients(name, extract="of_intervention" if person < 22 else "of_others")
        for place, time in enumerate(("intake", "exit")):
            for other, rater in enumerate(("worker", "client")):
                gain = place * (2 if person < 22 else 1)
                scores[person, place, other] = np.clip(base + gain + rng.integers(-1, 2), 0, 10)
                house.matrix(name, time, (int(scores[person, place, other]), 5, 5), rater)
    return house.answer(NEEDS), scores


def test_the_change_of_the_mean_is_students(scored: tuple[dict[str, Table], np.ndarray]) -> None:
    tables, scores = scored
    change = (scores[:22, 1, 0] - scores[:22, 0, 0]).astype(float)
    found = cells(tables["means"], "matrix__worker__housing", "difference", "ci_low", "ci_high")
    assert found == pytest.approx([change.mean(), *DescrStatsW(change).tconfint_mean()])
    (p_value,) = cells(tables["means"], "matrix__worker__housing", "p_value")
    flipped = stats.permutation_test(
        (change,), np.mean, permutation_type="samples", n_resamples=200_000, rng=1
    )
    assert p_value == pytest.approx(flipped.pvalue, abs=2e-3)


def test_the_difference_of_changes_is_welchs(scored: tuple[dict[str, Table], np.ndarray]) -> None:
    tables, scores = scored
    change = (scores[:, 1, 0] - scores[:, 0, 0]).astype(float)
    compared = CompareMeans(DescrStatsW(change[:22]), DescrStatsW(change[22:]))
    expected = [change[:22].mean() - change[22:].mean(), *compared.tconfint_diff(usevar="unequal")]
    found = cells(
        tables["means"], "matrix__worker__housing", "difference", "ci_low", "ci_high",
        arm="difference",
    )  # fmt: skip
    assert found == pytest.approx(expected)


def test_the_difference_of_shares_is_newcombes(
    scored: tuple[dict[str, Table], np.ndarray],
) -> None:
    tables, scores = scored
    improved = scores[:, 1, 0] > scores[:, 0, 0]
    counts = int(improved[:22].sum()), 22, int(improved[22:].sum()), 18
    low, high = confint_proportions_2indep(*counts, method="newcomb", compare="diff")
    found = cells(tables["improved"], "matrix__housing__improved", "ci_low", "ci_high",
                  arm="difference")  # fmt: skip
    assert found == pytest.approx([low, high])


def test_kappa_and_the_intraclass_correlation(
    scored: tuple[dict[str, Table], np.ndarray],
) -> None:
    tables, scores = scored
    lead, other = scores[:22, 0, 0], scores[:22, 0, 1]
    counts = np.zeros((11, 11))
    np.add.at(counts, (lead, other), 1)
    row = "matrix__client__intake__housing"
    (kappa, icc) = cells(tables["raters"], row, "kappa", "icc")
    assert kappa == pytest.approx(cohens_kappa(counts, wt="quadratic").kappa)
    both = np.column_stack([lead, other]).astype(float)
    people, raters = both.mean(axis=1), both.mean(axis=0)
    rest = both - people[:, None] - raters[None, :] + both.mean()
    mean_square = (
        2 * people.var(ddof=1), 22 * raters.var(ddof=1), (rest**2).sum() / 21,
    )  # fmt: skip
    expected = (mean_square[0] - mean_square[2]) / (
        mean_square[0] + mean_square[2] + 2 * (mean_square[1] - mean_square[2]) / 22
    )
    assert icc == pytest.approx(expected)
