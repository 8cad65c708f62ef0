"""Costs and value for money: printed totals, intervals, break-even, draws, price years."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from datrial.verification.certificate import Chapter, Comparison, Kind, near, same

if TYPE_CHECKING:
    from datrial.economics.model import CostModel

CHAPTER = Chapter("economics", "Costs and value for money")

DRIVE = "drive_cost_per_case"
RESTART = "restart_value"
#: A small model, whose answers are worked out on paper.
SMALL = """
title: A small model
price_year: "2020"
per: GBP / case
units: {GBP: pounds, case: case, event: event}
agencies: {police: Police}
who: {all: Everybody}
quantities:
  rate: {label: Rate, unit: event / case, value: "0.50", source: s, spread: {kind: gamma, of: 200}}
  cost: {label: Cost, unit: GBP / event, value: "100", source: s, spread: {kind: gamma, se: 10}}
  share: {label: Share, unit: share, value: "30%", source: s, spread: {kind: beta, of: 90}}
  other: {label: Other, unit: GBP / event, value: "7.0", source: s, spread: {kind: normal, se: 2}}
  wide: {label: Wide, unit: share, value: "50%", source: s,
         spread: {kind: uniform, low: 20%, high: 60%}}
formulas:
  product: {label: Product, unit: GBP / case, formula: rate * cost}
  ratio: {label: Ratio, unit: 1, formula: cost / other}
  rest: {label: Rest, unit: GBP / event, formula: cost - other}
  benefit: {label: Benefit, unit: GBP / case, formula: rate * (share * cost + 10 * other)}
items:
  - {formula: product, agency: police, who: all}
