"""The known truth of a simulated world, kept apart from what the agencies send."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from datrial.simulate import (
    behaviour,
    casework,
    durations,
    insights,
    marac,
    need_levels,
    needs,
    people,
    police,
    risk,
    service_users,
    severity,
)
from datrial.simulate.mess import SHARE_OF_ROWS, Count
from datrial.simulate.truth_readme import README
from datrial.simulate.world import World


def truth_files(world: World, counts: list[Count]) -> dict[str, bytes]:
    """Return the files of the truth folder by name."""
    return {
        "people.csv": _people(world),
        "police_requested.csv": _requested(world),
        "latent_classes.csv": _latent_classes(world),
        "mess.csv": csv_file(
            ("file", "table", "kind", "rows"),
            ((count.file, count.table, count.kind, count.rows) for count in counts),
        ),
        "parameters.yaml": _parameters(world),
        "README.md": README.encode(),
    }


def csv_file(header: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """Return a header and rows as a CSV file."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue().encode()


def _people(world: World) -> bytes:
    def rows() -> Iterable[Sequence[object]]:
        for site in world.sites:
            everyone, allocated = site.people, site.allocation
            severity = world.severity.of(everyone.reference).person
            for person, reference in enumerate(everyone.reference):
                index = everyone.index[person]
                known = not np.isnat(index)
                yield (
                    reference,
                    everyone.site.key,
                    allocated.arm[person],
                    index if known else "",
                    allocated.end[person] if known else "",
                    everyone.reason[person],
                    f"{everyone.frailty[person]:.6f}",
                    f"{severity[person]:.6f}",
                )

    header = ("perpetrator_reference", "site", "arm", "index_date", "end_date",
              "exclusion_reason", "frailty", "severity")  # fmt: skip
    return csv_file(header, rows())


def _requested(world: World) -> bytes:
    rows = (
        (site.people.reference[person], site.people.site.key, arm)
        for site in world.sites
        for arm, asked in site.asked.items()
        for person in asked
    )
    return csv_file(("perpetrator_reference", "site", "arm"), rows)


def _latent_classes(world: World) -> bytes:
    references = world.users.reference[world.users.in_analysis]
    rows = zip(references, world.needs.latent_class, strict=True)
    return csv_file(("perpetrator_reference", "latent_class"), rows)


def _parameters(world: World) -> bytes:
    import yaml

    content = {
        "seed": world.seed,
        "scale": world.scale,
        "study_seed": world.study.seed,
        "people": {
            "allocated": people.ALLOCATED,
            "never_allocated": people.NEVER_ALLOCATED,
            "frailty": {"distribution": "gamma, mean 1", "shape": people.FRAILTY_SHAPE},
            "earlier_hearings": people.EARLIER_HEARINGS,
            "serial_before_allocation": people.SERIAL_BEFORE_ALLOCATION,
            "share_of_full_meetings": people.SHARE_OF_FULL_MEETINGS,
        },
        "durations": {
            "mean_days": durations.MEAN_DAYS,
            "closed_by_the_end_of_year_2": durations.CLOSED_EARLY,
            "of_these": durations.EARLY,
        },
        "marac": {
            "mean_hearings": marac.MEAN_HEARINGS,
            "heard_again": marac.HEARD_AGAIN,
            "serial": marac.SERIAL,
            "serial_heard_again": marac.SERIAL_HEARD_AGAIN,
        },
        "police": {
            "control_rate": police.CONTROL_RATE,
            "forces": {key: asdict(force) for key, force in police.FORCES.items()},
        },
        "insights": {
            "intakes": insights.INTAKES,
            "exits": insights.EXITS,
            "at_intake": insights.AT_INTAKE,
            "odds_ratios": insights.ODDS_RATIOS,
            "person_sd": insights.PERSON_SD,
        },
        "needs": {
            "class_sizes": needs.CLASS_SIZES,
            "items": needs.NEEDS,
            "item_probabilities": needs.item_probabilities(),
            "levels_at_midpoint": need_levels.AT_MIDPOINT,
        },
        "behaviours": {
            "at_intake": behaviour.AT_INTAKE,
            "none_later": behaviour.NONE_LATER,
            "odds_ratios": behaviour.ODDS_RATIOS,
            "person_sd": behaviour.PERSON_SD,
            "cut_points_and_time": world.behaviours.true_effects,
        },
        "reports_of_one_perpetrator": {
            "person_effect": "the same for case managers and IDVAs: `severity` in people.csv, "
            "a standard normal, times person_sd",
            "correlation_on_one_occasion": severity.REPORTS_CORRELATION,
        },
        "drive_dash": {
            "mean_at_intake": risk.MEAN_AT_INTAKE,
            "rate_ratios": risk.RATE_RATIOS,
            "alpha": risk.ALPHA,
            "added_up_wrongly": risk.SHARE_ADDED_UP_WRONGLY,
        },
        "casework": {
            "engagement": casework.ENGAGEMENT,
            "direct_contact": casework.DIRECT_CONTACT,
            "direct_actions": asdict(casework.DIRECT_ACTIONS),
            "share_direct": casework.SHARE_DIRECT,
            "direct_support_people": casework.DIRECT_SUPPORT_PEOPLE,
            "behaviour_change_people": casework.BEHAVIOUR_CHANGE_PEOPLE,
            "contact_by_need": casework.CONTACT_BY_NEED,
            "engaged_by_need": casework.ENGAGED_BY_NEED,
        },
        "profile": {
            "cyps": service_users.CYPS,
            "ccj": service_users.CCJ,
            "missing_relationship_and_living": service_users.MISSING_BOTH,
        },
        "mess_share_of_rows": SHARE_OF_ROWS,
    }
    return yaml.safe_dump(_plain(content), sort_keys=False, allow_unicode=True).encode()


def _plain(value: Any) -> Any:
    """Return nested content with plain dicts, lists and numbers only."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float):
        return round(value, 6)
    return value
