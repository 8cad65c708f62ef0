"""Who is seen by an IDVA at all: by arm, and the weights for those with both forms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from datrial.analyses.received import received
from datrial.analyses.victim_differences_data import (
    WEIGHT,
    Victims,
    arm_labels,
    complete_rows,
    plain_terms,
    term_words,
)
from datrial.results.cells import State, Table

if TYPE_CHECKING:
    import pandas as pd

    from datrial.analyses.base import Context
    from datrial.models.missing.weighting import InverseProbabilityWeights

SEEN = {
    "allocated": "Allocated perpetrators",
    "with_intake_form": "With a victim-survivor with an intake form",
    "with_both_forms": "With a victim-survivor with both forms",
}
#: Row -> statistic and label of the weights' spread.
_SPREAD = {
    "n_observed": ("count", "Victims-survivors with both forms and a weight"),
    "minimum": ("minimum", "Smallest weight"),
    "maximum": ("maximum", "Largest weight"),
    "mean": ("mean", "Mean"),
    "standard_deviation": ("sd", "Standard deviation"),
    "effective_sample_size": ("effective_sample_size", "Effective sample size (Kish)"),
    "largest_before_truncation": ("maximum", "Largest weight before it was cut off"),
    "share_truncated": ("share", "Weights cut off at their 1st or 99th percentile"),
}
_HAS_EXIT = "has_exit_form"


def weigh(victims: Victims, formula: str) -> InverseProbabilityWeights | str:
    """Weight those with both forms to resemble all with an intake form; or why it cannot be."""
    from datrial.models import ModelDataError, inverse_probability_weights

    if victims.nothing:
        return victims.nothing
    known = complete_rows(victims.wide, _HAS_EXIT, formula)
    observed = known[_HAS_EXIT].astype(bool).to_numpy()
    by = "arm" if known["arm"].nunique() > 1 else True
    try:
        return inverse_probability_weights(known, observed, formula, stabilised=by)
    except ModelDataError as error:
        return f"the weights could not be computed: {error}"


def with_weights(wide: pd.DataFrame, found: InverseProbabilityWeights) -> pd.DataFrame:
    """Return the victims-survivors with their weight; without a predictor they have none."""
    return wide.assign(**{WEIGHT: found.weights.reindex(wide.index)})


def seen_table(context: Context) -> Table:
    """Return how many allocated perpetrators have a victim-survivor with forms, by arm."""
    table = Table(
        "victim_differences.seen",
        "Allocated perpetrators whose victims-survivors an IDVA saw",
        "All allocated perpetrators, also where the models are asked for a part of the victims-"
        "survivors. Share: of the allocated of sites that sent IDVA data. Whether a victim-"
        "survivor has forms is decided after the allocation and may depend on the arm: the "
        "models compare those who were seen, and weighting within them cannot undo that.",
        ("D-TA4",),
    )
    for row, label in SEEN.items():
        table.row(row, label)
    people = context.connection.execute(
        "select arm, victims_with_intake_form, victims_with_both_forms "
        "from marts.participant where is_allocated order by person_id"
    ).df()
    sent = received(context, "insights")
    for arm, label in arm_labels(context.study).items():
        table.column(arm, label)
        own = people[people["arm"] == arm]
        known = own[own["victims_with_intake_form"].notna()]
        table.add("allocated", arm, "count", len(own))
        table.absent("allocated", arm, "share", "the other shares are of these",
                     state=State.NOT_APPLICABLE)  # fmt: skip
        for row, name in (("with_intake_form", "victims_with_intake_form"),
                          ("with_both_forms", "victims_with_both_forms")):  # fmt: skip
            if sent.reason():
                table.absent_all([row], [arm], ("count", "share"), sent.reason())
                continue
            seen = int((known[name] > 0).sum())
            share = seen / len(known) if len(known) else None
            table.add(row, arm, "count", seen, n=len(known), warning=sent.warning())
            table.add(row, arm, "share", share, n=len(known), warning=sent.warning(),
                      reason="nobody was allocated")  # fmt: skip
    return table


def weights_table(found: InverseProbabilityWeights | str, formula: str) -> Table:
    """Return the spread of the weights."""
    table = Table(
        "victim_differences.weights",
        "Weights of victims-survivors with both forms",
        "The probability given the arm of having both forms, over that given all predictors, "
        f"by logistic regression on those with an intake form. Predictors: {formula}."
        f"{_left_out(found)}",
        ("D-TA4",),
    )
    table.column("weight", "Weight")
    for row, (statistic, label) in _SPREAD.items():
        table.row(row, label)
        if isinstance(found, str):
            table.absent(row, "weight", statistic, found)
        else:
            value = float(found.spread().to_dict()[row])
            table.add(row, "weight", statistic, value, n=found.n_observed)
    return table


def balance_table(
    found: InverseProbabilityWeights | str, victims: Victims, formula: str,
    references: Mapping[str, str],
) -> Table:  # fmt: skip
    """Return the predictors' differences from all with an intake form, before and after."""
    table = Table(
        "victim_differences.balance",
        "Victims-survivors with both forms beside all with an intake form",
        "Standardised difference of the mean of those with both forms from that of all with an "
        "intake form, before and after weighting. Above 0.1 is usually called imbalance (Austin "
        f"2009).{_left_out(found)}",
        ("D-TA4",),
    )
    table.column("before", "Before weighting")
    table.column("after", "After weighting")
    balance = {} if isinstance(found, str) else found.balance.to_dict("index")
    rows = plain_terms(formula, victims.levels, references)
    for term in balance:
        rows.setdefault(str(term), term_words(str(term), victims.levels))
    for term, label in rows.items():
        table.row(term, label)
        if isinstance(found, str):
            table.absent_all([term], ("before", "after"), ("smd",), found)
        elif term not in balance:
            reason = "no victim-survivor has this answer"
            table.absent_all([term], ("before", "after"), ("smd",), reason)
        else:
            for column in ("before", "after"):
                value = balance[term][f"smd_{column}"]
                table.add(term, column, "smd", value, n=found.n_observed)
    return table


def _left_out(found: InverseProbabilityWeights | str) -> str:
    if isinstance(found, str):
        return ""
    return (
        f" {found.n} victims-survivors have an answer to every predictor; the others have no "
        "weight and are left out."
    )
