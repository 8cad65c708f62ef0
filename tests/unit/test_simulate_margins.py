"""Insights and case management against the Drive report; each test names what it guards.

Counts made by quota must be met exactly (or to the rounding of a printed per
cent); drawn ones within about three standard errors of the draw.
"""

from __future__ import annotations

import csv
import datetime as dt
from collections import Counter, defaultdict
from statistics import mean, stdev
from typing import Any

import numpy as np
import pytest
from test_simulate_reading import ARMS, add_months, people, simulated, study, table_of

from datrial.simulate import casework
from datrial.simulate.durations import MEAN_DAYS, YEAR_2_ENDS
from datrial.simulate.need_levels import AT_MIDPOINT
from datrial.simulate.needs import ANSWERED, NEEDS, PER_CENT_YES, TIME_POINTS, item_probabilities
from datrial.simulate.world import make_world


def test_insights_forms_and_table_4() -> None:
    intake, left = table_of("insights_intake"), table_of("insights_exit")
    arm = {row["victim_id"]: people()[row["perpetrator_id"]]["arm"] for row in intake.rows}
    assert Counter(arm.values()) == {"intervention": 196, "control": 610}
    assert Counter(arm[who] for who in left.column("victim_id")) == {
        "intervention": 104,
        "control": 353,
    }
    assert intake.count(sex="male") == 26
    assert intake.count(ethnicity="white_british") == 746
    assert intake.count(living_arrangement="together") == 149
    assert intake.count(relationship="family_member") == 55
    assert intake.count(children_present="yes") == 491
    assert mean(intake.column("age")) == pytest.approx(34, abs=1.5)


def test_insights_victims_are_those_of_the_marac_lists() -> None:
    pairs = {(row["perpetrator_id"], row["victim_id"]) for row in table_of("marac_case").rows}
    intake = {(row["perpetrator_id"], row["victim_id"]) for row in table_of("insights_intake").rows}
    assert intake <= pairs


def test_insights_behaviours_fall_sharply_in_both_arms() -> None:
    """Figure 26: high at intake, a strong reduction at exit."""
    intake = {row["victim_id"]: row for row in table_of("insights_intake").rows}
    for arm in ARMS:
        pairs = [
            (intake[row["victim_id"]], row)
            for row in table_of("insights_exit").rows
            if people()[intake[row["victim_id"]]["perpetrator_id"]]["arm"] == arm
        ]
        for behaviour in ("physical", "harassment_stalking", "jealous_controlling"):
            before, after = (
                mean(form[behaviour] not in ("none", "dont_know") for form in forms)
                for forms in zip(*pairs, strict=True)
            )
            assert before > 0.5
            assert after < 0.35


def test_service_users_and_table_3() -> None:
    users = table_of("cms_service_user")
    assert users.count(completed="yes") == 506
    assert users.count(closure_date=None) == 3
    assert users.count(sex="male") == 476
    assert (users.count(ethnicity="white_british"), users.count(ethnicity="dont_know")) == (
        226,
        254,
    )
    assert Counter(users.column("relationship")) == {
        "current_partner": 65, "ex_partner": 251, "family_member": 36, "other": 2,
        "dont_know": 29, None: 126,
    }  # fmt: skip
    assert Counter(users.column("living_arrangement")) == {
        "together": 44, "intermittently": 6, "apart": 302, "dont_know": 31, None: 126,
    }  # fmt: skip
    assert (users.count(cyps_involvement="yes"), users.count(cyps_involvement="no")) == (104, 399)
    assert (users.count(ccj_involvement="yes"), users.count(ccj_involvement="no")) == (172, 229)
    # Age: 32 (SD 13.8); 3 standard errors of the mean are 1.8 years.
    assert mean(users.column("age")) == pytest.approx(32, abs=1.8)
    assert min(users.column("age")) >= 17
    assert max(users.column("age")) <= 81


def complete_months(start: dt.date, end: dt.date) -> int:
    months = (end.year - start.year) * 12 + end.month - start.month
    return months - (add_months(start, months) > end)


def test_cases_closed_in_the_first_two_years_last_as_long_as_printed() -> None:
    """Of 212, 158 closed after 11 or 12 months and 49 after more than 13."""
    rows = [row for row in table_of("cms_service_user").rows if row["closure_date"]]
    early = [
        complete_months(row["start_date"], row["closure_date"])
        for row in rows
        if row["closure_date"] <= dt.date(2018, 3, 31)
    ]
    assert len(early) == 212
    assert sum(months in (11, 12) for months in early) == 158
    assert sum(months >= 13 for months in early) == 49


