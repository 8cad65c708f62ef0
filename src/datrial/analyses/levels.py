"""The order and labels of coded answers in models and tables; the first is the reference."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

NEEDS = {
    "housing": "Housing",
    "employment": "Employment",
    "alcohol_misuse": "Alcohol misuse",
    "relationship_with_children": "Relationship with children",
    "parenting_capacity": "Parenting capacity",
    "mental_health": "Mental health",
    "drugs_misuse": "Drugs misuse",
    "relationship_with_family": "Relationship with family members",
    "financial": "Financial",
    "social_community_ties": "Social and community ties",
    "physical_health": "Physical health",
    "other_addictions": "Other addictions",
}

BEHAVIOURS = {
    "physical": "Physical abuse",
    "sexual": "Sexual abuse",
    "harassment_stalking": "Harassment and stalking",
    "jealous_controlling": "Jealous and controlling behaviour",
}

TIME_POINTS = {"intake": "Intake", "midpoint": "Midpoint", "closure": "Case closure"}
SEVERITY = {"none": "None", "standard": "Standard", "moderate": "Moderate", "high": "High"}
NO_YES = {"no": "No", "yes": "Yes"}
LIVING = {
    "apart": "Not living together",
    "together": "Living together",
    "intermittently": "Living together intermittently",
}
RELATIONSHIP = {
    "current_partner": "Current intimate partner",
    "ex_partner": "Ex-intimate partner",
    "intermittent_partner": "Intermittent intimate partner",
    "family_member": "Family member",
    "other": "Other person",
}

ENGAGEMENT = {
    "no_contact_made": "No contact made",
    "did_not_engage": "Did not engage",
    "partially_engaged": "Partially engaged",
    "engaged": "Engaged",
}

#: Coded columns that models use: code -> label, reference first. A code that is not
#: listed here (don't know, not applicable) is a missing answer to a model.
MODEL_LEVELS: dict[str, dict[str, str]] = {
    **dict.fromkeys(BEHAVIOURS, SEVERITY),
    "time_point": TIME_POINTS,
    "living_arrangement": LIVING,
    "relationship": RELATIONSHIP,
    "direct_contact": NO_YES,
    "engagement": ENGAGEMENT,
    "domestic_abuse_charges": NO_YES,
    "idva_engaged": NO_YES,
    "cyps_involvement": NO_YES,
    "ccj_involvement": NO_YES,
    "children_present": NO_YES,
    "criminal_record_domestic_abuse": NO_YES,
}

PREDICTOR_LABELS = {
    **BEHAVIOURS,
    "time_point": "Time point",
    "age": "Age at intake (years)",
    "living_arrangement": "Living arrangement",
    "relationship": "Relationship",
    "direct_contact": "Direct contact with case manager",
    "engagement": "Engagement with case manager",
    "domestic_abuse_charges": "Domestic abuse charges",
    "idva_engaged": "Victim-survivor engaged with an IDVA",
    "cyps_involvement": "Children and young people's services involved",
    "ccj_involvement": "Criminal or civil justice involved",
    "children_present": "Children present",
    "criminal_record_domestic_abuse": "Criminal record for domestic abuse",
    "site": "Site",
}


def with_model_levels(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the frame with coded columns as ordered categoricals, the reference first.

    Codes without a level (don't know, not applicable) become missing. Levels that
    no row has are dropped: they have neither a coefficient nor a cutpoint.
    """
    import pandas as pd

    out = frame.copy()
    for name in out.columns:
        if name not in MODEL_LEVELS:
            continue
        answers = out[name].where(out[name].isin(list(MODEL_LEVELS[name])))
        levels = pd.Categorical(answers, categories=list(MODEL_LEVELS[name]), ordered=True)
        out[name] = pd.Series(levels.remove_unused_categories(), index=out.index)
    return out


def reference_levels(frame: pd.DataFrame) -> str:
    """Return the reference level of each categorical predictor of a model, in words.

    Parameters
    ----------
    frame
        The predictors as the model used them; a model compares every other
        level with the first.
    """
    import pandas as pd

    references = []
    for name in frame.columns:
        if isinstance(frame[name].dtype, pd.CategoricalDtype):
            level = str(frame[name].cat.categories[0])
        elif not pd.api.types.is_numeric_dtype(frame[name]):
            level = min(map(str, frame[name].unique()))
        else:
            continue
        references.append(f"{name}[T.{level}]")
    return "; ".join(term_label(each) for each in references)


def term_label(term: str) -> str:
    """Return a model term in words: ``relationship[T.family_member]`` -> the labels."""
    first, *others = re.split(r":(?![^\[]*\])", term)  # an interaction's parts
    if others:
        return f"{term_label(first)}, with {' and '.join(map(_within, others))}"
    name, _, rest = term.partition("[")
    level = rest.rstrip("]").removeprefix("T.")
    label = PREDICTOR_LABELS.get(name, name.replace("_", " "))
    if not level:
        return label
    words = level_label(name, level)
    return f"{label}: {words[0].lower() + words[1:] if words[1:2].islower() else words}"


def _within(term: str) -> str:
    words = term_label(term)
    return f"{words[0].lower()}{words[1:]}"


def level_label(column: str, code: str) -> str:
    """Return the label of a code of a column."""
    return MODEL_LEVELS.get(column, {}).get(code, code.replace("_", " "))
