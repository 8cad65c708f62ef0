"""Outcome Stars against scipy and against a change that was put into simulated readings."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np
import pytest
from outcomes_given import Reading, harbour, house_of, tables_of, value
from scipy import stats

from datrial.analyses.cohorts import cohorts
from datrial.analyses.outcome_stars_readings import Star, read_star
from datrial.analyses.outcome_stars_tables import Stars, changes
from datrial.results.cells import Table

GROUPS = 40
FIRST = dt.date(2022, 1, 1)


def simulated(n: int, seed: int, by: float) -> tuple[list[Reading], np.ndarray, np.ndarray]:
    """Return readings of n clients, what their totals changed by, and the days between."""
    rng = np.random.default_rng(seed)
    first = rng.integers(1, 4, (n, 2))
    steps = np.clip(np.floor(rng.normal(by, 0.7, (n, 2)) + rng.random((n, 2))), -2, 2).astype(int)
    last = np.clip(first + steps, 1, 5)
    days = rng.integers(30, 300, n)
    rows: list[Reading] = []
    for place in range(n):
        later = (FIRST + dt.timedelta(days=int(days[place]))).isoformat()
        rows += [(f"p{place}", FIRST.isoformat(), "collaborative", first[place].tolist()),
                 (f"p{place}", later, "collaborative", last[place].tolist())]  # fmt: skip
    moved = (last - first).sum(axis=1)
    return rows, moved, days


@pytest.fixture(scope="module")
def forty() -> tuple[dict[str, Table], np.ndarray, np.ndarray]:
    rows, moved, days = simulated(40, 5, 0.8)
    return tables_of("outcome_stars", house_of(stars=rows)), moved, days


def test_the_change_and_its_interval_are_those_of_a_paired_t_test(
    forty: tuple[dict[str, Table], np.ndarray, np.ndarray],
) -> None:
    tables, moved, _ = forty
    ends = stats.ttest_1samp(moved, 0).confidence_interval()
    found = [value(tables["changes"], "star__total", name)
             for name in ("change", "ci_low", "ci_high")]  # fmt: skip
    assert found == pytest.approx([moved.mean(), ends.low, ends.high])


def test_wilsons_interval_and_both_correlations_are_scipys(
    forty: tuple[dict[str, Table], np.ndarray, np.ndarray],
) -> None:
    tables, moved, days = forty
    ends = stats.binomtest(int((moved > 0).sum()), 40).proportion_ci(method="wilson")
    found = [value(tables["improved"], "star__improved", end) for end in ("ci_low", "ci_high")]
    assert found == pytest.approx([ends.low, ends.high])
    pearson = stats.pearsonr(moved, days)
    ends = pearson.confidence_interval()
    found = [value(tables["time"], "star__pearson", name)
             for name in ("correlation", "ci_low", "ci_high")]  # fmt: skip
    assert found == pytest.approx([pearson.statistic, ends.low, ends.high])
    spearman = value(tables["time"], "star__spearman", "correlation")
    assert spearman == pytest.approx(stats.spearmanr(moved, days).statistic)


def test_a_known_change_lies_in_its_interval_as_often_as_it_should() -> None:
    """Forty groups of 18 in one table each: steps of 0, 1 or 2 points with a mean of 0.9."""
    rng = np.random.default_rng(11)
    rows: list[Reading] = []
    clients: dict[str, str] = {}
    for group in range(GROUPS):
        first = rng.integers(1, 4, (18, 2))
        last = first + rng.choice([0, 1, 2], p=[0.3, 0.5, 0.2], size=(18, 2))
        for place in range(18):
            person = f"g{group:02}_{place}"
            clients[person] = "r"
            rows += [(person, "2022-01-01", "client", first[place].tolist()),
                     (person, "2022-06-01", "client", last[place].tolist())]  # fmt: skip
    house = house_of(stars=rows, clients=clients)
    star = read_star(house.connection, "star", house.study.instruments["star"])
    held = sum(_holds(star, f"g{group:02}") for group in range(GROUPS))
    assert held >= 34  # of 40 with 95% each: fewer has a chance of 1 in 300


def _holds(star: Star, group: str) -> bool:
    of_group = star.people["person_id"].str.startswith(group).to_numpy(dtype=bool)
    own = replace(star, people=star.people[of_group].reset_index(drop=True),
                  first=star.first[of_group], last=star.last[of_group])  # fmt: skip
    assert len(own.people) == 18
    table = changes(Stars(cohorts(harbour()), [own], ""))
    for start, end in (("ci_low", "ci_high"), ("exact_low", "exact_high")):
        low, high = (value(table, "star__total", name) for name in (start, end))
        assert low is not None
        assert high is not None
        if not low <= 1.8 <= high:
            return False
    return True
