"""What case managers did: counted by hand on four cases, and on the simulated Drive study."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest
from given import Warehouse, drive

from datrial.analyses.base import Context
from datrial.analyses.interventions import ANALYSIS
from datrial.config.tables import staging_tables
from datrial.errors import UsageError
from datrial.results.cells import State, Table
from datrial.results.published import load_published, published_values
from datrial.simulate.records import all_records
from datrial.simulate.world import make_world

SITE = "site_1"
#: Person -> start, closure, completed.
CASES = {
    "p0": ("2017-01-10", "2017-12-20", "yes"),  # 344 days, 11 complete months
    "p1": ("2017-02-01", "2018-04-01", "yes"),  # 424 days, 14 complete months
    "p2": ("2017-03-01", None, "yes"),  # open
    "p3": ("2017-03-01", None, "no"),  # left
}
#: Person, day, work, action, objective, agency.
ACTIONS = (
    ("p0", "2017-01-10", "indirect", "background_research", None, "police"),
    ("p0", "2017-02-09", "indirect", "background_research", None, "idva"),
    ("p0", "2017-02-10", "indirect", "multi_agency", "disrupt", "police"),
    ("p0", "2017-02-10", "indirect", "multi_agency", "disrupt", "idva"),
    ("p0", "2017-02-10", "indirect", "multi_agency", None, None),
    ("p0", "2017-03-01", "direct", "contact", "not_applicable", "not_applicable"),
    ("p0", "2017-03-01", "direct", "contact", "not_applicable", "not_applicable"),
    ("p1", "2017-01-31", "indirect", "case_update", None, "probation"),
    ("p1", "2018-03-31", "indirect", "case_update", None, None),
    ("p1", "2018-04-01", "direct", "behaviour_change", None, None),
    ("p1", "2018-04-02", "direct", None, None, None),
    ("p2", "2018-05-01", "indirect", "multi_agency", "support", "housing"),
    ("p3", "2017-04-01", "indirect", "multi_agency", "not_applicable", "other"),
)


def four(*, covered: bool = True) -> Warehouse:
    house = Warehouse()
    if covered:
        house.covered("cms", SITE, "2016-02-15", "2018-06-30")
        house.covered("cms", "site_2", "2016-02-15", "2018-06-30")
        house.covered("cms", "site_3", "2016-02-15", "2018-06-30")
        for person, dates in CASES.items():
            house.allocated((person, SITE, "2017-01-01", "intervention"))
            house.rows(
                "staging.cms_service_user",
                "perpetrator_id, start_date, closure_date, completed",
                (person, *dates),
            )
        house.rows(
            "staging.cms_action",
            "perpetrator_id, action_date, work, action, objective, agency",
            *ACTIONS,
        )
    house.build()
    return house


@cache
def counted() -> dict[str, Table]:
    return answer(four())


@cache
def replica() -> dict[str, Table]:
    """Return the tables of the simulated Drive study, without the mess of files."""
    study = drive()
    house = Warehouse(study)
    records = {
        layout.table: rows for layout, rows in all_records(make_world(study, 7, 1, lambda _: None))
    }
    tables = {
        f"staging.{name}": ("site", *staging_tables()[name].columns)
        for name in ("cms_action", "cms_service_user")
    }
    tables["ledger.allocation"] = ("site", "person_id", "meeting_date", "arm")
    records["allocation"] = records["allocation_list"]
    records["allocation"]["person_id"] = records["allocation_list"]["perpetrator_id"]
    for table, columns in tables.items():
        rows = pd.DataFrame({name: records[table.partition(".")[2]][name] for name in columns})
        house.connection.register("arrived", rows)
        house.connection.execute(
            f"insert into {table} ({', '.join(columns)}) select {', '.join(columns)} from arrived"
        )
        house.connection.unregister("arrived")
    for site in study.sites:
        house.covered("cms", site, "2016-02-15", "2019-09-30")
    house.build()
    return answer(house)


def answer(house: Warehouse, **parameters: Any) -> dict[str, Table]:
    """Return the tables; every cell without a value says why, and no cell is there twice."""
    context = Context(house.connection, house.study, np.random.default_rng(1))
    tables = ANALYSIS.run(context, ANALYSIS.parameters.model_validate(parameters))
    for table in tables:
        assert set(table.catalogue) <= set(ANALYSIS.catalogue)
        keys = [(cell.row, cell.column, cell.statistic) for cell in table.cells]
        assert len(keys) == len(set(keys))
        for cell in table.cells:
            assert (cell.state is State.VALUE) == (cell.value is not None)
            assert cell.state is State.VALUE or cell.note
    return {table.id.removeprefix("interventions."): table for table in tables}


def value(table: Table, row: str, column: str, statistic: str) -> Any:
    """Return a cell's value, or why it has none."""
    cell = table.get(row, column, statistic)
    return cell.note if cell.value is None else pytest.approx(cell.value)


