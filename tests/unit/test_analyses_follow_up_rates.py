"""Rates of repeated abuse: numbers by hand, what cannot be told, other programs, known truth."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from follow_up_fixture import INDEX, PEOPLE, SITE, answer, coded, trial
from given import Warehouse

from datrial.analyses import follow_up_rates
from datrial.analyses.arms import WITHHELD
from datrial.analyses.base import Context
from datrial.analyses.follow_up_rates_checks import checks_of
from datrial.analyses.follow_up_rates_data import OUTCOMES, Followed, chances
from datrial.analyses.follow_up_rates_fits import Estimate, Fit, fit_spell, weighted_ratio
from datrial.analyses.follow_up_rates_sites import sites_table
from datrial.errors import UsageError
from datrial.results.cells import State, Table

RATIO = ("rate_ratio", "bse", "p_value", "ci_low", "ci_high")


@pytest.fixture(scope="module")
def tables() -> dict[str, Table]:
    return answer(trial(PEOPLE), follow_up_rates)


@pytest.mark.parametrize("outcome", ["marac_appearances", "police_domestic_abuse"])
def test_events_and_ratios_are_those_of_a_count_by_hand(
    tables: dict[str, Table], outcome: str
) -> None:
    row, years = f"{outcome}__months_0_6", 181 / 365.25
    events = tables["events"]
    for arm, people, count, share in (("intervention", 3, 2, 2 / 3), ("control", 4, 4, 2 / 4)):
        expected = {
            "people": people, "observed": people, "count": count, "share": share,
            "person_years": people * years, "rate_per_year": count / people / years,
        }  # fmt: skip
        for statistic, value in expected.items():
            assert events.get(row, arm, statistic).value == pytest.approx(value)
    ratio = (2 / 3) / (4 / 4)
    for model in ("poisson", "weighted"):
        cell = tables["rate_ratios"].get(row, model, "rate_ratio")
        assert cell.value == pytest.approx(ratio)
        assert cell.n == 7
    before = tables["rate_ratios"].get(f"{outcome}__before", "poisson", "rate_ratio").value
    assert before == pytest.approx((3 / 3) / (3 / 4))
    # One model of all spells is saturated: the ratio of the two ratios.
    change = tables["change"].get(row, "estimate", "rate_ratio").value
    assert change == pytest.approx(ratio / before)


def test_no_ratio_where_an_arm_has_no_event(tables: dict[str, Table]) -> None:
    row = "marac_appearances__months_6_12"
    assert tables["events"].get(row, "intervention", "count").value == 0
    for model in ("poisson", "negative_binomial", "ancova", "weighted"):
        for statistic in RATIO:
            cell = tables["rate_ratios"].get(row, model, statistic)
            assert cell.state is State.NOT_AVAILABLE
            assert cell.note == "no event in the arm Drive"
    assert tables["checks"].get(row, "estimate", "alpha").note == "no event in the arm Drive"
    assert tables["change"].get(row, "estimate", "rate_ratio").note == "no event in the arm Drive"


def test_the_baseline_is_not_adjusted_for_itself(tables: dict[str, Table]) -> None:
    cell = tables["rate_ratios"].get("marac_appearances__before", "ancova", "rate_ratio")
    assert cell.state is State.NOT_APPLICABLE
    assert "marac_appearances__before" not in tables["precision"].row_labels
    assert "marac_appearances__before" not in tables["change"].row_labels


def test_the_ratio_turns_over_when_the_arms_are_swapped(tables: dict[str, Table]) -> None:
    swapped = answer(trial(PEOPLE, swapped=True), follow_up_rates)["rate_ratios"]
    found = 0
    for cell in tables["rate_ratios"].cells:
        if cell.statistic != "rate_ratio" or cell.value is None:
            continue
        other = swapped.get(cell.row, cell.column, "rate_ratio").value
        assert other == pytest.approx(1 / cell.value, rel=1e-6)
        found += 1
    assert found >= 8


def test_one_more_person_without_an_event_changes_time_and_nothing_else(
    tables: dict[str, Table],
) -> None:
    more = answer(trial([*PEOPLE, ("c5", "control", [])]), follow_up_rates)["events"]
    for cell in tables["events"].cells:
        other = more.get(cell.row, cell.column, cell.statistic).value
        if cell.column == "intervention" or cell.statistic == "count":
            assert other == cell.value
        elif cell.statistic == "people":
            assert (other, cell.value) == (5, 4)
        elif cell.statistic == "person_years" and cell.value is not None:
            assert other == pytest.approx(cell.value * 5 / 4)


def test_without_a_list_of_the_police_nothing_is_told_of_their_records() -> None:
    found = answer(trial(PEOPLE, police=False), follow_up_rates)
    row = "police_incidents__months_0_6"
    assert "police request" in found["events"].get(row, "control", "people").note
    assert "police request" in found["rate_ratios"].get(row, "poisson", "rate_ratio").note
    joint = found["change"].get("police_incidents__window__all", "estimate", "chi2")
    assert "police request" in joint.note
    assert found["rate_ratios"].get(
        "marac_appearances__months_0_6", "poisson", "rate_ratio"
    ).value  # fmt: skip


def test_the_tables_have_the_same_rows_where_nothing_was_received(
    tables: dict[str, Table],
) -> None:
    house = Warehouse()
    house.allocated(("i1", SITE, INDEX, "intervention"), ("c1", SITE, INDEX, "control"))
    house.build()
    empty = answer(house, follow_up_rates)
    for name, table in tables.items():
        cells = {(c.row, c.column, c.statistic) for c in table.cells}
        assert cells == {(c.row, c.column, c.statistic) for c in empty[name].cells}
        assert all(cell.value is None for cell in empty[name].cells)
    cell = empty["events"].get("marac_appearances__during", "control", "people")
    assert cell.note == "no MARAC data were received"


def test_a_site_that_the_study_has_not_is_wrong_use() -> None:
    house = Warehouse()
    house.build()
    with pytest.raises(UsageError, match="no site site_9; its sites are site_1, site_2, site_3"):
        answer(house, follow_up_rates, sites=("site_2", "site_9"))


def test_of_chosen_sites_only_their_people_count() -> None:
    house = trial(PEOPLE)
    for sites, people in (("site_2",), 4), (("site_2", "site_3"), 4):
        found = answer(house, follow_up_rates, sites=sites)["events"]
        assert found.get("marac_appearances__during", "control", "people").value == people
    nothing = answer(house, follow_up_rates, sites=("site_3",))["events"]
    cell = nothing.get("marac_appearances__during", "control", "people")
    assert cell.note == "no MARAC data were received of Site 3"


def test_coded_arms_are_compared_by_their_codes() -> None:
    found = answer(coded(trial(PEOPLE)), follow_up_rates)
    assert found["rate_ratios"].get(
        "marac_appearances__months_0_6", "poisson", "rate_ratio"
    ).value == pytest.approx(2 / 3)
    told = " ".join(
        [table.title + " ".join(table.column_labels.values()) for table in found.values()]
    )
    assert "Arm B against Arm A" in told
    assert "Drive" not in told and "ontrol" not in told


def test_by_arm_nothing_is_told_of_the_police_where_that_tells_coded_arms() -> None:
    for sampled in (False, True):
        found = answer(coded(trial(PEOPLE), sampled=sampled), follow_up_rates)["events"]
        for arm in ("arm_a", "arm_b"):
            assert found.get("marac_appearances__months_0_6", arm, "count").value is not None
            cell = found.get("police_incidents__months_0_6", arm, "count")
            assert (cell.note == WITHHELD) is sampled
            assert (cell.value is None) is sampled


def test_sites_are_compared_and_one_site_alone_is_not(tables: dict[str, Table]) -> None:
    table = tables["sites"]
    row = "marac_appearances__site_2"
    assert table.get(row, "estimate", "rate_ratio").value is not None
    nobody = table.get("marac_appearances__site_1", "estimate", "rate_ratio").note
    assert nobody == "nobody of the arm Drive was observed"
    note = table.get("marac_appearances__all", "estimate", "p_value").note
    assert note == "fewer than two sites tell a rate ratio"


def test_another_ratio_at_each_site_is_found_and_the_same_ratio_is_not() -> None:
    house = Warehouse()
    context = Context(house.connection, house.study, np.random.default_rng(1))
    for other, is_found in ((3.0, True), (1.0, False)):
        data = frame(np.random.default_rng(21), 1200, 0.5).assign(scheme="window")
        lifted = np.where((data["compared"] == 1) & (data["site"] == "site_2"), other, 1.0)
        more = np.random.default_rng(2).poisson(data["count"] * (lifted - 1))
        data["count"] += more
        of = Followed("marac_appearances", OUTCOMES["marac_appearances"], data, "", "")
        table = sites_table(context, [(of, data)], (), ())
        p_value = table.get("marac_appearances__all", "estimate", "p_value").value
        assert p_value is not None
        assert (p_value < 0.001) is is_found
        assert (p_value > 0.05) is not is_found
        assert table.get("marac_appearances__all", "estimate", "df").value == 1


def frame(rng: np.random.Generator, n: int, ratio: float, alpha: float = 1.0) -> pd.DataFrame:
    """Return simulated people of 12 meetings at two sites, whose chances of an arm differ."""
    stratum = rng.integers(12, size=n)
    chance = 0.15 + 0.5 * stratum / 12
    compared = (rng.random(n) < chance).astype(float)
    years = rng.uniform(0.1, 0.5, size=n)
    frailty = rng.gamma(1 / alpha, alpha, size=n) if alpha else np.ones(n)
    rate = 2.0 * frailty * (1 + 0.05 * stratum) * ratio**compared
    before = rng.poisson(8.0 * frailty * 0.5)
    return pd.DataFrame(
        {
            "person_id": np.arange(n),
            "site": np.where(stratum < 6, "site_1", "site_2"),
            "arm": np.where(compared > 0, "intervention", "control"),
            "stratum": stratum,
            "compared": compared,
            "years": years,
            "count": rng.poisson(rate * years).astype(float),
            "log_baseline": np.log1p(before / 0.5),
        }
    )


def estimate(fit: Fit | str) -> Estimate:
    assert isinstance(fit, Fit)
    return fit.estimate


def test_the_weighted_ratio_is_that_of_a_weighted_poisson_regression() -> None:
    # statsmodels' GLM with frequency weights maximises the same likelihood; its HC0 sandwich
    # has no small-sample factor. Agreement to rounding.
    import statsmodels.api as sm

    data = frame(np.random.default_rng(3), 400, 0.7)
    ours = weighted_ratio(data, data)
    assert isinstance(ours, Estimate)
    weights = 1 / chances(data)
    fit = sm.GLM(
        data["count"], sm.add_constant(data["compared"]), family=sm.families.Poisson(),
        exposure=data["years"], var_weights=weights,
    ).fit(cov_type="HC0")  # fmt: skip
    assert ours.values["rate_ratio"] == pytest.approx(np.exp(fit.params["compared"]), rel=1e-8)
    factor = np.sqrt(400 / 399)
    assert ours.bse_log == pytest.approx(fit.bse["compared"] * factor, rel=1e-6)


def test_meetings_with_one_arm_have_no_weight_and_are_said() -> None:
    data = frame(np.random.default_rng(4), 300, 0.7)
    alone = (data["stratum"] == 0) & (data["compared"] == 1)
    data = data[~alone].reset_index(drop=True)
    ours = weighted_ratio(data, data)
    assert isinstance(ours, Estimate)
    people = int((data["stratum"] == 0).sum())
    assert ours.n == len(data) - people
    assert ours.warning == f"{people} people at meetings with one arm left out"


def test_more_spread_than_poisson_is_said_and_poisson_counts_are_not() -> None:
    for alpha, is_said in ((2.0, True), (0.0, False)):
        data = frame(np.random.default_rng(7), 800, 0.7, alpha)
        poisson, binomial = (fit_spell(data, m) for m in ("poisson", "negative_binomial"))
        assert isinstance(poisson, Fit)
        found, said = checks_of(poisson, binomial)
        assert ("more spread" in said) is is_said
        mean = poisson.result.counts.expected(poisson.result.params.to_numpy())
        by_hand = ((data["count"] - mean) ** 2 / mean).sum() / (len(data) - 3)
        assert found["dispersion"] == pytest.approx(by_hand)
        zero, expected = found["share_zero"], found["share_zero_negative_binomial"]
        assert zero == pytest.approx((data["count"] == 0).mean())
        assert expected == pytest.approx(zero, abs=0.04)


def simulate(repetitions: int, n: int) -> dict[str, tuple[float, float, float]]:
    """Return by model the mean error of the log ratio, its spread, and coverage."""
    rng, found = np.random.default_rng(11), {}
    truth = 0.6
    logs: dict[str, list[tuple[float, bool]]] = {}
    for _ in range(repetitions):
        data = frame(rng, n, truth)
        estimates = {
            model: estimate(fit_spell(data, model))
            for model in ("poisson", "negative_binomial", "ancova")
        }
        weighted = weighted_ratio(data, data)
        assert isinstance(weighted, Estimate)
        estimates["weighted"] = weighted
        for model, each in estimates.items():
            v = each.values
            covered = v["ci_low"] <= truth <= v["ci_high"]
            logs.setdefault(model, []).append((np.log(v["rate_ratio"] / truth), covered))
    for model, pairs in logs.items():
        errors, covered_at = (np.array(each, dtype=float) for each in zip(*pairs, strict=True))
        found[model] = (errors.mean(), errors.std(ddof=1), covered_at.mean())
    return found


def test_models_recover_the_ratio_and_the_baseline_gains_precision() -> None:
    # 40 trials: the mean error is within 4 of its errors; coverage of .95 within 4 of its own
    # (.034). Strata within sites differ a little in rate and chance, which only weights undo.
    found = simulate(40, 400)
    for model, (bias, spread, coverage) in found.items():
        assert abs(bias) < 4 * spread / np.sqrt(40) + 0.02, model
        assert coverage > 0.95 - 4 * 0.034, model
    assert found["ancova"][1] < 0.9 * found["negative_binomial"][1]


@pytest.mark.long
def test_models_recover_the_ratio_in_many_trials() -> None:
    found = simulate(800, 1000)
    for model, (bias, spread, coverage) in found.items():
        assert abs(bias) < 4 * spread / np.sqrt(800) + 0.02, model
        assert 0.925 < coverage < 0.975, model
