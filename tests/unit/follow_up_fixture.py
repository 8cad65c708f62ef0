"""Small trials whose people are followed up, and what an analysis answers of them."""

from __future__ import annotations

import datetime as dt
from types import ModuleType
from typing import Any

import numpy as np
from given import Warehouse, drive

from datrial.analyses.base import Context
from datrial.config.study import CODED, Arm
from datrial.results.cells import Table

SITE, INDEX = "site_2", "2017-01-15"


def day(number: int) -> str:
    return (dt.date.fromisoformat(INDEX) + dt.timedelta(number)).isoformat()


def answer(house: Warehouse, analysis: ModuleType, **parameters: Any) -> dict[str, Table]:
    """Return an analysis's tables; every cell without a value must say why."""
    chosen = analysis.ANALYSIS
    context = Context(house.connection, house.study, np.random.default_rng(1))
    tables: list[Table] = chosen.run(context, chosen.parameters(**parameters))
    for table in tables:
        assert set(table.catalogue) <= set(chosen.catalogue)
        keys = [(cell.row, cell.column, cell.statistic) for cell in table.cells]
        assert len(keys) == len(set(keys))
        assert all(cell.value is not None or cell.note for cell in table.cells)
    return {table.id.removeprefix(f"{chosen.id}."): table for table in tables}


def trial(
    people: list[tuple[str, str, list[int]]], *, police: bool = True, swapped: bool = False
) -> Warehouse:
    """Return a warehouse of people (id, arm, days of events) of one meeting."""
    house = Warehouse()
    house.covered("marac", SITE, day(-365), day(1000))
    house.covered("police", SITE, day(-365), day(1000))
    other = {"intervention": "control", "control": "intervention"}
    for person, arm, days in people:
        own = other[arm] if swapped else arm
        house.allocated((person, SITE, INDEX, own))
        if own == "intervention":
            house.rows(
                "staging.cms_service_user", "perpetrator_id, closure_date", (person, day(240))
            )
        house.rows(
            "staging.marac_case", "perpetrator_id, victim_id, hearing_date, site",
            *((person, f"v{n}", day(number), SITE) for n, number in enumerate(days)),
        )  # fmt: skip
        if police:
            house.rows("ledger.police_request", "person_id", (person,))
            house.rows(
                "staging.police_incident",
                "incident_id, perpetrator_id, incident_date, domestic_abuse, crimed, site",
                *((f"{person}{n}", person, day(number), "yes", "no", SITE)
                  for n, number in enumerate(days)),
            )  # fmt: skip
    house.build()
    return house


#: Three events before and two in 0-6 months of the intervention; three and four of controls.
PEOPLE = [
    ("i1", "intervention", [-100, -20, 10]),
    ("i2", "intervention", [-5, 60]),
    ("i3", "intervention", []),
    ("c1", "control", [-100, 10, 20, 30]),
    ("c2", "control", [-50, -40, 90, 200]),
    ("c3", "control", []),
    ("c4", "control", [300]),
]


def coded(house: Warehouse, *, sampled: bool = False) -> Warehouse:
    """Return the warehouse with codes in the place of arms, A the control.

    Parameters
    ----------
    sampled
        The police were not asked about one of the controls.
    """
    if sampled:
        house.connection.execute(
            "update cohort.member set police_asked = false where person_id = "
            "(select min(person_id) from cohort.member where arm = 'control')"
        )
    for table in ("cohort.member", "marts.marac_spell", "marts.police_spell"):
        house.connection.execute(
            f"update {table} set arm = case arm when 'control' then 'arm_a' else 'arm_b' end"
        )
    arms = {key: Arm(label=f"Arm {key[-1].upper()}", role=CODED) for key in ("arm_a", "arm_b")}
    house.study = drive(arms=arms)
    return house
