"""The Drive-DASH score by other models: it is bounded, and not known counts as no in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from datrial.analyses.risk_score_tables import row_of, usual_rows
from datrial.results.cells import Table

if TYPE_CHECKING:
    import pandas as pd

    from datrial.analyses.base import Context

COMMON = ("bse", "p_value", "ci_low", "ci_high")


@dataclass(frozen=True)
class Terms:
    """What a model says of its terms.

    Attributes
    ----------
    table
        A row each: the estimate under its statistic's name, bse, p_value, ci_low and ci_high.
    n
        Forms used.
    warning
        What a reader of the estimates should know.
    """

    table: pd.DataFrame
    n: int
    warning: str = ""


@dataclass(frozen=True)
class Model:
    """A column: its heading, what it estimates, and how.

    Attributes
    ----------
    fit
        Right-hand side and usable forms -> the terms.
    """

    label: str
    statistic: str
    fit: Callable[[str, pd.DataFrame], Terms]


def _poisson(
    effect: str = "gamma", *, robust: bool = False, exposure: str | None = None
) -> Callable[[str, pd.DataFrame], Terms]:
    def fit(formula: str, forms: pd.DataFrame) -> Terms:
        from datrial.models import fit_random_effects_poisson

        fitted = fit_random_effects_poisson(
            f"score ~ {formula}",
            forms,
            group="person_id",
            exposure=exposure,
            effect=effect,
            robust=robust,
        )
        return Terms(fitted.rate_ratios(), int(fitted.nobs), " ".join(fitted.notes))

    return fit


def _binomial(formula: str, forms: pd.DataFrame) -> Terms:
    """Fit the odds of yes among the answered items: a row for the yes, one for the no."""
    import pandas as pd

    from datrial.models import ModelDataError, fit_logit

    known = forms[forms["answered"].notna()]
    sides = [
        known.assign(is_yes=is_yes, items=items)
        for is_yes, items in ((0, known["answered"] - known["score"]), (1, known["score"]))
    ]
    items = pd.concat(sides, ignore_index=True)
    items = items[items["items"] > 0].reset_index(drop=True)
    fitted = fit_logit(f"is_yes ~ {formula}", items, weights="items", cluster="person_id")
    used = known.dropna(subset=list(fitted.design.frame.columns))
    if fitted.separation:
        raise ModelDataError("one of its terms foretells the answers without exception.")
    return Terms(fitted.odds_ratios(), len(used))


def _linear(formula: str, forms: pd.DataFrame) -> Terms:
    from datrial.models import fit_linear_random_effects

    fitted = fit_linear_random_effects(f"score ~ {formula}", forms, group="person_id")
    return Terms(fitted.differences(), fitted.nobs)


MODELS = {
    "gamma": Model("Poisson, gamma effect", "rate_ratio", _poisson()),
    "gamma_robust": Model(
        "Poisson, gamma effect, robust errors", "rate_ratio", _poisson(robust=True)
    ),
    "normal": Model("Poisson, normal effect", "rate_ratio", _poisson("normal")),
    "answered": Model(
        "Poisson, gamma effect, items answered as exposure, robust errors",
        "rate_ratio",
        _poisson(robust=True, exposure="answered"),
    ),
    "binomial": Model("Binomial logit, items answered", "odds_ratio", _binomial),
    "linear": Model("Linear random effects", "difference", _linear),
}
NOTE = (
    "The same rows and predictors by other models. A score cannot pass the number of items, so it "
    "varies less than a Poisson count about a person's mean: errors that take it for one can be "
    "too large, robust ones (sandwich over people, factor G/(G-1)) need not. Items answered: those "
    "not known do not count as no. Rate ratios are of the score (or of yes for each item "
    "answered); the binomial logit's are odds ratios of yes, pooled over people, which lie "
    "farther from 1; the linear model's are differences in points of the score. Robust errors in "
    "both."
)


def sensitivity_table(
    context: Context, formula: str, usable: pd.DataFrame, note: str, nothing: str
) -> Table:
    """Give each term of the regression by each model, named for what it estimates."""
    table = Table(
        "risk_score.sensitivity",
        "Drive-DASH score: the change over time by other models",
        f"{note} {NOTE}",
        ("D-TA3.2",),
    )
    for key, model in MODELS.items():
        table.column(key, model.label)
    answers = {key: _answer(model, formula, usable, nothing) for key, model in MODELS.items()}
    rows = _rows(context, [terms for terms in answers.values() if isinstance(terms, Terms)])
    for term, (row, label) in rows.items():
        table.row(row, label)
        for column, terms in answers.items():
            statistics = (MODELS[column].statistic, *COMMON)
            if isinstance(terms, str):
                table.absent_all([row], [column], statistics, terms)
                continue
            values = terms.table.loc[term].to_dict()
            for statistic in statistics:
                warning = terms.warning if statistic == statistics[0] else ""
                value = values[statistic]
                table.add(row, column, statistic, value, n=terms.n, warning=warning)
    return table


def _rows(context: Context, fitted: list[Terms]) -> dict[str, tuple[str, str]]:
    """Return term -> row key and label: of the models, which have the same, or the usual ones."""
    if not fitted:
        return {key: (key, label) for key, label in usual_rows(context).items()}
    return {str(term): row_of(str(term), context) for term in fitted[0].table.index}


def _answer(model: Model, formula: str, usable: pd.DataFrame, nothing: str) -> Terms | str:
    """Return a model's terms, or the reason why there are none."""
    from datrial.models import ModelDataError

    if nothing:
        return nothing
    try:
        return model.fit(formula, usable)
    except ModelDataError as error:
        return f"the model could not be fitted: {error}"
