"""The world in which agencies share no reference: the same events, written down otherwise."""

from __future__ import annotations

import csv
import datetime as dt
import os
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from test_simulate_files import hashes
from test_simulate_reading import (
    SEED,
    Table,
    as_date,
    header,
    raw_rows,
    read_table,
    simulated,
)
from test_simulate_reading import mappings as mappings_of_drive

from datrial.config.mapping import SourceMapping, TableMapping, load_mappings
from datrial.config.study import load_study
from datrial.config.tables import staging_tables
from datrial.simulate import simulate
from datrial.simulate.agencies import AGENCIES, NEW_REFERENCE
from datrial.simulate.clerks import SLIPS, Clerk, write_down
from datrial.simulate.identities import Identities
from datrial.simulate.linkage import shares_no_reference
from datrial.simulate.linkage_twice import ALLOCATED_TWICE
from datrial.simulate.name_tables import name_tables
from datrial.simulate.names import CANARIES, canary_texts
from datrial.simulate.randomness import generator

_FOLDER = tempfile.TemporaryDirectory(prefix="datrial-unlinked-")


@cache
def unlinked() -> Path:
    out = Path(_FOLDER.name) / "extracts"
    simulate(load_study("drive_linkage"), out, seed=SEED)
    return out


@cache
def mappings() -> tuple[SourceMapping, ...]:
    return load_mappings(load_study("drive_linkage").sources)


def sheets(folder: Path | None = None) -> list[tuple[Path, SourceMapping, TableMapping]]:
    """The sheets that are written down otherwise than where references are shared."""
    own = mappings() if folder is None else mappings_of_drive()
    found = [
        (next((folder or unlinked()).glob(mapping.file)), mapping, table)
        for mapping in own
        for table in mapping.tables
    ]
    return [each for each in found if (each[0].name, each[2].table) in AGENCIES]


@cache
def read_unlinked() -> dict[tuple[str, str], Table]:
    return {
        (path.name, table.table): read_table(path, mapping, table)
        for path, mapping, table in sheets()
    }


def truth(name: str) -> list[dict[str, str]]:
    with (unlinked() / "truth" / name).open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


@cache
def links() -> dict[tuple[str, str, str], str]:
    return {
        (row["of"], row["space"], row["reference"]): row["true_reference"]
        for row in truth("links.csv")
    }


@cache
def identities() -> dict[tuple[str, str], dict[str, str]]:
    return {(row["of"], row["true_reference"]): row for row in truth("identities.csv")}


def with_true_references(rows: list[dict[str, Any]], table: str, space: str) -> Counter[Any]:
    columns = staging_tables()[table].columns
    result: Counter[Any] = Counter()
    for row in rows:
        true = {
            name: links()[str(columns[name].of), space, value]
            if name in columns and columns[name].of in ("perpetrator", "victim")
            else value
            for name, value in row.items()
            if name != "household_id"  # the other world's MARACs tell of no address
        }
        result[tuple(sorted(true.items(), key=lambda item: item[0]))] += 1
    return result


def test_the_events_are_those_of_the_world_with_shared_references() -> None:
    """Every usable row of every table, with its true references, and every rejected row."""
    spaces = {(path.name, t.table): m.reference_space or "" for path, m, t in sheets()}
    shared = {(path.name, t.table): read_table(path, m, t) for path, m, t in sheets(simulated()[0])}
    assert set(spaces) == set(shared) == set(AGENCIES)
    for (file, table), content in read_unlinked().items():
        space = spaces[file, table]
        ours = with_true_references(content.rows, table, space)
        # In the other world every reference is the true one, which is in the shared space too,
        # but for those who were allocated under two references.
        theirs: Counter[Any] = Counter(
            tuple(sorted((name, first_of().get(value, value)) for name, value in row.items()))
            for row in shared[file, table].rows
        )
        assert ours == theirs, (file, table)
        assert content.rejected == shared[file, table].rejected, (file, table)


