"""An invented service with referrals: what the tests of the referral pathway are made with."""

from __future__ import annotations

from typing import Any

import numpy as np
from given import Warehouse

from datrial.analyses import referral_pathway
from datrial.analyses.base import Context
from datrial.config.load import parse
from datrial.config.project import project_root
from datrial.config.study import Study
from datrial.results.cells import Table

DAYS = {"recruitment_start": "2022-01-01", "recruitment_end": "2022-12-31"}
SERVICE: dict[str, Any] = {
    "study": "harbour", "title": "Harbour", "design": "single_arm", "seed": 1,
    "arms": {"intervention": {"label": "Harbour", "role": "intervention"}},
    "sites": {"town": {"label": "Town", **DAYS}, "coast": {"label": "Coast", **DAYS}},
    "sources": ["harbour/referrals"], "quarantine_limit": 0.1, "analyses": {},
    "terms": {
        "onward_referral": {"group": "Group", "single": "One to one", "health": "Health"},
        "accommodation": {"hotel": "Hotel", "private": "Private"},
    },
}  # fmt: skip
COMPARED: dict[str, Any] = {
    "design": "cohort_comparison",
    "arms": {**SERVICE["arms"],
             "others": {"label": "Others", "role": "control", "sources": ["harbour/others"]}},
    "sources": ["harbour/referrals", "harbour/others"],
}  # fmt: skip
ONE_SITE: dict[str, Any] = {"sites": {"town": {"label": "Town", **DAYS}}}
#: The extract whose referrals are of the cohort compared with.
OTHERS = "extract_of_others"


def service(**changes: Any) -> Study:
    """Return the invented service, some of its settings changed."""
    return parse(Study, SERVICE | changes, "study.yaml")


def house_of(rows: list[dict[str, Any]], **changes: Any) -> Warehouse:
    """Return a warehouse with these referrals; what a row does not say is empty."""
    house = Warehouse(service(**changes))
    if "design" in changes:
        house.rows("study.arm_extract", "extract_id, arm", (OTHERS, "others"))
    for number, row in enumerate(rows):
        whole = {"extract_id": "own", "row_number": number, "site": "town",
                 "client_id": f"p{number}", "referred_on": "2022-02-01", **row}  # fmt: skip
        house.rows("staging.referral", ", ".join(whole), tuple(whole.values()))
    for name in ("cohort/client", "marts/referral_path"):  # all that the analysis reads
        text = (project_root() / "sql" / f"{name}.sql").read_text(encoding="utf-8")
        house.connection.execute(f"create schema if not exists {name.partition('/')[0]}")
        house.connection.execute(f"create table {name.replace('/', '.')} as {text}")
    return house


def tables_of(house: Warehouse, **parameters: Any) -> dict[str, Table]:
    """Run the analysis; its tables by the second part of their ids."""
    context = Context(house.connection, house.study, np.random.default_rng(0))
    given = referral_pathway.ANALYSIS.parameters.model_validate(parameters)
    made = referral_pathway.ANALYSIS.run(context, given)
    return {table.id.removeprefix("referral_pathway."): table for table in made}


def counts(table: Table, column: str = "intervention") -> dict[str, float | str | None]:
    """Return row -> its count in a column; of an absent one its state."""
    return {
        cell.row: cell.value if cell.value is not None else str(cell.state)
        for cell in table.cells
        if cell.column == column and cell.statistic == "count"
    }


def completed(onward: str | None = None, **more: Any) -> dict[str, Any]:
    """Return a referral that went all the way."""
    return {
        "suitable": "yes", "consulted_on": "2022-02-03", "started_on": "2022-02-10",
        "closed_on": "2022-03-24", "engaged": "yes", "completed": "yes",
        "onward_referral": onward, **more,
    }  # fmt: skip


def stopped(**more: Any) -> dict[str, Any]:
    """Return a referral of somebody who engaged, then stopped."""
    return {**completed(), "completed": "no", **more}


def never(**more: Any) -> dict[str, Any]:
    """Return a referral of somebody who never engaged."""
    return {"suitable": "yes", "engaged": "no", "completed": "no", **more}


def trial_of_35() -> list[dict[str, Any]]:
    """Return 35 referrals of 32 people: 21 completed, 4 stopped, 10 never engaged.

    One person was referred twice (never engaged, then completed), one three times (never
    engaged twice, then stopped).
    """
    rows = [completed("group" if number < 15 else None) for number in range(21)]
    rows += [stopped() for _ in range(4)] + [never() for _ in range(10)]
    for number, row in enumerate(rows):
        row["client_id"], row["referred_on"] = f"p{number:02}", f"2022-04-{1 + number % 28:02}"
    rows[25] |= {"client_id": "p00", "referred_on": "2022-01-05"}
    rows[26] |= {"client_id": "p21", "referred_on": "2022-01-06"}
    rows[27] |= {"client_id": "p21", "referred_on": "2022-02-06"}
    return rows
