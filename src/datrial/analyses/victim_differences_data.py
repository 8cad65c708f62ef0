"""Victims-survivors as the differences in differences use them: wide, and a row per time."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from datrial.analyses.arms import contrast, reference_arm
from datrial.analyses.levels import BEHAVIOURS, MODEL_LEVELS, NO_YES, PREDICTOR_LABELS, SEVERITY
from datrial.analyses.profile_rows import ETHNICITY, NUMBER_OF_NEEDS, SEX
from datrial.analyses.regression import RegressionParameters, in_order, model_rows
from datrial.analyses.victim_forms import victim_forms

if TYPE_CHECKING:
    import pandas as pd

    from datrial.analyses.base import Context
    from datrial.analyses.received import Received
    from datrial.config.study import Study

VICTIM, TIME, SIDE, WEIGHT = "victim_id", "time", "side", "weight"
INTAKE, EXIT = "intake", "exit"
TIMES = {INTAKE: "Intake", EXIT: "Exit"}
#: The two sides of a comparison: with more than two arms all but the reference are one side.
REFERENCE, OTHERS = "reference", "others"
NOBODY = "no victim-survivor is in this part of the data"
#: Answers without an order; the other coded columns have two values or an order.
NOMINAL = ("relationship", "living_arrangement", "ethnicity")


@dataclass(frozen=True)
class Victims:
    """Victims-survivors with an intake form, and what their tables need to name.

    Attributes
    ----------
    wide
        One row each: the intake form, the severities of the exit form where there is one, the
        arm, the side of the comparison, and ``intake_any_<behaviour>`` (1, 0 or missing).
    levels
        Coded column -> its codes and labels, the usual reference first.
    columns
        Side -> key and label of its column in a table.
    contrast
        What an odds ratio compares, in words.
    """

    wide: pd.DataFrame
    levels: Mapping[str, Mapping[str, str]]
    columns: dict[str, tuple[str, str]]
    contrast: str
    sent: Received

    @property
    def nothing(self) -> str:
        """Why there is nothing to fit; empty where there are victims-survivors."""
        return self.sent.reason() or ("" if len(self.wide) else NOBODY)


def read_victims(context: Context, parameters: RegressionParameters) -> Victims:
    """Return the victims-survivors that the models are asked for.

    Raises
    ------
    UsageError
        For columns and codes that do not exist in ``only`` and ``references``.
    """
    import pandas as pd

    forms, study = victim_forms(context), context.study
    levels = victim_levels(study)
    wide = model_rows(forms.frame, parameters, levels)
    arms = arm_labels(study)
    wide["arm"] = pd.Categorical(wide["arm"].astype(object), categories=list(arms))
    wide["arm"] = wide["arm"].cat.remove_unused_categories()
    wide[SIDE] = wide["others"].map({0.0: REFERENCE, 1.0: OTHERS}).astype(object)
    for behaviour in BEHAVIOURS:
        wide[f"intake_any_{behaviour}"] = any_severity(wide[f"intake_{behaviour}"])
    # The reference arm is the study's, never a parameter's: only here it has levels.
    named = {**levels, "arm": arms}
    return Victims(wide, named, _columns(study), contrast(study), forms.sent)


def victim_levels(study: Study) -> dict[str, Mapping[str, str]]:
    """Return the coded columns of an intake form, and the severities at both times."""
    used = ("relationship", "living_arrangement", "cyps_involvement", "children_present",
            "criminal_record_domestic_abuse")  # fmt: skip
    severities = {f"{time}_{name}": SEVERITY for time in TIMES for name in BEHAVIOURS}
    return {
        **{name: MODEL_LEVELS.get(name, NO_YES) for name in used},
        "sex": {"female": SEX["female"], "male": SEX["male"]},
        "ethnicity": {**ETHNICITY, "other": "Other"},
        "number_of_needs": NUMBER_OF_NEEDS,
        "site": {key: about.label for key, about in study.sites.items()},
        **severities,
    }


def arm_labels(study: Study) -> dict[str, str]:
    """Return the arms with the reference first."""
    order = in_order(list(study.arms), reference_arm(study))
    return {arm: study.arms[arm].label for arm in order if arm in study.arms}


def _columns(study: Study) -> dict[str, tuple[str, str]]:
    """Return the column of each side: its arm, or one of all other arms."""
    (reference, label), *others = arm_labels(study).items()
    if len(others) == 1:
        return {REFERENCE: (reference, label), OTHERS: others[0]}
    words = contrast(study).partition(" against ")[0]
    return {REFERENCE: (reference, label), OTHERS: (OTHERS, words[0].upper() + words[1:])}


def any_severity(levels: pd.Series) -> pd.Series:
    """Return 1 where the known severity is not none, 0 where it is, and missing."""
    answers = levels.astype(object)
    shown: pd.Series = (answers != "none").astype(float).where(answers.notna())
    return shown


def times_of(wide: pd.DataFrame) -> pd.DataFrame:
    """Return a row per victim-survivor and time, of those with an exit form two.

    ``<behaviour>`` is the severity then, ``any_<behaviour>`` whether it is not none.
    """
    import pandas as pd

    severities = [f"{time}_{name}" for time in TIMES for name in BEHAVIOURS]
    kept = wide.drop(columns=severities)
    parts = []
    for time in TIMES:
        has_form = wide[f"has_{EXIT}_form"].astype(bool) if time == EXIT else wide.index >= 0
        part = kept[has_form].assign(**{TIME: time})
        for name in BEHAVIOURS:
            part[name] = wide.loc[has_form, f"{time}_{name}"].astype(object)
        parts.append(part)
    rows = pd.concat(parts, ignore_index=True)
    for name in BEHAVIOURS:
        rows[f"any_{name}"] = any_severity(rows[name])
        ordered = pd.Categorical(rows[name], categories=list(SEVERITY), ordered=True)
        rows[name] = pd.Series(ordered.remove_unused_categories(), index=rows.index)
    return rows


def complete_rows(rows: pd.DataFrame, outcome: str, formula: str, *more: str) -> pd.DataFrame:
    """Return the rows with an answer to everything a model uses, without levels that none has."""
    known = rows.dropna(subset=[outcome, *names_in(formula, rows), *more]).copy()
    for name in known.columns:
        if hasattr(known[name], "cat"):
            known[name] = known[name].cat.remove_unused_categories()
    return known


def names_in(formula: str, frame: pd.DataFrame) -> list[str]:
    """Return the columns that a formula uses, each once."""
    words = dict.fromkeys(re.findall(r"[A-Za-z_]\w*", formula))
    return [name for name in words if name in frame.columns]


def plain_terms(
    formula: str, levels: Mapping[str, Mapping[str, str]], references: Mapping[str, str]
) -> dict[str, str]:
    """Return the terms that a formula's plain variables have, whoever answered, and labels.

    What is no plain variable (an interaction, a transform) has the terms of the fitted model.
    """
    terms: list[str] = []
    for part in formula.split("+"):
        name = part.strip()
        if name in levels:
            codes = in_order(list(levels[name]), references.get(name))[1:]
            terms += [f"{name}[T.{code}]" for code in codes]
        elif name.isidentifier():
            terms.append(name)
    return {term: term_words(term, levels) for term in terms}


def term_words(term: str, levels: Mapping[str, Mapping[str, str]]) -> str:
    """Return a term of a model in words, its codes by their labels."""
    parts = []
    for part in term.split(":"):
        name, _, rest = part.partition("[")
        code = rest.rstrip("]").removeprefix("T.")
        label = _LABELS.get(name) or PREDICTOR_LABELS.get(name) or _of_behaviour(name)
        words = levels.get(name, {}).get(code, code.replace("_", " "))
        if words and words[1:2].islower() and name not in ("site", "arm", "ethnicity"):
            words = words[0].lower() + words[1:]
        parts.append(f"{label}: {words}" if words else label)
    return " and ".join(parts)


_LABELS = {
    "age": "Age of the victim-survivor (years)",
    "arm": "Arm",
    "sex": "Sex of the victim-survivor",
    TIME: "Time",
    "number_of_needs": "Needs at intake",
}


def _of_behaviour(name: str) -> str:
    for prefix, when in (("intake_any_", "any at intake"), ("any_", "any")):
        behaviour = name.removeprefix(prefix)
        if behaviour in BEHAVIOURS and behaviour != name:
            return f"{BEHAVIOURS[behaviour]}, {when}"
    return name[:1].upper() + name[1:].replace("_", " ")
