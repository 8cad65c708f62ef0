"""Abusive behaviours of service users as case managers recorded them, at three time points."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from datrial.simulate.needs import TIME_POINTS
from datrial.simulate.randomness import Array, generator, pick
from datrial.simulate.service_users import ServiceUsers
from datrial.simulate.severity import (
    BEHAVIOURS,
    TrueSeverity,
    cut_points,
    draw_levels,
    time_effect,
)

#: Shares none, standard, moderate, high at intake (report's Figures 13, 16, 19 and Table 8).
AT_INTAKE = {
    "physical": (0.38, 0.07, 0.10, 0.45),
    "sexual": (0.97, 0.01, 0.01, 0.01),
    "harassment_stalking": (0.58, 0.12, 0.18, 0.12),
    "jealous_controlling": (0.59, 0.08, 0.10, 0.23),
}
#: Shares without the behaviour later. Jealous and controlling at midpoint is not printed.
NONE_LATER = {
    "physical": {"midpoint": 0.87, "closure": 0.94},
    "sexual": {"midpoint": 0.99, "closure": 0.998},
    "harassment_stalking": {"midpoint": 0.87, "closure": 0.94},
    "jealous_controlling": {"midpoint": 0.84, "closure": 0.93},
}
#: Odds ratios of a higher level, as effects for one person.
ODDS_RATIOS = {
    "physical": {"ccj_involvement": 1.6, "current_partner": 1.5, "family_member": 0.6},
    "sexual": {},
    "harassment_stalking": {"idva_engaged": 1.8, "together": 2.0},
    "jealous_controlling": {"idva_engaged": 1.8, "current_partner": 1.5, "family_member": 0.6},
}
PERSON_SD = 0.8
#: Forms of the 506 who completed, and of each answer the share "don't know".
FORMS = {"intake": 500, "midpoint": 497, "closure": 500}
DONT_KNOW = {"intake": 0.05, "midpoint": 0.03, "closure": 0.02}
COLUMN_OF = {
    "ccj_involvement": ("ccj_involvement", "yes"),
    "idva_engaged": ("idva_engaged", "yes"),
    "current_partner": ("relationship", "current_partner"),
    "family_member": ("relationship", "family_member"),
    "together": ("living_arrangement", "together"),
}


@dataclass
class Behaviours:
    """Levels recorded, and the true effects of time.

    Attributes
    ----------
    levels
        Time point -> behaviour -> level by person.
    present
        Time point -> positions of the people with a form.
    true_effects
        Behaviour -> cut points at intake and shifts of the linear predictor.
    """

    levels: dict[str, dict[str, Array]]
    present: dict[str, Array]
    true_effects: dict[str, dict[str, float]]


def behaviours_of(users: ServiceUsers, severity: TrueSeverity, seed: int, scale: int) -> Behaviours:
    """Return the behaviours of the service users who completed."""
    rng = generator(seed, "cms", "behaviours")
    members = users.in_analysis
    n = len(members)
    severity = severity.of(users.reference[members])
    person = PERSON_SD * severity.person
    levels: dict[str, dict[str, Array]] = {time_point: {} for time_point in TIME_POINTS}
    true_effects = {}
    for behaviour in BEHAVIOURS:
        predictor = person.copy()
        for name, ratio in ODDS_RATIOS[behaviour].items():
            column, code = COLUMN_OF[name]
            predictor += np.log(ratio) * (users.truth[column][members] == code)
        cuts = cut_points(AT_INTAKE[behaviour], predictor)
        shift = {"intake": 0.0} | {
            time_point: time_effect(share, float(cuts[0]), predictor)
            for time_point, share in NONE_LATER[behaviour].items()
        }
        true_effects[behaviour] = {
            **{f"cut{number + 1}": float(cut) for number, cut in enumerate(cuts)},
            **{time_point: shift[time_point] for time_point in NONE_LATER[behaviour]},
        }
        for time_point in TIME_POINTS:
            heard = severity.heard(rng, behaviour, time_point)
            drawn = draw_levels(rng, cuts, predictor + shift[time_point], heard)
            drawn[rng.random(n) < DONT_KNOW[time_point]] = "dont_know"
            levels[time_point][behaviour] = drawn
    present = {
        time_point: np.sort(pick(rng, np.ones(n), scale * forms))
        for time_point, forms in FORMS.items()
    }
    return Behaviours(levels, present, true_effects)
