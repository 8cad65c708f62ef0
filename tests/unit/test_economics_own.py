"""A cost model on a study's own counts: numbers, spreads and the faults of ``own_data``."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datrial.economics.draws import draw_quantities
from datrial.economics.model import CostModel
from datrial.economics.own import Origin, Own, with_own
from datrial.economics.own_counts import Counted, _parted, design_effect
from datrial.economics.own_entries import MEASURES, Key, read_pick
from datrial.economics.reading import read_model
from datrial.economics.sensitivity import one_way, probabilistic
from datrial.errors import UsageError

MODEL = """
title: Own
price_year: "2024"
per: GBP / case
units: {GBP: pounds, case: case, incident: incident, child: child}
indexes:
  kind: {hard: Hard, light: Light, other: Other}
quantities:
  rate: {label: Rate, unit: incident / case, index: kind, source: Table 1,
         values: {hard: "0.10", light: "0.30", other: "2.0"}, spread: {kind: gamma, of: 50}}
  charged: {label: Charged, unit: share, index: kind, source: Table 2,
            values: {hard: 80%, light: 50%, other: 0%}}
  drunk: {label: Drunk, unit: share, value: 20%, source: Table 3, spread: {kind: beta, of: 90}}
  helped: {label: Helped, unit: share, value: 50%, source: Table 4}
  children: {label: Children, unit: child / case, value: "2.0", source: Table 5}
  anxious: {label: Anxious, unit: share, value: 40%, source: Table 6, spread: {kind: beta, of: 9}}
  price: {label: Price, unit: GBP / incident, value: "10", source: Table 7}
formulas:
  total: {label: Total, unit: GBP / case, formula: sum(rate * (1 - charged)) * price * drunk}
own_data:
  at_least: 10
  quantities:
    rate:
      per: "365.25 / 2"
      spread_as: incidents_all.all.all
      parts:
        - {to: [hard, light], count: incidents.violence_with_injury.crimed, why: parted}
        - to: [other]
          count:
            - incidents.violence_with_injury.not_crimed|dont_know
            - OTHERS
          why: the rest
    charged:
      weighted_by: rate
      parts:
        - to: [hard, light]
          count: outcome.violence_with_injury.charged
          of: outcome.violence_with_injury.charged|no_further_action
          why: charged
    drunk:
      parts:
        - {count: victims_intake.need_alcohol_misuse.yes,
           of: victims_intake.need_alcohol_misuse.yes|no, why: asked}
    helped:
      parts:
        - {count: victims_exit.support_housing.yes, of: victims_exit.support_housing.yes|no,
           times: 3 / 4, plus: "0.25 * 0.8", why: mixed}
    children:
      spread_as: children.index_case.all
      parts: [{count: children.index_case.all, why: counted}]
  kept:
    anxious: nobody asks
