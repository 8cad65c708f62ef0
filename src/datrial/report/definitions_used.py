"""The definitions that a run used, in words: what its study file states."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from pydantic import ValidationError

from datrial.config.definitions import DEFINITIONS, Definitions
from datrial.config.disclosure import load_profile
from datrial.errors import UsageError
from datrial.report.head import profile_name
from datrial.report.sections import Section
from datrial.results.read import Run

_ANCHORS = {
    "index": "the index date",
    "end": "the end of the intervention",
    "data_end": "the last day of the data",
}
_METHODS = {
    "imported": "the list of whoever randomised, as it was sent",
    "capacity_lottery": "lots for the free places, at each site and MARAC meeting",
    "simple": "simple randomisation",
    "permuted_blocks": "permuted blocks",
    "minimisation": "minimisation",
}
_DONT_KNOW = {
    "missing": "a missing answer",
    "no": "an answer of no",
    "no_need": "no need",
    "excluded": "left out",
}

#: A term with the sentences that say what it means.
Entry = tuple[str, tuple[str, ...]]


def definitions_used(run: Run, sections: Sequence[Section]) -> tuple[Entry, ...]:
    """Return the terms of a run with what they mean; a setting it did not record has none.

    Arms are named as the run names them, so that the codes of a blinded study stay codes.
    """
    study = run.manifest.further("resolved_study")
    entries: list[Entry] = [
        ("Arms", tuple(_arms(run, study))),
        ("Sites and recruitment", tuple(_sites(study))),
        ("Index date", _index(study)),
        ("Periods", tuple(map(_period, study.get("periods", ())))),
        ("Fixed windows", _windows(study) if study.get("periods") else ()),
        ("End of the intervention", _end(study) if study.get("periods") else ()),
        *(_versions(study) if study.get("periods") else ()),
        ("Scores", _scores(study)),
        ("Assessment tools", tuple(_instruments(study))),
        ("Don't know", tuple(_dont_know(run, sections))),
        ("Rows set aside", _quarantine(study)),
        ("Small numbers", _profile(profile_name(run.manifest))),
        ("Families of outcomes", tuple(_families(study))),
    ]
    return tuple((term, sentences) for term, sentences in entries if sentences)


_INDEX = (
    "The day of the MARAC meeting at which the perpetrator was allocated. What happened on this "
    "day is the index appearance and counts in no period after it.",
)
_REFERRED = ("The day of a client's first referral.",)


def _index(study: Mapping[str, Any]) -> tuple[str, ...]:
    if not is_trial(study):
        return _REFERRED
    return _INDEX if study.get("periods") else ()


def is_trial(study: Mapping[str, Any]) -> bool:
    """Return whether people were allocated; a run of an earlier version was always a trial's."""
    return bool(study.get("design", "randomised_trial") == "randomised_trial")


def _arms(run: Run, study: Mapping[str, Any]) -> Iterator[str]:
    arms = run.manifest.further("arms")
    allocation = study.get("allocation") or {}
    if not is_trial(study):
        yield from _cohorts(arms)
    elif arms:
        yield f"{' and '.join(arms.values())}, each person as allocated (intention to treat)."
    if allocation.get("method"):
        method = allocation["method"]
        yield f"Allocated by: {_METHODS.get(method, method)}."
    eligible = allocation.get("eligibility") or {}
    if eligible.get("minimum_age") is not None:
        yield f"Eligible from the age of {eligible['minimum_age']} on."
    if eligible.get("repeat_only"):
        yield "Only repeat referrals were eligible."
    if (allocation.get("blinding") or "none") != "none":
        yield "The study is blinded: arms are shown as codes until their unblinding is logged."


def _cohorts(arms: Mapping[str, str]) -> Iterator[str]:
    """Yield who is in the arms of a study that allocates nobody."""
    if len(arms) > 1:
        yield (
            f"{' and '.join(arms.values())}: whoever was referred, in the arm whose source told of "
            "it. Who is in which was not drawn by chance."
        )
    else:
        yield (
            f"{', '.join(arms.values())}: everyone who was referred. Nobody was allocated, and "
            "there is nobody to compare with: a change is not an effect."
        )


def _instruments(study: Mapping[str, Any]) -> Iterator[str]:
    """Yield each assessment tool of the service's own, with its scale and items."""
    for tool in (study.get("instruments") or {}).values():
        scale = ""
        if tool.get("highest") is not None:
            best = tool["highest" if tool["better"] == "higher" else "lowest"]
            scale = f", from {tool['lowest']} to {tool['highest']} ({best} is best)"
        yield f"{tool['label']}{scale}: {', '.join(tool['items'].values())}."


