"""The replica of the early intervention trial: every margin that its report prints."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections import Counter
from functools import cache
from pathlib import Path
from statistics import mean, median
from typing import Any

import pytest
import yaml

from datrial.config.instruments import Instrument
from datrial.config.study import load_study
from datrial.pipeline.job import Job
from datrial.results.published import load_published, published_values
from datrial.simulate import simulate
from datrial.simulate.names import canary_texts
from datrial.simulate.services import make_service

SEEDS = (1, 2, 20200901)
STUDY = "early_intervention"
Row = dict[str, Any]
TYPES_OF_ABUSE = ("physical", "sexual", "harassment_stalking", "jealous_controlling")
LEVELS = ("high", "moderate", "standard", "dont_know", "none")
#: Figure 1, of 22: high, moderate, standard, don't know, none.
FIGURE_1 = {
    "physical": (27, 23, 0, 9, 41), "sexual": (0, 0, 0, 95, 5),
    "harassment_stalking": (5, 14, 5, 27, 50), "jealous_controlling": (55, 27, 9, 9, 0),
}  # fmt: skip
#: Figure 3, of 16, at intake and at exit.
FIGURE_3 = {
    "physical": ((38, 25, 0, 6, 31), (0, 0, 0, 0, 100)),
    "sexual": ((0, 0, 0, 94, 6), (0, 0, 0, 94, 6)),
    "harassment_stalking": ((6, 13, 6, 19, 56), (6, 0, 6, 19, 69)),
    "jealous_controlling": ((63, 25, 6, 6, 0), (19, 19, 13, 19, 31)),
}  # fmt: skip


@cache
def made(seed: int, scale: int = 1) -> dict[str, list[Row]]:
    """Return the records of each table."""
    pairs = make_service(load_study(STUDY), seed, scale).pairs
    return {
        layout.table: [dict(zip(records, row, strict=True))
                       for row in zip(*records.values(), strict=True)]
        for layout, records in pairs
    }  # fmt: skip


def per_cent(part: int, whole: int) -> int:
    """Return a percentage as reports print it: a half is rounded up."""
    return (200 * part + whole) // (2 * whole)


def printed(rows: list[Row], kind: str) -> tuple[int, ...]:
    return tuple(per_cent(sum(row[kind] == level for row in rows), len(rows)) for level in LEVELS)


@pytest.mark.parametrize("seed", SEEDS)
def test_referrals_and_how_they_ended(seed: int) -> None:
    log = made(seed)["referral"]
    assert len(log) == 35
    times = Counter(row["client_id"] for row in log)
    assert sorted(times.values(), reverse=True)[:3] == [3, 2, 1]
    assert len(times) == 32
    assert Counter((row["engaged"], row["completed"]) for row in log) == {
        ("yes", "yes"): 21, ("yes", "no"): 4, ("no", "no"): 10,
    }  # fmt: skip
    # What is told of one person is told alike at every referral.
    told = {(row["client_id"], row["sex"], row["ethnicity"], row["date_of_birth"]) for row in log}
    assert len({each[:3] for each in told}) == 32


@pytest.mark.parametrize("seed", SEEDS)
def test_people(seed: int) -> None:
    people = {row["client_id"]: row for row in reversed(made(seed)["referral"])}.values()
    assert sum(row["sex"] == "male" for row in people) == 31
    months = [row["age_months"] for row in people]
    assert (min(months), median(months), max(months)) == (22 * 12 + 5, 35 * 12 + 8, 59 * 12 + 4)
    assert all(row["age"] == row["age_months"] // 12 for row in people)
    group = Counter(row["ethnicity"] for row in people)
    assert group["white_british"] == 11
    assert group["white_british"] + group["white_other"] == 14
    assert (group["asian"], group["mixed"], group["dont_know"]) == (7, 4, 3)
    assert sum(group[code] for code in ("asian", "mixed", "black", "other")) == 15
    assert max(group["black"], group["other"], group["white_other"]) < group["mixed"]
    unknown = [row for row in made(seed)["referral"] if row["ethnicity"] == "dont_know"]
    assert {row["engaged"] for row in unknown} == {"no"}


@pytest.mark.parametrize("seed", SEEDS)
def test_the_first_24_weeks(seed: int) -> None:
    """Appendix one: what was known at the end of February 2021."""
    then = dt.date(2021, 2, 28)
    log = [row for row in made(seed)["referral"] if row["referred_on"] <= then]
    assert len(log) == 27
    assert Counter(row["area"] for row in log) == {
        "barking_and_dagenham": 8, "camden": 11, "sutton": 4, "westminster": 3, "waltham_forest": 1,
    }  # fmt: skip
    assert Counter(row["suitable"] for row in log) == {"yes": 24, "no": 3}
    assert sum(row["consulted_on"] is not None and row["consulted_on"] <= then for row in log) == 24
    begun = [row for row in log if row["started_on"] and row["started_on"] <= then]
    ended = [row for row in begun if row["closed_on"] <= then]
    assert (len(begun), len(ended)) == (13, 8)
    assert {row["completed"] for row in ended} == {"yes"}
    assert sorted((row["closed_on"] - row["started_on"]).days / 7 for row in ended) == [
        5, 6, 7, 7, 8, 12, 12, 12,
    ]  # fmt: skip
    assert sum(row["onward_referral"] == "perpetrator_programme" for row in ended) == 7
    assert sum(row["onward_referral"] is not None for row in log) == 14
    early = [r for r in made(seed)["service_activity"] if r["held_on"] <= then]
    assert len({row["client_id"] for row in early}) == len(early) == 14
    assert sum(row["accommodation_need"] == "yes" for row in log) == 8
    assert Counter(row["accommodation"] for row in log if row["accommodation"]) == {
        "through_intervention": 4, "private": 2, "being_placed": 2,
    }  # fmt: skip
    reasons = Counter(row["not_taken_on_reason"] for row in log if row["suitable"] == "yes")
    assert reasons["refused"] == 3


@pytest.mark.parametrize("seed", SEEDS)
def test_abuse_grids(seed: int) -> None:
    grids = made(seed)["severity_reading"]
    at = {
        point: {row["client_id"]: row for row in grids if row["time_point"] == point}
        for point in ("intake", "midway", "exit")
    }
    assert [len(rows) for rows in at.values()] == [22, 4, 16]
    assert set(at["exit"]) < set(at["intake"])
    assert set(at["midway"]) < set(at["exit"])
    for kind in TYPES_OF_ABUSE:
        assert printed(list(at["intake"].values()), kind) == FIGURE_1[kind]
        both = [at["intake"][client] for client in at["exit"]], list(at["exit"].values())
        assert tuple(printed(rows, kind) for rows in both) == FIGURE_3[kind]
        steps = {"none": 0, "standard": 1, "moderate": 2, "high": 3}
        moves = [(at["intake"][client][kind], row[kind]) for client, row in at["exit"].items()]
        assert all(steps[b] <= steps[a] for a, b in moves if "dont_know" not in (a, b))
    completed = {r["client_id"] for r in made(seed)["referral"] if r["completed"] == "yes"}
    assert set(at["exit"]) < completed


def _scores(seed: int) -> dict[tuple[str, str, str], list[int]]:
    """Return area, rater and time point -> scores of the clients with a complete set."""
    instrument: Instrument = load_study(STUDY).instruments["needs_matrix"]
    rows = made(seed)["need_score"]
    sets = Counter(row["client_id"] for row in rows)
    complete = [row for row in rows if sets[row["client_id"]] == 4]
    assert len(complete) == 4 * 16
    found: dict[tuple[str, str, str], list[int]] = {}
    for row in sorted(complete, key=lambda row: str(row["client_id"])):
        for item in instrument.items:
            key = (item, row["rater"], row["time_point"])
            found.setdefault(key, []).append(row[instrument.item_column(item)])
    return found


@pytest.mark.parametrize("seed", SEEDS)
def test_what_the_report_says_of_needs(seed: int) -> None:
    scores = _scores(seed)
    areas = list(load_study(STUDY).instruments["needs_matrix"].items)

    def need(area: str, rater: str, time: str, limit: int = 8) -> int:
        return sum(score <= limit for score in scores[area, rater, time])

    def high(area: str, rater: str, time: str) -> int:
        return need(area, rater, time, 4)

    manager, user = "practitioner", "service_user"
    before = {area: need(area, manager, "intake") for area in areas}
    after = {area: need(area, manager, "exit") for area in areas}
    everyone = [area for area in areas if before[area] == 16]
    assert len(everyone) == 6
    assert all(after[area] == 16 for area in everyone)
    assert all(after[area] < before[area] for area in areas if area not in everyone)
    assert min(before, key=lambda area: before[area]) == "substance_misuse"
    assert 8 < before["substance_misuse"] < 16
    highs = {area: (high(area, manager, "intake"), high(area, manager, "exit")) for area in areas}
    assert highs["housing"] == (5, 0)  # almost a third; 31% in the summary
    assert max(first for first, _ in highs.values()) == 5
    assert all(highs[a] == (0, 0) for a in ("finance", "substance_misuse", "physical_health"))
    assert sum(last < first for first, last in highs.values()) > 5
    for area in areas:
        gain = mean(scores[area, manager, "exit"]) - mean(scores[area, manager, "intake"])
        assert gain == 0 if area == "physical_health" else gain > 0
        for time in ("intake", "exit"):
            difference = mean(scores[area, user, time]) - mean(scores[area, manager, time])
            assert difference < 0 if area == "housing" else difference > 0
            assert abs(difference) < 1
    apart = {
        (area, time): need(area, manager, time) - need(area, user, time)
        for area in areas for time in ("intake", "exit")
    }  # fmt: skip
    assert apart["identity", "intake"] == 4
    assert max(abs(n) for key, n in apart.items() if key != ("identity", "intake")) < 4
    seen = ("children_parenting", "social_support", "fulfilling_activity", "mental_health",
            "identity")  # fmt: skip
    more = {area for area in areas if apart[area, "intake"] > 0}
    assert more == set(seen)


@pytest.mark.parametrize("seed", SEEDS)
def test_incomplete_sets_and_days(seed: int) -> None:
    rows = made(seed)["need_score"]
    sets = Counter(row["client_id"] for row in rows)
    assert sorted(sets.values()) == [1] + [2] * 5 + [4] * 16
    first = {}
    for row in reversed(made(seed)["referral"]):
        first[row["client_id"]] = row
        days = [row[name] for name in ("referred_on", "consulted_on", "started_on", "closed_on")]
        told = [day for day in days if day is not None]
        assert told == sorted(told)
        assert row["date_of_birth"] < row["referred_on"]
    for table in ("severity_reading", "need_score"):
        for row in made(seed)[table]:
            assert first[row["client_id"]]["referred_on"] <= row["read_on"] <= dt.date(2022, 6, 30)


def test_scale_copies_people_under_references_of_their_own() -> None:
    one, three = made(1), made(1, 3)
    for table, rows in one.items():
        assert len(three[table]) == 3 * len(rows)
    assert len({row["client_id"] for row in three["referral"]}) == 96
    assert len({row["activity_id"] for row in three["service_activity"]}) == 75
    intakes = [row for row in three["severity_reading"] if row["time_point"] == "intake"]
    assert [printed(intakes, kind) for kind in TYPES_OF_ABUSE] == list(FIGURE_1.values())


def test_seeds_differ_in_who_and_agree_in_how_many() -> None:
    assert made(1)["severity_reading"] != made(2)["severity_reading"]
    assert {row["client_id"] for row in made(1)["referral"]}.isdisjoint(
        row["client_id"] for row in made(2)["referral"]
    )


def _bytes(folder: Path, seed: int) -> dict[str, str]:
    simulate(load_study(STUDY), folder, seed=seed, scale=1)
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    one, again = _bytes(tmp_path / "one", 1), _bytes(tmp_path / "again", 1)
    other = _bytes(tmp_path / "other", 2)
    assert one == again
    files = [name for name in one if name.endswith((".csv", ".xlsx")) and "truth" not in name]
    assert sorted(files) == ["eiat_case_management.xlsx", "eiat_referral_log_2022-06.csv"]
    assert all(one[name] != other[name] for name in files)
    log = (tmp_path / "one" / "eiat_referral_log_2022-06.csv").read_text(encoding="utf-8")
    assert any(text in log for text in canary_texts())


def test_the_truth_tells_the_margins_and_what_was_invented(tmp_path: Path) -> None:
    simulate(load_study(STUDY), tmp_path, seed=1, scale=1)
    truth = yaml.safe_load((tmp_path / "truth" / "parameters.yaml").read_text())
    margins = truth["margins"]
    assert (margins["referrals"], margins["people"]) == (35, 32)
    assert (margins["completed"], margins["dropped_out"], margins["never_engaged"]) == (21, 4, 10)
    assert sum(margins["ethnicity"].values()) == 32
    assert len(truth["invented"]) > 5


def test_every_printed_number_can_stand_beside_the_study_s_own() -> None:
    """The plan has the parameters for which the numbers were printed."""
    numbers = load_published(load_study(STUDY).published)
    planned = Job(study=STUDY).resolved_study().analyses
    assert len(published_values(numbers, planned)) == len(numbers) > 100
