"""How IDVAs saw the risk to victims-survivors change, and how lasting they thought it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from datrial.analyses.base import Analysis, Context, Parameters
from datrial.analyses.profile_rows import DONT_KNOW, MISSING
from datrial.analyses.victim_forms import ENGAGED, Forms, victim_forms
from datrial.results.cells import Table

if TYPE_CHECKING:
    import pandas as pd

#: From the best to the worst: a higher level is worse.
RISK_CHANGE = {
    "significant_reduction": "Significant reduction",
    "moderate_reduction": "Moderate reduction",
    "limited_reduction": "Limited reduction",
    "no_change": "No change",
    "increase": "Increase",
}
SUSTAINABILITY = {
    "permanently_eliminated": "Permanently eliminated",
    "long_term": "Lasting in the long term",
    "medium_term": "Lasting in the medium term",
    "short_term": "Lasting in the short term",
}
QUESTIONS = {
    "risk_change": ("Change in risk", RISK_CHANGE),
    "risk_sustainability": ("Sustainability of the change", SUSTAINABILITY),
}
ANSWERED = "answered"
_INDEPENDENCE = ("chi_squared", "p_value")
_ODDS = ("odds_ratio", "ci_low", "ci_high", "p_value")
_POPULATION = "Victims-survivors with an IDVA intake and exit form. "


class VictimRiskParameters(Parameters):
    """The perceived change in risk has no parameters."""


def run(context: Context, parameters: VictimRiskParameters) -> list[Table]:
    """Return the perceived change in risk, its sustainability, and tests of both by arm."""
    del parameters
    forms = victim_forms(context)
    exits = forms.frame[forms.frame["has_exit_form"].astype(bool)]
    change = Table(
        "victim_risk.change",
        "Change in risk to victims-survivors since intake, as IDVAs saw it at exit",
        f"{_POPULATION}{ENGAGED} Share: of those with a known change. The published figure has "
        "bars without numbers.",
        ("D-F46",),
    )
    lasting = Table(
        "victim_risk.sustainability",
        "How lasting IDVAs thought the change in risk",
        f"{_POPULATION}{ENGAGED} Share: of those with a known answer. The published figure has "
        "bars without numbers; only their numbers of victims-survivors are printed.",
        ("D-F46",),
    )
    for table, name in ((change, "risk_change"), (lasting, "risk_sustainability")):
        _answers(table, forms, exits, name, QUESTIONS[name][1])
    return [change, lasting, _tests(forms, exits)]


def _answers(
    table: Table, forms: Forms, exits: pd.DataFrame, name: str, levels: Mapping[str, str]
) -> None:
    """Add how many gave each answer; don't know and missing are counted, not shared."""
    forms.name_columns(table)
    for code, label in {**levels, ANSWERED: "Answered", DONT_KNOW: "Don't know",
                        MISSING: "Missing"}.items():  # fmt: skip
        table.row(code, label)
    reason, warning = forms.sent.reason(), forms.sent.warning()
    for column, group in forms.groups(exits):
        answers = group[name]
        known = answers[answers.isin(list(levels))]
        if reason:
            table.absent_all(levels, [column], ("count", "share"), reason)
            table.absent_all((ANSWERED, DONT_KNOW, MISSING), [column], ("count",), reason)
            continue
        for code in levels:
            count = int((known == code).sum())
            share = count / len(known) if len(known) else None
            table.add(code, column, "count", count, n=len(known), warning=warning)
            table.add(code, column, "share", share, n=len(known), warning=warning,
                      reason="no form has an answer")  # fmt: skip
        unknown = int((answers == DONT_KNOW).sum())
        for code, count in ((ANSWERED, len(known)), (DONT_KNOW, unknown),
                            (MISSING, len(answers) - len(known) - unknown)):  # fmt: skip
            table.add(code, column, "count", count, n=len(answers), warning=warning)


