"""The allocation section of a study file: every contradiction is told."""

from __future__ import annotations

from typing import Any

import pytest

from datrial.config.load import parse
from datrial.config.study import Study, load_study
from datrial.errors import UsageError


def study(**allocation: Any) -> Study:
    content = load_study("drive").model_dump(mode="json")
    given = {"eligibility": {"minimum_age": 16}, **allocation}
    return parse(Study, {**content, "allocation": given}, "study.yaml")


GOOD: list[dict[str, Any]] = [
    {"method": "imported"},
    {"method": "capacity_lottery", "concealed": True, "blinding": "coded_arms"},
    {"method": "simple", "ratio": {"intervention": 2, "control": 1}},
    {"method": "permuted_blocks", "block_sizes": [2, 4], "stratify_by": ["site"]},
    {"method": "permuted_blocks", "block_sizes": [3], "ratio": {"intervention": 2, "control": 1}},
    {
        "method": "minimisation", "age_bands": [25, 40],
        "minimisation": {"factors": {"age": 1, "site": 2}, "preferred_probability": 1},
    },
    {"method": "simple", "eligibility": {"minimum_age": 18, "sites": ["site_1"],
     "repeat_only": True, "exclude": {"referral_agency": ["health"]}}},
]  # fmt: skip


@pytest.mark.parametrize("settings", GOOD)
def test_settings_that_fit(settings: dict[str, Any]) -> None:
    assert study(**settings).allocation.method == settings["method"]


MINIMISED: dict[str, Any] = {"method": "minimisation", "minimisation": {"factors": {"site": 1}}}


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"method": "coin"}, "allocation > method"),
        ({"method": "permuted_blocks"}, "`block_sizes` belongs to the method permuted_blocks"),
        ({"method": "simple", "block_sizes": [4]}, "`block_sizes` belongs"),
        ({"method": "minimisation"}, "`minimisation` belongs to the method minimisation"),
        ({"method": "simple", "stratify_by": ["site"]}, "`stratify_by` belongs"),
        ({"method": "imported", "ratio": {"intervention": 1, "control": 1}}, "`ratio` has no"),
        ({"method": "imported", "concealed": True}, "`concealed` needs"),
        ({"method": "simple", "ratio": {"intervention": 0, "control": 1}}, "1 or more"),
        ({"method": "simple", "ratio": {"intervention": 1}}, "names every arm"),
        ({"method": "simple", "age_bands": [25]}, "`age_bands` belong to the factor age"),
        ({"method": "permuted_blocks", "block_sizes": [4], "stratify_by": ["age"]}, "`age_bands`"),
        ({"method": "permuted_blocks", "block_sizes": [4, 4]}, "`block_sizes` go up"),
        ({"method": "permuted_blocks", "block_sizes": [4, 5]}, "multiples of 2"),
        (
            {"method": "permuted_blocks", "block_sizes": [4], "stratify_by": ["site", "site"]},
            "named twice",
        ),
        (
            {**MINIMISED, "minimisation": {"factors": {"age": 1}}, "age_bands": [40, 25]},
            "`age_bands` go up",
        ),
        ({**MINIMISED, "minimisation": {"factors": {}}}, "factors"),
        ({**MINIMISED, "minimisation": {"factors": {"site": 0}}}, "weight is above 0"),
        ({**MINIMISED, "minimisation": {"factors": {"site": 1}, "measure": "gap"}}, "measure"),
        (
            {**MINIMISED, "minimisation": {"factors": {"site": 1}, "preferred_probability": 0.3}},
            "`preferred_probability` is below",
        ),
        (
            {"method": "simple", "eligibility": {"minimum_age": 16, "sites": ["site_9"]}},
            "sites that there are not: site_9",
        ),
        (
            {"method": "permuted_blocks", "block_sizes": [4], "stratify_by": ["children_count"]},
            "'children_count' can neither exclude nor be a factor",
        ),
        (
            {"method": "simple", "eligibility": {"minimum_age": 16, "exclude": {"shoe": ["x"]}}},
            "'shoe' can neither",
        ),
        (
            {
                "method": "simple",
                "eligibility": {
                    "minimum_age": 16,
                    "exclude": {"repeat_case": ["yes", "perhaps", "not_known"]},
                },
            },
            "repeat_case has no code perhaps:",
        ),
        ({"method": "simple", "seeds": 1}, "allocation > seeds: there is no such setting"),
    ],
)
def test_settings_that_contradict_each_other_are_told(settings: dict[str, Any], told: str) -> None:
    with pytest.raises(UsageError) as caught:
        study(**settings)
    assert told in str(caught.value)


def test_several_errors_come_together() -> None:
    with pytest.raises(UsageError, match=r"has 3 error\(s\)"):
        study(method="simple", block_sizes=[4], stratify_by=["site"], age_bands=[25])