def _sites(study: Mapping[str, Any]) -> Iterator[str]:
    for site in (study.get("sites") or {}).values():
        first, last = _day(site["recruitment_start"]), _day(site["recruitment_end"])
        yield f"{site['label']}: recruited from {first} to {last}."


def _period(period: Mapping[str, Any]) -> str:
    """Return a period in words, with whether its first and last days belong to it."""
    after, until = _point(period["after"]), _point(period["until"])
    if period.get("including_start"):
        return f"{period['label']}: from {after}, that day included, to the day before {until}."
    return f"{period['label']}: from the day after {after} to {until}, that day included."


def _point(anchor: Mapping[str, Any]) -> str:
    months, name = anchor.get("months", 0), _ANCHORS[anchor["anchor"]]
    if not months:
        return name
    return f"{abs(months)} months {'before' if months < 0 else 'after'} {name}"


def _windows(study: Mapping[str, Any]) -> tuple[str, ...]:
    months = list(study.get("windows") or ())
    if len(months) < 2:
        return ()
    spans = [f"{a}-{b}" for a, b in pairwise(months)]
    return (
        f"{', '.join(spans)} months from the index date, the same days in every arm: they do not "
        "depend on when the intervention ended.",
    )


def _end(study: Mapping[str, Any]) -> tuple[str, ...]:
    rule = study.get("end_of_intervention") or {}
    if rule.get("rule") == "mean_intervention_duration":
        how = "the index date plus the mean duration of the closed cases of the intervention"
    elif rule.get("rule") == "fixed_days":
        how = f"{rule['days']} days after the index date"
    else:
        return ()
    return (
        f"The day on which the case was closed; for whoever has none (controls have none) {how}. "
        "For controls the periods after it therefore rest on an assumption.",
    )


def _versions(study: Mapping[str, Any]) -> Iterator[Entry]:
    """Yield every definition with the version in use, and those beside it."""
    try:
        asked = Definitions.model_validate(study.get("definitions") or {})
    except ValidationError:
        return  # a run of a registry that had other versions
    for name, about in DEFINITIONS.items():
        if about.recorded:
            continue
        use, *beside = asked.shown(name)
        sentences = [f"Version {use.number}, used for the results: {use.wording}."]
        sentences += [f"Version {v.number}, shown beside it: {v.wording}." for v in beside]
        yield about.label, tuple(sentences)


def _scores(study: Mapping[str, Any]) -> tuple[str, ...]:
    scoring = study.get("scoring") or {}
    if "dash_items" not in scoring:
        return ()
    return (
        f"Drive-DASH: the number of yes among {scoring['dash_items']} items. A form with more than "
        f"{scoring['dash_max_not_known']} answers that are not known or not applicable is left "
        "out.",
    )


def _dont_know(run: Run, sections: Sequence[Section]) -> Iterator[str]:
    """Yield how a don't know counts, and in which analyses."""
    titles = {section.id: section.title for section in sections}
    rules: dict[str, list[str]] = {}
    for name, parameters in run.manifest.parameters.items():
        if "dont_know" in parameters and name in titles:
            rules.setdefault(str(parameters["dont_know"]), []).append(titles[name])
    for rule, names in rules.items():
        yield f"Counts as {_DONT_KNOW.get(rule, rule)} in: {'; '.join(names)}."


def _quarantine(study: Mapping[str, Any]) -> tuple[str, ...]:
    limit = study.get("quarantine_limit")
    if limit is None:
        return ()
    return (
        "A row that cannot be used is quarantined with its reason. A run stops when more than "
        f"{100 * limit:g}% of an extract's rows are.",
    )


def _profile(name: str) -> tuple[str, ...]:
    if not name:
        return ()
    try:
        profile = load_profile(name)
    except UsageError:
        return (f"Protected by the profile {name}, which this version of the code does not have.",)
    return (f"{profile.title} (profile {name}).", profile.description)


def _families(study: Mapping[str, Any]) -> Iterator[str]:
    methods = {"holm": "Holm's method", "benjamini_hochberg": "Benjamini and Hochberg's method"}
    for family in (study.get("outcome_families") or {}).values():
        adjust = family.get("adjust", "")
        yield f"{family['label']}: p-values adjusted together by {methods.get(adjust, adjust)}."


def _day(text: str) -> str:
    day = dt.date.fromisoformat(str(text))
    return f"{day.day} {day:%B %Y}"
