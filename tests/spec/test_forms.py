"""Definitions from the case-management forms: the Drive-DASH score, needs, behaviours, flow."""

from __future__ import annotations

import pytest
from given import Warehouse

ITEMS = ", ".join(f"item_{number:02d}" for number in range(1, 21))


def score(*answers: str | None) -> tuple[int, int, bool, int | None]:
    """Return (yes, not known, usable, score) of a form; items not given are answered no."""
    house = Warehouse()
    house.allocated(("p1", "site_1", "2017-01-15", "intervention"))
    filled = (*answers, *["no"] * (20 - len(answers)))
    house.rows(
        "staging.cms_risk_item", f"perpetrator_id, time_point, {ITEMS}", ("p1", "intake", *filled)
    )
    house.build()
    return house.get("yes_answers, not_known_answers, is_usable, score", "marts.risk_score")[0]  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ([], (0, 0, True, 0)),
        (["yes"] * 20, (20, 0, True, 20)),
        (["yes"] * 5 + ["dont_know"] * 10, (5, 10, True, 5)),  # ten not known: kept
        (["yes"] * 5 + ["dont_know"] * 11, (5, 11, False, None)),  # eleven: left out
        (["dont_know"] * 4 + ["not_applicable"] * 4 + [None] * 3, (0, 11, False, None)),
    ],
)
def test_dash_score_counts_yes_and_leaves_out_forms_with_eleven_not_known(
    answers: list[str | None], expected: tuple[int, int, bool, int | None]
) -> None:
    assert score(*answers) == expected


def test_forms_of_people_who_were_not_allocated_reach_no_mart() -> None:
    house = Warehouse()
    house.allocated(("p1", "site_1", "2017-01-15", "intervention"))
    for table, mart in (("cms_need", "need"), ("cms_behaviour", "behaviour")):
        house.rows(
            f"staging.{table}", "perpetrator_id, time_point", ("p1", "intake"), ("p2", "intake")
        )
        house.build()
        assert house.get("person_id", f"marts.{mart}") == [("p1",)]


def test_codes_of_needs_and_behaviours_stay_as_they_are() -> None:
    house = Warehouse()
    house.allocated(("p1", "site_1", "2017-01-15", "intervention"))
    house.rows(
        "staging.cms_need", "perpetrator_id, time_point, housing, employment, alcohol_misuse",
        ("p1", "midpoint", "yes", "dont_know", None),
    )  # fmt: skip
    house.rows(
        "staging.cms_behaviour", "perpetrator_id, time_point, physical, sexual",
        ("p1", "closure", "high", "dont_know"),
    )  # fmt: skip
    house.rows("staging.cms_engagement", "perpetrator_id, direct_contact", ("p1", "yes"))
    house.build()
    assert house.get("housing, employment, alcohol_misuse", "marts.need") == [
        ("yes", "dont_know", None)
    ]
    assert house.get("physical, sexual, direct_contact", "marts.behaviour") == [
        ("high", "dont_know", "yes")
    ]


def test_participants_are_counted_once_and_victims_at_their_perpetrator() -> None:
    house = Warehouse()
    house.allocated(
        ("p1", "site_1", "2017-01-15", "intervention"), ("p2", "site_1", "2017-01-15", "control")
    )
    for source in ("marac", "police", "insights", "cms"):
        house.covered(source, "site_1", "2016-01-01", "2018-12-31")
    house.rows("ledger.exclusion", "person_id, reason", ("p3", "under_age"))
    house.rows(
        "staging.marac_case", "perpetrator_id, victim_id, hearing_date",
        ("p1", "v1", "2017-01-15"), ("p1", "v1", "2017-04-15"), ("p3", "v3", "2017-01-15"),
    )  # fmt: skip
    house.rows(
        "staging.insights_intake", "victim_id, perpetrator_id, intake_date",
        ("v1", "p1", "2017-02-01"), ("v2", "p1", "2017-02-01"),
    )  # fmt: skip
    house.rows("staging.insights_exit", "victim_id, exit_date", ("v1", "2017-09-01"))
    house.rows(
        "staging.police_incident", "incident_id, perpetrator_id, incident_date, domestic_abuse",
        ("i1", "p9", "2017-02-01", "yes"), ("i2", "p2", "2017-02-01", "no"),
    )  # fmt: skip
    house.build()
    assert house.get(
        "person_id, in_marac, in_police, is_allocated, arm, exclusion_reason, "
        "victims_with_intake_form, victims_with_both_forms",
        "marts.participant",
    ) == [
        ("p1", True, False, True, "intervention", None, 2, 1),
        ("p2", False, True, True, "control", None, 0, 0),
        # Nobody was asked about people who were not allocated.
        ("p3", True, None, False, None, "under_age", None, None),
    ]
    assert house.get("victim_id, in_marac, has_intake_form, has_exit_form", "people.victim") == [
        ("v1", True, True, True),
        ("v2", False, True, False),
        ("v3", True, False, False),
    ]
