"""A replica of the extracts of Restart's first year, with the margins that its report prints.

Beside them lie the files of an authority without Restart, which no mapping of the study names
until its file lists them: a cohort to compare with.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from datrial.simulate.randomness import Array, generator
from datrial.simulate.services import restart_comparison as other
from datrial.simulate.services import restart_layouts as files
from datrial.simulate.services import restart_margins as printed
from datrial.simulate.services.restart_clients import clients, specialist_referrals
from datrial.simulate.services.restart_forms import checklist, chosen, ratings, severity
from datrial.simulate.services.restart_training import consultations, core, overview
from datrial.simulate.services.service import Records, Service

if TYPE_CHECKING:
    from datrial.config.study import Study
    from datrial.simulate.layouts import Layout


def make(study: Study, seed: int, scale: int) -> Service:
    """Return the records of Restart and of the authority without it.

    Parameters
    ----------
    scale
        Copies of everybody and everything, each under references of its own.
    """
    copies = [_copy(study, seed, number) for number in range(scale)]
    pairs = [
        (layout, _joined([of_copy[place][1] for of_copy in copies]))
        for place, (layout, _) in enumerate(copies[0])
    ]
    return Service(pairs, _truth())


def _copy(study: Study, seed: int, copy: int) -> list[tuple[Layout, Records]]:
    """Return the sheets of one copy of the service."""

    def rng(step: str) -> np.random.Generator:
        return generator(seed, study.study, step, str(copy))

    people = clients(rng("clients"), copy)
    first = (people["assessed_on"] != None).astype(float)  # noqa: E711 (empty cells of an array)
    tellers = []
    for told_by, counts in printed.SEVERITY.items():
        step = rng(f"severity of {told_by}")
        rows = chosen(step, people, sum(counts.values()), first=first)
        tellers.append(severity(step, people, told_by, rows, counts))
    others = other.cases(rng("other cases"), copy)
    return [
        (files.REFERRALS, people),
        (files.GRIDS, _joined(tellers)),
        (files.SPECIALIST, specialist_referrals(rng("specialist"), people, copy)),
        (files.NEEDS, checklist(rng("needs"), people, "needs", printed.NEEDS)),
        (
            files.CHILDHOOD,
            checklist(rng("childhood"), people, "adverse_childhood", printed.CHILDHOOD),
        ),
        (
            files.VICTIM_OUTCOMES,
            ratings(
                rng("victims"), people, "victim_outcomes", printed.VICTIM_CASES,
                printed.VICTIM_OUTCOMES, printed.EMPTY_FORMS["victim_outcomes"],
            ),
        ),
        (
            files.USER_OUTCOMES,
            ratings(
                rng("users"), people, "service_user_outcomes", printed.SERVICE_USER_CASES,
                printed.SERVICE_USER_OUTCOMES, printed.EMPTY_FORMS["service_user_outcomes"],
            ),
        ),
        (files.TRAINING_CORE, core(rng("core"), copy)),
        (files.TRAINING_OVERVIEW, overview(rng("overview"), copy)),
        (files.CONSULTATIONS, consultations(rng("consultations"), copy)),
        (files.OTHER_CASES, others),
        (files.OTHER_GRIDS, other.grids(rng("other grids"), others)),
        (files.OTHER_OUTCOMES, other.outcomes(rng("other outcomes"), others)),
    ]  # fmt: skip


def _joined(parts: list[Records]) -> Records:
    """Return records one below the other; a column that a part lacks is empty there."""
    columns = list(dict.fromkeys(name for part in parts for name in part))
    return {name: np.concatenate([_cells(part, name) for part in parts]) for name in columns}


def _cells(part: Records, name: str) -> Array:
    found = part.get(name)
    return np.full(len(part["site"]), None, dtype=object) if found is None else found


def _truth() -> dict[str, Any]:
    """Return what the report prints, what was invented, and the cohort's effects."""
    known = printed.SERVICE_USER_OUTCOMES["potential"][0]
    return {
        "printed": {
            "referrals": {site: list(of) for site, of in printed.REFERRALS.items()},
            "accommodation": dict(printed.ACCOMMODATION),
            "completed": printed.COMPLETED,
            "onward": dict(printed.ONWARD),
            "severity": {teller: dict(of) for teller, of in printed.SEVERITY.items()},
            "victim_outcomes": _shares(printed.VICTIM_OUTCOMES),
            "service_user_outcomes": _shares(printed.SERVICE_USER_OUTCOMES),
            "core": {site: list(of) for site, of in printed.CORE.items()},
            "consultations": dict(printed.CONSULTATIONS),
        },
        "invented": list(printed.INVENTED),
        "comparison": {
            "site": other.SITE,
            "cases": other.TOTAL,
            "onward": dict(other.ONWARD),
            "service_user_outcomes": _shares(other.OUTCOMES),
            "severity": dict(other.SEVERITY),
            "improved_potential_less_than_restart": round(
                printed.SERVICE_USER_OUTCOMES["potential"][1] / known
                - other.OUTCOMES["potential"][1] / other.OUTCOMES["potential"][0],
                4,
            ),
            "no_effect_on": ["age", "ethnicity", "severity at intake"],
        },
    }


def _shares(outcomes: dict[str, tuple[int, int]]) -> dict[str, dict[str, int]]:
    return {
        domain: {"cases": cases, "improved": improved}
        for domain, (cases, improved) in outcomes.items()
    }
