"""The Drive cost model on the study's own counts, on the simulated study and on a few people."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from functools import cache
from typing import cast

import numpy as np
import pandas as pd
import pytest
from given import Warehouse, drive

from datrial.analyses.base import Context
from datrial.analyses.cost_own import own_model
from datrial.config.costs import cost_model_path
from datrial.config.study import Study
from datrial.config.tables import staging_tables
from datrial.economics.model import CostModel
from datrial.economics.own import Origin, Own
from datrial.economics.reading import read_model
from datrial.economics.sensitivity import outcome
from datrial.errors import DataError, UsageError
from datrial.simulate import layouts
from datrial.simulate.records import all_records
from datrial.simulate.world import make_world

SITES = ("site_1", "site_2", "site_3")
INSERTED = ("police_incident", "insights_intake", "insights_exit", "cms_need", "marac_case")


@cache
def model() -> CostModel:
    return read_model(cost_model_path("drive_cost_per_case"))


@cache
def records() -> dict[str, pd.DataFrame]:
    """Return what the agencies of the simulated study know, by staging table."""
    found: dict[str, list[pd.DataFrame]] = {}
    for layout, rows in all_records(make_world(drive(), 11, 1, lambda _: None)):
        frame = pd.DataFrame({name: list(values) for name, values in rows.items()})
        if "site" not in frame:
            frame["site"] = next(
                key for key in SITES if layout in (layouts.MARAC[key], layouts.POLICE[key])
            )
        found.setdefault(layout.table, []).append(frame)
    return {table: pd.concat(frames) for table, frames in found.items()}


@cache
def replica() -> Warehouse:
    house = Warehouse(drive())
    tables = dict(records())
    tables["allocation_list"] = tables["allocation_list"].rename(
        columns={"perpetrator_id": "person_id"}
    )
    tables["police_request"] = tables["police_request"].rename(
        columns={"perpetrator_id": "person_id"}
    )
    for table, name, columns in (
        *((f"staging.{table}", table, ("site", *staging_tables()[table].columns))
          for table in INSERTED),
        ("ledger.allocation", "allocation_list", ("site", "person_id", "meeting_date", "arm")),
        ("ledger.police_request", "police_request", ("person_id",)),
    ):  # fmt: skip
        there = [column for column in columns if column in tables[name]]
        house.connection.register("arrived", tables[name][there])
        listed = ", ".join(there)
        house.connection.execute(f"insert into {table} ({listed}) select {listed} from arrived")
        house.connection.unregister("arrived")
    for site in SITES:
        for source in ("marac", "police", "insights", "cms"):
            house.covered(source, site, "2015-08-01", "2019-09-30")
    house.build()
    return house


def context_of(house: Warehouse, study: Study | None = None) -> Context:
    return Context(house.connection, study or house.study, np.random.default_rng(1))


@cache
def own() -> Own:
    return own_model(context_of(replica()), model())


def origin(found: Own, quantity: str, entry: str = "") -> Origin:
    (told,) = (o for o in found.origins if (o.quantity, o.entry) == (quantity, entry))
    return told


def months_before(day: dt.date, months: int) -> dt.date:
    return (pd.Timestamp(day) - pd.DateOffset(months=months)).date()


def test_incidents_are_those_of_the_records_counted_in_plain_python() -> None:
    tables = records()
    index = dict(
        zip(tables["allocation_list"]["perpetrator_id"], tables["allocation_list"]["meeting_date"],
            strict=True)
    )  # fmt: skip
    asked = set(tables["police_request"]["perpetrator_id"]) & set(index)
    found: Counter[tuple[str, str]] = Counter()
    for row in tables["police_incident"].itertuples():
        who, day = str(row.perpetrator_id), cast(dt.date, row.incident_date)
        if who in asked and months_before(index[who], 6) <= day < index[who]:
            found[str(row.offence), str(row.crimed)] += 1
    assert sum(found.values()) > 2000
    injured = found["violence_with_injury", "yes"]
    told = origin(own(), "incidents", "abh")
    assert (told.group_count, told.people) == (injured, len(asked))
    assert told.count == pytest.approx(injured * 0.89 / 0.94)
    assert origin(own(), "incidents", "callout").group_count == sum(
        number for (_, crimed), number in found.items() if crimed == "no"
    )
    others = ("public_order", "theft", "burglary", "drugs", "breach_of_order", "other")
    assert origin(own(), "incidents", "other_crime").group_count == sum(
        found[offence, "yes"] for offence in others
    )
    days = sum((index[who] - months_before(index[who], 6)).days for who in asked)
    assert told.denominator == pytest.approx(days / 182.625)
    # Every incident is in one number.
    whole = sum(o.count or 0 for o in own().origins if o.quantity == "incidents")
    assert whole == pytest.approx(sum(found.values()))


# The printed counts are those of the simulated levels, one by one (Appendix 8.2; Table A8.21 43%).
@pytest.mark.parametrize(
    ("quantity", "count", "people"),
    [
        ("perpetrators_mental_disorder", 107, 172),
        ("perpetrators_alcohol", 58, 169),
        ("perpetrators_drugs", 49, 176),
        ("perpetrators_homeless", 20, 268),
        ("perpetrators_housing_need", 107, 268),
    ],
)
def test_what_is_simulated_as_printed_is_the_printed_number(
    quantity: str, count: int, people: int
) -> None:
    told = origin(own(), quantity)
    assert (told.group_count, told.people) == (count, people)
    assert told.value == pytest.approx(told.printed, abs=0.005)


def test_housing_need_of_victims_is_near_the_printed_half() -> None:
    assert origin(own(), "victims_housing_need").value == pytest.approx(0.50, abs=0.01)


def test_every_number_that_was_counted_of_people_is_own_or_says_why_not() -> None:
    told = {o.quantity: o for o in own().origins}
    counted = [
        name
        for name, about in model().file.quantities.items()
        if about.spread is not None and about.spread.of is not None
    ]
    assert set(counted) <= set(told)
    kept = {name for name, o in told.items() if not o.is_own}
    assert kept & set(counted) == {"perpetrators_self_harm"}
    assert own().warnings == ()


def test_the_same_model_gives_the_cost_of_a_case_of_the_study() -> None:
    mine, printed = (outcome(each, "total") for each in (own().model, model()))
    assert printed == pytest.approx(63_420, abs=1)
    # Fewer incidents are simulated than printed (3.1 against 5.2 in six months).
    assert 35_000 < mine < 55_000
    assert outcome(own().model, "perpetrators_substance_use") == pytest.approx(3_400, abs=30)
    assert outcome(own().model, "perpetrators_housing") == pytest.approx(1_385, abs=1)


def test_some_sites_and_arms_are_those_and_add_up() -> None:
    context = context_of(replica())
    by_arm = [own_model(context, model(), arms=[arm]) for arm in drive().arms]
    by_site = [own_model(context, model(), sites=[site]) for site in SITES]
    for parts in (by_arm, by_site):
        numbers = [origin(part, "incidents", "callout").group_count or 0 for part in parts]
        assert sum(numbers) == origin(own(), "incidents", "callout").group_count
        assert len(set(numbers)) > 1
    # Only the intervention arm has service users.
    control = by_arm[list(drive().arms).index("control")]
    alcohol = origin(control, "perpetrators_alcohol")
    assert (alcohol.is_own, alcohol.value) == (False, 0.34)


def test_an_unknown_site_or_arm_is_a_users_error() -> None:
    with pytest.raises(UsageError, match="no site site_9; it has site_1"):
        own_model(context_of(replica()), model(), sites=["site_9"])
    with pytest.raises(UsageError, match="no arm placebo; it has intervention"):
        own_model(context_of(replica()), model(), arms=["placebo"])


def test_a_snapshot_without_the_counts_is_told() -> None:
    house = Warehouse()
    with pytest.raises(DataError, match=r"marts\.cost_quantity"):
        own_model(context_of(house), model())


def few(police: bool = True) -> Warehouse:
    house = Warehouse()
    house.allocated(*((f"p{n}", "site_1", "2017-01-15", "intervention") for n in range(20)))
    if police:
        house.covered("police", "site_1", "2016-01-01", "2016-10-31")
        house.covered("police", "site_1", "2016-11-02", "2018-01-01")
    house.covered("insights", "site_1", "2016-01-01", "2018-01-01")
    house.rows(
        "staging.police_incident",
        "site, incident_id, perpetrator_id, incident_date, domestic_abuse, crimed, offence",
        *(("site_1", f"i{n}", f"p{n}", "2016-12-01", "yes", "yes", "theft") for n in range(12)),
    )
    house.build()
    return house


def test_what_a_source_did_not_send_is_told_and_its_numbers_stay() -> None:
    found = own_model(context_of(few(police=False)), model())
    assert not found.is_any
    assert origin(found, "incidents", "abh").why == "As printed: no police data were received."
    assert origin(found, "victims_drugs").why == "As printed: no such form is there."
    assert "no police data were received" in found.warnings
    assert "no case-management data were received" in found.warnings
    assert outcome(found.model, "total") == outcome(model(), "total")


def test_a_gap_and_sites_without_data_are_told_beside_own_numbers() -> None:
    found = own_model(context_of(few()), model())
    theft = origin(found, "incidents", "other_crime")
    assert theft.is_own
    assert theft.value == pytest.approx(12 / (20 * 183 / 182.625))
    assert found.warnings[-1] == (
        "Police: without Site 2, Site 3, of which no police data were received; "
        "1 day within the police data of Site 1 was not received"
    )


def test_nothing_is_worked_out_of_one_coded_arm() -> None:
    study = drive()
    coded = {key: arm.model_copy(update={"role": "coded"}) for key, arm in study.arms.items()}
    blinded = study.model_copy(update={"arms": coded})
    with pytest.raises(UsageError, match="arms are coded"):
        own_model(context_of(few(), blinded), model(), arms=["control"])
    assert own_model(context_of(few(), blinded), model()).is_any