WORK = [
    ("indirect", 9, 9 / 13, 4),
    ("background_research", 2, 2 / 13, 1),
    ("multi_agency", 5, 5 / 13, 3),
    ("case_update", 2, 2 / 13, 1),
    ("indirect_not_stated", 0, 0, 0),
    ("direct", 4, 4 / 13, 2),
    ("contact", 2, 2 / 13, 1),
    ("direct_support", 0, 0, 0),
    ("behaviour_change", 1, 1 / 13, 1),
    ("direct_not_stated", 1, 1 / 13, 1),
]


@pytest.mark.parametrize(("row", "actions", "share", "people"), WORK)
def test_work_is_counted_by_action_and_by_person(
    row: str, actions: int, share: float, people: int
) -> None:
    table = counted()["work"]
    assert value(table, row, "actions", "count") == actions
    assert value(table, row, "actions", "share") == share
    assert value(table, row, "people", "count") == people
    assert value(table, row, "people", "share") == people / 4


def test_shares_of_a_direction_leave_out_what_is_not_stated() -> None:
    table = counted()["work"]
    assert value(table, "multi_agency", "within", "share") == 5 / 9
    assert value(table, "contact", "within", "share") == 2 / 3
    assert table.get("contact", "within", "share").n == 3
    assert table.get("direct", "within", "share").state is State.NOT_APPLICABLE
    assert table.get("direct_not_stated", "within", "share").state is State.NOT_APPLICABLE


def test_actions_per_person_are_of_those_with_any() -> None:
    table = counted()["work"]
    per_person = {s: value(table, "indirect", "per_person", s) for s in ("mean", "min", "max")}
    assert per_person == {"mean": 9 / 4, "min": 1, "max": 5}
    assert table.get("indirect", "per_person", "mean").n == 4
    assert value(table, "contact", "per_person", "sd") == "one person: no spread"
    assert value(table, "direct_support", "per_person", "mean") == (
        "no action of this kind is recorded"
    )


def test_objectives_are_those_of_multi_agency_work() -> None:
    table = counted()["objectives"]
    counts = {"disrupt": 2, "support": 1, "support_and_disrupt": 0, "not_applicable": 1}
    for row, count in counts.items():
        assert value(table, row, "actions", "count") == count
        assert value(table, row, "actions", "share") == count / 4
    assert value(table, "not_stated", "actions", "count") == 1
    assert table.get("not_stated", "actions", "share").state is State.NOT_APPLICABLE
    assert value(table, "disrupt", "people", "share") == 1 / 3


def test_agencies_are_of_the_actions_that_name_one() -> None:
    table = counted()["agencies"]
    assert value(table, "police", "background_research", "share") == 1 / 2
    assert value(table, "police", "disrupt", "share") == 1 / 2
    assert value(table, "police", "multi_agency", "share") == 1 / 4
    assert value(table, "other", "multi_agency", "share") == 1 / 4
    assert value(table, "not_stated", "multi_agency", "count") == 1
    assert value(table, "probation", "case_update", "share") == 1
    nothing = "no action of this kind is recorded"
    assert value(table, "idva", "support_and_disrupt", "share") == nothing


def test_months_count_from_the_start_and_means_from_the_days_open() -> None:
    table = answer(four(), months=2)["months"]
    # Month 1 is 31 days of p0, 28 of p1, 31 of p2: all open on every day of it.
    assert value(table, "month_1", "open_cases", "count") == 3
    assert value(table, "month_1", "indirect", "count") == 2
    assert value(table, "month_1", "indirect", "mean") == 2 / (90 / (365.25 / 12))
    assert value(table, "month_2", "multi_agency", "count") == 3
    assert value(table, "month_2", "direct", "count") == 2
    # Later: p0 from 10 March to 20 December 2017, p1 from 1 April 2017 to 1 April 2018, p2 from
    # 1 May 2017 to the end of the data, 30 June 2018.
    days = 286 + 366 + 426
    assert value(table, "month_later", "open_cases", "count") == 3
    assert value(table, "month_later", "indirect", "count") == 2
    assert value(table, "month_later", "indirect", "mean") == 2 / (days / (365.25 / 12))
    assert value(table, "before_start", "indirect", "count") == 1
    assert value(table, "after_end", "direct", "count") == 1
    assert value(table, "not_known", "indirect", "count") == 1


