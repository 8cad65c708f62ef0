"""IDVA Insights: intake and exit forms of victims-survivors, both arms (report's Table 4)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from datrial.allocation.schemes import CONTROL, INTERVENTION
from datrial.simulate.allocation import Allocation
from datrial.simulate.days import DATA_END, day
from datrial.simulate.people import People
from datrial.simulate.randomness import Array, assign, choose, generator, pick
from datrial.simulate.severity import BEHAVIOURS, TrueSeverity, cut_points, draw_levels
from datrial.simulate.support_amounts import DAYS, contacts, days_of_support
from datrial.simulate.victim_history import history
from datrial.simulate.victim_support import supports, sustainability

INTAKES = {INTERVENTION: 196, CONTROL: 610}
EXITS = {INTERVENTION: 104, CONTROL: 353}
#: Table 4, adjusted by one person where its counts do not add up to 196 and 610.
PROFILE: dict[str, dict[str, dict[str | None, int]]] = {
    "sex": {
        INTERVENTION: {"female": 191, "male": 5},
        CONTROL: {"female": 589, "male": 21},
    },
    "ethnicity": {
        INTERVENTION: {"white_british": 178, "white_other": 6, "asian": 11, "black": 1},
        CONTROL: {"white_british": 568, "white_other": 11, "asian": 18, "black": 8, "other": 3,
                  None: 2},
    },
    "relationship": {
        INTERVENTION: {"current_partner": 54, "intermittent_partner": 4, "ex_partner": 126,
                       "family_member": 11, "other": 1},
        CONTROL: {"current_partner": 192, "intermittent_partner": 14, "ex_partner": 357,
                  "family_member": 44, "other": 2, None: 1},
    },
    "living_arrangement": {
        INTERVENTION: {"together": 32, "intermittently": 12, "apart": 152},
        CONTROL: {"together": 117, "intermittently": 35, "apart": 455, "dont_know": 2, None: 1},
    },
    "children_present": {
        INTERVENTION: {"yes": 123, "no": 73},
        CONTROL: {"yes": 368, "no": 239, "dont_know": 2, None: 1},
    },
}  # fmt: skip
ANSWERS = {
    "criminal_record_domestic_abuse": {"yes": 0.52, "no": 0.40, "dont_know": 0.08},
    "cyps_involvement": {"yes": 0.42, "no": 0.54, "dont_know": 0.04},
}
#: Shares none, standard, moderate, high at intake (both arms together).
AT_INTAKE = {
    "physical": (0.36, 0.14, 0.18, 0.32),
    "sexual": (0.82, 0.05, 0.05, 0.08),
    "harassment_stalking": (0.32, 0.16, 0.22, 0.30),
    "jealous_controlling": (0.22, 0.16, 0.24, 0.38),
}
#: Odds ratios of Tables A4.1 to A4.4, as effects for one person.
ODDS_RATIOS = {
    "physical": {"exit": 0.03, "arm": 1.14, "exit_arm": 0.69, "together": 1.23,
                 "intermittently": 0.81, "ex_partner": 0.69, "intermittent_partner": 2.24,
                 "family_member": 0.65, "criminal_record": 0.98, "cyps": 0.85},
    "sexual": {"exit": 0.10, "arm": 0.98, "exit_arm": 0.68, "together": 1.46,
               "intermittently": 0.80, "ex_partner": 0.76, "intermittent_partner": 2.24,
               "family_member": 0.28, "criminal_record": 0.87, "cyps": 1.15},
    "harassment_stalking": {"exit": 0.08, "arm": 1.35, "exit_arm": 0.60, "together": 0.49,
                            "intermittently": 0.58, "ex_partner": 1.19,
                            "intermittent_partner": 1.16, "family_member": 1.47,
                            "criminal_record": 1.30, "cyps": 1.71},
    "jealous_controlling": {"exit": 0.03, "arm": 1.27, "exit_arm": 0.67, "together": 0.83,
                            "intermittently": 0.62, "ex_partner": 1.09,
                            "intermittent_partner": 0.65, "family_member": 0.25,
                            "criminal_record": 1.42, "cyps": 1.05},
}  # fmt: skip
PERSON_SD = 0.8
RISK_CHANGE = {
    INTERVENTION: {"significant_reduction": 0.42, "moderate_reduction": 0.33,
                   "limited_reduction": 0.12, "no_change": 0.08, "increase": 0.03,
                   "dont_know": 0.02},
    CONTROL: {"significant_reduction": 0.29, "moderate_reduction": 0.38,
              "limited_reduction": 0.16, "no_change": 0.12, "increase": 0.03, "dont_know": 0.02},
}  # fmt: skip


@dataclass
class Insights:
    """Intake and exit forms in our columns and codes, and who has an intake form."""

    intake: dict[str, Array]
    exit: dict[str, Array]
    engaged: dict[str, Array]


def forms(
    sites: list[tuple[People, Allocation]], severity: TrueSeverity, seed: int, scale: int
) -> Insights:
    """Return the forms of the primary victims-survivors who engaged with an IDVA."""
    intakes = []
    engaged = {people.site.key: np.zeros(len(people.reference), dtype=bool) for people, _ in sites}
    for arm in (INTERVENTION, CONTROL):
        rng = generator(seed, "insights", arm)
        cases = [
            (number, person)
            for number, (_, allocation) in enumerate(sites)
            for person in np.flatnonzero(allocation.arm == arm)
        ]
        chosen = np.sort(rng.choice(len(cases), size=scale * INTAKES[arm], replace=False))
        where, who = np.array(cases)[chosen].T
        for number, (people, _) in enumerate(sites):
            engaged[people.site.key][who[where == number]] = True
        intakes.append(_intake(rng, [people for people, _ in sites], where, who, arm, scale))
    intake = _join(intakes)
    severity = severity.of(intake["perpetrator_id"])
    _add_behaviours(generator(seed, "insights", "behaviours"), intake, severity)
    rng = generator(seed, "insights", "exit")
    exits = _join([_exit(rng, intake, arm, seed, scale) for arm in (INTERVENTION, CONTROL)])
    intake |= history(intake["arm"], seed, scale)
    exits |= supports(exits["arm"], seed, scale)
    change = exits["risk_change"]
    exits["risk_sustainability"] = sustainability(exits["arm"], change, seed, scale)
    order = generator(seed, "insights", "order of intakes")
    return Insights(
        _by_date(order, intake, "intake_date"), _by_date(rng, exits, "exit_date"), engaged
    )


def _intake(
    rng: np.random.Generator, sites: list[People], where: Array, who: Array, arm: str, scale: int
) -> dict[str, Array]:
    def of_each(field: str) -> Array:
        parts = [
            getattr(sites[site], field)[person] for site, person in zip(where, who, strict=True)
        ]
        return np.array(parts)

    n = len(who)
    closeness = of_each("closeness") + rng.normal(0, 0.08, size=n)
    counts = {
        column: {code: scale * number for code, number in by_arm[arm].items()}
        for column, by_arm in PROFILE.items()
    }
    # Partners live together more often: the same closeness with more noise.
    order = {
        "relationship": closeness,
        "living_arrangement": closeness + rng.normal(0, 0.15, size=n),
    }
    intake = {column: assign(rng, counts[column], score=order.get(column)) for column in PROFILE}
    index = of_each("index").astype("datetime64[D]")
    intake_date = np.minimum(index + rng.integers(0, 60, size=n), day(DATA_END))
    age = np.clip(np.round(17 + rng.gamma(1.9, 8.9, size=n)).astype(int), 16, 90)
    return intake | {
        "site": np.array([sites[site].site.key for site in where], dtype=object),
        "perpetrator_id": of_each("reference").astype(object),
        "victim_id": of_each("victims")[:, 0].astype(object),
        "intake_date": intake_date.astype(object),
        "age": age.astype(object),
        "arm": np.full(n, arm, dtype=object),
        **{column: choose(rng, shares, n) for column, shares in ANSWERS.items()},
    }


def _add_behaviours(
    rng: np.random.Generator, intake: dict[str, Array], severity: TrueSeverity
) -> None:
    """Add the levels at intake, and under ``exit_<behaviour>`` those at exit."""
    n = len(intake["age"])
    person = PERSON_SD * severity.person
    treated = intake["arm"] == INTERVENTION
    for behaviour in BEHAVIOURS:
        effect = {name: np.log(ratio) for name, ratio in ODDS_RATIOS[behaviour].items()}
        fixed = sum(
            effect[code] * (intake[column] == code)
            for column, codes in (
                ("living_arrangement", ("together", "intermittently")),
                ("relationship", ("ex_partner", "intermittent_partner", "family_member")),
            )
            for code in codes
        )
        fixed = fixed + effect["criminal_record"] * (
            intake["criminal_record_domestic_abuse"] == "yes"
        )
        fixed = fixed + effect["cyps"] * (intake["cyps_involvement"] == "yes") + person
        cuts = cut_points(AT_INTAKE[behaviour], fixed)
        at_intake = fixed + effect["arm"] * treated
        at_exit = at_intake + effect["exit"] + effect["exit_arm"] * treated
        heard = {name: severity.heard(rng, behaviour, name) for name in ("intake", "closure")}
        intake[behaviour] = draw_levels(rng, cuts, at_intake, heard["intake"])
        intake[f"exit_{behaviour}"] = draw_levels(rng, cuts, at_exit, heard["closure"])
        intake[behaviour][rng.random(n) < 0.015] = "dont_know"


def _exit(
    rng: np.random.Generator, intake: dict[str, Array], arm: str, seed: int, scale: int
) -> dict[str, Array]:
    members = np.flatnonzero(intake["arm"] == arm)
    room = (day(DATA_END) - intake["intake_date"][members].astype("datetime64[D]")).astype(int)
    # Support that began shortly before the end of the data has not ended yet.
    has_ended = (room >= DAYS[arm].mean).astype(float)
    ended = np.sort(pick(rng, has_ended, scale * EXITS[arm]))
    rows = members[ended]
    days = days_of_support(arm, room[ended], seed)
    left = intake["intake_date"][rows].astype("datetime64[D]") + days
    levels = {behaviour: intake[f"exit_{behaviour}"][rows] for behaviour in BEHAVIOURS}
    return {
        "site": intake["site"][rows],
        "victim_id": intake["victim_id"][rows],
        "arm": intake["arm"][rows],
        "exit_date": left.astype(object),
        "contacts": contacts(arm, len(rows), seed).astype(object),
        "risk_change": choose(rng, RISK_CHANGE[arm], len(rows)),
        **levels,
    }


def _join(parts: list[dict[str, Array]]) -> dict[str, Array]:
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _by_date(rng: np.random.Generator, records: dict[str, Array], column: str) -> dict[str, Array]:
    dates = records[column].astype("datetime64[D]")
    order = np.lexsort((rng.random(len(dates)), dates))
    return {name: values[order] for name, values in records.items()}