@pytest.mark.parametrize(("seed", "scale"), [(5, 1), (7, 1), (2026, 1), (99, 2)])
def test_closures_meet_the_printed_numbers_at_any_seed(seed: int, scale: int) -> None:
    world = make_world(study(), seed, scale, lambda _: None)
    done = [site.allocation.completed for site in world.sites]
    start, end, index = (
        np.concatenate([values[which] for values, which in zip(each, done, strict=True)])
        for each in (
            [site.allocation.start for site in world.sites],
            [site.allocation.end for site in world.sites],
            [site.people.index for site in world.sites],
        )
    )
    days = (end - index).astype(int)
    assert days.sum() == MEAN_DAYS * len(days)
    early = end <= YEAR_2_ENDS
    assert early.sum() == scale * 212
    months = Counter(
        complete_months(*pair)
        for pair in zip(start[early].tolist(), end[early].tolist(), strict=True)
    )
    assert months[11] + months[12] == scale * 158
    assert sum(number for each, number in months.items() if each >= 13) == scale * 49
    assert end.max() <= np.datetime64("2019-09-30")


def test_interventions_last_ten_and_a_half_months_on_average() -> None:
    rows = [row for row in table_of("cms_service_user").rows if row["closure_date"]]
    days = [
        (row["closure_date"] - people()[row["perpetrator_id"]]["index_date"]).days for row in rows
    ]
    assert mean(days) == 320
    assert sum(number > 395 for number in days) > 20
    assert max(row["closure_date"] for row in rows) <= dt.date(2019, 9, 30)


@pytest.mark.parametrize(
    ("time_point", "forms", "with_answers"),
    [("intake", 501, 468), ("midpoint", 499, 487), ("closure", 502, 497)],
)
def test_needs_as_in_table_a2_1(time_point: str, forms: int, with_answers: int) -> None:
    rows = [row for row in table_of("cms_need").rows if row["time_point"] == time_point]
    assert len(rows) == forms
    assert sum(any(row[need] in ("yes", "no") for need in NEEDS) for row in rows) == with_answers
    for number, need in enumerate(NEEDS):
        given = [row[need] for row in rows if row[need] in ("yes", "no")]
        assert len(given) == ANSWERED[time_point][number], need
        share = 100 * given.count("yes") / len(given)
        assert share == pytest.approx(PER_CENT_YES[time_point][number], abs=0.5), need


@pytest.mark.parametrize("need", AT_MIDPOINT)
def test_levels_of_needs_at_midpoint_as_in_table_a7_1(need: str) -> None:
    rows = [row for row in table_of("cms_need").rows if row["time_point"] == "midpoint"]
    found = Counter(row[f"{need}_level"] for row in rows)
    there, absent = AT_MIDPOINT[need]
    assert {level: found[level] for level in (*there, *absent)} == {**there, **absent}


def test_share_without_any_need_at_midpoint() -> None:
    """Figure 2: 37% of 487; standard error of the draw about .008."""
    rows = [row for row in table_of("cms_need").rows if row["time_point"] == "midpoint"]
    answered = [row for row in rows if any(row[need] in ("yes", "no") for need in NEEDS)]
    none = sum(all(row[need] != "yes" for need in NEEDS) for row in answered)
    assert none / len(answered) == pytest.approx(0.37, abs=0.025)


def test_the_latent_classes_are_the_truth_of_the_midpoint() -> None:
    """The zero class never says yes; sizes as in Figure 4; items near their probabilities."""
    with (simulated()[0] / "truth" / "latent_classes.csv").open(
        encoding="utf-8", newline=""
    ) as handle:
        latent = {
            row["perpetrator_reference"]: row["latent_class"] for row in csv.DictReader(handle)
        }
    rows = [row for row in table_of("cms_need").rows if row["time_point"] == "midpoint"]
    by_class: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        by_class[latent[row["perpetrator_id"]]].append(row)
    assert len(latent) == 506
    # A handful of unanswered questions were answered with yes to meet Table A2.1.
    assert sum(row[need] == "yes" for row in by_class["no_needs"] for need in NEEDS) <= 3
    for name, published in (
        ("no_needs", 0.35),
        ("low_needs", 0.28),
        ("children_and_parenting", 0.10),
    ):
        assert len(by_class[name]) / len(rows) == pytest.approx(published, abs=0.015)
    for name, items in item_probabilities().items():
        for need, probability in zip(NEEDS, items, strict=True):
            given = [row[need] for row in by_class[name] if row[need] in ("yes", "no")]
            assert given.count("yes") / len(given) == pytest.approx(probability, abs=0.1)


@pytest.mark.parametrize(
    ("behaviour", "level", "published", "tolerance"),
    [
        ("physical", "none", (0.38, 0.87, 0.94), 0.03),
        ("physical", "high", (0.45, 0.07, 0.03), 0.03),
        ("harassment_stalking", "none", (0.58, 0.87, 0.94), 0.03),
        ("jealous_controlling", "none", (0.59, None, 0.93), 0.03),
        ("jealous_controlling", "high", (0.23, None, 0.03), 0.03),
        ("sexual", "none", (0.97, 0.99, 1.0), 0.015),
    ],
)
def test_behaviours_by_time_point(
    behaviour: str, level: str, published: tuple[float | None, ...], tolerance: float
) -> None:
    """Figures 13, 16, 19 and Table 8."""
    for time_point, share in zip(TIME_POINTS, published, strict=True):
        levels = [
            row[behaviour] for row in table_of("cms_behaviour").rows
            if row["time_point"] == time_point and row[behaviour] != "dont_know"
        ]  # fmt: skip
        if share is not None:
            assert levels.count(level) / len(levels) == pytest.approx(share, abs=tolerance)


