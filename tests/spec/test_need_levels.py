"""What counts as any need and as a high need, level by level; what don't know counts as."""

from __future__ import annotations

import math

import pandas as pd
import pytest
from given import Warehouse

from datrial.analyses.levels import NEEDS
from datrial.analyses.need_levels import Rule, counted, level_items, levels_of
from datrial.config.tables import staging_tables

#: Need -> level -> (any need, high need). Every need that is not named is as alcohol misuse.
RULES = {
    "housing": {
        "homeless": (1, 0),  # a need, but apart from the high need for housing
        "transitory": (1, 1),
        "unstable": (1, 1),
        "temporary": (1, 1),
        "stable": (0, 0),
    },
    "mental_health": {
        "poor": (1, 1),
        "fair": (1, 1),
        "good": (0, 0),
        "very_good": (0, 0),
        "excellent": (0, 0),
    },
    "alcohol_misuse": {
        "excessive": (1, 1),
        "high": (1, 1),
        "moderate": (1, 0),
        "low": (1, 0),
        "none": (0, 0),
    },
}
CASES = [
    (need, level, rule, value)
    for need in NEEDS
    for level, values in RULES.get(need, RULES["alcohol_misuse"]).items()
    for rule, value in zip(("any", "high"), values, strict=True)
]


@pytest.mark.parametrize(("need", "level", "rule", "expected"), CASES)
def test_a_level_counts_as_a_need_or_not(need: str, level: str, rule: Rule, expected: int) -> None:
    form = pd.DataFrame({need: [level]})
    for dont_know in ("no", "missing"):
        assert level_items(form, rule, dont_know)[need].tolist() == [expected]


@pytest.mark.parametrize("need", NEEDS)
def test_dont_know_is_no_need_or_left_out_and_missing_is_always_left_out(need: str) -> None:
    forms = pd.DataFrame({need: ["dont_know", None]}, dtype=object)
    rules: tuple[Rule, ...] = ("any", "high")
    for rule in rules:
        as_no = level_items(forms, rule, "no")[need].tolist()
        assert as_no[0] == 0
        assert math.isnan(as_no[1])
        assert level_items(forms, rule, "missing")[need].isna().all()


@pytest.mark.parametrize("need", NEEDS)
def test_the_levels_are_those_of_the_staging_table(need: str) -> None:
    column = staging_tables()["cms_need"].columns[f"{need}_level"]
    assert tuple(levels_of(need)) == column.codes
    assert counted(need, "high") <= counted(need, "any") < set(column.codes) - {"dont_know"}


def test_the_mart_keeps_every_level_and_the_engagement_of_the_person() -> None:
    house = Warehouse()
    house.allocated(*((f"p{n}", "site_1", "2017-01-15", "intervention") for n in (1, 2)))
    levels = [
        column for column in staging_tables()["cms_need"].columns if column.endswith("_level")
    ]
    assert levels == [f"{need}_level" for need in NEEDS]
    given = [
        staging_tables()["cms_need"].columns[name].codes[n % 6] for n, name in enumerate(levels)
    ]
    house.rows(
        "staging.cms_need", f"perpetrator_id, time_point, {', '.join(levels)}",
        ("p1", "intake", *given), ("p1", "closure", *[None] * 12), ("p2", "intake", *[None] * 12),
    )  # fmt: skip
    house.rows("staging.cms_engagement", "perpetrator_id, engagement", ("p1", "dont_know"))
    house.build()
    assert house.get(f"person_id, time_point, {', '.join(levels)}, engagement", "marts.need") == [
        ("p1", "closure", *[None] * 12, "dont_know"),
        ("p1", "intake", *given, "dont_know"),
        ("p2", "intake", *[None] * 12, None),
    ]
