"""Service users of the intervention: their profile in case management (report's Table 3)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from datrial.allocation.schemes import INTERVENTION
from datrial.simulate.allocation import Allocation
from datrial.simulate.days import age_on
from datrial.simulate.people import People
from datrial.simulate.randomness import Array, assign, generator, is_blank, pick

#: Table 3, of the 509 allocated to the intervention.
PROFILE: dict[str, dict[str | None, int]] = {
    "sex": {"male": 476, "female": 33},
    "ethnicity": {"white_british": 226, "white_other": 8, "asian": 6, "arab": 1, "black": 6,
                  "mixed": 6, "prefer_not_to_say": 1, "dont_know": 254, None: 1},
}  # fmt: skip
#: Recorded for 383 of the 509; the same 126 lack both (and some answers are "don't know").
RELATIONSHIP = {"current_partner": 65, "ex_partner": 251, "family_member": 36, "other": 2}
LIVING = {"together": 44, "intermittently": 6, "apart": 302}
DONT_KNOW = {"relationship": 29, "living_arrangement": 31}
MISSING_BOTH = 126
#: Of the 506 who completed: answered, and yes among these (43% of 401 for criminal justice).
CYPS = {"yes": 104, "no": 399}
CCJ = {"yes": 172, "no": 229}
SHARE_CHARGED = 0.38
SHARE_IDVA_ENGAGED = {"with form": 0.95, "without form": 0.36}


@dataclass
class ServiceUsers:
    """Service users of all sites in one order.

    Attributes
    ----------
    site, reference, index, start, end, completed
        One entry each.
    profile
        Our column -> what the case manager recorded.
    truth
        Relationship, living arrangement, criminal justice involvement and IDVA
        engagement as they were, also where nothing was recorded.
    """

    site: Array
    reference: Array
    index: Array
    start: Array
    end: Array
    completed: Array
    profile: dict[str, Array]
    truth: dict[str, Array]

    @property
    def in_analysis(self) -> Array:
        """Positions of those who completed (published: 506)."""
        return np.flatnonzero(self.completed)


def service_users(
    sites: list[tuple[People, Allocation]], insights: dict[str, Array], seed: int, scale: int
) -> ServiceUsers:
    """Return the service users with their profile."""
    rng = generator(seed, "cms", "profile")
    rows = [np.flatnonzero(allocation.arm == INTERVENTION) for _, allocation in sites]

    def gather(values: list[Array]) -> Array:
        return np.concatenate([part[row] for part, row in zip(values, rows, strict=True)])

    people = [each for each, _ in sites]
    allocations = [each for _, each in sites]
    index = gather([each.index for each in people])
    completed = gather([each.completed for each in allocations])
    closeness = gather([each.closeness for each in people])
    form = gather([insights[each.site.key] for each in people])
    n = len(index)
    truth = _truth(rng, closeness, form, scale)
    profile = {column: assign(rng, _scaled(counts, scale)) for column, counts in PROFILE.items()}
    profile["age"] = age_on(gather([each.born for each in people]), index).astype(object)
    missing = np.zeros(n, dtype=bool)
    missing[pick(rng, np.ones(n), scale * MISSING_BOTH)] = True
    for column, counts in (("relationship", RELATIONSHIP), ("living_arrangement", LIVING)):
        profile[column] = _recorded(rng, truth[column], counts, DONT_KNOW[column], missing, scale)
    in_analysis = np.flatnonzero(completed)
    for column, answers in (("cyps_involvement", CYPS), ("ccj_involvement", CCJ)):
        profile[column] = _answered(rng, truth[column], answers, in_analysis, scale)
    profile["domestic_abuse_charges"] = truth["domestic_abuse_charges"].copy()
    profile["domestic_abuse_charges"][rng.random(n) < 0.10] = "dont_know"
    profile["idva_engaged"] = truth["idva_engaged"].copy()
    profile["idva_engaged"][rng.random(n) < 0.04] = None
    profile["completed"] = np.where(completed, "yes", "no").astype(object)
    return ServiceUsers(
        site=np.repeat([each.site.key for each in people], [len(row) for row in rows]).astype(
            object
        ),
        reference=gather([each.reference for each in people]),
        index=index,
        start=gather([each.start for each in allocations]),
        end=gather([each.end for each in allocations]),
        completed=completed,
        profile=profile,
        truth=truth,
    )


def _scaled(counts: dict[str | None, int], scale: int) -> dict[str | None, int]:
    return {code: scale * number for code, number in counts.items()}


def _truth(rng: np.random.Generator, closeness: Array, form: Array, scale: int) -> dict[str, Array]:
    """Return what is so, recorded or not: quotas of the recorded, applied to everyone."""
    n = len(closeness)

    def by_closeness(counts: dict[str, int], noise: float) -> Array:
        shares = np.array(list(counts.values())) / sum(counts.values())
        edges = np.cumsum(shares)[:-1]
        rank = np.argsort(np.argsort(closeness + rng.normal(0, noise, size=n))) / n
        codes = np.array(list(counts), dtype=object)
        return codes[np.searchsorted(edges, rank, "right")]

    engaged = rng.random(n) < np.where(
        form, SHARE_IDVA_ENGAGED["with form"], SHARE_IDVA_ENGAGED["without form"]
    )
    flags = {
        "ccj_involvement": rng.random(n) < CCJ["yes"] / (CCJ["yes"] + CCJ["no"]),
        "cyps_involvement": rng.random(n) < CYPS["yes"] / (CYPS["yes"] + CYPS["no"]),
        "domestic_abuse_charges": rng.random(n) < SHARE_CHARGED,
        "idva_engaged": engaged,
    }
    return {
        "relationship": by_closeness(RELATIONSHIP, 0.08),
        "living_arrangement": by_closeness(LIVING, 0.15),
        **{name: np.where(flag, "yes", "no").astype(object) for name, flag in flags.items()},
    }


def _recorded(
    rng: np.random.Generator,
    truth: Array,
    counts: dict[str, int],
    dont_know: int,
    missing: Array,
    scale: int,
) -> Array:
    """Return the truth where it was recorded, each code as often as published."""
    result = np.full(len(truth), None, dtype=object)
    free = ~missing
    for code, number in counts.items():
        result[pick(rng, (free & (truth == code)).astype(float), scale * number)] = code
    # Where fewer people have a code than were recorded with it, the rest are recorded wrongly.
    for code, number in counts.items():
        short = scale * number - int((result == code).sum())
        still = free & is_blank(result)
        result[pick(rng, still.astype(float), short)] = code
    result[free & is_blank(result)] = "dont_know"
    expected = scale * dont_know
    if int((result == "dont_know").sum()) != expected:
        raise AssertionError("the published counts do not add up")
    return result


def _answered(
    rng: np.random.Generator, truth: Array, answers: dict[str, int], members: Array, scale: int
) -> Array:
    result = np.full(len(truth), None, dtype=object)
    free = np.isin(np.arange(len(truth)), members)
    for code, number in answers.items():
        agree = free & is_blank(result) & (truth == code)
        result[pick(rng, agree.astype(float), scale * number)] = code
    for code, number in answers.items():
        short = scale * number - int((result == code).sum())
        still = free & is_blank(result)
        result[pick(rng, still.astype(float), short)] = code
    return result
