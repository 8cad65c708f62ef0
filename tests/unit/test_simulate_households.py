"""Households in simulated MARAC lists: who lives with whom, and what the mess leaves alone."""

from __future__ import annotations

import numpy as np

from datrial.config.mapping import load_mappings
from datrial.config.study import load_study
from datrial.people.pseudonyms import DEMONSTRATION_KEY, Pseudonymiser
from datrial.simulate.agencies import AGENCIES
from datrial.simulate.households import NO_ADDRESS, address_references
from datrial.simulate.identities import Identities
from datrial.simulate.layouts import MARAC
from datrial.simulate.mess import make_messy
from datrial.simulate.sheets import Sheet


def people(**columns: list[str]) -> Identities:
    """Return people with these references, family names, postcodes and days of a move."""
    n = len(columns["reference"])
    given = {name: np.array(values, dtype=object) for name, values in columns.items()}
    moved = given.pop("moved_on", np.full(n, "NaT")).astype("datetime64[D]")
    empty = np.full(n, "", dtype=object)
    filled = dict.fromkeys(("site", "title", "given", "family", "later_postcode"), empty) | given
    born = np.full(n, np.datetime64("1980-01-01"))
    return Identities(born=born, moved_on=moved, is_canary=np.zeros(n, dtype=bool), **filled)


#: P2 is a relative of P1 in his home; P3 has their postcode by chance. Each has two victims.
WORLD = {
    "perpetrator": people(
        reference=["P1", "P2", "P3"], family=["Bosk", "Bosk", "Dwem"], postcode=["XA1 1AA"] * 3
    ),
    "victim": people(
        reference=["V1", "V2", "V3", "V4", "V5", "V6"],
        postcode=["XA1 1AA", "XA2 2AA", "XA1 1AA", "XA2 2AA", "XA1 1AA", "XA9 9AA"],
        moved_on=["NaT", "NaT", "2017-06-01", "NaT", "NaT", "NaT"],
    ),
}


def homes(*cases: tuple[str, str], seed: int = 3, file: str = "list.csv") -> list[str | None]:
    """Return the address of each case of (victim, day), every one of them written down."""
    victims, days = (np.array(column, dtype=object) for column in zip(*cases, strict=True))
    found: list[str | None] = []
    for _ in range(20):  # what is left out is by chance
        more = address_references(WORLD, victims, days.astype("datetime64[D]"), seed, file)
        found = [old or new for old, new in zip(found or [None] * len(more), more, strict=True)]
        file += "x"
    return found


def test_whoever_lives_together_has_one_address() -> None:
    first, other, relative, alone, neighbour, last = homes(
        *((f"V{n}", "2017-05-31") for n in range(1, 7))
    )
    assert first == relative  # of P1, and of P2 who lives with him
    assert len({first, other, alone, neighbour, last}) == 5
    assert all(each and len(each) == 12 and each.isdigit() for each in (first, other, last))


def test_who_moves_has_another_address_from_that_day() -> None:
    before, on, after, first = homes(
        ("V3", "2017-05-31"), ("V3", "2017-06-01"), ("V3", "2019-01-01"), ("V1", "2019-01-01")
    )
    assert before == first != on == after


def test_some_cases_have_no_address_and_the_same_seed_has_the_same() -> None:
    victims = np.array(["V1"] * 4000, dtype=object)
    days = np.full(4000, np.datetime64("2017-01-01"))
    one, again = (address_references(WORLD, victims, days, 3, "list.csv") for _ in range(2))
    assert list(one) == list(again)
    share = np.mean([each is None for each in one])
    assert abs(share - NO_ADDRESS) < 4 * (NO_ADDRESS * (1 - NO_ADDRESS) / 4000) ** 0.5
    assert set(homes(("V1", "2017-01-01"))) != set(homes(("V1", "2017-01-01"), seed=4))


def test_the_mess_of_the_other_columns_is_the_same_with_and_without_addresses() -> None:
    n = 400
    number = np.arange(n)
    cells = {
        "perpetrator_id": np.array([f"S1-P{k}" for k in number], dtype=object),
        "victim_id": np.array([f"S1-V{k}" for k in number], dtype=object),
        "hearing_date": (np.datetime64("2016-01-01") + number).astype(object),
        "referral_agency": np.full(n, "Police", dtype=object),
        "repeat_case": np.full(n, "Yes", dtype=object),
    }
    layout = MARAC["site_1"]
    plain = make_messy(Sheet(layout, cells), 5).sheet.cells
    address = {"household_id": np.array([f"10{k}" for k in number], dtype=object)}
    more = make_messy(Sheet(layout, cells | address), 5).sheet.cells
    for name, values in plain.items():
        assert list(values) == list(more[name]), name
    # Duplicates and spoilt copies are of one row, its address with it.
    assert set(more["household_id"]) <= {*address["household_id"], None}


def test_every_marac_of_the_linkage_world_gives_the_address_and_its_mapping_reads_it() -> None:
    mapped = {
        mapping.file: table.columns
        for mapping in load_mappings(load_study("drive_linkage").sources)
        for table in mapping.tables
        if table.table == "marac_case"
    }
    written = {
        file: agency.layout.columns["household_id"]
        for (file, table), agency in AGENCIES.items()
        if table == "marac_case"
    }
    assert len(written) == 3
    assert {file: columns["household_id"] for file, columns in mapped.items()} == written
    # Drive's own lists do not, and need not.
    assert not any("household_id" in layout.columns for layout in MARAC.values())


def test_a_household_has_a_pseudonym_of_its_own_kind() -> None:
    maker = Pseudonymiser(DEMONSTRATION_KEY)
    household = maker.pseudonym("household", " 100123456789")
    assert household.startswith("h_") and "100123456789" not in household
    assert household == maker.pseudonym("household", "100123456789")
    assert household[1:] != maker.pseudonym("victim", "100123456789")[1:]