def test_every_action_is_in_one_month_or_said_to_be_outside() -> None:
    for tables in (counted(), replica()):
        work, months = tables["work"], tables["months"]
        for column in ("indirect", "direct", "contact", "case_update"):
            assert value(work, column, "actions", "count") == sum(
                months.get(row, column, "count").value or 0 for row in months.row_labels
            )


def test_a_month_in_which_no_case_was_open_has_no_mean() -> None:
    table = answer(four(), months=40)["months"]
    assert value(table, "month_30", "indirect", "mean") == "no case was open so long"
    assert value(table, "month_later", "open_cases", "count") == 0


def test_years_end_on_the_days_that_are_stated() -> None:
    """The action of 31 March 2018 is of the second year, those of April of the third."""
    table = counted()["years"]
    found = {
        row: tuple(table.get(row, work, "count").value for work in ("indirect", "direct"))
        for row in table.row_labels
    }
    assert found == {"year_1": (6, 2), "year_2": (2, 0), "year_3": (1, 2)}
    two = answer(four(), year_ends=["2017-12-31"])["years"]
    assert list(two.row_labels) == ["year_1", "year_2"]
    assert "Year 1 ends on 31 December 2017." in two.note


def test_years_out_of_order_are_an_error() -> None:
    with pytest.raises((UsageError, ValueError), match="in order of time"):
        answer(four(), year_ends=["2018-03-31", "2017-03-31"])


def test_open_cases_are_counted_and_not_measured() -> None:
    summary, bands = counted()["duration"], counted()["duration_bands"]
    counts = {"cases": 4, "closed": 2, "open": 1, "not_completed": 1, "closed_before_start": 0}
    for row, count in counts.items():
        assert value(summary, row, "all", "count") == count
    month = 365.25 / 12
    assert value(summary, "months", "all", "mean") == (344 + 424) / 2 / month
    assert value(summary, "months", "all", "lower_quartile") == (344 + 20) / month
    assert value(bands, "months_11_12", "all", "share") == 1 / 2
    assert value(bands, "months_13_or_more", "all", "share") == 1 / 2
    assert value(bands, "months_13_or_more", "closed_early", "count") == 0
    assert value(summary, "closed", "closed_early", "count") == 1
    assert summary.get("open", "closed_early", "count").state is State.NOT_APPLICABLE
    assert value(summary, "months", "closed_early", "sd") == "one case: no spread"
    assert value(bands, "under_7", "site_2", "share") == "no case is closed"


def test_a_site_can_be_asked_for_alone() -> None:
    tables = answer(four(), sites=["site_2"])
    assert value(tables["work"], "indirect", "actions", "count") == 0
    assert value(tables["work"], "indirect", "people", "share") == (
        "nobody has a case-management record"
    )
    assert value(answer(four(), sites=[SITE])["work"], "indirect", "actions", "count") == 9


def test_without_case_management_data_nothing_is_zero() -> None:
    house = four(covered=False)
    for table in answer(house).values():
        assert all(cell.value is None for cell in table.cells)
        told = {cell.note for cell in table.cells if cell.state is State.NOT_AVAILABLE}
        assert told
        assert all(note.startswith("no case-management data were received") for note in told)


def test_every_published_number_has_its_cell_in_the_drive_study() -> None:
    parameters = ANALYSIS.parameters().model_dump(mode="json")
    published = published_values(load_published("drive"), {"interventions": parameters})
    ours = [key for key in published if key[0].startswith("interventions.")]
    assert len(ours) == 45
    for table, *cell in ours:
        assert replica()[table.partition(".")[2]].get(*cell).value is not None


def test_the_simulated_study_has_the_printed_shares() -> None:
    """Drawn with the printed shares: about three standard errors of the draw."""
    parameters = ANALYSIS.parameters().model_dump(mode="json")
    published = published_values(load_published("drive"), {"interventions": parameters})
    compared = 0
    for (table, row, column, statistic), printed in published.items():
        wanted = column == "within" or table in (
            "interventions.objectives",
            "interventions.agencies",
        )
        if not (wanted and table.startswith("interventions.")):
            continue
        cell = replica()[table.partition(".")[2]].get(row, column, statistic)
        assert cell.n
        error = 3.5 * (printed.value * (1 - printed.value) / cell.n) ** 0.5
        # Multi-agency work by agency follows from the three objectives.
        slack = 0.015 if column == "multi_agency" else 0.012
        assert cell.value == pytest.approx(printed.value, abs=error + slack), (table, row, column)
        compared += 1
    assert compared == 29
