"""Definitions: drawing one by one, factor levels, and who is eligible for it."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from datrial.allocation.eligibility import Hearing, MeetingKey, Reason, consider, reasons_of
from datrial.allocation.factors import age_band, band_names, levels_at, referral_columns
from datrial.allocation.reasons import reason_words
from datrial.allocation.sequential.chosen import SCHEMES, scheme_of, stream_of
from datrial.allocation.sequential.minimisation import Minimisation
from datrial.allocation.sequential.parts import Candidate, History, Scheme, Stream
from datrial.allocation.sequential.permuted_blocks import PermutedBlocks
from datrial.allocation.sequential.simple import Simple
from datrial.config.allocation import Allocation, Eligibility
from datrial.config.study import Site, Study, load_study

OPENS, CLOSES = dt.date(2016, 3, 1), dt.date(2016, 6, 30)
MARCH, APRIL = dt.date(2016, 3, 14), dt.date(2016, 4, 11)
EQUAL = {"a": 1, "b": 1}
ALL: list[Scheme] = [
    Simple(EQUAL),
    PermutedBlocks(EQUAL, [4, 6], ["site"]),
    Minimisation(EQUAL, {"site": 1}),
]


def make_study(eligibility: dict[str, Any] | None = None, **allocation: Any) -> Study:
    site = Site(label="A site", recruitment_start=OPENS, recruitment_end=CLOSES)
    rules = {"minimum_age": 16, **(eligibility or {})}
    settings = {"method": "simple", **allocation, "eligibility": rules}
    return load_study("drive").model_copy(
        update={"sites": {"a": site, "b": site}, "allocation": Allocation.model_validate(settings)}
    )


def arms(scheme: Scheme, people: int, seed: int = 7, study: str = "spec") -> str:
    """Return the arms of a sequence of people of two sites, one letter each."""
    history, stream = History(), stream_of(scheme, seed, study, "0" * 64)
    found = ""
    for number in range(people):
        candidate = Candidate(f"p{number}", "x", {"site": "xy"[number % 2]})
        draw = scheme.draw(history, candidate, stream)
        history.enter(draw.stratum, candidate.levels, draw.arm)
        found += draw.arm
    return found


# Draws


def test_draws_of_version_1_never_change() -> None:
    """Noted when version 1 was written (numpy 2.4.6): another numpy must still draw the same."""
    assert {scheme.version for scheme in SCHEMES.values()} == {"1"}
    assert [arms(scheme, 24, seed=20160401) for scheme in ALL] == [
        "abaabaabbaaabbbaaabaaaaa",
        "bbaaaabbbaabbabbaaabbbab",
        "bbaabbaababbbbaaabbaaaab",
    ]


@pytest.mark.parametrize("scheme", ALL, ids=lambda scheme: scheme.name)
def test_a_draw_depends_on_seed_study_and_place(scheme: Scheme) -> None:
    assert arms(scheme, 60) == arms(scheme, 60)
    assert arms(scheme, 60)[:30] == arms(scheme, 30)
    assert arms(scheme, 60) != arms(scheme, 60, seed=8)
    assert arms(scheme, 60) != arms(scheme, 60, study="other")


@pytest.mark.parametrize("scheme", ALL, ids=lambda scheme: scheme.name)
def test_a_draw_leaves_the_history_as_it_was(scheme: Scheme) -> None:
    history, stream = History(), Stream(7)
    candidate = Candidate("p", "x", {"site": "x"})
    draws = {scheme.draw(history, candidate, stream).arm for _ in range(5)}
    assert len(draws) == 1
    assert history.arms_in(scheme.stratum(candidate)) == ()
    assert history.tally("site", "x") == {}


def test_the_order_of_arms_in_the_file_does_not_matter() -> None:
    turned = Simple({"b": 1, "a": 1})
    assert arms(turned, 40) == arms(Simple(EQUAL), 40)


def test_an_amendment_starts_other_numbers() -> None:
    scheme = Simple(EQUAL)
    streams = [stream_of(scheme, 7, "spec", each * 64) for each in "01"]
    first = [[s.generator("everyone", n).random() for n in range(5)] for s in streams]
    assert first[0] != first[1]


@pytest.mark.parametrize(
    "make",
    [
        lambda: Simple({"a": 1}),
        lambda: Simple({"a": 1, "b": 0}),
        lambda: PermutedBlocks(EQUAL, []),
        lambda: PermutedBlocks(EQUAL, [4, 5]),
        lambda: PermutedBlocks({"a": 2, "b": 1}, [4]),
        lambda: Minimisation(EQUAL, {}),
        lambda: Minimisation(EQUAL, {"site": 0}),
        lambda: Minimisation(EQUAL, {"site": 1}, preferred_probability=0.4),
        lambda: Minimisation(EQUAL, {"site": 1}, preferred_probability=1.1),
        lambda: Stream(-1),
    ],
)
def test_what_is_no_scheme_is_refused(make: Any) -> None:
    with pytest.raises(ValueError, match=r"arms|sizes|factors|probability|negative"):
        make()


def test_the_scheme_is_the_one_of_the_study_file() -> None:
    chosen = make_study(
        method="minimisation",
        ratio={"intervention": 2, "control": 1},
        age_bands=[25],
        minimisation={
            "factors": {"age": 2, "site": 1},
            "measure": "variance",
            "preferred_probability": 0.9,
        },
    )
    scheme = scheme_of(chosen.allocation, chosen.arms)
    assert isinstance(scheme, Minimisation)
    assert scheme.ratio == {"control": 1, "intervention": 2}
    assert (scheme.weights, scheme.measure) == ({"age": 2, "site": 1}, "variance")
    # The smallest arm, preferred, has 0.9: 1 - random_element * (1 - 1/3).
    assert 1 - scheme.random_element * 2 / 3 == pytest.approx(0.9)
    drive = load_study("drive")
    with pytest.raises(ValueError, match="imported"):
        scheme_of(drive.allocation, drive.arms)


# Factor levels


@pytest.mark.parametrize(
    ("age", "band"),
    [(None, "not_known"), (0, "under_25"), (24, "under_25"), (25, "25_to_39"), (39, "25_to_39"),
     (40, "40_and_over"), (99, "40_and_over")],
)  # fmt: skip
def test_age_bands(age: int | None, band: str) -> None:
    assert age_band(age, [25, 40]) == band
    assert band_names([25, 40]) == ["under_25", "25_to_39", "40_and_over"]
    assert band_names([25]) == ["under_25", "25_and_over"]


def test_factor_levels_of_several_cases() -> None:
    study = make_study(
        method="permuted_blocks", block_sizes=[4], age_bands=[25, 40],
        stratify_by=["age", "repeat_case", "site"],
    )  # fmt: skip
    assert referral_columns(study) == ("repeat_case",)
    heard = [
        Hearing("p", "a", MARCH, 41, {"repeat_case": "yes"}),
        Hearing("p", "a", MARCH, 39, {"repeat_case": "no"}),
        Hearing("p", "a", APRIL, None, {"repeat_case": None}),
        Hearing("q", "b", MARCH, 24, {"repeat_case": "dont_know"}),
    ]
    levels = levels_at(heard, study)
    assert levels == levels_at(heard[::-1], study)
    assert levels == {
        (MeetingKey("a", MARCH), "p"): {"age": "25_to_39", "repeat_case": "no", "site": "a"},
        (MeetingKey("a", APRIL), "p"): {
            "age": "not_known", "repeat_case": "not_known", "site": "a",
        },
        (MeetingKey("b", MARCH), "q"): {"age": "under_25", "repeat_case": "dont_know", "site": "b"},
    }  # fmt: skip


# Eligibility. Each case: the rules, the answers of someone's cases, and his reason.

CASES: list[tuple[str, dict[str, Any], list[dict[str, str | None]], str | None]] = [
    ("no rule", {}, [{"repeat_case": "no"}], None),
    ("his site", {"sites": ("a",)}, [{}], None),
    ("another site", {"sites": ("b",)}, [{}], "other_site"),
    ("repeat", {"repeat_only": True}, [{"repeat_case": "yes"}], None),
    ("one of two", {"repeat_only": True}, [{"repeat_case": "no"}, {"repeat_case": "yes"}], None),
    ("not repeat", {"repeat_only": True}, [{"repeat_case": "no"}], "not_repeat"),
    ("don't know", {"repeat_only": True}, [{"repeat_case": "dont_know"}], "not_repeat"),
    ("no answer", {"repeat_only": True}, [{"repeat_case": None}], "not_repeat"),
    ("not excluded", {"exclude": {"agency": ("health",)}}, [{"agency": "police"}], None),
    ("excluded", {"exclude": {"agency": ("health",)}}, [{"agency": "health"}], "excluded_agency"),
    (
        "one case excludes", {"exclude": {"agency": ("health",)}},
        [{"agency": "police"}, {"agency": "health"}], "excluded_agency",
    ),
    ("no answer stays", {"exclude": {"agency": ("health",)}}, [{"agency": None}], None),
    (
        "no answer excludes", {"exclude": {"agency": ("not_known",)}},
        [{"agency": None}], "excluded_agency",
    ),
    (
        "repeat comes before codes", {"repeat_only": True, "exclude": {"agency": ("health",)}},
        [{"repeat_case": "no", "agency": "health"}], "not_repeat",
    ),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=[case[0] for case in CASES])
def test_rules_of_eligibility(case: Any) -> None:
    _, rules, answers, reason = case
    study = make_study(rules)
    heard = [Hearing("p", "a", MARCH, 30, each) for each in answers]
    found = consider(heard, (), study, {})
    assert [str(each.reason) for each in found.exclusions] == ([reason] if reason else [])
    assert [m.candidates for m in found.meetings] == ([] if reason else [("p",)])


def test_every_reason_of_the_study_is_counted_also_with_zero() -> None:
    study = make_study({"exclude": {"agency": ("health",), "sex": ("female",)}})
    answers = {"agency": "health", "sex": None}
    found = consider([Hearing("p", "a", MARCH, 30, answers)], (), study, {})
    assert found.hearings_by_reason() == {
        **dict.fromkeys(Reason, 0), "excluded_agency": 1, "excluded_sex": 0,
    }  # fmt: skip
    assert set(found.hearings_by_reason()) == set(reasons_of(study))
    assert found.never_candidates() == {"p": "excluded_agency"}


def test_every_reason_has_words() -> None:
    study = make_study({"exclude": {"referral_agency": ("health",)}})
    words = [reason_words(reason) for reason in reasons_of(study)]
    assert len(set(words)) == len(Reason) + 1
    assert words[-1] == "excluded by referral agency"
    assert not any(word.startswith("excluded") for word in words[:-1])


def test_one_by_one_there_are_no_places_and_no_meeting_is_closed() -> None:
    """q's hearing became known after p was allocated at the same meeting."""
    study = make_study()
    heard = [Hearing("p", "a", MARCH, 30), Hearing("q", "a", MARCH, 30)]
    found = consider(heard, (), study, {"p": MeetingKey("a", MARCH)})
    assert [meeting.candidates for meeting in found.meetings] == [("q",)]
    assert found.exclusions == ()
    lottery = make_study(method="capacity_lottery")
    closed = consider(heard, [("a", MARCH, 1)], lottery, {"p": MeetingKey("a", MARCH)})
    assert [str(each.reason) for each in closed.exclusions] == ["meeting_drawn"]


def test_the_defaults_exclude_by_age_only() -> None:
    assert Eligibility(minimum_age=16).model_dump(exclude_defaults=True) == {"minimum_age": 16}


@pytest.mark.parametrize(
    "study",
    [
        make_study({"repeat_only": True}),
        make_study({"exclude": {"repeat_case": ("no",)}}),
        make_study(method="minimisation", minimisation={"factors": {"repeat_case": 1}}),
    ],
)
def test_what_was_not_read_does_not_pass_for_not_known(study: Study) -> None:
    for heard in (
        ("p", "a", MARCH, 30), Hearing("p", "a", MARCH, 30), Hearing("p", "a", MARCH, 30, {"x": ""})
    ):  # fmt: skip
        with pytest.raises(ValueError, match=r"without the answers.*repeat_case"):
            consider([heard], (), study, {})