def test_drive_dash_forms_scores_and_exclusions() -> None:
    """503 people; 23%, 14%, 12% of forms lost; 469 keep one; rate ratios 0.91 and 0.82."""
    scores: dict[str, list[int]] = defaultdict(list)
    lost: Counter[str] = Counter()
    usable = set()
    rows = table_of("cms_risk_item").rows
    for row in rows:
        answers = [row[f"item_{number:02d}"] for number in range(1, 21)]
        assert None not in answers
        if sum(answer in ("dont_know", "not_applicable") for answer in answers) >= 11:
            lost[row["time_point"]] += 1
        else:
            scores[row["time_point"]].append(answers.count("yes"))
            usable.add(row["perpetrator_id"])
    assert len({row["perpetrator_id"] for row in rows}) == 503
    assert len(usable) == 469
    assert {name: round(number / 5.03) for name, number in lost.items()} == {
        "intake": 23, "midpoint": 14, "closure": 12,
    }  # fmt: skip
    at_intake = mean(scores["intake"])
    assert mean(scores["midpoint"]) / at_intake == pytest.approx(0.91, abs=0.05)
    assert mean(scores["closure"]) / at_intake == pytest.approx(0.82, abs=0.05)


def test_actions_and_engagement() -> None:
    """Figure 6, the text on direct work and Table 5."""
    actions = table_of("cms_action")
    n = len(actions.rows)
    # Printed as 18% direct and 84% indirect, which cannot both be.
    assert actions.count(work="direct") / n == pytest.approx(0.17, abs=0.001)
    direct = Counter(row["perpetrator_id"] for row in actions.rows if row["work"] == "direct")
    assert mean(direct.values()) == pytest.approx(137, abs=0.1)
    assert stdev(direct.values()) == pytest.approx(79.5, abs=0.1)
    assert (len(direct), min(direct.values()), max(direct.values())) == (330, 15, 336)
    for action, share in (("contact", 0.68), ("direct_support", 0.21), ("behaviour_change", 0.11)):
        found = actions.count(action=action) / actions.count(work="direct")
        assert found == pytest.approx(share, abs=0.01)
    indirect = actions.count(work="indirect")
    for action, share in (
        ("background_research", 0.13),
        ("multi_agency", 0.26),
        ("case_update", 0.60),
    ):
        assert actions.count(action=action) / indirect == pytest.approx(share, abs=0.02)
    changing = {
        row["perpetrator_id"] for row in actions.rows if row["action"] == "behaviour_change"
    }
    assert len(changing) == 36
    supported = {row["perpetrator_id"] for row in actions.rows if row["action"] == "direct_support"}
    assert len(supported) == pytest.approx(259, abs=2)
    engagement = table_of("cms_engagement")
    assert engagement.count(direct_contact="yes") == 330
    in_contact = {
        row["perpetrator_id"] for row in engagement.rows if row["direct_contact"] == "yes"
    }
    assert in_contact == {row["perpetrator_id"] for row in actions.rows if row["work"] == "direct"}
    assert engagement.count(engagement="no_contact_made") == 268
    level = {row["perpetrator_id"]: row["engagement"] for row in engagement.rows}
    needs = [row for row in table_of("cms_need").rows if row["time_point"] == "midpoint"]
    for answer, published in (("yes", 0.066), ("no", 0.625)):
        chosen = [row for row in needs if row["financial"] == answer]
        share = mean(level[row["perpetrator_id"]] == "no_contact_made" for row in chosen)
        assert share == pytest.approx(published, abs=0.1)


@pytest.mark.parametrize("most", [30_000, 12_000])
def test_at_large_scales_everybody_has_fewer_actions(
    monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    """One worksheet must hold them; who had direct work, and its share, stay."""
    monkeypatch.setattr(casework, "MOST_ACTIONS", most)
    world = make_world(study(), 3, 1, lambda _: None)
    work, position = world.actions["work"], world.actions["position"]
    assert len(work) == pytest.approx(most, rel=0.02)
    assert (work == "direct").mean() == pytest.approx(0.17, abs=0.001)
    assert len(set(position[work == "direct"])) == 330
    changing = set(position[world.actions["action"] == "behaviour_change"])
    assert len(changing) == pytest.approx(36, abs=3)


def test_another_seed_and_scale_keep_the_quotas() -> None:
    world = make_world(study(), 99, 2, lambda _: None)
    arms = np.concatenate([site.allocation.arm for site in world.sites])
    assert ((arms == "intervention").sum(), (arms == "control").sum()) == (1018, 4170)
    assert len(world.users.in_analysis) == 1012
    assert len(world.insights.intake["age"]) == 2 * 806
    assert (world.needs.answers["midpoint"][:, 0] == "yes").sum() == round(0.27 * 2 * 472)
