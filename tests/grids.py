"""A small service with severity grids and needs matrices, for the tests of both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from given import Warehouse

from datrial.analyses.base import Analysis, Context
from datrial.config.load import parse
from datrial.config.study import Study
from datrial.results.cells import State, Table

TYPES = ("physical", "sexual", "harassment_stalking", "jealous_controlling")
LEVEL = {"h": "high", "m": "moderate", "s": "standard", "d": "dont_know", "n": "none", "-": None}
ITEMS = ("housing", "health", "identity")
_SERVICE: dict[str, Any] = {
    "study": "harbour", "title": "Harbour", "design": "single_arm", "seed": 1,
    "arms": {"intervention": {"label": "Harbour", "role": "intervention"}},
    "sites": {"town": {"label": "Town", "recruitment_start": "2022-01-01",
                       "recruitment_end": "2022-12-31"}},
    "sources": ["harbour/referrals"], "quarantine_limit": 0.1, "analyses": {},
    "terms": {"rater": {"worker": "Worker", "client": "Client"},
              "instrument": {"matrix": "Matrix"}},
    "instruments": {"matrix": {"label": "Matrix", "table": "need_score", "lowest": 0,
                               "highest": 10, "items": {name: name.title() for name in ITEMS}}},
}  # fmt: skip
_COMPARED: dict[str, Any] = {
    "design": "cohort_comparison",
    "arms": _SERVICE["arms"]
    | {"others": {"label": "Others", "role": "control", "sources": ["harbour/others"]}},
    "sources": ["harbour/referrals", "harbour/others"],
}


def service(*, compared: bool = False, **changes: Any) -> Study:
    return parse(Study, _SERVICE | (_COMPARED if compared else {}) | changes, "study.yaml")


class House(Warehouse):
    """A warehouse of the service's people."""

    def __init__(self, study: Study | None = None) -> None:
        super().__init__(study or service())
        self.rows("study.arm_extract", "extract_id, arm", ("of_others", "others"))

    def clients(self, *people: str, extract: str = "of_intervention") -> None:
        """Refer people, on the first day of 2022."""
        rows = [(extract, "town", person, "2022-01-01") for person in people]
        self.rows("staging.referral", "extract_id, site, client_id, referred_on", *rows)

    def grid(
        self, person: str, time: str, day: str, levels: str, told_by: str | None = "worker"
    ) -> None:
        """Add a grid; its levels by their first letters in the order of the types."""
        columns = f"site, client_id, time_point, read_on, told_by, {', '.join(TYPES)}"
        answers = [LEVEL[each] for each in levels]
        row = ("town", person, time, day, told_by, *answers)
        self.rows("staging.severity_reading", columns, row)

    def matrix(
        self, person: str, time: str, scores: Sequence[int | None], rater: str = "worker",
        day: str | None = None,
    ) -> None:  # fmt: skip
        """Add a needs matrix."""
        day = day or {"intake": "2022-02-01", "midway": "2022-04-01", "exit": "2022-06-01"}[time]
        items = ", ".join(f"item_{place}" for place in range(1, len(scores) + 1))
        columns = f"site, client_id, instrument, time_point, read_on, rater, {items}"
        self.rows("staging.need_score", columns, ("town", person, "matrix", time, day, rater,
                                                  *scores))  # fmt: skip

    def answer(self, analysis: Analysis, **parameters: Any) -> dict[str, Table]:
        """Return the tables; every cell without a value says why."""
        self.build()
        context = Context(self.connection, self.study, np.random.default_rng(1))
        tables = analysis.run(context, analysis.parameters.model_validate(parameters))
        for table in tables:
            for cell in table.cells:
                assert cell.state is State.VALUE or cell.note, (table.id, cell)
        return {table.id.partition(".")[2]: table for table in tables}


def both_times(house: House, steps: Mapping[str, Sequence[str]]) -> None:
    """Add people with a grid at both times: a type's steps, ``hn`` is high to none."""
    for number in range(len(next(iter(steps.values())))):
        person = f"p{number:02}"
        house.clients(person)
        for place, (time, day) in enumerate((("intake", "2022-02-01"), ("exit", "2022-06-01"))):
            levels = "".join(steps[kind][number][place] for kind in TYPES)
            house.grid(person, time, day, levels)


#: The early intervention trial's 16 people with both grids. The margins are those printed; how
#: they fit together is invented.
PRINTED_STEPS = {
    "physical": ["hn"] * 6 + ["mn"] * 4 + ["dn"] + ["nn"] * 5,
    "sexual": ["dd"] * 15 + ["nn"],
    "harassment_stalking": ["hh", "ms", "mn", "sn"] + ["dd"] * 3 + ["nn"] * 9,
    "jealous_controlling": ["hh"] * 3 + ["hm"] * 3 + ["hs", "hn", "hn", "hd", "ms", "mn", "mn",
                                                     "md", "sn", "dd"],
}  # fmt: skip
#: The six with an intake grid only.
PRINTED_INTAKE_ONLY = ("mdmh", "dddh", "nddm", "nddm", "ndns", "ndnd")


def printed_house() -> House:
    """Return the trial's people: 32 referred, 22 with an intake grid, 16 with both."""
    house = House()
    both_times(house, PRINTED_STEPS)
    for number, levels in enumerate(PRINTED_INTAKE_ONLY):
        house.clients(f"q{number}")
        house.grid(f"q{number}", "intake", "2022-02-01", levels)
    house.clients(*(f"r{number}" for number in range(10)))
    return house