@cache
def first_of() -> dict[Any, str]:
    """Second reference -> first reference of those who were allocated under two."""
    rows = truth("allocated_twice.csv")
    return {r["reference"]: r["true_reference"] for r in rows if r["stands"] == "no"}


def test_every_mapped_withheld_and_identifying_column_is_in_its_file() -> None:
    for path, mapping, table in sheets():
        expected = [*table.columns.values(), *table.withheld, *table.identifier_columns]
        expected += [table.site_column] if table.site_column else []
        assert sorted(header(path, mapping, table)) == sorted(expected), path.name


def test_spaces_and_clerks_are_those_of_the_mappings() -> None:
    for path, mapping, table in sheets():
        assert AGENCIES[path.name, table.table].space == mapping.reference_space, path.name
    assert {m.reference_space for m in mappings()} == {a.space for a in AGENCIES.values()}
    assert shares_no_reference(load_study("drive_linkage"))
    assert not shares_no_reference(load_study("drive"))


def test_two_spaces_have_no_reference_in_common() -> None:
    spaces = defaultdict(set)
    for of, space, reference in links():
        spaces[of].add((space, reference))
    assert {space for space, _ in spaces["perpetrator"]} == {
        "", "insights", "police_site_2", "police_site_3",
    }  # fmt: skip
    assert {space for space, _ in spaces["victim"]} == {"", "insights"}
    for of, pairs in spaces.items():
        assert len({reference for _, reference in pairs}) == len(pairs), of


def test_some_perpetrators_of_site_2_get_a_new_reference_after_the_index_hearing() -> None:
    index = {row["perpetrator_reference"]: row["index_date"] for row in truth("people.csv")}
    days: dict[str, dict[dt.date, set[str]]] = defaultdict(lambda: defaultdict(set))
    of_site_2 = {first: own for own, first in first_of().items() if own.startswith("S2-P")}
    for row in read_unlinked()["marac_site_2_conference_log.csv", "marac_case"].rows:
        true = links()["perpetrator", "", row["perpetrator_id"]]
        true = of_site_2.get(true, true)
        days[true][row["hearing_date"]].add(row["perpetrator_id"])
    could, renewed = 0, 0
    for true, by_day in days.items():
        start = dt.date.fromisoformat(index[true]) if index[true] else min(by_day)
        assert all(references == {true} for day, references in by_day.items() if day <= start)
        assert all(len(references) == 1 for references in by_day.values())
        in_order = [next(iter(references)) for _, references in sorted(by_day.items())]
        changes = sum(before != after for before, after in pairwise(in_order))
        assert changes <= 1
        could += max(by_day) > start
        renewed += changes
    # Within 4 standard errors of the share.
    assert abs(renewed / could - NEW_REFERENCE) < 4 * (NEW_REFERENCE * 0.7 / could) ** 0.5
    others = {ref for (of, space, ref), true in links().items() if not space and ref != true}
    others -= set(first_of())
    assert len(others) == renewed
    assert all(of.startswith("S2-P") for of in others)


def test_a_few_perpetrators_were_allocated_under_two_references() -> None:
    """Of two sites, the earlier allocation first, as often in each pair of arms as stated."""
    people = {row["perpetrator_reference"]: row for row in truth("people.csv")}
    rows = truth("allocated_twice.csv")
    of_person = [
        [row for row in rows if row["true_reference"] == true]
        for true in sorted({row["true_reference"] for row in rows})
    ]
    arms = Counter((first["arm"], second["arm"]) for first, second in of_person)
    assert arms == ALLOCATED_TWICE
    for first, second in of_person:
        assert (first["stands"], second["stands"]) == ("yes", "no")
        assert first["reference"] == first["true_reference"]
        assert first["site"] != second["site"]
        assert first["meeting_date"] < second["meeting_date"]
        assert links()["perpetrator", "", second["reference"]] == first["reference"]
        for row in (first, second):
            about = people[row["reference"]]
            told = (about["site"], about["index_date"], about["arm"])
            assert told == (row["site"], row["meeting_date"], row["arm"])
    assert len({row["reference"] for row in rows}) == len(rows)
    canaries = {row["true_reference"] for row in truth("identities.csv") if row["canary"] == "yes"}
    assert not canaries & {row["reference"] for row in rows}


