"""Whether the effects of the pooled models are the same at every cut of the severities."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from datrial.analyses.behaviour_change_fits import Fitted, merged
from datrial.analyses.behaviour_change_models import Models
from datrial.analyses.behaviour_change_tables import (
    NO_TERM,
    add_all,
    behaviour_columns,
    small,
)
from datrial.analyses.levels import BEHAVIOURS, SEVERITY, level_label, term_label
from datrial.results.cells import State, Table

if TYPE_CHECKING:
    from datrial.models.ordered_logit.brant import BrantTest
    from datrial.models.ordered_logit.partial_result import PartialProportionalOddsResult

TEST = ("chi2", "df", "p_value")
ODDS = ("odds_ratio", "ci_low", "ci_high", "p_value")
ALL = "all"
NONE_FREE = "none_free"
ONE_EFFECT = "one effect at every cut in this model"


def brant_tests(models: Models) -> dict[str, BrantTest]:
    """Return Brant's test of each model that could be fitted."""
    return {behaviour: fit.result.brant() for behaviour, fit in models.fitted.items()}


def proportional_odds_table(models: Models, tests: Mapping[str, BrantTest]) -> Table:
    """Return Brant's test of each model and of each of its terms."""
    table = Table(
        "behaviour_change.proportional_odds",
        "Brant's test that a predictor has the same effect at every cut of the severities",
        f"{models.note} One logit of being above each cut; their estimates are compared by "
        "Wald's test with the clustered covariance. A low p-value speaks against proportional "
        "odds. Terms on too few forms at some cut are not tested.",
        ("D-M1",),
    )
    behaviour_columns(table, models.outcomes)
    table.row(ALL, "All predictors tested")
    for term in models.terms:
        table.row(term, term_label(term))
    for behaviour, fit in models.fits.items():
        if isinstance(fit, str):
            table.absent_all([ALL, *models.terms], [behaviour], TEST, fit)
            continue
        _add_brant(table, behaviour, fit, tests[behaviour], models.terms)
    return table


def _add_brant(
    table: Table, behaviour: str, fit: Fitted, test: BrantTest, terms: list[str]
) -> None:
    from datrial.models.ordered_logit.brant import OVERALL

    results = test.table.to_dict("index")
    if not results:  # the last note says why there is no test
        table.absent_all([ALL, *terms], [behaviour], TEST, small(test.notes[-1]).rstrip("."))
        return
    compared = "; ".join(_cut_words(cut, fit.result.levels) for cut in test.cuts)
    for row in [ALL, *terms]:
        key = OVERALL if row == ALL else row
        if key in results:
            add_all(
                table, (row, behaviour), results[key], TEST, fit.n, f"cuts compared: {compared}"
            )
        else:
            skipped = "not tested: few forms in a cell with a cut, or a cut is separated"
            reason = skipped if row in test.skipped else NO_TERM
            table.absent_all([row], [behaviour], TEST, reason)


def partial_odds_table(models: Models, tests: Mapping[str, BrantTest]) -> Table:
    """Return the odds ratios at every cut of the terms for which Brant's test asks for it."""
    partial = {
        behaviour: fit if isinstance(fit, str) else _partial(fit, tests[behaviour].rejected())
        for behaviour, fit in models.fits.items()
    }
    told = {name: each for name, each in partial.items() if each and not isinstance(each, str)}
    table = Table(
        "behaviour_change.partial_odds",
        "Odds ratios at every cut of the severities, where Brant's test rejects the same for all",
        f"{models.note} Partial proportional odds: terms with a p-value below 0.05 in Brant's "
        "test have an odds ratio of their own at each cut (not adjusted for their number), all "
        f"others one, maximum likelihood without a penalty. {_told(told)}",
        ("D-M1",),
    )
    behaviour_columns(table, models.outcomes)
    free = merged(each.nonparallel for each in told.values())
    if not free:
        table.row(NONE_FREE, "No predictor with effects of its own at each cut")
        for behaviour, each in partial.items():
            if isinstance(each, str):
                table.absent_all([NONE_FREE], [behaviour], ODDS, each)
                continue
            for statistic in ODDS:
                state = State.NOT_APPLICABLE
                table.absent(NONE_FREE, behaviour, statistic, ONE_EFFECT, state=state)
        return table
    for term in free:
        for cut in range(1, len(SEVERITY)):
            row = f"{term}__cut{cut}"
            table.row(row, f"{term_label(term)}, {_cut_words(cut, list(SEVERITY))}")
            for behaviour, each in partial.items():
                _add_partial(table, (row, behaviour), each, term, cut)
    return table


def _partial(fit: Fitted, rejected: list[str]) -> PartialProportionalOddsResult | str | None:
    """Fit the model with these terms free, or say why it cannot be; nothing if none is."""
    from datrial.models import ModelDataError, fit_partial_proportional_odds

    if not rejected:
        return None
    try:
        return fit_partial_proportional_odds(
            fit.forms.model, fit.forms.complete, nonparallel=rejected, cluster="person_id"
        )
    except ModelDataError as error:
        return f"the model could not be fitted: {error}"


def _add_partial(
    table: Table,
    place: tuple[str, str],
    each: PartialProportionalOddsResult | str | None,
    term: str,
    cut: int,
) -> None:
    row, behaviour = place
    if isinstance(each, str):
        table.absent_all([row], [behaviour], ODDS, each)
    elif each is None or term not in each.nonparallel:
        for statistic in ODDS:
            table.absent(row, behaviour, statistic, ONE_EFFECT, state=State.NOT_APPLICABLE)
    elif (at := _own_cut(cut, each.levels)) is None:
        reason = "no form in the model tells the two sides of this cut apart"
        table.absent_all([row], [behaviour], ODDS, reason)
    else:
        values = each.odds_ratios().to_dict("index")[f"{term}@cut{at}"]
        add_all(table, place, values, ODDS, int(each.nobs), warning=_negative(each))


def _negative(each: PartialProportionalOddsResult) -> str:
    if not each.n_negative:
        return ""
    return f"{each.n_negative} forms have a negative probability of some severity in this model"


def _told(partial: Mapping[str, PartialProportionalOddsResult]) -> str:
    """Return what was asked and could not be had, and the forms with a negative probability."""
    parts = []
    for behaviour, each in partial.items():
        held = [note for note in each.notes if "held the same" in note or "instead" in note]
        negative = _negative(each)
        parts += [f"{BEHAVIOURS[behaviour]}: {_in_words(note)}" for note in held]
        parts += [f"{BEHAVIOURS[behaviour]}: {negative}."] if negative else []
    return " ".join(parts)


def _in_words(note: str) -> str:
    """Return a sentence of the model with its terms, which it quotes, in words."""
    return re.sub(r"'([^']+)'", lambda found: f"'{term_label(found[1])}'", note)


def _cut_words(cut: int, levels: list[object] | list[str]) -> str:
    """Return a cut in words: the level above it and those higher, against those below."""
    above, below = (small(level_label("physical", str(levels[at]))) for at in (cut, cut - 1))
    ends = " or higher" if cut < len(levels) - 1 else ""
    lower = " or lower" if cut > 1 else ""
    return f"{above}{ends} against {below}{lower}"


def _own_cut(cut: int, levels: list[object]) -> int | None:
    """Return the number, in a model without some severity, of a cut between two severities."""
    upper = list(SEVERITY)[cut]
    names = [str(level) for level in levels]
    return names.index(upper) if upper in names[1:] else None
