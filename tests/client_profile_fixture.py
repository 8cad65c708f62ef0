"""Clients and training of an invented service, in a warehouse in memory."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
from given import Warehouse

from datrial.analyses import client_profile, training
from datrial.analyses.base import Context
from datrial.config.study import Study
from datrial.results.cells import Table

#: Columns of a referral in the order of the rows below.
REFERRAL = (
    "extract_id, site, client_id, referred_on, strand, age, age_months, sex, ethnicity, area, "
    "children_count, child_protection"
)
TRAINING = (
    "site, practitioner_id, course, round, training_date, attended, passed, score_before, "
    "score_after"
)
ETHNICITY = {"red": "Red", "blue": "Blue", "green": "Green"}
GROUPS = {
    "warm": {"label": "Warm", "codes": ["red"]},
    "cold": {"label": "Cold", "codes": ["blue", "green"]},
}
INSTRUMENTS = {
    "needs": {
        "label": "Needs",
        "table": "checklist",
        "items": {"housing": "Housing", "alcohol": "Alcohol", "money": "Money"},
    },
    "scores": {
        "label": "Scores", "table": "need_score", "items": {"housing": "Housing"},
        "lowest": 0, "highest": 10,
    },
}  # fmt: skip


def service(
    *, two_arms: bool = False, sites: tuple[str, ...] = ("north", "south"), strands: bool = False,
    **changes: Any,
) -> Study:  # fmt: skip
    """Return an invented service that allocates nobody."""
    arms: dict[str, Any] = {"intervention": {"label": "Service", "role": "intervention"}}
    sources = ["lantern/clients"]
    if two_arms:
        arms["other"] = {"label": "Others", "role": "control", "sources": ["lantern/others"]}
        sources.append("lantern/others")
    terms: dict[str, dict[str, str]] = {
        "ethnicity": ETHNICITY,
        "area": {"hill": "Hill", "dale": "Dale"},
        "child_protection": {"plan": "Plan", "care": "In care", "neither": "Neither"},
        "course": {"core": "Core", "overview": "Overview"},
    }
    if strands:
        terms["strand"] = {"one": "Strand one", "two": "Strand two"}
    days = {"recruitment_start": "2021-01-01", "recruitment_end": "2021-12-31"}
    return Study.model_validate({
        "study": "lantern",
        "title": "Lantern",
        "design": "cohort_comparison" if two_arms else "single_arm",
        "seed": 1,
        "arms": arms,
        "sites": {site: {"label": site.capitalize(), **days} for site in sites},
        "sources": sources,
        "quarantine_limit": 0.1,
        "terms": terms,
        "instruments": INSTRUMENTS,
        "analyses": {"client_profile": {"ethnic_groups": GROUPS}, "training": {}},
        **changes,
    })  # fmt: skip


def house_of(study: Study, *referrals: tuple[Any, ...]) -> Warehouse:
    """Return a warehouse with these referrals, in the order of `REFERRAL`; "b" is the cohort."""
    house = Warehouse(study)
    if len(study.arms) > 1:
        house.rows("study.arm_extract", "extract_id, arm", ("b", "other"))
    house.rows("staging.referral", REFERRAL, *referrals)
    return house


def profile(house: Warehouse, **parameters: Any) -> dict[str, Table]:
    """Return the tables of the profile by name; every cell without a value must say why."""
    house.build()
    given = house.study.analyses["client_profile"] | parameters
    chosen = client_profile.ANALYSIS.parameters(**given)
    return _checked(client_profile.ANALYSIS, house, chosen)


def trained(house: Warehouse) -> dict[str, Table]:
    """Return the tables of training by name."""
    return _checked(training.ANALYSIS, house, training.ANALYSIS.parameters())


def _checked(analysis: Any, house: Warehouse, parameters: Any) -> dict[str, Table]:
    context = Context(house.connection, house.study, np.random.default_rng(1))
    tables: list[Table] = analysis.run(context, parameters)
    for table in tables:
        assert set(table.catalogue) <= set(analysis.catalogue)
        keys = [(cell.row, cell.column, cell.statistic) for cell in table.cells]
        assert len(keys) == len(set(keys))
        assert all(cell.value is not None or cell.note for cell in table.cells)
    return {table.id.partition(".")[2]: table for table in tables}


def value(table: Table, row: str, column: str, statistic: str) -> float | None:
    """Return a cell's number, rounded so that it can be written out."""
    found = table.get(row, column, statistic).value
    return None if found is None else round(found, 4)


def some_people(seed: int, number: int, *, both: bool = False) -> list[tuple[Any, ...]]:
    """Return referrals of people of whom anything may be missing."""
    draw = random.Random(seed)
    rows: list[tuple[Any, ...]] = []
    for one in range(number):
        age = draw.choice([None, *range(17, 66)])
        rows.append((
            draw.choice(["a", "b"]) if both else "a",
            draw.choice(["north", "north", "south"]),
            f"p{one}",
            f"2021-0{draw.randint(1, 9)}-10",
            draw.choice(["one", "one", "two", None]),
            age,
            None if age is None or draw.random() < 0.3 else 12 * age + draw.randrange(12),
            draw.choice(["male"] * 8 + ["female", "dont_know", None]),
            draw.choice(["red"] * 4 + ["blue"] * 2 + ["green", "dont_know", None]),
            draw.choice(["hill", "hill", "dale", None]),
            draw.choice([None, 0, 1, 1, 2, 2, 2, 3, 5]),
            draw.choice(["plan", "care", "neither", "neither", "dont_know", None]),
        ))  # fmt: skip
    return rows


def some_checklists(house: Warehouse, seed: int, number: int) -> None:
    """Assess some of the people."""
    draw = random.Random(seed)
    answers = ["yes", "yes", "no", "no", "no", "dont_know", None]
    columns = "client_id, instrument, assessed_on, item_1, item_2, item_3"
    for one in range(number):
        given = (draw.choice(answers), draw.choice(answers), draw.choice(answers))
        house.rows("staging.checklist", columns, (f"p{one}", "needs", "2021-02-01", *given))


def some_training(house: Warehouse, seed: int, number: int) -> None:
    """Train some practitioners."""
    draw = random.Random(seed)
    for one in range(number):
        course = draw.choice(["core", "core", "overview"])
        came = draw.choice(["yes", "yes", "yes", "yes", "no", None])
        passed = draw.choice(["yes"] * 5 + ["no", None]) if came == "yes" else None
        scores = [draw.choice([None, 60, 70, 80, 90]) if course == "core" else None
                  for _ in range(2)]  # fmt: skip
        house.rows("staging.training", TRAINING, (
            draw.choice(["north", "south"]), f"t{one}", course,
            draw.choice([1, 2]) if course == "core" else 1, "2021-03-01", came, passed, *scores,
        ))  # fmt: skip
