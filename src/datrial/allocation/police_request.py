"""The list for the police: all of the intervention arm, and a random part of the controls.

To spare the forces work, they are asked about as many controls as intervention
people (or another number for each), drawn at random within each site. The draw
depends on the study's seed, the name of the request, the site and the set of its
controls, and on nothing else; it stands in the ledger with everyone on the list.

Hester et al. (2019), footnote 25, drew it in Stata: ``set seed``, ``bysort site: sample``.
A list that somebody else drew is imported: :mod:`datrial.allocation.police_list`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from datrial.allocation.digests import candidates_digest
from datrial.allocation.entries import Event, Kind, Record
from datrial.allocation.reading import allocations
from datrial.allocation.schemes import CONTROL
from datrial.allocation.sequential.parts import Stream
from datrial.errors import UsageError

if TYPE_CHECKING:
    from datrial.allocation.commitment import Seed
    from datrial.allocation.ledger import Ledger
    from datrial.config.study import Study

NAME, VERSION = "police_request", "1"
FIRST_STEP = "1"


@dataclass(frozen=True)
class SiteRequest:
    """How many people of a site are on the list.

    Attributes
    ----------
    intervention
        All people of the site that are not controls.
    controls
        The controls on the list.
    of_controls
        All controls of the site.
    """

    site: str
    intervention: int
    controls: int
    of_controls: int


@dataclass(frozen=True)
class PoliceRequest:
    """The people whose police records are asked for, in the order of their pseudonyms."""

    step: str
    persons: tuple[str, ...]
    sites: tuple[SiteRequest, ...]


def draw_police_request(
    people: Iterable[tuple[str, str, bool]],
    seed: int,
    *,
    step: str = FIRST_STEP,
    controls_per_person: float = 1.0,
) -> PoliceRequest:
    """Draw the list: everyone of the intervention, and controls in proportion per site.

    Parameters
    ----------
    people
        (person id, site, whether he is a control) of everyone allocated, once.
    seed
        The study's seed.
    step
        The name of the request: another name draws other controls.
    controls_per_person
        Controls for each intervention person of the site, above 0; a site that
        has fewer gives all it has. Half a control is rounded up.

    Raises
    ------
    ValueError
        If someone is given twice, or the number of controls is not above 0.
    """
    if not 0 < controls_per_person < math.inf:
        raise ValueError("the number of controls for each person is above 0")
    groups: dict[str, tuple[list[str], list[str]]] = {}
    for person, site, control in people:
        groups.setdefault(site, ([], []))[control].append(person)
    stream = Stream(seed, NAME, VERSION, step)
    persons: list[str] = []
    sites = []
    for site, (intervention, controls) in sorted(groups.items()):
        wanted = math.floor(len(intervention) * controls_per_person + 0.5)
        ordered = sorted(controls)
        chosen = stream.generator(site).permutation(len(ordered))[:wanted].tolist()
        persons += intervention + [ordered[number] for number in chosen]
        sites.append(SiteRequest(site, len(intervention), len(chosen), len(controls)))
    if len(set(persons)) < len(persons):
        raise ValueError("someone is given twice")
    return PoliceRequest(step, tuple(sorted(persons)), tuple(sites))


def request_police(
    ledger: Ledger,
    study: Study,
    seed: Seed,
    operator: str,
    *,
    step: str = FIRST_STEP,
    controls_per_person: float = 1.0,
) -> tuple[PoliceRequest, Record]:
    """Draw the list from the allocations in the ledger, and record it there.

    The same request again gives the list that was recorded, and no new entry.

    Parameters
    ----------
    seed
        See :func:`datrial.allocation.seed_files.find_seed`.
    step, controls_per_person
        See :func:`draw_police_request`.

    Raises
    ------
    UsageError
        If nobody was allocated, or this request was recorded and would be another
        list by now: people were allocated since, or the settings differ.
    """
    if not 0 < controls_per_person < math.inf:
        raise UsageError("The number of controls for each intervention person is above 0.")
    with ledger.batch():
        rows = allocations(ledger, study)
        if not rows:
            raise UsageError(f"Nobody was allocated in study {study.study}: there is no list.")
        roles: Mapping[str, str] = {key: arm.role for key, arm in study.arms.items()}
        drawn = draw_police_request(
            [(person, site, roles.get(arm) == CONTROL) for person, site, _, arm, _ in rows],
            seed.number,
            step=step,
            controls_per_person=controls_per_person,
        )
        for record in ledger.records(study.study, Kind.POLICE_REQUEST):
            if record.body["step"] == step:
                if tuple(record.body["persons"]) != drawn.persons:
                    raise UsageError(
                        f"The police request {step!r} was recorded (entry {record.sequence}) and "
                        "would be another list by now. Give a new request another name."
                    )
                return drawn, record
        body = _body(drawn, [row[0] for row in rows], controls_per_person)
        return drawn, ledger.record(Event(Kind.POLICE_REQUEST, study.study, operator, body))


def requested_people(ledger: Ledger, study: Study) -> list[tuple[str, str]]:
    """Return (person id, step) of everyone on a recorded list, for the warehouse."""
    return sorted(
        (person, str(record.body["step"]))
        for record in ledger.records(study.study, Kind.POLICE_REQUEST)
        for person in record.body["persons"]
    )


def _body(drawn: PoliceRequest, allocated: list[str], controls_per_person: float) -> dict[str, Any]:
    return {
        "scheme": NAME,
        "scheme_version": VERSION,
        "library": Stream.library(),
        "bit_generator": Stream.bit_generator,
        "step": drawn.step,
        "controls_per_person": controls_per_person,
        "drawn_from": candidates_digest(allocated),
        "strata": [
            {
                "site": each.site,
                "intervention": each.intervention,
                "controls": each.controls,
                "of_controls": each.of_controls,
            }
            for each in drawn.sites
        ],
        "persons": list(drawn.persons),
    }
