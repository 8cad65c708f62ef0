"""Linking: what is compared, what decisions do, and that nothing is said or written."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from invented_people import identifiers, people

from datrial.config.study import Linkage
from datrial.errors import DatrialError
from datrial.people import scoring
from datrial.people.clusters import identities
from datrial.people.comparisons import COMPARISONS, LEVELS, fixed_parameters
from datrial.people.linkage import Links, link_people
from datrial.people.records import FIELDS, prepared
from datrial.people.scoring import prior_odds, probability

Row = tuple[str | None, ...]
CANARY = "ZZYXWANA"


def settings(**changes: Any) -> Linkage:
    given = {"match_weight": 5.0, "sensitivity_weights": (2.0,), "review_from": 0, "review_to": 5}
    return Linkage.model_validate({**given, **changes})


def frame(*rows: Row) -> pd.DataFrame:
    """Return identifiers of (reference, space, given, family, date of birth, postcode)."""
    made = [("perpetrator", row[0], row[1], "marac", *row[2:]) for row in rows]
    return pd.DataFrame(
        made, columns=["of", "reference_id", "space", "source", *FIELDS], dtype=object
    )


#: People who are nobody else, so that a pair has a prior.
STRANGERS: tuple[Row, ...] = tuple(
    (f"{space}{i}", space, f"{letter * 4}{space}", f"{space}{letter * 5}",
     f"{1950 + 2 * i + at}-{1 + i:02d}-{11 + 3 * at + i}", f"X{letter}{1 + at}{i}AB")
    for at, space in enumerate("ab")
    for i, letter in enumerate("CDFGHJKL")
)  # fmt: skip


def weight(one: Row, other: Row) -> float | None:
    """Return the weight of two people among a few strangers, none if they were not compared."""
    found = link_people(
        frame(("a_x", "a", *one), ("b_x", "b", *other), *STRANGERS),
        settings(review_from=-90, match_weight=40),
        1,
    )
    pair = found.pairs[(found.pairs["left_id"] == "a_x") & (found.pairs["right_id"] == "b_x")]
    return float(pair["match_weight"].iloc[0]) if len(pair) else None


WHOLE = ("WILLIAM", "ARDLEBOTTOM", "1985-04-13", "XA12BC")


@pytest.mark.parametrize(
    ("other", "linked"),
    [
        (WHOLE, True),
        (("BILL", "ARDLEBOTTOM", "1985-04-13", "XA12BC"), True),
        (("WILLIAM", "ARDLEBOTOM", "1985-04-13", "XA12BC"), True),
        (("WILLIAM", "ARDLEBOTTOM", "1985-04-18", "XA12BC"), True),
        (("WILLIAM", "ARDLEBOTTOM", "1985-04-13", None), True),
        (("WILLIAM", "ARDLEBOTTOM", "1985-04-13", "XD99ZZ"), True),
        (("ARDLEBOTTOM", "WILLIAM", "1985-04-13", None), True),
        (("W", "ARDLEBOTTOM", "1985-04-13", "XA12BC"), True),
        (("WILLIAM", "ARDLEBOTTOM", "1961-11-30", "XA12BC"), False),  # father and son
        (("HENRY", "ARDLEBOTTOM", "1985-09-02", "XA12BC"), False),  # brothers
        (("WILLIAM", "QUELLSHAW", "1985-04-13", "XD99ZZ"), False),
        (("WILLIAM", "ARDLEBOTTOM", None, None), False),  # a name alone is too little
    ],
)
def test_what_two_records_of_a_person_may_differ_in(other: Row, linked: bool) -> None:
    found = weight(WHOLE, other)
    assert (found is not None and found >= 5.0) == linked


def test_the_more_agrees_the_heavier() -> None:
    chain = [
        weight(WHOLE, WHOLE),
        weight(WHOLE, ("WILL", "ARDLEBOTTOM", "1985-04-13", "XA12BC")),
        weight(WHOLE, ("WILL", "ARDLEBOTTOM", "1985-04-18", "XA12BC")),
        weight(WHOLE, ("WILL", "ARDLEBOTTOM", "1971-08-30", "XD99ZZ")),
    ]
    values = [each for each in chain if each is not None]
    assert len(values) == 4
    assert values == sorted(values, reverse=True)
    assert len(set(values)) == 4


def test_with_few_references_the_parameters_are_fixed_and_the_result_says_so() -> None:
    found = link_people(frame(*STRANGERS), settings(), 1)
    assert len(found.models) == 1
    model = found.models[0]
    assert not model.trained
    assert model.reason == "fewer than 50 references"
    assert [level[2:4] for level in model.levels] == [
        values for name in COMPARISONS for values in fixed_parameters()[name]
    ]
    assert found.pairs.empty


def test_fixed_parameters_are_probabilities() -> None:
    for name in COMPARISONS:
        assert sum(level.m for level in LEVELS[name]) == pytest.approx(1)
        assert sum(level.u for level in LEVELS[name]) == pytest.approx(1)


def test_many_references_of_which_none_agree_keep_the_fixed_parameters() -> None:
    rng = np.random.default_rng(2)
    found = link_people(identifiers(people(120, rng), "a", rng), settings(within_space=True), 1)
    assert (found.models[0].trained, found.models[0].reason) == (
        False, "fewer than 30 pairs agree in name and date of birth",
    )  # fmt: skip


def test_nobody_and_nobody_with_identifiers() -> None:
    nobody = link_people(frame(), settings(), 1)
    assert (len(nobody.pairs), len(nobody.references), nobody.models) == (0, 0, ())
    assert identities(nobody, 5.0).identity.empty
    empty = link_people(frame(("a1", "a", *[None] * 4), ("b1", "b", *[None] * 4)), settings(), 1)
    assert len(empty.pairs) == 0
    assert not empty.references[[f"has_{field}" for field in FIELDS]].any(axis=None)


def test_two_references_of_one_space_only_if_the_study_says_so() -> None:
    rows = frame(("a_x", "a", *WHOLE), ("a_y", "a", *WHOLE), *STRANGERS)
    assert link_people(rows, settings(), 1).pairs.empty
    pairs = link_people(rows, settings(within_space=True), 1).pairs
    assert pairs[["left_id", "right_id"]].to_numpy().tolist() == [["a_x", "a_y"]]


def test_references_of_the_shared_space_are_a_space_too() -> None:
    rows = frame(("x", None, *WHOLE), ("y", None, *WHOLE), *STRANGERS)
    assert link_people(rows, settings(), 1).pairs.empty


def test_perpetrators_and_victims_are_never_compared() -> None:
    rows = frame(("a_x", "a", *WHOLE), ("b_x", "b", *WHOLE), *STRANGERS)
    rows.loc[1, "of"] = "victim"
    found = link_people(rows, settings(within_space=True), 1)
    assert found.pairs.empty
    assert [model.of for model in found.models] == ["perpetrator", "victim"]


def test_a_reference_written_in_several_ways_has_its_best_weight() -> None:
    moved = ("WILLIAM", "ARDLEBOTTOM", "1985-04-13", "XD99ZZ")
    one = link_people(frame(("a_x", "a", *WHOLE), ("b_x", "b", *WHOLE), *STRANGERS), settings(), 1)
    two = link_people(
        frame(("a_x", "a", *WHOLE), ("b_x", "b", *moved), ("b_x", "b", *WHOLE), *STRANGERS),
        settings(),
        1,
    )
    assert len(two.pairs) == 1
    assert two.pairs["match_weight"][0] == pytest.approx(one.pairs["match_weight"][0], abs=0.1)
    assert two.models[0].references == one.models[0].references


def test_decisions_are_entered_and_those_without_references_counted() -> None:
    rows = frame(("a_x", "a", *WHOLE), ("b_x", "b", *WHOLE), *STRANGERS)
    found = link_people(
        rows,
        settings(),
        1,
        decisions={
            ("perpetrator", "a_x", "b_x"): "different",
            ("perpetrator", "a0", "b1"): "same",
            ("perpetrator", "a0", "b2"): "unsure",
            ("perpetrator", "a0", "gone"): "same",
        },
    )
    kept = found.pairs[["left_id", "right_id", "decision"]].to_numpy().tolist()
    assert kept == [["a0", "b1", "same"], ["a_x", "b_x", "different"]]
    assert found.pairs["match_weight"].isna().tolist() == [True, False]
    assert found.decisions_unused == 1
    assert identities(found, 5.0).identity["reference_id"].tolist() == ["a0", "b1"]


def two_agencies(count: int = 300) -> pd.DataFrame:
    rng = np.random.default_rng(5)
    truth = people(count, rng)
    first, second = truth.iloc[: int(count * 0.7)], truth.iloc[int(count * 0.3) :]
    return pd.concat([identifiers(first, None, rng), identifiers(second, "b", rng)])


def same(one: Links, other: Links) -> bool:
    return bool(
        one.pairs.equals(other.pairs)
        and one.references.equals(other.references)
        and one.models == other.models
    )


def test_the_same_people_in_any_order_give_the_same_links() -> None:
    rows = two_agencies()
    first = link_people(rows, settings(), 1)
    again = link_people(rows.sample(frac=1, random_state=3), settings(), 1)
    assert first.models[0].trained
    assert len(first.pairs) > 80
    assert same(first, again)


def test_nothing_is_logged_printed_or_written(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.chdir(tmp_path)
    level = logging.getLogger("splink").level
    with caplog.at_level(logging.DEBUG):
        link_people(two_agencies(), settings(), 1)
    captured = capfd.readouterr()
    assert (captured.out, captured.err, caplog.text) == ("", "", "")
    assert list(tmp_path.iterdir()) == []
    assert logging.getLogger("splink").level == level
    assert not logging.getLogger("splink").handlers


def test_the_database_of_the_linkage_reaches_no_file(tmp_path: Path) -> None:
    import duckdb

    with scoring._memory() as connection:
        place = connection.execute(
            "select current_setting('temp_directory'), current_setting('threads')"
        ).fetchall()
        assert place == [("", 1)]
        with pytest.raises(duckdb.Error):
            connection.execute(f"copy (select 1) to '{tmp_path / 'out.csv'}'")
    assert list(tmp_path.iterdir()) == []


def test_a_failure_quotes_no_value(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: Any, **kwargs: Any) -> Any:
        raise ValueError(f"could not convert {CANARY}")

    monkeypatch.setattr("datrial.people.linkage.score", fail)
    with pytest.raises(DatrialError) as error:
        link_people(frame(("a_x", "a", CANARY, CANARY, None, None)), settings(), 1)
    assert CANARY not in str(error.value)
    assert error.value.__cause__ is None
    assert error.value.__suppress_context__


def test_no_identifier_is_in_what_comes_out() -> None:
    rows = frame(("a_x", "a", CANARY, "Q", "1985-04-13", None), *STRANGERS)
    found = link_people(rows, settings(), 1)
    text = found.pairs.to_csv() + found.references.to_csv() + repr(found.models)
    assert CANARY not in text
    assert "1985" not in text


def test_records_are_numbered_alike_in_any_order() -> None:
    rows = two_agencies(60)
    one, other = prepared(rows), prepared(rows.sample(frac=1, random_state=1))
    assert one.equals(other)
    assert prepared(pd.concat([rows, rows])).equals(one)


def test_prior_odds_make_the_probabilities_add_up() -> None:
    rng = np.random.default_rng(1)
    true_pairs, strangers = rng.normal(14, 3, 400), rng.normal(-6, 3, 2000)
    evidence = np.concatenate([true_pairs, strangers])
    odds = prior_odds(evidence, 1_000_000)
    assert probability(evidence + odds).sum() == pytest.approx(1_000_000 / (1 + 2**-odds), rel=0.01)
    assert prior_odds(np.array([]), 100) == pytest.approx(np.log2(0.5 / 100.5), abs=0.01)
    assert np.isfinite(prior_odds(np.array([]), 0))
