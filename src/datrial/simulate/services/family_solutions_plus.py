"""Family Solutions Plus: a replica of its caseload lists, Stars and meetings log."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from datrial.simulate.randomness import Array, generator
from datrial.simulate.services import family_solutions_plus_layouts as layouts
from datrial.simulate.services.family_solutions_plus_activity import KINDS, activity
from datrial.simulate.services.family_solutions_plus_cases import (
    Cases,
    never_assessed,
    not_taken_on,
    open_before,
    requests_and_assessments,
    take_on,
)
from datrial.simulate.services.family_solutions_plus_closures import close_cases
from datrial.simulate.services.family_solutions_plus_margins import STRANDS, Strand
from datrial.simulate.services.family_solutions_plus_people import people
from datrial.simulate.services.family_solutions_plus_scores import STARS
from datrial.simulate.services.family_solutions_plus_stars import CORRELATION, readings
from datrial.simulate.services.service import Records, Service

if TYPE_CHECKING:
    from datrial.config.study import Study

_CASELOADS = {
    "victim_survivor": layouts.VICTIMS_CASELOAD,
    "perpetrator": layouts.PERPETRATORS_CASELOAD,
}
_STARS = {
    "victim_survivor": layouts.EMPOWERMENT_STAR,
    "perpetrator": layouts.CHANGE_STAR,
}


def make(study: Study, seed: int, scale: int) -> Service:
    """Return the extracts: the printed margins exactly, ``scale`` times over.

    Parameters
    ----------
    scale
        Copies of the service, each of people of its own.
    """
    caseloads: dict[str, list[Records]] = {strand.key: [] for strand in STRANDS}
    stars: dict[str, list[Records]] = {strand.key: [] for strand in STRANDS}
    log: list[Records] = []
    for copy in range(scale):
        for strand in STRANDS:
            # References of a copy tell it apart from the others.
            own = replace(strand, prefix=f"{strand.prefix}{copy}") if copy else strand
            rng = generator(seed, study.study, own.prefix)
            cases = make_cases(rng, own)
            clients = people(rng, own, cases)
            caseloads[own.key].append(_referrals(cases, clients))
            stars[own.key].append(readings(rng, own.key, cases, clients["client_id"]))
            log.append(activity(rng, own, cases, clients["client_id"]))
    pairs = [(_CASELOADS[key], _by_day(parts, "referred_on")) for key, parts in caseloads.items()]
    pairs += [(_STARS[key], _by_day(parts, "read_on")) for key, parts in stars.items()]
    pairs.append((layouts.MEETINGS_LOG, _by_day(log, "held_on")))
    return Service(pairs, _truth(scale))


def make_cases(rng: np.random.Generator, strand: Strand) -> Cases:
    """Return a strand's cases from request to closure."""
    assessed = requests_and_assessments(rng, strand)
    take_on(rng, strand, assessed)
    before = not_taken_on(rng, strand, assessed)
    others = never_assessed(rng, strand, assessed)
    cases = Cases.join([assessed, before, others, open_before(rng, strand)])
    close_cases(rng, strand, cases)
    return cases


def _referrals(cases: Cases, clients: dict[str, Array]) -> Records:
    days = {
        "referred_on": cases.requested, "assessed_on": cases.assessed,
        "accepted_on": cases.accepted, "started_on": cases.started, "closed_on": cases.closed,
    }  # fmt: skip
    return {
        **clients,
        **{name: values.astype(object) for name, values in days.items()},
        "not_taken_on_reason": cases.not_taken_on,
        "closure_reason": cases.closure,
    }


def _by_day(parts: list[Records], column: str) -> Records:
    joined = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    order = np.argsort(joined[column].astype("datetime64[D]"), kind="stable")
    return {name: values[order] for name, values in joined.items()}


def _truth(scale: int) -> dict[str, Any]:
    """Return the margins, and what was invented because the report does not print it."""
    return {
        "copies_of_the_service": scale,
        "printed": {
            strand.key: {
                "requests": sum(strand.requests),
                "assessments": sum(strand.assessments),
                "taken_on": sum(strand.taken_on),
                "closures": {reason: sum(counts) for reason, counts in strand.closures.items()},
                "not_taken_on": {"refused": strand.refused, "unsuitable": strand.unsuitable},
                "mean_days_request_to_assessment": strand.wait_to_assessment,
                "mean_days_assessment_to_start": strand.wait_to_start,
            }
            for strand in STRANDS
        },
        "activity": {name: dict(kind.numbers) for name, kind in KINDS.items()},
        "stars": {
            star.key: {
                "clients_with_two_or_more": star.both,
                "clients_with_one": star.one,
                "ratio_of_means": round(sum(star.last) / sum(star.first), 4),
                "correlation_of_change_with_time": list(CORRELATION),
            }
            for star in STARS.values()
        },
        "invented": list(_INVENTED),
    }


_INVENTED = (
    "The months: they stand in pictures only. Totals, rounded ends of the trend lines, dips, the "
    "last month's waiting lists and the mean caseload are printed.",
    "How the 50 who were not taken on divide: 20 perpetrators (15 refused) and 30 victims (16 "
    "refused) fit 75%, 53%, just over 3 and just over 2 a month; 12 and 38 or 16 and 34 do so too.",
    "How 77, 65 and 6 closures divide by strand: of the four ways that fit the printed "
    "percentages one was chosen; all leave the 2 removed victims out of the victims' percentages.",
    "External reasons (30 of 178 closures), their names and their numbers by strand.",
    "How many clients were open before January 2022, and everything about them.",
    "Signposting: 111 and 11, which fit the printed total (122) and percentages (91, 9); the "
    "printed 112 and 12 do not.",
    "Social worker meetings and group supervisions by strand.",
    "All towns' numbers: the order of the first is printed. All ages, groups and towns of which "
    "nothing is printed.",
    "How many clients the Stars were read of, and all scores: sums, extremes and the share "
    "improved are printed, the numbers of clients are not.",
)
