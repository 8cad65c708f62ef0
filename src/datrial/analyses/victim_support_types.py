"""Which supports IDVAs mobilised for victims-survivors, by arm and by site."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datrial.analyses.victim_forms import (
    DIFFERENCE,
    ENGAGED,
    Forms,
    add_share_difference,
    add_shares,
    yes_no,
)
from datrial.results.cells import Table

if TYPE_CHECKING:
    import pandas as pd

    from datrial.analyses.base import Context

SUPPORTS = {
    "support_safety_planning": "Safety planning",
    "support_marac": "MARAC",
    "support_health_wellbeing": "Health and wellbeing",
    "support_criminal_court": "Criminal court process",
    "support_police": "Police",
    "support_housing": "Housing",
    "support_children": "Children",
    "support_civil_court": "Civil court",
    "support_finance": "Finance and benefits",
    "support_specialist_service": "Other specialist service",
}
_POPULATION = (
    "Victims-survivors with an IDVA intake and exit form that says yes or no of the support. "
)


def support_types(forms: Forms, exits: pd.DataFrame) -> Table:
    """Return how many had each support, with the difference between arms."""
    table = Table(
        "victim_support.types",
        "Supports mobilised by IDVAs, by type",
        f"{_POPULATION}{ENGAGED} Differences of shares with 95% score intervals; p-values of "
        "Pearson's test, exact where an expected count is below five, not adjusted for their "
        "number.",
        ("D-N5",),
    )
    forms.name_columns(table)
    table.column(DIFFERENCE, f"Difference, {forms.contrast}")
    for name, label in SUPPORTS.items():
        table.row(name, label)
        holds = yes_no(exits[name])
        add_shares(table, forms, name, holds)
        add_share_difference(table, forms, name, holds)
    return table


def support_types_by_site(context: Context, forms: Forms, exits: pd.DataFrame) -> Table:
    """Return how many had each support at each site."""
    table = Table(
        "victim_support.types_by_site",
        "Supports mobilised by IDVAs, by type and site",
        f"{_POPULATION}{ENGAGED}",
        ("D-N5",),
    )
    forms.name_columns(table)
    for name, label in SUPPORTS.items():
        for site, about in context.study.sites.items():
            row = f"{name}__{site}"
            table.row(row, f"{label}: {about.label}")
            add_shares(table, forms, row, yes_no(exits.loc[exits["site"] == site, name]), (site,))
    return table
