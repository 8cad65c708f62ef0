"""Describing an unknown file: what it is, what it may be of ours, and nobody's name."""

from __future__ import annotations

import fnmatch
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from datrial.config.load import parse, read_yaml
from datrial.config.mapping import SourceMapping, TableMapping, load_mappings
from datrial.config.project import project_root
from datrial.config.study import load_study
from datrial.errors import DataError, UsageError
from datrial.extracts.describe import Description, describe
from datrial.extracts.describe_columns import look_at
from datrial.extracts.describe_words import meanings, words
from datrial.extracts.readers import read_rows
from datrial.extracts.text import plain
from datrial.simulate import simulate
from datrial.simulate.names import CANARIES, canary_texts

STUDY = load_study("drive")
MAPPINGS = {mapping.key: mapping for mapping in load_mappings(STUDY.sources)}
NASTY = Path(__file__).parents[1] / "nasty"


@pytest.fixture(scope="module")
def inbox(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("simulated")
    simulate(STUDY, folder, seed=3)
    return folder


def file_of(mapping: SourceMapping, inbox: Path) -> Path:
    return next(p for p in sorted(inbox.iterdir()) if fnmatch.fnmatch(p.name, mapping.file))


def without_its_own_mapping(mapping: SourceMapping, inbox: Path) -> Description:
    """Describe with the other agencies' mappings alone: those of this file are left out."""
    folder = project_root() / "configs" / "sources"
    name = mapping.key.split("/")[-1]
    own = [f"{path.parent.name}/{name}" for path in folder.glob(f"*/{name}.yaml")]
    assert mapping.key in own
    return describe(file_of(mapping, inbox), without=own)


@pytest.fixture(scope="module")
def proposed(inbox: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, SourceMapping]:
    """What is proposed for each simulated file: written, and read as a mapping file."""
    folder = tmp_path_factory.mktemp("proposed")
    found = {}
    for key, mapping in MAPPINGS.items():
        path = folder / (key.replace("/", "_") + ".yaml")
        path.write_text(without_its_own_mapping(mapping, inbox).to_yaml(), encoding="utf-8")
        found[key] = parse(SourceMapping, read_yaml(path), path.name)
    return found


def test_what_the_files_are_is_proposed_as_it_is(proposed: dict[str, SourceMapping]) -> None:
    for key, mapping in MAPPINGS.items():
        other = proposed[key]
        for name in ("source", "site", "format", "delimiter", "quote", "dates", "referral"):
            assert getattr(other, name) == getattr(mapping, name), (key, name)
        assert other.encoding.removesuffix("-sig") == mapping.encoding.removesuffix("-sig")
        assert [(t.table, t.sheet, t.header_row) for t in other.tables] == [
            (t.table, t.sheet, t.header_row) for t in mapping.tables
        ]
        assert other.covers is not None and mapping.covers is not None
        assert mapping.covers.start <= other.covers.start <= other.covers.end <= mapping.covers.end


def columns_of(table: TableMapping) -> dict[str, str]:
    return {**table.columns, **({"site": table.site_column} if table.site_column else {})}


def test_almost_all_columns_are_matched_as_a_person_did(proposed: dict[str, SourceMapping]) -> None:
    pairs = [
        (name, theirs, columns_of(found).get(name))
        for key, mapping in MAPPINGS.items()
        for table, found in zip(mapping.tables, proposed[key].tables, strict=True)
        for name, theirs in columns_of(table).items()
    ]
    right = sum(theirs == found for _, theirs, found in pairs)
    assert len(pairs) > 140
    assert right / len(pairs) >= 0.95, [pair for pair in pairs if pair[1] != pair[2]]
    differ = {
        (key, table.table): set(found.withheld) ^ set(table.withheld)
        for key, mapping in MAPPINGS.items()
        for table, found in zip(mapping.tables, proposed[key].tables, strict=True)
    }
    assert {place: columns for place, columns in differ.items() if columns} == {}


def _meaning(table: TableMapping, column: str, spelling: str) -> str | None:
    codes = table.site_values if column == "site" else table.values.get(column, {})
    return next((c for c, texts in codes.items() if spelling in map(plain, texts)), None)


def test_almost_all_codes_seen_are_matched_as_a_person_did(
    inbox: Path, proposed: dict[str, SourceMapping]
) -> None:
    right = seen = 0
    wrong = []
    for key, mapping in MAPPINGS.items():
        for table, found in zip(mapping.tables, proposed[key].tables, strict=True):
            rows = [cells for _, cells in read_rows(file_of(mapping, inbox), mapping, table)]
            header = [plain(cell) for cell in rows[0]]
            for column, theirs in columns_of(table).items():
                place = header.index(plain(theirs))
                for spelling in {plain(row[place]) for row in rows[1:] if place < len(row)}:
                    meaning = _meaning(table, column, spelling)
                    if meaning is None:
                        continue
                    seen += 1
                    same = _meaning(found, column, spelling) == meaning
                    right += same
                    if not same:
                        wrong.append((key, column, spelling))
    assert seen > 300
    assert right / seen >= 0.95, wrong


def test_no_canary_of_the_simulated_files_is_shown(inbox: Path) -> None:
    for mapping in MAPPINGS.values():
        shown = everything(describe(file_of(mapping, inbox)))
        assert not [text for text in canary_texts() if text in shown]


def everything(description: Description) -> str:
    parts = (description.text(), description.to_yaml(), json.dumps(description.as_json()))
    return "\n".join((*parts, repr(description)))


CANARY = CANARIES["perpetrator", "site_1"]
HEAD = "Perp ref,Victim ref,MARAC date,Repeat?,Referring agency,Name,DOB,Postcode,Phone,Notes"


def cases(rows: int, **changes: Callable[[int], str]) -> str:
    lines = [HEAD]
    for n in range(rows):
        cells = {
            "perp": f"P{n:05d}", "victim": f"V{n:05d}", "date": f"{n % 28 + 1:02d}/03/2017",
            "repeat": "Yes" if n % 3 else "No", "agency": "Police", "name": CANARY.full_name,
            "dob": f"{CANARY.born:%d/%m/%Y}", "postcode": CANARY.postcode,
            "phone": "07700 900123", "notes": f"said that {CANARY.full_name} was there",
        }  # fmt: skip
        lines.append(",".join((cells | {k: v(n) for k, v in changes.items()}).values()))
    return "\n".join(lines) + "\n"


def described(tmp_path: Path, text: str, name: str = "f.csv", **options: Any) -> Description:
    (tmp_path / name).write_text(text, encoding="utf-8")
    return describe(tmp_path / name, **options)


def kinds(description: Description) -> dict[str, str | None]:
    return {c.found.name: c.found.sensitive for c in description.tables[0].columns}


@pytest.mark.parametrize("rows", [1, 3, 30, 300])
def test_columns_about_people_are_withheld_and_never_shown(tmp_path: Path, rows: int) -> None:
    description = described(tmp_path, cases(rows))
    assert [name for name, told in kinds(description).items() if told] == [
        "Name", "DOB", "Postcode", "Phone", "Notes",
    ]  # fmt: skip
    shown = everything(description)
    assert not [text for text in (*CANARY.texts(), "07700") if text in shown]
    assert "withheld: [Name, DOB, Postcode, Phone, Notes]" in description.to_yaml()
    assert "full_name: Name, date_of_birth: DOB, postcode: Postcode" in description.to_yaml()


def renamed(text: str, *names: str) -> str:
    return ",".join(names) + text[text.index("\n") :]


def test_columns_about_people_are_known_by_what_they_hold_too(tmp_path: Path) -> None:
    """The names of the columns say nothing: their values do."""
    text = cases(
        200,
        name=lambda n: f"{CANARY.given} {'abcdefgh'[n % 8].upper()}{'xyz' * (n % 9 + 1)}",
        dob=lambda n: f"{n % 28 + 1:02d}/03/{1950 + n % 40}",
        postcode=lambda n: f"XZ{n % 9} {n % 9}ZX",
        notes=lambda n: f"said {n} times that he was there",
    )
    columns = [*HEAD.split(",")[:5], "Who", "B", "C", "D", "E"]
    assert list(kinds(described(tmp_path, renamed(text, *columns))).values())[5:] == [
        "name", "date of birth", "postcode", "telephone", "free text",
    ]  # fmt: skip


@pytest.mark.parametrize("times", [1, 2])
def test_a_name_typed_where_a_code_should_stand_is_counted_and_not_shown(
    tmp_path: Path, times: int
) -> None:
    agency: Callable[[int], str] = lambda n: CANARY.full_name if n < times else "Police"  # noqa: E731
    repeat: Callable[[int], str] = lambda n: CANARY.given if n < times else "Yes"  # noqa: E731
    description = described(tmp_path, cases(300, agency=agency, repeat=repeat))
    assert "(1 other value(s), not shown)" in description.text()
    assert not [text for text in CANARY.texts() if text in everything(description)]


def test_a_name_in_a_code_column_must_be_frequent_to_be_a_code(tmp_path: Path) -> None:
    agency: Callable[[int], str] = lambda n: CANARY.full_name if n < 9 else "Police"  # noqa: E731
    assert CANARY.family not in everything(described(tmp_path, cases(300, agency=agency)))


def test_codes_of_columns_that_are_not_ours_are_not_shown(tmp_path: Path) -> None:
    text = cases(300, name=lambda n: CANARY.given if n % 2 else CANARY.family)
    columns = HEAD.replace("Name", "Beat").split(",")
    description = described(tmp_path, renamed(text, *columns))
    assert kinds(description)["Beat"] is None
    assert not [text for text in (CANARY.given, CANARY.family) if text in everything(description)]
    assert "perhaps ours after all: Beat" in description.to_yaml()


@pytest.mark.parametrize("rows", [1, 2, 100])
def test_without_column_names_no_row_is_taken_for_them(tmp_path: Path, rows: int) -> None:
    description = described(tmp_path, cases(rows).split("\n", 1)[1])
    assert description.tables[0].found.header_row is None
    assert "No row with column names was found in the file." in description.text()
    assert not [text for text in CANARY.texts() if text in everything(description)]


def test_a_sheet_that_is_not_ours_is_not_named(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.title = "Cases"
    for line in cases(20).splitlines():
        book.active.append(line.split(","))
    other = book.create_sheet(CANARY.full_name)
    other.append(["Officer name", "Shift date"])
    other.append([CANARY.full_name, "x"])
    book.save(tmp_path / "f.xlsx")
    description = describe(tmp_path / "f.xlsx")
    assert [table.table for table in description.tables] == ["marac_case", None]
    assert "# Sheet 2 is not read" in description.to_yaml()
    shown = everything(description).replace(repr(description), "")
    assert not [text for text in CANARY.texts() if text in shown]


@pytest.mark.parametrize(
    ("file", "format", "encoding", "delimiter", "quote"),
    [
        ("semicolon.csv", "csv", "utf-8", ";", '"'),
        ("tab.csv", "csv", "utf-8", "\t", '"'),
        ("pipe.csv", "csv", "utf-8", "|", '"'),
        ("single_quotes.csv", "csv", "utf-8", ",", "'"),
        ("utf8_mark.csv", "csv", "utf-8-sig", ",", '"'),
        ("cp1252.csv", "csv", "cp1252", ",", '"'),
        ("utf16_little_endian.csv", "csv", "utf-16", ",", '"'),
        ("utf16_big_endian.csv", "csv", "utf-16", ",", '"'),
        ("utf16_no_mark.csv", "csv", "utf-16-le", ",", '"'),
        ("workbook.xlsx", "excel", None, ",", '"'),
        ("old_format.xls", "excel", None, ",", '"'),
        ("new_format_old_name.xls", "excel", None, ",", '"'),
        ("open_document.ods", "ods", None, ",", '"'),
        ("table.parquet", "parquet", None, ",", '"'),
    ],
)
def test_the_format_is_told_by_the_content(
    file: str, format: str, encoding: str | None, delimiter: str, quote: str
) -> None:
    found = describe(NASTY / file)
    assert (found.format, found.encoding, found.delimiter, found.quote) == (
        format, encoding, delimiter, quote,
    )  # fmt: skip


@pytest.mark.parametrize("file", sorted(p.name for p in NASTY.iterdir() if p.suffix[1:] not in
                                        ("py", "md", "")))  # fmt: skip
def test_nasty_files_are_described_or_refused_without_a_name(file: str, tmp_path: Path) -> None:
    try:
        description = describe(NASTY / file)
    except DataError as error:
        shown = str(error)
    else:
        shown = description.text() + description.to_yaml() + str(description.as_json())
        if any(table.table for table in description.tables):
            (tmp_path / "m.yaml").write_text(description.to_yaml(), encoding="utf-8")
            parse(SourceMapping, read_yaml(tmp_path / "m.yaml"), "m.yaml")
    assert "zzyxwana" not in shown.lower() and "quovadal" not in shown.lower()


@pytest.mark.parametrize(
    ("file", "note"),
    [
        ("unclosed_quote.csv", "The quotation marks do not match in the row that starts on line 3"),
        ("ragged.csv", "2 row(s) of the file have more or fewer cells than there are columns"),
        ("column_twice.csv", "1 column name(s) of the file stand there more than once"),
        ("sheet_hidden.xlsx", "A sheet is hidden."),
        ("cp1252.csv", "It is not UTF-8; CP1252"),
        ("utf16_no_mark.csv", "UTF-16 without a byte order mark"),
    ],
)
def test_what_a_person_should_know_is_noted(file: str, note: str) -> None:
    description = describe(NASTY / file)
    assert any(note in one for one in description.notes), description.notes
    assert note in description.text() and note in description.to_yaml()


@pytest.mark.parametrize(
    ("first", "order", "line", "note"),
    [
        ("13/04/2017", "day_first", "dates: day_first", None),
        ("04/13/2017", "month_first", "dates: month_first", None),
        ("03/04/2017", "ambiguous", "dates: day_first  # check", "whether the day or the month"),
        ("2017-04-13", "year_first", "dates: year_first", None),
    ],
)
def test_the_order_of_dates_is_found_or_said_to_be_unknown(
    tmp_path: Path, first: str, order: str, line: str, note: str | None
) -> None:
    description = described(tmp_path, cases(40, date=lambda n: first, dob=lambda n: ""))
    assert [c.found.order for c in description.tables[0].columns if c.found.order] == [order]
    assert line in description.to_yaml()
    assert note is None or any(note in one for one in description.notes)


def test_dates_in_two_orders_are_noted(tmp_path: Path) -> None:
    text = cases(40, date=lambda n: "13/04/2017" if n % 2 else "04/13/2017")
    assert any("written in two orders" in note for note in described(tmp_path, text).notes)


def test_a_month_in_the_name_becomes_part_of_the_pattern(tmp_path: Path) -> None:
    proposal = described(tmp_path, cases(9), "marac_2017-03.csv").to_yaml()
    assert 'file: "marac_{year}-{month}.csv"' in proposal and "covers" not in proposal


def test_a_required_column_that_is_not_found_is_left_to_a_person(tmp_path: Path) -> None:
    text = cases(30).replace("Victim ref", "Address")
    description = described(tmp_path, text, table="marac_case")
    assert "victim_id" in description.tables[0].not_found
    assert 'victim_id: "(column of victim_id)"  # check: none was found' in description.to_yaml()
    (tmp_path / "m.yaml").write_text(description.to_yaml())
    parse(SourceMapping, read_yaml(tmp_path / "m.yaml"), "m.yaml")


def test_a_table_can_be_named_and_must_exist(tmp_path: Path) -> None:
    assert described(tmp_path, cases(5), table="police_incident").tables[0].table
    with pytest.raises(UsageError, match=r"no staging table 'polis'.*police_incident"):
        describe(tmp_path / "f.csv", "polis")


def test_only_the_first_rows_of_a_long_file_are_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("datrial.extracts.describe_file.LOOKED_AT", 51)
    description = described(tmp_path, cases(200))
    assert description.tables[0].found.rows == 50 and description.tables[0].found.more
    assert any("Only the first" in note for note in description.notes)


def test_values_beyond_the_encodings_sample_do_not_stop_the_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("datrial.extracts.describe_file._SAMPLE", 0)
    (tmp_path / "f.csv").write_bytes(cases(50, agency=lambda n: "Café").encode("cp1252"))
    assert describe(tmp_path / "f.csv").tables[0].table == "marac_case"


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        (["P1", "P2", "P3", "P1"], "reference"),
        (["C1/5572652"] * 3 + [f"C1/{n}" for n in range(99)], "reference"),
        ([str(n) for n in range(100000, 100099)], "reference"),
        ([str(n % 60 + 18) for n in range(300)], "integer"),
        (["1", "0", "1", "", "-"], "integer"),
        (["Yes", "No"] * 30, "code"),
        (["", " ", ""], "empty"),
        (["31/12/2017", "1 Jan 2017", "2017-01-01", "N/A"], "date"),
        (["Ann", "Bo", "Cy", "Di"], "text"),
    ],
)
def test_the_kind_of_a_column(cells: list[str], kind: str) -> None:
    assert look_at("x", cells).kind == kind


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("PerpDOB", ("perp", "dob")),
        ("No. of children", ("no", "of", "children")),
        ("Children's Services", ("children", "service")),
        ("Q07", ("q", "7")),
        ("item_07", ("item", "7")),
        ("Service user", ("su",)),
    ],
)
def test_the_words_of_a_column_name(name: str, found: tuple[str, ...]) -> None:
    assert words(name) == found


def test_different_words_mean_one_thing() -> None:
    assert meanings("Nominal ref") == meanings("SuspectURN") == meanings("perpetrator_id")
    assert meanings("Victim ref") != meanings("Nominal ref")