totals: {total: {label: Total}}
"""


def _named(name: str) -> CostModel:
    from datrial.config.costs import cost_model_path
    from datrial.economics.reading import read_model

    return read_model(cost_model_path(name), f"configs/costs/{name}.yaml")


def _small() -> CostModel:
    from datrial.economics.checking import check
    from datrial.economics.entries import ModelFile
    from datrial.economics.model import CostModel
    from datrial.economics.positions import read_placed

    file = ModelFile.model_validate(read_placed(SMALL).content)
    order, units, problems = check(file)
    assert not problems, problems  # noqa: S101 (the text above is ours)
    return CostModel("small", file, order, units)


@CHAPTER.certificate(
    "drive",
    "The cost of a case at MARAC, from its printed quantities and unit costs",
    verifies="datrial.economics.reading.read_model datrial.economics.sensitivity.outcome",
    kind=Kind.PUBLISHED,
    source="Hester et al. (2019), Evaluation of the Drive Project, Appendix 8, Tables A8.1, A8.2 "
    "and A8.27.",
    data="Quantities and unit costs as printed in Tables A8.3-A8.24.",
    tolerance="0.5% (children's services 1%, housing 1.5%): what the rounding of some sixty "
    "printed inputs leaves. The audit says of each printed number what it can explain.",
)
def _() -> Iterator[Comparison]:
    from datrial.economics.sensitivity import outcome

    model = _named(DRIVE)
    for name, printed, relative in (
        ("total", 63_400, 0.005), ("criminal_justice", 32_000, 0.005),
        ("victims_total", 24_565, 0.005), ("perpetrators_total", 38_835, 0.005),
        ("health", 13_410, 0.005), ("mental_health", 5_395, 0.005),
        ("substance_use", 4_775, 0.005), ("childrens_services", 14_390, 0.01),
        ("housing", 3_600, 0.015), ("all_costs", 4.82e9, 0.005),
    ):  # fmt: skip
        yield near(model.label(name), outcome(model, name), printed, relative=relative)


@CHAPTER.certificate(
    "restart",
    "The value of Restart, from its printed inputs",
    verifies="datrial.economics.reading.read_model datrial.economics.sensitivity.outcome",
    kind=Kind.PUBLISHED,
    source="Evaluation of Restart, chapter 9, Tables 8-14 and paragraphs 9.26-9.27.",
    data="Expenditure, referrals, social costs and the index of improvement as printed; the "
    "children's services savings as printed, since they do not follow from their printed formula.",
    tolerance="Half of the last digit that is printed.",
)
def _() -> Iterator[Comparison]:
    from datrial.economics.sensitivity import outcome

    model = _named(RESTART)
    for name, printed, step in (
        ("unit_cost_delivery", 3_366, 1), ("unit_cost_overheads", 3_721, 1),
        ("unit_cost_london", 4_641, 1), ("unit_cost", 3_900, 10), ("impact", 0.076, 0.001),
        ("victim_wellbeing", 1_440, 5), ("children_wellbeing", 1_045, 5),
        ("children_public", 3_130, 5), ("wellbeing_benefit", 2_485, 5),
        ("public_benefit", 4_580, 5), ("wellbeing_ratio", 0.64, 0.01), ("public_ratio", 1.17, 0.01),
        ("total_ratio", 1.81, 0.01), ("alternative_ratio_held", 1.29, 0.01),
        ("break_even", 0.065, 0.001),
    ):  # fmt: skip
        yield near(model.label(name), outcome(model, name), printed, within=step / 2)


@CHAPTER.certificate(
    "audit",
    "Printed numbers that do not follow from their printed inputs are found",
    verifies="datrial.economics.audit.audit",
    kind=Kind.HAND_COUNT,
    source="Worked out by hand from the printed inputs: footnote 44 and paragraph 9.19 of the "
    "Restart evaluation; footnote 37, Table A8.10 and paragraph 8.3 of the Drive evaluation.",
    data="The printed inputs and numbers of both evaluations.",
    tolerance="1e-9 of the number; verdicts are exact.",
)
def _() -> Iterator[Comparison]:
    from datrial.economics.audit import audit

    found = {(row.of, row.text): row for name in (DRIVE, RESTART) for row in audit(_named(name))}
    for of, text, by_hand, verdict in (
        ("savings_worked_out", "1,335", 0.076 * (4_814 + 9_184 + 0.077 * 135_340), "different"),
        ("alternative_impact", "8.7%", 0.74 * 0.075 + 0.26 * 0.125, "different"),
        ("unit_cost_divided", "3,900", 789_000 / 170 / 1.16, "different"),
        ("cases_without_repeats", "76,000", 97_600 * 0.72, "different"),
        ("self_harm_cost", "2,698", 252 + 160 + 805 + 141 + 1_344, "different"),
        ("anxiety_cost", "2,497", 112 * 25 + 137, "different"),
        ("anxiety_cost", "2,947", 112 * 25 + 137, "rounding"),
        ("unit_cost_london", "4,641", 789_000 / 170, "equal"),
        ("cases_per_hearing", "76,000", 97_600 / 1.28, "equal"),
    ):
        row = found[of, text]
        yield near(f"{of}, printed {text}", row.recomputed, by_hand, relative=1e-9)
        yield same(f"{of}, printed {text}: verdict", str(row.verdict), verdict)


@CHAPTER.certificate(
    "intervals",
    "What can come out, given what the inputs were rounded from",
    verifies="datrial.economics.model.CostModel datrial.economics.values.Range",
    kind=Kind.HAND_COUNT,
    source="Moore, Kearfott and Cloud (2009), Introduction to Interval Analysis, chapter 2: the "
    "ends of sum, difference, product and quotient of two intervals.",
    data="0.50 (to 0.01), 100 (to 1), 30% (to 1%) and 7.0 (to 0.1).",
    tolerance="1e-12: the same arithmetic; rounding only.",
)
def _() -> Iterator[Comparison]:
    ranges = _small().ranges()
    rate, cost, share, other = (0.495, 0.505), (99.5, 100.5), (0.295, 0.305), (6.95, 7.05)
    expected = {
        "product": (rate[0] * cost[0], rate[1] * cost[1]),
        "ratio": (cost[0] / other[1], cost[1] / other[0]),
        "rest": (cost[0] - other[1], cost[1] - other[0]),
        "benefit": tuple(rate[n] * (share[n] * cost[n] + 10 * other[n]) for n in (0, 1)),
    }
    for name, (low, high) in expected.items():
        found = ranges[name]
        yield near(f"{name}, lowest", found.low.array.item(), low, relative=1e-12)
        yield near(f"{name}, highest", found.high.array.item(), high, relative=1e-12)


@CHAPTER.certificate(
    "break_even",
    "What a quantity must be for an outcome to reach a target",
    verifies="datrial.economics.sensitivity.break_even",
    kind=Kind.IDENTITY,
    source="The formulas solved for the quantity on paper.",
    data="The small model; and the impact of Restart, whose benefit is proportional to it.",
    tolerance="1e-9 of the number: the solver's own.",
)
def _() -> Iterator[Comparison]:
    from datrial.economics.sensitivity import break_even, outcome

    small = _small()
    for quantity, target, closed in (
        ("rate", 80.0, 80 / (0.3 * 100 + 70)),
        ("share", 60.0, (60 / 0.5 - 70) / 100),
        ("cost", 60.0, (60 / 0.5 - 70) / 0.3),
    ):
        found = break_even(small, quantity, "benefit", target)
        name = f"{quantity} for a benefit of {target:g}"
        yield near(name, found if found is not None else float("nan"), closed, relative=1e-9)
    none = break_even(small, "share", "benefit", 1e6)
    yield same("no share gives a benefit of a million", none, None)
    restart = _named(RESTART)
    impact = 0.076 * outcome(restart, "unit_cost") / outcome(restart, "public_benefit")
    found = break_even(restart, "index", "public_ratio", 1.0)
    closed = 1 + (impact - 0.05) / 0.10
    yield near("Restart's index", found if found is not None else float("nan"), closed,
               relative=1e-9)  # fmt: skip


@CHAPTER.certificate(
    "draws",
    "Draws have the mean and the spread of their distributions",
    verifies="datrial.economics.draws.draw_quantities datrial.economics.sensitivity.probabilistic",
    kind=Kind.IDENTITY,
    source="Closed-form moments: Johnson, Kotz and Balakrishnan, Continuous Univariate "
    "Distributions, chapters 13, 17, 25 and 26; of a product of independent factors, Goodman "
    "(1960), Journal of the American Statistical Association 55, 708-713.",
    data="200,000 draws of a rate, a cost, a share, a cost with a normal error and a range.",
    tolerance="Means within five Monte Carlo standard errors, spreads within 1.5%.",
)
def _() -> Iterator[Comparison]:
    import math

    from datrial.economics.draws import draw_quantities
    from datrial.economics.sensitivity import probabilistic

    model, draws = _small(), 200_000
    found = draw_quantities(model, draws, seed=3)
    moments = {
        "rate": (0.5, math.sqrt(0.5 / 200)),
        "cost": (100.0, 10.0),
        "share": (27.5 / 91, math.sqrt(27.5 * 63.5 / (91**2 * 92))),
        "other": (7.0, 2.0),
        "wide": (0.4, 0.4 / math.sqrt(12)),
    }
    for name, (mean, sd) in moments.items():
        drawn = found[name].array[0]
        yield near(f"{name}, mean", drawn.mean(), mean, within=5 * sd / math.sqrt(draws))
        yield near(f"{name}, spread", drawn.std(ddof=1), sd, relative=0.015)
    (rate, of_rate), (cost, of_cost) = moments["rate"], moments["cost"]
    variance = (rate * of_cost) ** 2 + (cost * of_rate) ** 2 + (of_rate * of_cost) ** 2
    product = probabilistic(model, ["product"], draws=draws, seed=3)["product"]
    slack = 5 * math.sqrt(variance / draws)
    yield near("rate x cost, mean", product.mean, rate * cost, within=slack)
    yield near("rate x cost, spread", product.sd, math.sqrt(variance), relative=0.015)


@CHAPTER.certificate(
    "price_years",
    "Prices of one year in those of another",
    verifies="datrial.economics.prices.PriceIndex datrial.economics.prices.read_prices",
    kind=Kind.PUBLISHED,
    source="Restart, Table 10 (40,790 in 2022/23 of 34,015 in Home Office Research Report 107, and "
    "29,145 of 24,300); Drive, paragraph 8.4 (2,593 in 2018 of 2,085 in 2007).",
    data="The two indexes of prices that the reports apply.",
    tolerance="What the rounding of both numbers leaves: half of 1 pound of prices of 2018, 5 and "
    "8.5 pounds of 2022/23.",
)
def _() -> Iterator[Comparison]:
    from datrial.config.costs import prices_path
    from datrial.economics.prices import read_prices

    for name, before, after, amount, printed, within in (
        ("cpi_2016_2022", "2016/17", "2022/23", 34_015, 40_790, 5),
        ("cpi_2016_2022", "2016/17", "2022/23", 24_300, 29_145, 8.5),
        ("gdp_2007_2018", "2007", "2018", 2_085, 2_593, 0.5),
    ):
        index = read_prices(prices_path(name), f"configs/prices/{name}.yaml")
        there = index.factor(before, after)
        yield near(f"{amount:,} of {before} in {after}", amount * there, printed, within=within)
        back = index.factor(after, before)
        yield near(f"{name}: there and back", there * back, 1.0, within=1e-12)


@CHAPTER.certificate(
    "effectiveness",
    "The cost-effectiveness plane and the acceptability curve",
    verifies="datrial.economics.effectiveness.cost_effectiveness "
    "datrial.economics.effectiveness.CostEffectiveness",
    kind=Kind.IDENTITY,
    source="Net benefit of two normal differences: Briggs, Sculpher and Claxton (2006), Decision "
    "Modelling for Health Economic Evaluation, chapter 5; the share with a gain is a normal "
    "probability.",
    data="200,000 draws: costs 1,600 more (SD 900), effects 0.1 more (SD 0.14), independent.",
    tolerance="0.006: five Monte Carlo standard errors of a share.",
)
def _() -> Iterator[Comparison]:
    import numpy as np
    from scipy.stats import norm

    from datrial.economics.effectiveness import cost_effectiveness

    rng, draws = np.random.default_rng(11), 200_000
    nothing = np.zeros(draws)
    plane = cost_effectiveness(
        {"new": rng.normal(1_600, 900, draws), "usual": nothing},
        {"new": rng.normal(0.1, 0.14, draws), "usual": nothing},
        "new", "usual",
    )  # fmt: skip
    dearer, better = norm.cdf(1_600 / 900), norm.cdf(0.1 / 0.14)
    quadrants = plane.quadrants()
    yield near("dearer and better", quadrants["dearer_and_better"], dearer * better, within=0.006)
    cheaper = (1 - dearer) * (1 - better)
    yield near("cheaper and worse", quadrants["cheaper_and_worse"], cheaper, within=0.006)
    for worth in (0, 5_000, 16_000, 50_000):
        closed = norm.cdf((worth * 0.1 - 1_600) / np.hypot(900, worth * 0.14))
        (share,) = plane.acceptability([worth])
        yield near(f"gain where an effect is worth {worth:,}", share, closed, within=0.006)
