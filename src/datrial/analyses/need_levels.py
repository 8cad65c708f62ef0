"""Levels of needs: what counts as any need and as a high need (report's Table A7.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from datrial.analyses.levels import NEEDS

if TYPE_CHECKING:
    import pandas as pd

    from datrial.analyses.base import Context

#: ``any``: every level of need; ``high``: the levels that the report's costs count.
Rule = Literal["any", "high"]

DONT_KNOW = "dont_know"
HOUSING = {
    "homeless": "Homeless",
    "transitory": "Transitory",
    "unstable": "Unstable",
    "temporary": "Temporary",
    "stable": "Stable",
    DONT_KNOW: "Don't know",
}
MENTAL_HEALTH = {
    "poor": "Poor",
    "fair": "Fair",
    "good": "Good",
    "very_good": "Very good",
    "excellent": "Excellent",
    DONT_KNOW: "Don't know",
}
OTHER_NEEDS = {
    "excessive": "Excessive",
    "high": "High",
    "moderate": "Moderate",
    "low": "Low",
    "none": "None",
    DONT_KNOW: "Don't know",
}

#: Levels that count, of needs with a scale of their own; homeless is a need apart from the
#: high need for housing, as the report's costs count it.
_COUNTED: dict[str, dict[Rule, frozenset[str]]] = {
    "housing": {
        "any": frozenset(("homeless", "transitory", "unstable", "temporary")),
        "high": frozenset(("transitory", "unstable", "temporary")),
    },
    "mental_health": {"any": frozenset(("poor", "fair")), "high": frozenset(("poor", "fair"))},
}
_OF_OTHERS: dict[Rule, frozenset[str]] = {
    "any": frozenset(("excessive", "high", "moderate", "low")),
    "high": frozenset(("excessive", "high")),
}


def levels_of(need: str) -> dict[str, str]:
    """Return the levels of a need and their labels, the highest need first, don't know last.

    Physical health has the common scale: only housing and mental health are printed
    with one of their own.
    """
    return {"housing": HOUSING, "mental_health": MENTAL_HEALTH}.get(need, OTHER_NEEDS)


def counted(need: str, rule: Rule) -> frozenset[str]:
    """Return the levels that count as a need under a rule."""
    return _COUNTED.get(need, _OF_OTHERS)[rule]


def level_items(levels: pd.DataFrame, rule: Rule, dont_know: str) -> pd.DataFrame:
    """Return forms x needs as 1 (the need is there), 0 and NaN (no level), by a rule.

    Parameters
    ----------
    levels
        Forms x needs: the level recorded, or missing.
    dont_know
        ``no``: don't know counts as no need; ``missing``: it is left out.
    """
    items: pd.DataFrame = levels.apply(
        lambda column: column.map(_codes(str(column.name), rule, dont_know))
    ).astype(float)
    return items


def _codes(need: str, rule: Rule, dont_know: str) -> dict[str, float]:
    known = {
        level: float(level in counted(need, rule))
        for level in levels_of(need)
        if level != DONT_KNOW
    }
    return known | ({DONT_KNOW: 0.0} if dont_know == "no" else {})


def need_levels(context: Context, time_point: str) -> pd.DataFrame:
    """Return forms x 12 needs with the level recorded, indexed by person."""
    columns = ", ".join(f"{need}_level as {need}" for need in NEEDS)
    frame = context.connection.execute(
        f"select person_id, {columns} from marts.need where time_point = ? "  # noqa: S608
        "order by person_id",
        [time_point],
    ).df()
    return frame.set_index("person_id")
