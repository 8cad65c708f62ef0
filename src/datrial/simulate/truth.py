"""The known truth of a simulated world, kept apart from what the agencies send."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from datrial.simulate import (
    allocation,
    behaviour,
    casework,
    insights,
    marac,
    need_levels,
    needs,
    people,
    police,
    risk,
    service_users,
)
from datrial.simulate.mess import SHARE_OF_ROWS, Count
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
                )

    header = ("perpetrator_reference", "site", "arm", "index_date", "end_date",
              "exclusion_reason", "frailty")  # fmt: skip
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
        "durations": {"mean_days": allocation.MEAN_DURATION_DAYS},
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
        "drive_dash": {
            "mean_at_intake": risk.MEAN_AT_INTAKE,
            "rate_ratios": risk.RATE_RATIOS,
            "alpha": risk.ALPHA,
            "added_up_wrongly": risk.SHARE_ADDED_UP_WRONGLY,
        },
        "casework": {
            "engagement": casework.ENGAGEMENT,
            "direct_contact": casework.DIRECT_CONTACT,
            "actions_per_service_user": casework.ACTIONS_PER_SERVICE_USER,
            "share_direct": casework.SHARE_DIRECT,
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


README = """\
# The truth behind these simulated extracts

Nobody in these files exists. The world was made in the order of life: perpetrators
are heard at MARACs, some are allocated by the project's own lottery, behaviour
follows from the arm, and each agency writes down its part of it. `parameters.yaml`
holds every true parameter, `people.csv` everyone ever heard, `latent_classes.csv` the
true needs class of each service user, `police_requested.csv` whom the police were
asked about, and `mess.csv` how many rows of each file were made messy, and how.

Counts in `mess.csv` are rows before duplicates were added, and a duplicate or a
spoilt copy (`exact_duplicate`, `impossible_required_date`, `unknown_required_code`,
`missing_reference`) is a row more than the agency meant. The other kinds change how
a row is written. `unknown_code` and `impossible_date` empty a cell and keep the row.

The lottery draws pseudonyms made with the public demonstration key and uses the
study's own seed: `datrial allocate` with both gives these arms again.

## Exact at every seed
Allocated by site and arm; completed; people with a police record, incidents in and
outside the evaluation period, domestic abuse and crimed shares; Insights intake and
exit forms; Tables 3 and 4; CYPS and CCJ answers; Table A2.1's forms, answered and
yes, need by need; Table A7.1's levels at midpoint; service users with a usable
Drive-DASH form; engagement; serial perpetrators and people heard again at MARAC, by
period; hearings per perpetrator; mean duration of the intervention.

## Near, with chance
Behaviours by time point (balanced draws: less chance than independent ones); Drive-DASH
rate ratios; the share without any need at midpoint (36 to 38% against 37% printed);
police incidents by period; needs by engagement (Tables 5 and 6 in direction and rough size).

## What the published figures cannot all be true of
- 2.7 and 3.3 hearings per perpetrator (counted from February 2016) go with the small
  shares heard again only if those who are heard again are heard often. Here about 0.4
  hearings each lie before the index meeting (at meetings without places), some
  perpetrators are heard with two victims on one day, and those heard again are heard
  two to three times in a period.
- 34 intake forms without an answer leave 467 of 501, not the 468 printed: here 33 and 468.
- Police records differ between the arms already six months before allocation, which a
  lottery cannot do. Here both arms have the same rates until the index day, and the
  published totals then imply a rate ratio after it (site 2: 0.36).
- Police means per person are in truth means over incidents (mean times people exceeds
  the total); the totals and the people with a record are met, so means per person are
  about 14 and 25 at site 2, 7.2 and 8.5 at site 1. Crimed shares of domestic abuse are
  printed as 46% (site 2) and 54% (site 1) beside counts that make 53% and 64%: about 50%
  and 64% here. Incidents outside the evaluation period are known for site 1 only (545).
- Table 4's counts add up to 197 and 609 in several rows: one person was moved.
- 65% of service users had direct contact, and "no contact made" is 53%: both are met,
  so some people with direct contact count as no contact made.
- 49% of service users are said to have lost a Drive-DASH form, while 469 of 503 keep one
  and 23%, 14% and 12% of forms are lost: the last three are met.
- Direct contacts (137 for each of 330 people) would be more than all recorded actions
  imply; the share of direct work (16.5%) is met.
- Serial perpetrators "appeared 1.5 and 0.8 times" cannot hold with two victims at two
  hearings; not matched. Intermittent partners do not occur in Table 3, so not here either.
- Class sizes of Figure 4 add up to .99.
- Table A2.1's whole per cent and Table A7.1's counts are not the same people with a need
  (drugs misuse 79 and 81, mental health 108 and 107, alcohol misuse 131 and 129): both are
  met, so two noes have a low level, and two yeses one that nobody knows. The frequencies
  for mental health add up to 467, not to the 469 printed beside them.
"""
