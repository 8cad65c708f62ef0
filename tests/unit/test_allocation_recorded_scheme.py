"""The scheme of the ledger drawn again: over whom, within what, and with what chances."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from datrial.allocation.eligibility import Hearing
from datrial.allocation.ledger import Ledger
from datrial.allocation.recording import allocate_by_scheme, import_list
from datrial.allocation.replays import RecordedScheme, recorded_scheme
from datrial.allocation.settings import amend
from datrial.config.allocation import Allocation
from datrial.config.study import Arm, Site, Study, load_study
from datrial.errors import DataError, UsageError
from datrial.models import permutation_test

TODAY = dt.date(2016, 7, 1)
MARCH, APRIL, MAY = dt.date(2016, 3, 14), dt.date(2016, 4, 11), dt.date(2016, 5, 9)
SETTINGS: dict[str, dict[str, Any]] = {
    "simple": {"ratio": {"intervention": 1, "control": 3}},
    "permuted_blocks": {"block_sizes": [4], "stratify_by": ["site", "age"], "age_bands": [30]},
    "minimisation": {
        "age_bands": [30], "minimisation": {"factors": {"site": 1, "age": 1}},
    },
    "capacity_lottery": {},
    "imported": {},
}  # fmt: skip
ONE_BY_ONE = ["simple", "permuted_blocks", "minimisation"]
#: Two meetings of one site and one of another, of 12 people, with 3, 2 and 5 places.
PLACES = [("a", MARCH, 3), ("b", APRIL, 2), ("a", MAY, 5)]


def person(number: int) -> str:
    return f"p_{number:020x}"


def make_study(method: str, **changes: Any) -> Study:
    drive = load_study("drive")
    site = Site(
        label="A site", recruitment_start=dt.date(2016, 3, 1), recruitment_end=dt.date(2016, 6, 30)
    )
    settings = {"method": method, "eligibility": {"minimum_age": 16}, **SETTINGS[method], **changes}
    return drive.model_copy(
        update={"sites": {"a": site, "b": site}, "allocation": Allocation.model_validate(settings)}
    )


HEARD = [
    Hearing(person(12 * meeting + n), site, day, 20 + n, {})
    for meeting, (site, day, _) in enumerate(PLACES)
    for n in range(12)
]


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger(tmp_path / "ledger.sqlite") as opened:
        yield opened


def recorded(ledger: Ledger, method: str) -> RecordedScheme:
    study = make_study(method)
    if method == "imported":
        rows = [
            (row[0], row[1], row[2], "intervention" if n % 12 < 4 else "control")
            for n, row in enumerate(HEARD)
        ]
        import_list(ledger, study, rows, "ab" * 32, "office")
    else:
        allocate_by_scheme(ledger, study, HEARD, PLACES, "office", TODAY)
    return recorded_scheme(ledger, study)


def replays(found: RecordedScheme, n: int = 4000) -> np.ndarray[Any, Any]:
    return found.replay(np.random.default_rng(1), n)


@pytest.mark.parametrize("method", SETTINGS)
def test_everybody_of_the_ledger_in_its_order(ledger: Ledger, method: str) -> None:
    found = recorded(ledger, method)
    entries = [entry.allocation for entry in ledger.entries(make_study(method).study)]
    assert found.scheme == method
    assert found.person_ids == tuple(each.person_id for each in entries)
    assert found.strata == tuple(each.stratum for each in entries)
    assert found.drawn == tuple(each.arm == "intervention" for each in entries)
    drawn = replays(found, 7)
    assert (drawn.shape, drawn.dtype, set(np.unique(drawn))) == ((7, 36), np.int8, {0, 1})
    assert person(0) not in repr(found)


@pytest.mark.parametrize(("method", "places"), [("capacity_lottery", [3, 2, 5]),
                                                ("imported", [4, 4, 4])])  # fmt: skip
def test_a_lottery_gives_as_many_places_at_every_meeting(
    ledger: Ledger, method: str, places: list[int]
) -> None:
    found = recorded(ledger, method)
    drawn = replays(found)
    for meeting, given in enumerate(places):
        there = drawn[:, 12 * meeting : 12 * meeting + 12]
        assert set(there.sum(axis=1)) == {given}
        # Everybody alike; 4,000 draws: five standard errors of a share are 0.04 at most.
        assert there.mean(axis=0) == pytest.approx(np.full(12, given / 12), abs=0.04)
    assert ("taken for granted" in found.sentence) == (method == "imported")


def test_simple_draws_go_by_the_ratio_and_keep_no_sizes(ledger: Ledger) -> None:
    drawn = replays(recorded(ledger, "simple"))
    assert drawn.mean(axis=0) == pytest.approx(np.full(36, 0.25), abs=0.035)
    # The number of a binomial: variance 36 x 1/4 x 3/4.
    assert drawn.sum(axis=1).var() == pytest.approx(6.75, rel=0.12)


def test_blocks_are_full_within_their_strata(ledger: Ledger) -> None:
    found = recorded(ledger, "permuted_blocks")
    drawn = replays(found)
    for stratum in set(found.strata):
        there = drawn[:, np.array(found.strata) == stratum]
        whole = there[:, : there.shape[1] // 4 * 4]
        assert {tuple(each) for each in whole.reshape(len(whole), -1, 4).sum(axis=2)} == {
            (2,) * (whole.shape[1] // 4)
        }
        assert there.mean(axis=0) == pytest.approx(np.full(there.shape[1], 0.5), abs=0.04)


def test_minimised_arms_stay_together(ledger: Ledger) -> None:
    # Tossed by itself each of 36 arms would leave the number with a variance of 9.
    sizes = replays(recorded(ledger, "minimisation")).sum(axis=1)
    assert sizes.mean() == pytest.approx(18, abs=0.2)
    assert sizes.var() < 3


def test_some_people_in_an_order_of_their_own(ledger: Ledger) -> None:
    found = recorded(ledger, "minimisation")
    some = [person(30), person(2), person(17)]
    drawn = found.over(some)(np.random.default_rng(1), 50)
    assert np.array_equal(drawn, replays(found, 50)[:, [30, 2, 17]])
    with pytest.raises(DataError, match="1 of 2 people stand in no allocation") as caught:
        found.over([person(30), person(99)])
    assert person(99) not in str(caught.value)


@pytest.mark.parametrize("method", SETTINGS)
def test_the_arms_are_tested_by_their_own_scheme(ledger: Ledger, method: str) -> None:
    found = recorded(ledger, method)
    # An outcome that is the arm and a trifle: no replay comes near.
    outcome = np.array(found.drawn) + 0.001 * np.arange(36) % 0.007
    options: dict[str, Any] = {"n": 300, "seed": 2, "statistic": "difference"}
    tested = permutation_test(outcome, found.drawn, draw=found.over(found.person_ids), **options)
    assert (tested.n, tested.n_replays, tested.p_value) == (36, 300, 1 / 301)
    # One that the arms do not touch is not told from others, within the strata of the draw too.
    quiet = np.random.default_rng(4).normal(size=36)
    for strata in (None, found.strata):
        tested = permutation_test(
            quiet, found.drawn, strata=strata, draw=found.over(found.person_ids), **options
        )
        assert tested.p_value > 0.05


def test_what_cannot_be_replayed_is_refused(ledger: Ledger) -> None:
    study = make_study("simple")
    with pytest.raises(UsageError, match="allocated nobody"):
        recorded_scheme(ledger, study)
    third = {**study.arms, "other": Arm(label="Other", role="intervention")}
    with pytest.raises(UsageError, match="has 3 arms"):
        recorded_scheme(ledger, study.model_copy(update={"arms": third}))
    allocate_by_scheme(ledger, study, HEARD[:20], [], "office", TODAY)
    changed = make_study("simple", ratio={"intervention": 1, "control": 1})
    amend(ledger, changed, reason="places for more", operator="office")
    with pytest.raises(UsageError, match="several schemes or settings"):
        recorded_scheme(ledger, changed)
