"""What victims-survivors did before, and the support that they had from an IDVA, by arm."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datrial.analyses.base import Analysis, Context, Parameters
from datrial.analyses.victim_forms import (
    ENGAGED,
    HEDGES,
    STUDENT,
    WELCH,
    Forms,
    add_description,
    add_tests,
    name_tests,
    victim_forms,
)
from datrial.analyses.victim_support_types import support_types, support_types_by_site
from datrial.results.cells import Table

if TYPE_CHECKING:
    import pandas as pd

SELF_MOBILISED = {
    "attempts_to_leave": "Attempts to leave",
    "ae_attendances": "Attended A&E because of the abuse",
    "police_calls": "Called the police",
    "gp_attendances": "Attended their GP for any reason",
    "specialist_support": "Accessed other specialist domestic abuse support",
}
SUPPORT = {
    "days_of_support": "Days of support, from intake to exit form",
    "contacts": "Contacts of the IDVA with the victim-survivor",
    "number_of_supports": "Supports mobilised",
}
_TESTS = (STUDENT, WELCH, HEDGES)


class VictimSupportParameters(Parameters):
    """The support of victims-survivors has no parameters."""


def run(context: Context, parameters: VictimSupportParameters) -> list[Table]:
    """Return what was done before, length and amount of support, by site, and its types."""
    del parameters
    forms = victim_forms(context)
    exits = forms.frame[forms.frame["has_exit_form"].astype(bool)]
    return [
        _self_mobilised(forms),
        _amount(forms, exits),
        _amount_by_site(context, forms, exits),
        support_types(forms, exits),
        support_types_by_site(context, forms, exits),
    ]


def _self_mobilised(forms: Forms) -> Table:
    table = Table(
        "victim_support.self_mobilised",
        "How often victims-survivors sought help or safety in the 12 months before IDVA support",
        f"Victims-survivors with an IDVA intake form and an answer. {ENGAGED} Differences of "
        "means with 95% intervals. The published table prints means without decimals, no number "
        "of people and no standard deviation; its test is Student's.",
        ("D-T9",),
    )
    forms.name_columns(table)
    name_tests(table, forms, _TESTS)
    for name, label in SELF_MOBILISED.items():
        table.row(name, label)
        add_description(table, forms, name, forms.frame[name], ("mean", "sd"))
        add_tests(table, forms, name, forms.frame[name], _TESTS)
    return table


def _amount(forms: Forms, exits: pd.DataFrame) -> Table:
    table = Table(
        "victim_support.amount",
        "Length and amount of IDVA support",
        "Victims-survivors with an IDVA intake and exit form. Days: from the day of the intake "
        "form to that of the exit form. Supports: how many of the ten types the exit form says "
        f"were mobilised. {ENGAGED} Differences of means with 95% intervals. Published of "
        "Student's tests: p < .001 for days and contacts; p > .05 for supports, though the "
        "printed means and SDs, of 104 and 353 victims-survivors, give p < .001.",
        ("D-N5",),
    )
    forms.name_columns(table)
    name_tests(table, forms, _TESTS)
    shown = ("mean", "sd", "median", "minimum", "maximum")
    for name, label in SUPPORT.items():
        table.row(name, label)
        add_description(table, forms, name, exits[name], shown)
        add_tests(table, forms, name, exits[name], _TESTS)
    return table


def _amount_by_site(context: Context, forms: Forms, exits: pd.DataFrame) -> Table:
    table = Table(
        "victim_support.by_site",
        "Contacts and supports mobilised, by site",
        "Victims-survivors with an IDVA intake and exit form. The published averages by site and "
        "group are bars without numbers.",
        ("D-N5",),
    )
    forms.name_columns(table)
    name_tests(table, forms, (WELCH,))
    for name in ("contacts", "number_of_supports"):
        for site, about in context.study.sites.items():
            row = f"{name}__{site}"
            label = SUPPORT[name].removesuffix(" of the IDVA with the victim-survivor")
            table.row(row, f"{label}: {about.label}")
            values = exits.loc[exits["site"] == site, name]
            add_description(table, forms, row, values, ("mean", "sd"), (site,))
            add_tests(table, forms, row, values, (WELCH,), (site,))
    return table


ANALYSIS = Analysis(
    id="victim_support",
    title="Support of victims-survivors",
    chapter="Victims-survivors",
    question="What did victims-survivors do before an IDVA supported them, how long and how much "
    "were they supported, and with what, in either arm?",
    population="Victims-survivors of allocated perpetrators with an IDVA intake form; for the "
    "support, those with an exit form as well.",
    rules="The arm is the perpetrator's. Forms without an answer are left out question by "
    "question. Days of support run from the intake to the exit form. The number of supports is "
    "that of the yeses, on forms that say yes or no of any; the share of a type is of the forms "
    "that say yes or no of it.",
    model="Means and standard deviations; Student's t-test as published and Welch's beside it; "
    "Hedges's g with an interval from the noncentral t; differences of shares with score "
    "intervals (Miettinen and Nurminen). Stata: ttest y, by(arm) [unequal]; esize twosample.",
    references=(
        "Hester et al. (2019), Evaluation of the Drive Project, Table 9, Figures 43 to 45 and "
        "the pages on victim-survivor support.",
        "Welch (1947), Biometrika 34(1/2), 28-35.",
        "Hedges (1981), Journal of Educational Statistics 6(2), 107-128.",
        "Miettinen and Nurminen (1985), Statistics in Medicine 4(2), 213-226.",
    ),
    limits=(
        "Support was given by the IDVA and not by lot: its amount may follow the risk, so a "
        "difference of the arms tells nothing of its effect.",
    ),
    catalogue=("D-T9", "D-N5"),
    parameters=VictimSupportParameters,
    run=run,
)
