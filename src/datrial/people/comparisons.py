"""How two records of people are compared: levels of agreement, and which pairs are looked at.

Each comparison has levels, the closest agreement first. A level's m is the share
of true pairs that agree so, its u the share of pairs of strangers that do; the
level's weight is the base-2 logarithm of m/u. The values here are for linkages
that are too small to estimate their own (``people.training`` does that): typical
of agencies' records in England and Wales, and on the careful side.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

#: Names of the four comparisons, in the order in which they are shown.
COMPARISONS = ("given_name", "family_name", "date_of_birth", "postcode")


@dataclass(frozen=True)
class Level:
    """One level of agreement.

    Attributes
    ----------
    label
        In words, for the linkage report.
    condition
        SQL of splink's form (``given_name_l = given_name_r``).
    m, u
        The fixed values.
    frequency_of
        The column whose values' own frequencies take the place of u: two people
        called Smith say less than two of a rare name.
    held
        Whether m keeps its fixed value: relatives of one name and home would teach
        the estimation that a person's dates of birth often have nothing in common.
    """

    label: str
    condition: str
    m: float
    u: float
    frequency_of: str | None = None
    held: bool = False


_SWAPPED = "(given_name_l = family_name_r and family_name_l = given_name_r)"
_ANOTHER_BIRTH = (
    "left(date_of_birth_l, 4) <> left(date_of_birth_r, 4) "
    "and right(date_of_birth_l, 5) <> right(date_of_birth_r, 5)"
)
#: Without a value on one side, a comparison says nothing. Names that changed their
#: places are judged once, under given_name. Where the dates of birth have nothing in
#: common, the postcode says nothing: father and son have one name and one home. (Also
#: when it differs: else the u of the others would be too small.)
_NOTHING = {
    "given_name": "given_name_l is null or given_name_r is null",
    "family_name": f"family_name_l is null or family_name_r is null or {_SWAPPED}",
    "date_of_birth": "date_of_birth_l is null or date_of_birth_r is null",
    "postcode": f"postcode_l is null or postcode_r is null or ({_ANOTHER_BIRTH})",
}
_SHORTER = (
    "(length(given_name_l) >= 3 and starts_with(given_name_r, given_name_l)) "
    "or (length(given_name_r) >= 3 and starts_with(given_name_l, given_name_r))"
)
_INITIAL = (
    "((length(given_name_l) = 1 or length(given_name_r) = 1) "
    "and left(given_name_l, 1) = left(given_name_r, 1))"
)
_PART = (
    "starts_with(family_name_l, family_name_r || ' ') "
    "or ends_with(family_name_l, ' ' || family_name_r) "
    "or starts_with(family_name_r, family_name_l || ' ') "
    "or ends_with(family_name_r, ' ' || family_name_l)"
)
_DAY_AND_MONTH = (
    "left(date_of_birth_l, 4) = left(date_of_birth_r, 4) "
    "and substr(date_of_birth_l, 6, 2) = substr(date_of_birth_r, 9, 2) "
    "and substr(date_of_birth_l, 9, 2) = substr(date_of_birth_r, 6, 2)"
)

LEVELS: Mapping[str, tuple[Level, ...]] = {
    "given_name": (
        Level("the same", "given_name_l = given_name_r", 0.80, 0.010, "given_name"),
        Level("swapped with the family name", _SWAPPED, 0.005, 0.000001),
        Level(
            "a short form",
            f"list_has_any(given_full_l, given_full_r) or {_SHORTER}",
            0.06,
            0.004,
        ),
        Level(
            "spelt alike",
            "jaro_winkler_similarity(given_name_l, given_name_r) >= 0.9",
            0.06,
            0.003,
        ),
        Level(
            "similar, or an initial",
            f"{_INITIAL} or jaro_winkler_similarity(given_name_l, given_name_r) >= 0.8",
            0.025,
            0.015,
        ),
        Level("different", "ELSE", 0.05, 0.967999),
    ),
    "family_name": (
        Level("the same", "family_name_l = family_name_r", 0.87, 0.002, "family_name"),
        Level("a part of a double name", _PART, 0.015, 0.0003),
        Level(
            "spelt alike",
            "jaro_winkler_similarity(family_name_l, family_name_r) >= 0.92",
            0.07,
            0.0010,
        ),
        Level(
            "similar",
            "jaro_winkler_similarity(family_name_l, family_name_r) >= 0.85",
            0.015,
            0.005,
        ),
        Level("different", "ELSE", 0.03, 0.9917),
    ),
    "date_of_birth": (
        Level("the same", "date_of_birth_l = date_of_birth_r", 0.90, 0.00006),
        Level("day and month swapped", _DAY_AND_MONTH, 0.02, 0.00003),
        Level("one digit differs", "hamming(date_of_birth_l, date_of_birth_r) = 1", 0.045, 0.0009),
        Level(
            "the same day of another year",
            "right(date_of_birth_l, 5) = right(date_of_birth_r, 5)",
            0.01,
            0.0022,
        ),
        Level(
            "the same year",
            "left(date_of_birth_l, 4) = left(date_of_birth_r, 4)",
            0.02,
            0.025,
        ),
        Level("different", "ELSE", 0.005, 0.97181, held=True),
    ),
    "postcode": (
        Level("the same", "postcode_l = postcode_r and length(postcode_l) > 4", 0.55, 0.0010),
        Level("the same sector", "postcode_sector_l = postcode_sector_r", 0.06, 0.005),
        Level("the same area", "postcode_area_l = postcode_area_r", 0.29, 0.35),
        Level("different", "ELSE", 0.10, 0.644),
    ),
}

#: Only pairs that agree in one of these are compared; all others are taken as strangers.
PAIRS_LOOKED_AT = (
    "l.date_of_birth = r.date_of_birth",
    "l.given_root = r.given_root and l.family_name = r.family_name",
    "l.family_name = r.family_name and l.birth_year = r.birth_year",
    "l.given_root = r.given_root and l.postcode = r.postcode",
    "l.given_name = r.family_name and l.family_name = r.given_name",
)

Parameters = Mapping[str, tuple[tuple[float, float], ...]]  # comparison -> (m, u) by level


def fixed_parameters() -> dict[str, tuple[tuple[float, float], ...]]:
    """Return the values of this module."""
    return {name: tuple((level.m, level.u) for level in LEVELS[name]) for name in COMPARISONS}


def splink_comparisons(
    parameters: Parameters, *, frequencies: bool, fixed: bool = True
) -> list[dict[str, Any]]:
    """Return the comparisons as splink's settings.

    Parameters
    ----------
    parameters
        m and u of each level, in the order of :data:`LEVELS`.
    frequencies
        Whether the names' own frequencies are used: among few people they say nothing.
    fixed
        Whether m and u are given; else they are to be estimated.
    """
    return [
        {
            "output_column_name": name,
            "comparison_levels": [
                {
                    "sql_condition": _NOTHING[name],
                    "label_for_charts": "nothing",
                    "is_null_level": True,
                },
                *(
                    _splink_level(level, values if fixed else None, frequencies)
                    for level, values in zip(LEVELS[name], parameters[name], strict=True)
                ),
            ],
        }
        for name in COMPARISONS
    ]


def _splink_level(
    level: Level, values: tuple[float, float] | None, frequencies: bool
) -> dict[str, Any]:
    made: dict[str, Any] = {"sql_condition": level.condition, "label_for_charts": level.label}
    if values is not None:
        made |= {"m_probability": values[0], "u_probability": values[1]}
    elif level.held:
        made |= {"m_probability": level.m, "fix_m_probability": True}
    if frequencies and level.frequency_of:
        made["tf_adjustment_column"] = level.frequency_of
    return made