def _tests(forms: Forms, exits: pd.DataFrame) -> Table:
    table = Table(
        "victim_risk.tests",
        "Change in risk and its sustainability: do the arms differ?",
        f"{_POPULATION}Independence: Pearson's chi-squared with its p-value, which is exact where "
        "an expected count is below five. Odds ratio: of a worse answer (less reduction, less "
        f"lasting), {forms.contrast}, by ordered logistic regression. {ENGAGED}",
        ("D-F46",),
    )
    table.column("independence", "Independence of arm and answer")
    table.column("odds_ratio", f"Worse answer, {forms.contrast}")
    for name, (label, levels) in QUESTIONS.items():
        table.row(name, label)
        known = exits[exits[name].isin(list(levels))]
        _independence(table, forms, name, known, levels)
        _odds_ratio(table, forms, name, known, levels)
    return table


def _independence(
    table: Table, forms: Forms, name: str, known: pd.DataFrame, levels: Mapping[str, str]
) -> None:
    from datrial.models import ModelDataError, independence_test

    counts = [
        [int((known.loc[known["others"] == side, name] == code).sum()) for code in levels]
        for side in (0.0, 1.0)
    ]
    reason = forms.sent.reason()
    if not reason:
        try:
            test = independence_test(counts)
        except ModelDataError as error:
            reason = f"it could not be tested: {error}"
    if reason:
        table.absent_all([name], ["independence"], _INDEPENDENCE, reason)
        return
    warning = forms.sent.warning()
    table.add(name, "independence", "chi_squared", test.statistic, n=test.n, warning=warning)
    table.add(name, "independence", "p_value", test.p_value, n=test.n, warning=warning,
              note="exact" if test.method == "exact" else "")  # fmt: skip


def _odds_ratio(
    table: Table, forms: Forms, name: str, known: pd.DataFrame, levels: Mapping[str, str]
) -> None:
    import pandas as pd

    from datrial.models import ModelDataError, fit_ordered_logit

    answers = pd.Categorical(known[name], categories=list(levels), ordered=True)
    data = pd.DataFrame({
        "answer": pd.Series(answers, index=known.index).cat.remove_unused_categories(),
        "others": known["others"], "person_id": known["person_id"],
    })  # fmt: skip
    reason = forms.sent.reason()
    if not reason:
        try:
            fit = fit_ordered_logit("answer ~ others", data, cluster="person_id", penalty="auto")
        except ModelDataError as error:
            reason = f"the model could not be fitted: {error}"
    if reason:
        table.absent_all([name], ["odds_ratio"], _ODDS, reason)
        return
    found = fit.odds_ratios().to_dict("index")["others"]
    # That nothing had to be penalised needs no note.
    notes = " ".join(fit.notes) if fit.penalty else ""
    for statistic in _ODDS:
        table.add(name, "odds_ratio", statistic, found[statistic], n=int(fit.nobs),
                  note=notes, warning=forms.sent.warning(), reason=notes)  # fmt: skip


ANALYSIS = Analysis(
    id="victim_risk",
    title="Risk to victims-survivors",
    chapter="Victims-survivors",
    question="Did IDVAs think that the risk to victims-survivors had become less, for how long, "
    "and more so where the perpetrator was allocated to the intervention?",
    population="Victims-survivors of allocated perpetrators with an IDVA intake and exit form.",
    rules="The arm is the perpetrator's. Don't know and missing answers are counted and left out "
    "of shares and tests.",
    model="Shares by arm; Pearson's chi-squared or an exact test; ordered logistic regression of "
    "the answer on the arm, standard errors clustered by perpetrator, with a log-F penalty where "
    "answers separate the arms or a level is rare, which its cells then say. Stata: tabulate, "
    "chi2 exact; ologit answer arm, vce(cluster id) or.",
    references=(
        "Hester et al. (2019), Evaluation of the Drive Project, Figures 46 and 47.",
        "McCullagh (1980), Journal of the Royal Statistical Society B 42(2), 109-142.",
    ),
    limits=(
        "It is the IDVA's judgement at exit, of those with both forms; an IDVA may know whether "
        "the perpetrator is in the intervention.",
    ),
    catalogue=("D-F46",),
    parameters=VictimRiskParameters,
    run=run,
)
