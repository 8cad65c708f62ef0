"""The models with an intercept of each service user, beside the pooled ones."""

from __future__ import annotations

from math import pi
from typing import TYPE_CHECKING

from datrial.analyses.behaviour_change_fits import SEPARATED, Fitted
from datrial.analyses.behaviour_change_models import Models
from datrial.analyses.behaviour_change_tables import NO_TERM, add_all, behaviour_columns
from datrial.analyses.levels import term_label
from datrial.results.cells import State, Table

if TYPE_CHECKING:
    from datrial.models.ordered_logit.intercept_result import RandomInterceptOrderedLogitResult

ODDS = ("odds_ratio", "ci_low", "ci_high", "p_value")
LIMITS = ("ci_low", "ci_high")


def person_level_table(models: Models) -> Table:
    """Return the odds ratios of one person: the models with a random intercept."""
    table = Table(
        "behaviour_change.person_level",
        "Odds ratios of more severe behaviour of one service user (random intercept)",
        f"{models.note} Ordered logit with a normal intercept of each service user (adaptive "
        "quadrature), without a penalty: beside the pooled odds ratios, which are of the "
        "population and lie nearer to 1. sigma: standard deviation of the intercept, its "
        "p-value from the likelihood-ratio test of no such intercept; icc: share of the latent "
        f"variance that lies between service users. {models.references()}".strip(),
        ("D-M1",),
    )
    behaviour_columns(table, models.outcomes)
    for term in models.terms:
        table.row(term, term_label(term))
    table.row("sigma", "Standard deviation between service users (sigma)")
    table.row("icc", "Intraclass correlation")
    for behaviour, fit in models.fits.items():
        found = fit if isinstance(fit, str) else _random_intercept(fit)
        if isinstance(fit, str) or isinstance(found, str):
            reason = str(found)
            table.absent_all(models.terms, [behaviour], ODDS, reason)
            table.absent_all(["sigma", "icc"], [behaviour], ("value", *LIMITS, "p_value"), reason)
            continue
        _add_terms(table, behaviour, fit, found, models.terms)
        _add_spread(table, behaviour, fit, found)
    return table


def _random_intercept(fit: Fitted) -> RandomInterceptOrderedLogitResult | str:
    from datrial.models import ModelDataError, fit_random_intercept_ordered_logit

    try:
        found = fit_random_intercept_ordered_logit(
            fit.forms.model, fit.forms.complete, group="person_id"
        )
    except ModelDataError as error:
        return f"the model could not be fitted: {error}"
    if not found.converged and not fit.separated:
        return "the model could not be fitted: the maximiser did not converge"
    return found


def _add_terms(
    table: Table,
    behaviour: str,
    fit: Fitted,
    found: RandomInterceptOrderedLogitResult,
    terms: list[str],
) -> None:
    import numpy as np

    with np.errstate(over="ignore", invalid="ignore"):
        ratios = found.odds_ratios().to_dict("index")
    for term in terms:
        if term not in ratios:
            table.absent_all([term], [behaviour], ODDS, NO_TERM)
        elif term in fit.separated:
            table.absent_all([term], [behaviour], ODDS, SEPARATED)
        else:
            place = (term, behaviour)
            add_all(table, place, ratios[term], ODDS, fit.n, warning=fit.warning(term))


def _add_spread(
    table: Table, behaviour: str, fit: Fitted, found: RandomInterceptOrderedLogitResult
) -> None:
    """Add sigma with its test, and the intraclass correlation, a function of it."""
    low, high = found.sigma_interval()
    at_zero = found.sigma == 0
    said = "estimated as 0: answers of a service user are no more alike than those of others"
    none = {"reason": "no interval at the boundary 0"} if at_zero else {}
    warning = "the severities are separated by some predictor" if fit.separated else ""
    share = found.intraclass_correlation
    for row, value, limits in (
        ("sigma", found.sigma, (low, high)),
        ("icc", share, (_share(low), _share(high))),
    ):
        note = said if at_zero else ""
        table.add(row, behaviour, "value", value, n=fit.n, note=note, warning=warning)
        for name, limit in zip(LIMITS, limits, strict=True):
            table.add(row, behaviour, name, limit, n=fit.n, **none)
        if row == "sigma":
            table.add(row, behaviour, "p_value", found.boundary_test.p_value, n=fit.n)
        else:
            same = "the test is that of sigma"
            table.absent(row, behaviour, "p_value", same, state=State.NOT_APPLICABLE)


def _share(sigma: float) -> float:
    """Return the share of the latent variance that lies between people."""
    return sigma**2 / (sigma**2 + pi**2 / 3)
