"""The trends of a service's months, from the tables, against statsmodels."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from scipy.stats import t as student
from service_given import house_of, tables_of, value

NUMBERS = [14, 18, 19, 12, 20, 15, 26, 20, 22]
SITES = {"town": {"label": "Town", "recruitment_start": "2022-01-01",
                  "recruitment_end": "2022-09-30"}}  # fmt: skip


@pytest.fixture(scope="module")
def tables() -> dict:
    rows = [
        {"client_id": f"{month}_{each}", "referred_on": f"2022-{month:02d}-{1 + each:02d}"}
        for month, number in enumerate(NUMBERS, start=1)
        for each in range(number)
    ]
    house = house_of(rows, covered=(("2022-01-01", "2022-09-30"),), sites=SITES)
    return tables_of(house, "service_activity")


def test_the_rate_ratio_is_that_of_a_quasi_poisson_glm(tables: dict) -> None:
    x = sm.add_constant(np.arange(9.0))
    fit = sm.GLM(NUMBERS, x, family=sm.families.Poisson()).fit(scale="X2")
    spread = max(fit.scale, 1.0) / fit.scale  # an error is never smaller than Poisson's
    half = student.ppf(0.975, 7) * fit.bse[1] * np.sqrt(spread)
    table = tables["trend"]
    found = [value(table, "requests__all", name) for name in ("rate_ratio", "ci_low", "ci_high")]
    slope = fit.params[1]
    assert found == pytest.approx(np.exp([slope, slope - half, slope + half]), rel=1e-6)
    ends = [value(table, "requests__all", name) for name in ("first_month", "last_month")]
    assert ends == pytest.approx([fit.fittedvalues[0], fit.fittedvalues[-1]], rel=1e-6)


def test_the_fitted_months_are_the_glm_with_the_interval_of_its_mean(tables: dict) -> None:
    x = sm.add_constant(np.arange(9.0))
    fit = sm.GLM(NUMBERS, x, family=sm.families.Poisson()).fit(scale="X2")
    covariance = fit.cov_params() * max(fit.scale, 1.0) / fit.scale
    error = np.sqrt(np.einsum("ij,jk,ik->i", x, covariance, x))
    reach = student.ppf(0.975, 7)
    for month in range(9):
        row = f"all__2022_{month + 1:02d}"
        found = [value(tables["requests"], row, n) for n in ("fitted", "ci_low", "ci_high")]
        middle = fit.fittedvalues[month]
        expect = middle * np.exp(np.array([0, -reach, reach]) * error[month])
        assert found == pytest.approx(expect, rel=1e-6)


def test_the_straight_line_is_ordinary_least_squares(tables: dict) -> None:
    x = sm.add_constant(np.arange(9.0))
    fit = sm.OLS(NUMBERS, x).fit()
    table = tables["line"]
    low, high = fit.conf_int()[1]
    names = ("first_month", "last_month", "per_month", "ci_low", "ci_high")
    found = [value(table, "requests__all", name) for name in names]
    expect = [fit.fittedvalues[0], fit.fittedvalues[-1], fit.params[1], low, high]
    assert found == pytest.approx(expect, rel=1e-9)


def test_the_middle_of_the_line_is_the_mean_of_the_months(tables: dict) -> None:
    line = [value(tables["line"], "requests__all", f"{name}_month") for name in ("first", "last")]
    mean = value(tables["requests"], "all__months", "mean")
    assert sum(line) / 2 == pytest.approx(mean) == pytest.approx(np.mean(NUMBERS))
