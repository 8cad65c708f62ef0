"""The tables of a latent class model of needs: comparison, sizes, profile."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datrial.analyses.levels import NEEDS
from datrial.results.cells import Table

if TYPE_CHECKING:
    from datrial.models.latent_class_result import LatentClassResult


def enumeration_table(
    numbers: tuple[int, ...],
    fits: dict[int, LatentClassResult],
    faults: dict[int, str],
    note: str,
) -> Table:
    """Return the indices of each number of classes, and what they advise."""
    import pandas as pd

    from datrial.models import advise_number_of_classes

    columns = {
        "llf": "Log-likelihood", "parameters": "Parameters", "aic": "AIC", "bic": "BIC",
        "sabic": "SABIC", "entropy": "Entropy", "smallest_class": "Smallest class",
        "best_start_share": "Best start share",
    }  # fmt: skip
    compared = pd.DataFrame(
        {
            "n_classes": number, "llf": fits[number].llf, "parameters": fits[number].n_params,
            "aic": fits[number].aic, "bic": fits[number].bic, "sabic": fits[number].sabic,
            "entropy": fits[number].entropy, "smallest_class": fits[number].class_sizes.min(),
            "best_start_share": fits[number].best_start_share, "converged": fits[number].converged,
        }
        for number in numbers if number in fits
    )  # fmt: skip
    advice = advise_number_of_classes(compared) if len(compared) else ""
    table = Table(
        "needs_classes.enumeration",
        "Fit of latent class models of needs, by number of classes",
        f"{note} {advice} SABIC uses (n + 2) / 24; entropy is relative (1 = certain membership); "
        "smallest class is a share; best start share is the share of the random starts followed to "
        "the end that found the best log-likelihood.",
        ("D-TA3.1",),
    )
    for key, label in columns.items():
        table.column(key, label)
    for number in numbers:
        row = f"classes_{number}"
        table.row(row, f"{number} classes")
        if number not in fits:
            table.absent_all([row], columns, ["value"], faults[number])
    for record in compared.to_dict("records"):
        warning = "" if record["converged"] else "the fit did not converge"
        for key in columns:
            row = f"classes_{int(record['n_classes'])}"
            table.add(row, key, "value", float(record[key]), warning=warning)
    return table


def _class_labels(number: int, fit: LatentClassResult | None) -> dict[str, str]:
    """Return key -> label in the model's stable order (the fixed class first, then by size)."""
    fixed = fit is not None and str(fit.class_sizes.index[0]) == "zero class"
    return {
        f"class_{position}": f"Class {position}"
        + (" (no needs, fixed)" if fixed and position == 1 else "")
        for position in range(1, number + 1)
    }


def sizes_table(number: int, fit: LatentClassResult | None, note: str, fault: str) -> Table:
    """Return the share of each class with its interval."""
    from scipy.stats import norm

    table = Table(
        "needs_classes.sizes",
        f"Sizes of the {number} latent classes of needs",
        f"{note} Estimated shares of the population in each class; intervals (95%) from the "
        f"observed information, on the logit scale. {' '.join(fit.notes) if fit else ''}".strip(),
        ("D-F4",),
    )
    table.column("share", "Share")
    labels = _class_labels(number, fit)
    for key, label in labels.items():
        table.row(key, label)
    if fit is None:
        table.absent_all(labels, ["share"], ["share", "ci_low", "ci_high"], fault)
        return table
    reach = float(norm.ppf(0.975))
    for position, key in enumerate(labels):
        share, error = (
            float(fit.class_sizes.iloc[position]),
            float(fit.bse_class_sizes.iloc[position]),
        )
        table.add(key, "share", "share", share, n=int(fit.nobs))
        for statistic, sign in (("ci_low", -1), ("ci_high", 1)):
            limit = _logit_limit(share, error, sign * reach)
            reason = "no standard error: the estimate lies on a boundary"
            table.add(key, "share", statistic, limit, reason=reason)
    return table


def _logit_limit(share: float, error: float, reach: float) -> float | None:
    """Return a limit of a share's interval, built on the logit scale so that it stays in 0..1."""
    import math

    from scipy.special import expit, logit

    if not (0 < share < 1 and math.isfinite(error)):
        return None
    return float(expit(logit(share) + reach * error / (share * (1 - share))))


def profile_table(number: int, fit: LatentClassResult | None, note: str, fault: str) -> Table:
    """Return the probability of each need in each class."""
    table = Table(
        "needs_classes.profile",
        f"Probability of each need within each of the {number} classes",
        note,
        ("D-F4",),
    )
    labels = _class_labels(number, fit)
    for key, label in labels.items():
        table.column(key, label)
    for need, label in NEEDS.items():
        table.row(need, label)
        if fit is None:
            table.absent_all([need], labels, ["probability"], fault)
            continue
        for position, key in enumerate(labels):
            table.add(need, key, "probability", float(fit.item_probabilities[need].iloc[position]))
    return table
