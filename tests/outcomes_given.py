"""An invented service with Stars and rated outcomes, on small literal tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from given import Warehouse

from datrial.analyses.base import Context
from datrial.analyses.registry import ANALYSES
from datrial.config.load import parse
from datrial.config.project import project_root
from datrial.config.study import Study
from datrial.pipeline.protection import protect_run
from datrial.results.cells import Table

SERVICE: dict[str, Any] = {
    "study": "harbour", "title": "Harbour", "design": "single_arm", "seed": 1,
    "arms": {"intervention": {"label": "Harbour", "role": "intervention"}},
    "sites": {"town": {"label": "Town", "recruitment_start": "2022-01-01",
                       "recruitment_end": "2022-12-31"}},
    "sources": ["harbour/referrals"], "quarantine_limit": 0.1, "analyses": {},
    "instruments": {
        "star": {"label": "Star", "table": "star_reading", "lowest": 1, "highest": 5,
                 "items": {"safety": "Safety", "home": "Home"}},
        "forms": {"label": "Forms", "table": "outcome_rating",
                  "items": {"calm": "Calm", "sober": "Sober", "sleep": "Sleep"},
                  "domains": {"risk": {"label": "Risk", "items": ["calm", "sober"]},
                              "health": {"label": "Health", "items": ["sleep"]}}},
    },
}  # fmt: skip
COMPARED: dict[str, Any] = {
    "design": "cohort_comparison",
    "arms": SERVICE["arms"]
    | {"others": {"label": "Others", "role": "control", "sources": ["harbour/others"]}},
    "sources": ["harbour/referrals", "harbour/others"],
}
ANSWERS = {2: "significant_improvement", 1: "slight_improvement", 0: "no_change",
           -1: "slight_deterioration", -2: "significant_deterioration",
           "?": "dont_know", "n": "not_applicable", None: None}  # fmt: skip

#: Person, day, rater, scores.
Reading = tuple[str, str, str, Sequence[int | None]]
#: Person, day, answers: -2 to 2, "?", "n" or none.
Form = tuple[str, str, Sequence[int | str | None]]


def harbour(**changes: Any) -> Study:
    """Return the service's study with some settings changed."""
    return parse(Study, SERVICE | changes, "study.yaml")


def compared() -> Study:
    """Return the study with a second cohort, of the extract ``o``."""
    return harbour(**COMPARED)


def house_of(
    *,
    stars: Sequence[Reading] = (),
    forms: Sequence[Form] = (),
    clients: Mapping[str, str] | None = None,
    study: Study | None = None,
    sent: Sequence[str] = ("star_reading", "outcome_rating"),
) -> Warehouse:
    """Return the marts of these readings and forms.

    Parameters
    ----------
    clients
        Person -> extract of the referral (``o``: the other cohort's); without any, everybody
        with a reading or a form.
    sent
        Staging tables of which an extract was received.
    """
    study = study or harbour()
    house = Warehouse(study)
    if clients is None:
        clients = dict.fromkeys([row[0] for row in (*stars, *forms)], "r")
    house.rows("study.arm_extract", "extract_id, arm",
               *([("o", "others")] if "others" in study.arms else []))  # fmt: skip
    columns = "client_id, extract_id, site, referred_on"
    house.rows("staging.referral", columns, *(
        (person, extract, "town", "2022-01-10") for person, extract in clients.items()
    ))  # fmt: skip
    wide = max([len(row[3]) for row in stars], default=2)
    named = ", ".join(f"item_{place}" for place in range(1, wide + 1))
    house.rows("staging.star_reading", f"site, instrument, client_id, read_on, rater, {named}", *(
        ("town", "star", person, day, rater, *scores) for person, day, rater, scores in stars
    ))  # fmt: skip
    columns = "site, instrument, client_id, rated_on, rater, item_1, item_2, item_3"
    house.rows("staging.outcome_rating", columns, *(
        ("town", "forms", person, day, "worker", *(ANSWERS[answer] for answer in answers))
        for person, day, answers in forms
    ))  # fmt: skip
    house.connection.execute("create schema raw; create table raw.extract (table_name varchar)")
    house.rows("raw.extract", "table_name", *((name,) for name in sent))
    for name in ("cohort.client", "marts.instrument_reading"):  # no more of them is read
        schema, _, table = name.partition(".")
        sql = (project_root() / "sql" / schema / f"{table}.sql").read_text(encoding="utf-8")
        house.connection.execute(f"create schema {schema}; create table {name} as {sql}")
    return house


def tables_of(analysis: str, house: Warehouse, **parameters: Any) -> dict[str, Table]:
    """Run an analysis and return its tables by the end of their ids."""
    about = ANALYSES[analysis]
    context = Context(house.connection, house.study, np.random.default_rng(1))
    made = about.run(context, about.parameters.model_validate(parameters))
    return {table.id.removeprefix(f"{analysis}."): table for table in made}


def released(analysis: str, house: Warehouse, profile: str, **parameters: Any) -> dict[str, Table]:
    """Run an analysis and return its tables as a run with this profile publishes them."""
    study = house.study.model_copy(update={"disclosure": profile})
    made = tables_of(analysis, house, **parameters)
    kept = protect_run([(analysis, table) for table in made.values()], study)
    return {table.id.removeprefix(f"{analysis}."): table for _, table in kept.protected.tables}


def value(table: Table, row: str, statistic: str, column: str = "intervention") -> float | None:
    """Return a cell's value."""
    return table.get(row, column, statistic).value


def pairs(
    scores: Sequence[tuple[Sequence[int | None], Sequence[int | None]]],
    *,
    prefix: str = "p",
    last: str = "2022-07-01",
) -> list[Reading]:
    """Return a first and a last collaborative reading for each pair of scores."""
    found: list[Reading] = []
    for number, (first, second) in enumerate(scores):
        person = f"{prefix}{number}"
        found += [(person, "2022-02-01", "collaborative", first),
                  (person, last, "collaborative", second)]  # fmt: skip
    return found
