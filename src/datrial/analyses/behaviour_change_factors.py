"""Which predictors of the pooled models matter, and what the probabilities are at their values."""

from __future__ import annotations

from datrial.analyses.behaviour_change_fits import Fitted
from datrial.analyses.behaviour_change_models import NO_PREDICTOR, Models
from datrial.analyses.behaviour_change_tables import (
    AVERAGES,
    LEVEL,
    PREDICTION,
    add_severities,
    behaviour_columns,
    severity_columns,
    value_row,
)
from datrial.analyses.levels import term_label
from datrial.results.cells import State, Table

TEST = ("chi2", "df", "p_value")
ADJUSTED = "p_value_adjusted"
DIFFERENCE = ("difference", "ci_low", "ci_high", "p_value")
TIME = "time_point"
NOT_A_PREDICTOR = "not a predictor of this model"
NO_VALUE = "no form in the model has this value or this severity"


def factor_tests_table(models: Models) -> Table:
    """Return the joint test of each predictor for each behaviour."""
    table = Table(
        "behaviour_change.factor_tests",
        "Joint test of each predictor of the models of behaviour",
        f"{models.note} {models.penalised()}Wald's test that all terms of a predictor are without "
        "effect, with the clustered covariance. p-values are also given as adjusted by Benjamini "
        "and Hochberg's method over all tests of the table but those of the time point. The "
        "report names, without a number: physical abuse, time point, criminal or civil justice "
        "and relationship; sexual abuse, the time point alone; harassment and stalking, time "
        "point, living arrangement and IDVA engagement; jealous and controlling behaviour, time "
        "point, relationship and IDVA engagement.",
        ("D-M1",),
    )
    behaviour_columns(table, models.outcomes)
    tests = {
        (name, behaviour): fit.result.joint_test(name)
        for behaviour, fit in models.fitted.items()
        for name in fit.forms.variables
    }
    adjusted = _adjusted({at: test.p_value for at, test in tests.items()})
    for name in models.variables or [NO_PREDICTOR]:
        table.row(name, term_label(name))
        for behaviour in models.outcomes:
            test = tests.get((name, behaviour))
            if test is None:
                reason = models.reason(behaviour, NOT_A_PREDICTOR)
                table.absent_all([name], [behaviour], (*TEST, ADJUSTED), reason)
                continue
            fit = models.fitted[behaviour]
            reason = "the covariance of its terms carries no test: too few service users"
            for statistic, value in zip(TEST, (test.statistic, test.df, test.p_value), strict=True):
                note = fit.method if statistic == "chi2" else ""
                table.add(name, behaviour, statistic, value, n=fit.n, note=note, reason=reason)
            if name == TIME:
                apart = "the time point is not among the tests adjusted together"
                table.absent(name, behaviour, ADJUSTED, apart, state=State.NOT_APPLICABLE)
            else:
                table.add(name, behaviour, ADJUSTED, adjusted[name, behaviour], reason=reason)
    return table


def _adjusted(p_values: dict[tuple[str, str], float]) -> dict[tuple[str, str], float]:
    """Return the adjusted p-values of all tests but those of the time point."""
    from datrial.models import adjust_benjamini_hochberg

    tested = {at: p for at, p in p_values.items() if at[0] != TIME}
    if not tested:
        return {}
    adjusted = adjust_benjamini_hochberg(list(tested.values()))
    return dict(zip(tested, map(float, adjusted), strict=True))


def factor_predictions_table(models: Models) -> Table:
    """Return the probability of each severity at each value of each factor but time."""
    table = Table(
        "behaviour_change.factor_predictions",
        "Adjusted probability of each severity of each behaviour, by the values of the factors",
        f"{models.note} {models.penalised()}{AVERAGES} The average runs over all time points: it "
        "is a level over the whole intervention, not a change, although the report reads such "
        "numbers as reductions.",
        ("D-M1",),
    )
    severity_columns(table)
    for behaviour, fit in models.fits.items():
        for factor in models.factors:
            if factor == TIME:
                continue
            found = None
            if isinstance(fit, Fitted) and factor in fit.forms.variables:
                found = fit.averages(factor).table(LEVEL)
            for value in models.values[factor].items():
                row, label = value_row(behaviour, factor, value)
                table.row(row, label)
                at = (factor, value[0])
                reason = models.reason(behaviour, NO_VALUE)
                add_severities(table, row, fit, found, at, reason, PREDICTION)
    return table


def factor_differences_table(models: Models) -> Table:
    """Return how the probabilities at each value differ from those at the reference."""
    table = Table(
        "behaviour_change.factor_differences",
        "Differences of the adjusted probabilities from those at the reference of each factor",
        f"{models.note} {models.penalised()}Differences of average adjusted predictions, in "
        "proportions; p-values by the delta method, 95% intervals joined of those of the two "
        f"probabilities (MOVER). {models.references()}".strip(),
        ("D-M1",),
    )
    severity_columns(table)
    for behaviour, fit in models.fits.items():
        for factor in models.factors:
            found, own = None, ""
            if isinstance(fit, Fitted) and factor in fit.forms.variables:
                found = fit.averages(factor).contrasts(None, LEVEL)
                own = fit.forms.reference(factor)
            for value in list(models.values[factor].items())[1:]:
                row, label = value_row(behaviour, factor, value)
                table.row(row, label)
                at = (factor, value[0])
                said = "the reference of this model" if value[0] == own else NO_VALUE
                reason = models.reason(behaviour, said)
                add_severities(table, row, fit, found, at, reason, DIFFERENCE)
    return table