def test_whoever_was_allocated_twice_is_written_down_as_one_person() -> None:
    """At the second site too, by names and dates of birth, as far as clerks err no more."""
    files = {
        "site_1": "marac_site_1_cases.csv",
        "site_2": "marac_site_2_conference_log.csv",
        "site_3": "marac_site_3_referrals.csv",
    }
    right = []
    for row in truth("allocated_twice.csv"):
        who = identities()["perpetrator", row["true_reference"]]
        said = written(files[row["site"]], "marac_case", "perpetrator", row["reference"])
        assert said, row["reference"]
        for _, cells in said:
            names = " ".join(str(cells[name]) for name in cells if name.endswith("_name"))
            right.append(who["family_name"].casefold() in names.casefold())
    assert np.mean(right) > 0.7


def test_nobody_else_is_written_down_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other rows are those of a world without people allocated twice, cell for cell."""
    monkeypatch.setattr("datrial.simulate.linkage_twice.ALLOCATED_TWICE", {})
    simulate(load_study("drive_linkage"), tmp_path, seed=SEED)
    second = {row["reference"] for row in truth("allocated_twice.csv") if row["stands"] == "no"}
    own = {ref for (_, _, ref), true in links().items() if true in identity_of(second)}
    changed = 0
    for path in sorted(unlinked().glob("*.csv")):
        rows = zip(lines(path), lines(tmp_path / path.name), strict=True)
        for here, there in rows:
            if here != there:
                changed += 1
                assert any(ref in here.upper() and ref in there.upper() for ref in own)
    assert changed >= len(second)


def identity_of(references: set[str]) -> set[str]:
    return {links()["perpetrator", "", reference] for reference in references}


def lines(path: Path) -> list[str]:
    return path.read_bytes().decode("latin-1").splitlines()


def written(
    file: str, table_name: str, of: str, only: str = ""
) -> list[tuple[str, dict[str, Any]]]:
    """What a file says of people of a kind (or one reference): true reference, names and days."""
    ((path, mapping, table),) = [
        sheet for sheet in sheets() if (sheet[0].name, sheet[2].table) == (file, table_name)
    ]
    names = header(path, mapping, table)
    columns = table.identifiers[f"{of}_id"]
    result = []
    for cells in raw_rows(path, mapping, table)[int(table.header_row) :]:
        row = dict(zip(names, cells, strict=False))
        reference = str(row.get(table.columns[f"{of}_id"]) or "").strip().upper()
        true = links().get((of, mapping.reference_space or "", reference))
        if true and only in ("", reference):
            result.append((true, {name: row[theirs] for name, theirs in columns.items()}))
    return result


@pytest.mark.parametrize(
    ("file", "table", "of"),
    [
        ("marac_site_1_cases.csv", "marac_case", "perpetrator"),
        ("marac_site_2_conference_log.csv", "marac_case", "victim"),
        ("marac_site_3_referrals.csv", "marac_case", "perpetrator"),
        ("police_site_2_occurrences.csv", "police_incident", "perpetrator"),
        ("police_site_3_extract.xlsx", "police_incident", "perpetrator"),
        ("idva_insights.xlsx", "insights_intake", "victim"),
    ],
)
def test_identifiers_are_mostly_right_and_not_always(file: str, table: str, of: str) -> None:
    """Surname and date of birth are as they are for most rows; some are wrong, some left out."""
    rows = written(file, table, of)
    assert len(rows) > 700
    family = [
        identities()[of, true]["family_name"].casefold()
        in str(cells.get("family_name") or cells.get("full_name")).casefold()
        for true, cells in rows
    ]
    assert 0.88 < np.mean(family) < 0.99
    given = [(true, cells["date_of_birth"]) for true, cells in rows if cells["date_of_birth"]]
    born = [
        as_date(cell) == as_date(identities()[of, true]["date_of_birth"]) for true, cell in given
    ]
    assert 0.93 < np.mean(born) < 0.99
    assert 0 < 1 - len(given) / len(rows) < 0.2
    if "postcode" in rows[0][1]:
        missing = np.mean([not cells["postcode"] for _, cells in rows])
        assert 0.03 < missing < 0.25


def test_names_are_in_each_agencys_order() -> None:
    police = written("police_site_2_occurrences.csv", "police_incident", "perpetrator")
    assert all(", " in cells["full_name"] for _, cells in police)
    marac = written("marac_site_1_cases.csv", "marac_case", "perpetrator")
    assert not any("," in cells["full_name"] for _, cells in marac)


def test_common_names_coincide_and_whole_identities_do_not() -> None:
    rows = list(identities().values())
    families = Counter(row["family_name"] for row in rows)
    assert families.most_common(1)[0][1] > 40
    assert len(families) > 1000
    whole = Counter(
        (row["given_name"], row["family_name"], row["date_of_birth"], row["of"]) for row in rows
    )
    assert max(whole.values()) == 1


@pytest.mark.parametrize("of", ["perpetrator", "victim"])
def test_each_sites_canary_stands_in_every_file_with_identifiers(of: str) -> None:
    marked = [row for row in truth("identities.csv") if row["canary"] == "yes" and row["of"] == of]
    assert [row["site"] for row in marked] == ["site_1", "site_2", "site_3"]
    searched = set()
    for path, mapping, table in sheets():
        if f"{of}_id" not in table.identifiers:
            continue
        content = written(path.name, table.table, of)
        for site in mapping.sites:
            canary = CANARIES[of, site]
            (true,) = [row["true_reference"] for row in marked if row["site"] == site]
            found = [cells for who, cells in content if who == true]
            assert found, (path.name, site)
            for cells in found:
                assert as_date(cells["date_of_birth"]) == canary.born
                names = {str(cells[name]) for name in cells if name.endswith("_name")}
                assert names <= canary.texts() | {f"{canary.family.upper()}, {canary.given}"}
                assert cells.get("postcode", canary.postcode) == canary.postcode
            searched.add((path.name, site))
    assert len(searched) == (8 if of == "perpetrator" else 6)


def test_no_canary_stands_in_a_column_that_is_read() -> None:
    texts = canary_texts()
    for table in read_unlinked().values():
        values = {str(value) for row in table.rows for value in row.values()}
        assert not any(text in value for value in values for text in texts if text[0].isalpha())
        assert not values & texts


def test_nobody_but_canaries_is_as_old_as_they() -> None:
    others = [row["date_of_birth"] for row in truth("identities.csv") if row["canary"] == "no"]
    assert min(others) > max(canary.born.isoformat() for canary in CANARIES.values())


def test_same_seed_same_bytes_in_another_process(tmp_path: Path) -> None:
    program = (
        "from pathlib import Path; from datrial.config.study import load_study;"
        "from datrial.simulate import simulate;"
        f"simulate(load_study('drive_linkage'), Path({str(tmp_path / 'again')!r}), seed={SEED})"
    )
    environment = os.environ | {"PYTHONHASHSEED": "4711"}
    subprocess.run([sys.executable, "-c", program], check=True, env=environment)
    assert hashes(tmp_path / "again") == hashes(unlinked())


def test_truth_states_how_clerks_err() -> None:
    text = (unlinked() / "truth" / "parameters.yaml").read_text(encoding="utf-8")
    linkage = yaml.safe_load(text)["linkage"]
    assert linkage["slips"] == SLIPS
    assert {clerk["space"] for clerk in linkage["clerks"]} == {
        None, "insights", "police_site_2", "police_site_3",
    }  # fmt: skip
    readme = (unlinked() / "truth" / "README.md").read_text(encoding="utf-8")
    assert "links.csv" in readme


def people(n: int) -> Identities:
    rng = generator(1, "people of a test")
    texts = np.full(n, "", dtype=object)
    never = np.full(n, np.datetime64("NaT"), dtype="datetime64[D]")
    return Identities(
        reference=np.arange(n).astype(str).astype(object),
        site=texts,
        title=np.full(n, "Ms", dtype=object),
        given=np.full(n, "Jessica", dtype=object),
        family=name_tables().family_names(rng, n),
        born=np.full(n, np.datetime64("1985-04-09")),
        postcode=np.full(n, "XA7 4QT", dtype=object),
        moved_on=never,
        later_postcode=texts,
        is_canary=np.zeros(n, dtype=bool),
    )


def test_each_slip_is_made_as_often_as_stated() -> None:
    """20,000 writings: shares lie within 4 standard errors of the stated chances."""
    n = 20_000
    clerk = Clerk(no_date_of_birth=0.05, no_postcode=0.10)
    everyone = people(n)
    on = np.full(n, np.datetime64("2018-01-01"))
    cells = write_down(generator(2, "test"), everyone, np.arange(n), on, clerk)
    born = cells["date_of_birth"]
    stated = [cell is not None for cell in born]
    seen = {
        "no_date_of_birth": 1 - np.mean(stated),
        "no_postcode": np.mean([cell is None for cell in cells["postcode"]]),
        "date_iso": np.mean([isinstance(cell, str) for cell in born[stated]]),
        "title": np.mean(["Ms " in cell for cell in cells["full_name"]]),
        "short_forename": np.mean(
            [cell.casefold() in ("jess", "jessie") for cell in cells["given_name"]]
        ),
        "postcode_without_unit": np.mean([cell in ("XA7", "xa7") for cell in cells["postcode"]]),
        "day_and_month_swapped": np.mean(
            [as_date(cell) == dt.date(1985, 9, 4) for cell in born[stated]]
        ),
    }
    chances = SLIPS | {"no_date_of_birth": 0.05, "no_postcode": 0.10}
    # What is written can have two slips: then it shows neither.
    chances["short_forename"] *= (1 - SLIPS["typo_in_forename"]) * (1 - SLIPS["names_swapped"])
    chances["postcode_without_unit"] *= 0.9
    chances["day_and_month_swapped"] *= (
        (1 - SLIPS["wrong_year"]) * (1 - SLIPS["wrong_day"]) * (1 - SLIPS["first_of_january"])
    )
    for slip, share in seen.items():
        expected = chances[slip]
        assert abs(share - expected) < 4 * (expected * (1 - expected) / n) ** 0.5, slip


def test_a_canary_is_written_without_a_slip() -> None:
    n = 2_000
    everyone = people(n)
    everyone.is_canary[:] = True
    on = np.full(n, np.datetime64("2018-01-01"))
    clerk = Clerk(surname_first=True, no_date_of_birth=0.9, no_postcode=0.9)
    cells = write_down(generator(3, "test"), everyone, np.arange(n), on, clerk)
    assert set(cells["given_name"]) == {"Jessica"}
    assert set(cells["date_of_birth"]) == {dt.date(1985, 4, 9)}
    assert set(cells["postcode"]) == {"XA7 4QT"}
    expected = [f"{family.upper()}, Jessica" for family in everyone.family]
    assert cells["full_name"].tolist() == expected


def test_the_address_is_that_of_the_day_of_writing() -> None:
    one = people(1)
    one.is_canary[:] = True
    one.moved_on[0], one.later_postcode[0] = np.datetime64("2018-01-02"), "XA9 1AA"
    days = np.array(["2018-01-01", "2018-01-02"], dtype="datetime64[D]")
    cells = write_down(generator(4, "test"), one, np.zeros(2, dtype=int), days, Clerk())
    assert cells["postcode"].tolist() == ["XA7 4QT", "XA9 1AA"]
