"""Case managers and IDVAs on the same behaviours: side by side, and pair by pair."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datrial.analyses.behaviours_data import PLACE, add_share, behaviour_rows
from datrial.results.cells import Table

if TYPE_CHECKING:
    import pandas as pd

    from datrial.analyses.behaviours_data import Question
    from datrial.models.agreement import Agreement, Weights

TIMES = {"intake": "Intake", "closure": "Closure or exit"}
_PARTS = {
    f"{time_point}{key}": f"{label}{words}"
    for time_point, label in TIMES.items()
    for key, words in (("", ""), ("_high", ", high"))
}
SOURCES = {
    "case_manager": "Case manager, all forms",
    "idva": "IDVA, all forms",
    "case_manager_pairs": "Case manager, both known",
    "idva_pairs": "IDVA, both known",
}
_KAPPA = ("kappa", "bse", "ci_low", "ci_high")
NO_BOTH = "no perpetrator has a known severity from both"


def both_sources_table(question: Question) -> Table:
    """Return the share of each behaviour that case managers and that IDVAs recorded."""
    table = Table(
        "behaviours.both_sources",
        "The same behaviours as recorded by case managers and by IDVAs",
        "First two columns: all forms with a known severity, of service users and of their "
        "victims-survivors; these are other people, since most victims-survivors have no form. "
        "Last two: perpetrators with a known severity from both, each once, the most severe "
        "answer counting where several victims-survivors have a form. Any severity, and high alone."
        + question.said("cms", "insights"),
        ("D-F12",),
    )
    for column, label in SOURCES.items():
        table.column(column, label)
    sent = {"case_manager": question.nothing(), "idva": question.nothing("insights")}
    for row, (behaviour, part, label) in behaviour_rows(_PARTS).items():
        table.row(row, label)
        time_point = part.removesuffix("_high")
        least = PLACE["high" if part.endswith("_high") else "standard"]
        pairs = _pairs(question, behaviour, time_point)
        answers = {
            "case_manager": question.case_manager(behaviour)[time_point].dropna(),
            "idva": question.idva(behaviour, time_point)["place"].dropna(),
            "case_manager_pairs": pairs["case_manager"],
            "idva_pairs": pairs["idva"],
        }
        for column, places in answers.items():
            if column in sent:
                reason = sent[column] or "no form with a known severity"
            else:
                reason = "; ".join(filter(None, sent.values())) or NO_BOTH
            add_share(table, (row, column), places >= least, reason)
    return table


def agreement_table(question: Question, weights: Weights) -> Table:
    """Return how far case manager and IDVA agree on each perpetrator."""
    table = Table(
        "behaviours.agreement",
        "Agreement of case manager and IDVA on the severity of each behaviour",
        "Perpetrators with a known severity from both, each once, the most severe answer counting "
        "where several victims-survivors have a form. The forms are of different days, and the "
        "case manager may have been told by the IDVA: they are not independent. Kappa with "
        f"{_WORDS[weights]}: 1 is full agreement, 0 is what chance would give."
        + question.said("cms", "insights"),
        ("D-F12",),
    )
    table.column("pairs", "Pairs")
    table.column("same", "Same severity")
    table.column("case_manager_higher", "Case manager more severe")
    table.column("idva_higher", "IDVA more severe")
    table.column("kappa", "Weighted kappa" if weights != "none" else "Kappa")
    nothing = "; ".join(filter(None, (question.nothing(), question.nothing("insights"))))
    for row, (behaviour, time_point, label) in behaviour_rows(TIMES).items():
        table.row(row, label)
        pairs = _pairs(question, behaviour, time_point)
        reason = nothing or NO_BOTH
        table.add(row, "pairs", "count", None if nothing else len(pairs), reason=nothing)
        first, second = pairs["case_manager"], pairs["idva"]
        compared = {
            "same": first == second,
            "case_manager_higher": first > second,
            "idva_higher": second > first,
        }
        for column, hits in compared.items():
            add_share(table, (row, column), hits, reason)
        _add_kappa(table, row, pairs, weights, nothing)
    return table


_WORDS = {
    "linear": "linear weights",
    "quadratic": "quadratic weights",
    "none": "every disagreement alike",
}


def _add_kappa(table: Table, row: str, pairs: pd.DataFrame, weights: Weights, nothing: str) -> None:
    from datrial.models import ModelDataError
    from datrial.models.agreement import weighted_kappa

    try:
        found = weighted_kappa(_counts(pairs), weights=weights)
    except ModelDataError as error:
        table.absent_all([row], ["kappa"], _KAPPA, nothing or str(error))
        return
    _add_estimate(table, row, found)


def _add_estimate(table: Table, row: str, found: Agreement) -> None:
    table.add(row, "kappa", "kappa", found.kappa, n=found.n)
    table.add(row, "kappa", "bse", found.bse, n=found.n)
    interval = found.conf_int()
    for place, end in enumerate(("ci_low", "ci_high")):
        value = interval[place] if interval else None
        reason = "full agreement has no large-sample interval"
        table.add(row, "kappa", end, value, n=found.n, reason=reason)


def _counts(pairs: pd.DataFrame) -> list[list[int]]:
    """Return the pairs by the case manager's level (rows) and the IDVA's."""
    return [
        [
            int(((pairs["case_manager"] == first) & (pairs["idva"] == second)).sum())
            for second in PLACE.values()
        ]
        for first in PLACE.values()
    ]


def _pairs(question: Question, behaviour: str, time_point: str) -> pd.DataFrame:
    """Return one row for each perpetrator of whom both know the severity."""
    idva = question.idva(behaviour, time_point).groupby("person_id")["place"].max()
    case_manager = question.case_manager(behaviour)[time_point]
    return case_manager.rename("case_manager").to_frame().join(idva.rename("idva")).dropna()