"""
OTHERS = "incidents.{}.*".format(
    "|".join(entry for entry in MEASURES["incidents"] if entry != "violence_with_injury")
)
#: 100 people over 18,262 days, about 100 half-years; they vary 3 times as much as by chance.
TIME = {"exposure": 18_262, "exposed": 100}
COUNTS: dict[Key, Counted] = {
    ("incidents", "violence_with_injury", "crimed"): Counted(40, 30, **TIME),
    ("incidents", "violence_with_injury", "not_crimed"): Counted(25, 20, **TIME),
    ("incidents", "theft", "crimed"): Counted(35, 21, **TIME),
    ("incidents_all", "all", "all"): Counted(100, 60, **TIME, number_squared=397,
                                             number_by_exposure=18_262,
                                             exposure_squared=18_262**2 // 100),
    ("outcome", "violence_with_injury", "charged"): Counted(24, 20, **TIME),
    ("outcome", "violence_with_injury", "no_further_action"): Counted(16, 12, **TIME),
    ("outcome", "violence_with_injury", "dont_know"): Counted(999, 12, **TIME),
    ("victims_intake", "need_alcohol_misuse", "yes"): Counted(30, 30),
    ("victims_intake", "need_alcohol_misuse", "no"): Counted(90, 90),
    ("victims_intake", "need_alcohol_misuse", "dont_know"): Counted(80, 80),
    ("victims_exit", "support_housing", "yes"): Counted(60, 60),
    ("victims_exit", "support_housing", "no"): Counted(40, 40),
    # 50 families with 90 children; the sum of their squares is 200.
    ("children", "index_case", "all"): Counted(90, 50, 50, 50, 200, 90, 50),
}  # fmt: skip


@pytest.fixture
def model(tmp_path: Path) -> CostModel:
    return read(tmp_path, MODEL)


def read(tmp_path: Path, text: str) -> CostModel:
    path = tmp_path / "own.yaml"
    path.write_text(text.replace("OTHERS", OTHERS), encoding="utf-8")
    return read_model(path, "configs/costs/own.yaml")


def origin(own: Own, quantity: str, entry: str = "") -> Origin:
    (found,) = (o for o in own.origins if (o.quantity, o.entry) == (quantity, entry))
    return found


def test_a_rate_is_its_events_over_the_half_years_and_parted_as_printed(model: CostModel) -> None:
    own = with_own(model, COUNTS)
    half_years = 18_262 / 182.625
    # 40 events parted .1 : .3; the rest are 60.
    for entry, events in (("hard", 10), ("light", 30), ("other", 60)):
        told = origin(own, "rate", entry)
        assert told.value == pytest.approx(events / half_years)
        assert told.count == pytest.approx(events)
        assert told.denominator == pytest.approx(half_years)
        assert told.is_own and told.people == 100
    assert (origin(own, "rate", "hard").group_count, origin(own, "rate", "hard").n) == (40, 30)
    # Of how many people three counts are is not known: at least of those of the greatest.
    assert (origin(own, "rate", "other").group_count, origin(own, "rate", "other").n) == (60, 21)
    assert own.model.file.quantities["rate"].numbers()["light"].step == 0


def test_parted_shares_keep_their_odds_ratio_and_have_the_mean_that_was_counted(
    model: CostModel,
) -> None:
    own = with_own(model, COUNTS)
    hard, light = (origin(own, "charged", entry).value for entry in ("hard", "light"))
    assert (hard * 0.1 + light * 0.3) / 0.4 == pytest.approx(24 / 40)
    assert hard / (1 - hard) / (light / (1 - light)) == pytest.approx(4)
    assert origin(own, "charged", "hard").n == 20
    other = origin(own, "charged", "other")
    assert (other.is_own, other.value) == (False, 0)
    assert other.why == "As printed: no count stands for it."


def test_a_share_is_of_those_who_are_named_and_nobody_else(model: CostModel) -> None:
    own = with_own(model, COUNTS)
    drunk = origin(own, "drunk")
    assert (drunk.value, drunk.group_count, drunk.people, drunk.n) == (0.25, 30, 120, 30)
    # 60% x 3/4 + 1/4 of 80%.
    assert origin(own, "helped").value == pytest.approx(0.6 * 0.75 + 0.2)
    assert origin(own, "children").value == pytest.approx(1.8)


def test_the_same_model_runs_on_them(model: CostModel) -> None:
    own = with_own(model, COUNTS)
    rate = {entry: origin(own, "rate", entry).value for entry in ("hard", "light", "other")}
    charged = {entry: origin(own, "charged", entry).value for entry in rate}
    expected = sum(rate[e] * (1 - charged[e]) for e in rate) * 10 * 0.25
    assert own.model.evaluate()["total"].array.item() == pytest.approx(expected)
    assert model.evaluate(own.numbers)["total"].array.item() == pytest.approx(expected)
    assert set(own.numbers) == {"rate", "charged", "drunk", "helped", "children"}
    assert model.evaluate()["total"].array.item() != pytest.approx(expected)
    assert own.model.file.formulas == model.file.formulas


def test_what_is_kept_says_why_and_what_it_was(model: CostModel) -> None:
    kept = origin(with_own(model, COUNTS), "anxious")
    assert (kept.is_own, kept.value, kept.why, kept.source) == (
        False,
        0.4,
        "nobody asks",
        "Table 6",
    )
    assert "price" not in {o.quantity for o in with_own(model, COUNTS).origins}


@pytest.mark.parametrize(("yes", "is_own"), [(10, True), (9, False), (0, False)])
def test_what_is_of_too_few_people_stays_as_printed(
    model: CostModel, yes: int, is_own: bool
) -> None:
    counts = COUNTS | {("victims_intake", "need_alcohol_misuse", "yes"): Counted(yes, yes)}
    own = with_own(model, counts)
    drunk = origin(own, "drunk")
    assert drunk.is_own is is_own
    if not is_own:
        assert drunk.value == 0.2
        assert drunk.group_count is drunk.n is drunk.people is None
        assert drunk.why == "As printed: it was counted of fewer than 10 people."
        assert own.model.file.quantities["drunk"] == model.file.quantities["drunk"]


def test_many_incidents_of_few_people_are_few_people(model: CostModel) -> None:
    key = ("incidents", "violence_with_injury", "crimed")
    own = with_own(model, COUNTS | {key: Counted(40, 9, **TIME)})
    assert not origin(own, "rate", "hard").is_own
    assert origin(own, "rate", "other").is_own
    rate = own.model.file.quantities["rate"]
    # One quantity of own and printed numbers: each with its own spread.
    assert (rate.numbers()["light"].value, rate.numbers()["light"].step) == (0.3, 0.01)
    assert {entry: rate.spread_of(entry).of for entry in rate.numbers()} == {  # type: ignore[union-attr]
        "hard": 50, "light": 50, "other": 100,
    }  # fmt: skip
    assert rate.source == "counted in this study; as printed: hard, light (Table 1)"


def test_without_data_of_a_source_its_numbers_stay_and_it_is_told(model: CostModel) -> None:
    counts = {key: count for key, count in COUNTS.items() if key[0] not in ("incidents", "outcome")}
    silent = {"incidents": "no police data were received", "victims_exit": "not needed"}
    own = with_own(model, counts, silent)
    assert origin(own, "rate", "hard").why == "As printed: no police data were received."
    assert origin(own, "charged", "hard").why == "As printed: nothing was counted."
    assert own.warnings == ("no police data were received",)
    assert own.is_any and set(own.numbers) == {"drunk", "helped", "children"}


def test_without_any_data_the_model_is_the_printed_one(model: CostModel) -> None:
    own = with_own(model, {})
    assert not own.is_any
    assert own.numbers == {}
    assert own.model.evaluate()["total"].array == model.evaluate()["total"].array


def test_a_model_that_says_nothing_of_own_data_has_none(tmp_path: Path) -> None:
    text = MODEL[: MODEL.index("own_data:")]
    own = with_own(read(tmp_path, text), COUNTS)
    assert (own.origins, own.is_any) == ((), False)


def test_the_design_effect_is_the_variance_of_the_ratio_against_chance() -> None:
    numbers, days = np.array([0, 1, 1, 4, 0, 6]), np.array([180, 184, 90, 184, 181, 30])
    rate = numbers.sum() / days.sum()
    variance = ((numbers - rate * days) ** 2).sum() * 6 / 5 / days.sum() ** 2
    counted = Counted(
        int(numbers.sum()), 4, int(days.sum()), 6, int((numbers**2).sum()),
        int((numbers * days).sum()), int((days**2).sum()),
    )  # fmt: skip
    assert design_effect([counted]) == pytest.approx(variance / (rate / days.sum()))
    assert design_effect([]) == 1


def test_the_draws_have_the_spread_of_the_counts(model: CostModel) -> None:
    own = with_own(model, COUNTS)
    effect = origin(own, "rate", "other").design_effect
    assert effect == pytest.approx((397 - 100) / 99, rel=0.001)
    drawn = draw_quantities(own.model, 200_000, seed=5)
    whole = drawn["rate"].array.sum(axis=0)
    # All incidents: as many as counted, varying as people do; each kind less than that.
    assert whole.mean() == pytest.approx(100 / 99.997, rel=0.003)
    assert whole.std() == pytest.approx((effect / 100) ** 0.5, rel=0.01)  # type: ignore[operator]
    hard = drawn["rate"].array[0]
    chance, shared = 0.1 / 100, 0.01 * (effect - 1) / 100  # type: ignore[operator]
    assert hard.std() == pytest.approx((chance + shared) ** 0.5, rel=0.02)
    drunk = drawn["drunk"].array[0]
    assert drunk.std() == pytest.approx((0.25 * 0.75 / 120) ** 0.5, rel=0.02)
    # Children of families differ less than by chance: variance of a mean of 50.
    children = drawn["children"].array[0]
    assert children.std() == pytest.approx(((200 - 90 * 1.8) / 49 / 50) ** 0.5, rel=0.03)
    assert "price" not in drawn


def test_what_is_printed_is_drawn_as_before(model: CostModel, tmp_path: Path) -> None:
    without = read(tmp_path, MODEL[: MODEL.index("own_data:")])
    one, two = (draw_quantities(each, 40, seed=1) for each in (model, without))
    assert one.keys() == two.keys() == {"rate", "drunk", "anxious"}
    assert all((one[name].array == two[name].array).all() for name in one)
    mine = draw_quantities(with_own(model, COUNTS).model, 40, seed=1)
    assert (mine["anxious"].array == one["anxious"].array).all()


def test_the_uncertainty_of_own_numbers_reaches_the_outcome(model: CostModel) -> None:
    own = with_own(model, COUNTS).model
    found = probabilistic(own, ["total"], draws=20_000, seed=1)["total"]
    assert found.low < own.evaluate()["total"].array.item() < found.high
    rests = {(swing.quantity, swing.entry): swing.rests_on for swing in one_way(own, "total")}
    assert rests["rate", "hard"] == rests["charged", "hard"] == rests["drunk", ""] == "spread"
    assert rests["price", ""] == rests["charged", "other"] == "a tenth"


share = st.floats(0.01, 0.99)


@given(
    wanted=st.floats(0.001, 0.999),
    entries=st.lists(st.tuples(share, st.floats(0.01, 5)), min_size=2, max_size=4),
)
def test_parted_shares_stay_shares(wanted: float, entries: list[tuple[float, float]]) -> None:
    given_to = {str(place): each for place, each in enumerate(entries)}
    found = _parted(wanted, given_to)
    weight = sum(each for _, each in entries)
    mean = sum(found[key] * each for key, (_, each) in given_to.items()) / weight
    assert mean == pytest.approx(wanted, abs=1e-9)
    assert all(0 < value < 1 for value in found.values())
    order = sorted(given_to, key=lambda key: given_to[key][0])
    assert [found[key] for key in order] == sorted(found.values())


@pytest.mark.parametrize("none_or_all", [0.0, 1.0])
def test_of_none_or_all_each_part_has_none_or_all(none_or_all: float) -> None:
    entries = {"a": (0.2, 1.0), "b": (0.7, 2.0)}
    assert _parted(none_or_all, entries) == {"a": none_or_all, "b": none_or_all}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("incidents.theft", "is no count"),
        ("incident.theft.crimed", "nothing is counted as 'incident'"),
        ("incidents.thefts.crimed", "incidents has no 'thefts'"),
        ("incidents.theft.yes", "incidents.theft has no 'yes'"),
        ("victims_intake.*.often", "has no 'often'"),
    ],
)
def test_a_count_that_nobody_makes_is_refused(text: str, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        read_pick(text)


def test_a_star_takes_all() -> None:
    assert len(read_pick("incidents.*.*").taken()) == 13 * 3
    assert read_pick("incidents.theft|drugs.crimed").taken() == (
        ("incidents", "theft", "crimed"), ("incidents", "drugs", "crimed"),
    )  # fmt: skip
    assert read_pick("incidents.theft.crimed|dont_know").words() == (
        "police incidents: theft, crimed or don't know"
    )


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("    anxious: nobody asks", "    other: nobody asks", "there is no quantity 'other'"),
        ("    anxious: nobody asks", "    helped: x", "anxious was counted of people: say whether"),
        ("    anxious: nobody", "    drunk: nobody", "drunk is own and kept at once"),
        ("to: [other]", "to: [others]", "there is no entry 'others'"),
        ("to: [other]", "to: [hard]", "hard is given twice"),
        ("{to: [hard, light], count", "{count", "`to` names entries of the index"),
        ("crimed, why: parted", "crimed, of: incidents.*.*, why: parted", "is no share: leave out"),
        ("           of: victims_intake.need_alcohol_misuse.yes|no,", "", "is a share: give `of`"),
        ("yes|no, why: asked", "no|dont_know, why: asked", "counts what is not in `of`"),
        ("      weighted_by: rate", "", "shares of several entries take weighted_by"),
        ("weighted_by: rate", "weighted_by: price", "'price' has not the entries of charged"),
        ("|dont_know\n", "\n", "incidents.violence_with_injury.dont_know is counted nowhere"),
        (".not_crimed|dont", ".crimed|dont", "violence_with_injury.crimed is counted twice"),
        ("times: 3 / 4", "times: price / 4", "times and plus take numbers only"),
        ("times: 3 / 4", "times: 3 //", "no formula"),
        ('per: "365.25 / 2"', "per: price", "per is of a rate, and takes numbers only"),
        ("at_least: 10", "at_least: 0", "greater than 0"),
        ("why: counted", "because: counted", "why: is missing"),
        ("count: children.index_case.all", "count: children.case.all", "children has no 'case'"),
        ("{hard: 80%, light: 50%, other: 0%}", "{hard: 1, light: 0, other: 0%}",
         "none and all are not parted"),
        ("of: 50}}", "of: 50}, spreads: {soft: {kind: beta, of: 3}}}", "rate has no entry 'soft'"),
    ],
)  # fmt: skip
def test_a_fault_of_own_data_is_named_with_its_line(
    tmp_path: Path, old: str, new: str, told: str
) -> None:
    assert old in MODEL
    with pytest.raises(UsageError) as error:
        read(tmp_path, MODEL.replace(old, new, 1))
    assert told in str(error.value)
    assert "configs/costs/own.yaml:" in str(error.value)


def test_faults_of_own_data_are_told_at_once(tmp_path: Path) -> None:
    text = MODEL.replace("to: [other]", "to: [others]").replace(
        "weighted_by: rate", "weighted_by: x"
    )
    with pytest.raises(UsageError) as error:
        read(tmp_path, text)
    lines = text.replace("OTHERS", OTHERS).splitlines()
    first, second = (
        1 + next(at for at, line in enumerate(lines) if words in line)
        for words in ("to: [others]", "weighted_by: x")
    )
    said = str(error.value)
    assert f"configs/costs/own.yaml:{first}: there is no entry 'others'" in said
    assert f"configs/costs/own.yaml:{second}: 'x' has not the entries of charged" in said


def test_origins_tell_what_a_table_needs(model: CostModel) -> None:
    for told in with_own(model, COUNTS).origins:
        fields = dataclasses.asdict(told)
        counted = [fields[name] for name in ("count", "group_count", "denominator", "n", "people")]
        assert (None in counted) is not told.is_own
        assert told.why and told.source and told.label and told.unit
        if told.is_own:
            assert told.n is not None and told.n >= 10
            assert told.counted_of
