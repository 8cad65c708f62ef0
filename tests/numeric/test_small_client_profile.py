"""The profile's intervals and differences, against formulas written out by hand and scipy."""

from __future__ import annotations

from math import sqrt

import numpy as np
import pytest
from client_profile_fixture import TRAINING, house_of, profile, service, some_people, trained
from scipy import stats

Z = 1.959963984540054


def wilson(count: int, n: int) -> tuple[float, float]:
    """Wilson (1927)."""
    share = count / n
    middle = (share + Z**2 / (2 * n)) / (1 + Z**2 / n)
    half = Z / (1 + Z**2 / n) * sqrt(share * (1 - share) / n + Z**2 / (4 * n**2))
    return middle - half, middle + half


def test_every_share_has_wilsons_interval_and_every_difference_newcombes() -> None:
    people = [(*row[:4], None, *row[5:]) for row in some_people(11, 90, both=True)]
    tables = profile(house_of(service(two_arms=True), *people))
    seen = 0
    for name in ("ethnicity", "age_bands", "child_protection", "ethnic_groups"):
        table = tables[name]
        for row in table.row_labels:
            cells = {(c.column, c.statistic): c for c in table.cells if c.row == row}
            if ("difference", "share_difference") not in cells:
                continue
            ends, shares = {}, {}
            for arm in ("intervention", "other"):
                count, share = cells[arm, "count"].value or 0, cells[arm, "share"]
                low, high = wilson(int(count), share.n or 0)
                assert cells[arm, "ci_low"].value == pytest.approx(low, abs=1e-12)
                assert cells[arm, "ci_high"].value == pytest.approx(high, abs=1e-12)
                ends[arm], shares[arm] = (low, high), count / (share.n or 1)
            one, two = shares["intervention"], shares["other"]
            low = one - two - sqrt((one - ends["intervention"][0]) ** 2
                                   + (ends["other"][1] - two) ** 2)  # fmt: skip
            assert cells["difference", "share_difference"].value == pytest.approx(one - two)
            assert cells["difference", "ci_low"].value == pytest.approx(low, abs=1e-9)
            seen += 1
    assert seen > 15


def test_ages_agree_with_scipy() -> None:
    people = [(*row[:4], None, *row[5:]) for row in some_people(12, 60)]
    table = profile(house_of(service(), *people))["people"]
    ages = np.array([row[5] for row in people if row[5] is not None], dtype=float)
    arm = "intervention"
    half = stats.t.ppf(0.975, len(ages) - 1) * stats.sem(ages)
    assert table.get("age", arm, "mean").value == pytest.approx(ages.mean())
    assert table.get("age", arm, "ci_low").value == pytest.approx(ages.mean() - half)
    assert table.get("age_median", arm, "median").value == np.median(ages)
    exact = stats.quantile_test(ages, q=np.median(ages), p=0.5).confidence_interval(0.95)
    assert table.get("age_median", arm, "ci_low").value == exact.low
    assert table.get("age_median", arm, "ci_high").value == exact.high


def test_the_change_of_scores_agrees_with_scipys_paired_test() -> None:
    draw = np.random.default_rng(4)
    before = draw.integers(50, 80, 20)
    after = before + draw.integers(-5, 25, 20)
    house = house_of(service())
    house.rows("staging.training", TRAINING, *(
        ("north", f"t{n}", "core", 1, "2021-03-01", "yes", "yes", int(a), int(b))
        for n, (a, b) in enumerate(zip(before, after, strict=True))))  # fmt: skip
    table = trained(house)["scores"]
    at = "core__all_rounds__all_sites"
    exact = stats.ttest_rel(after, before).confidence_interval()
    assert table.get(at, "change", "mean").value == pytest.approx((after - before).mean())
    assert table.get(at, "change", "ci_low").value == pytest.approx(exact.low)
    assert table.get(at, "change", "ci_high").value == pytest.approx(exact.high)
    assert table.get(at, "ratio", "ratio_of_means").value == pytest.approx(
        after.mean() / before.mean()
    )
