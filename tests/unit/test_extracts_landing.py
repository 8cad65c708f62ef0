"""Landing: what arrived is kept unchanged, once, with a receipt; nothing faulty is kept."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import openpyxl
import pytest

from datrial.config.mapping import SourceMapping
from datrial.errors import DataError
from datrial.extracts.landing import fingerprint, land, unread_files
from datrial.extracts.receipts import read_receipts

GOOD = "Perp,Victim,Heard,Name\nP1,V1,01/02/2017,Ann\n"


def marac(**changes: object) -> SourceMapping:
    content = {
        "key": "test/marac",
        "source": "marac",
        "site": "site_1",
        "file": "marac*.csv",
        "format": "csv",
        "covers": {"start": "2016-01-01", "end": "2019-09-30"},
        "tables": [
            {
                "table": "marac_case",
                "columns": {
                    "perpetrator_id": "Perp",
                    "victim_id": "Victim",
                    "hearing_date": "Heard",
                },
                "withheld": ["Name"],
            }
        ],
        **changes,
    }
    return SourceMapping.model_validate(content)


def cms(**changes: object) -> SourceMapping:
    content = {
        "key": "test/cms",
        "source": "cms",
        "site": "site_1",
        "file": "cms.xlsx",
        "format": "excel",
        "covers": {"start": "2016-01-01", "end": "2019-09-30"},
        "tables": [
            {
                "table": "cms_engagement",
                "sheet": "Engagement",
                "columns": {"perpetrator_id": "SU"},
            }
        ],
        **changes,
    }
    return SourceMapping.model_validate(content)


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    folder = tmp_path / "inbox"
    folder.mkdir()
    return folder


@pytest.fixture
def landing(tmp_path: Path) -> Path:
    return tmp_path / "landing"


def problems(mappings: list[SourceMapping], inbox: Path, landing: Path) -> list[str]:
    with pytest.raises(DataError) as caught:
        land(mappings, inbox, landing)
    assert not landing.exists(), "nothing is kept unless every file can be used"
    first, *lines = str(caught.value).split("\n  - ")
    assert first == f"The incoming files cannot be used ({len(lines)} problem(s)):"
    return lines


def test_a_file_is_kept_under_its_hash_with_a_receipt_beside_it(inbox: Path, landing: Path) -> None:
    (inbox / "MARAC_march.CSV").write_text(GOOD)
    sha256 = hashlib.sha256(GOOD.encode()).hexdigest()
    (receipt,) = land([marac()], inbox, landing)
    assert receipt.extract_id == f"test/marac@{sha256[:12]}"
    assert receipt.path(landing) == landing / "marac" / f"{sha256}.csv"
    assert receipt.path(landing).read_text() == GOOD
    content = json.loads((landing / "marac" / f"{sha256}.receipt.json").read_text())
    assert content["file_name"] == "MARAC_march.CSV"
    assert content["extract_id"] == receipt.extract_id
    assert (content["site"], content["size"], content["covers_end"]) == (
        "site_1",
        len(GOOD),
        "2019-09-30",
    )
    assert read_receipts(landing) == [receipt]
    assert len(list(landing.rglob("*.part"))) == 0


def test_the_same_content_under_another_name_is_the_same_extract(
    inbox: Path, landing: Path
) -> None:
    (inbox / "marac_1.csv").write_text(GOOD)
    first = land([marac()], inbox, landing)
    (inbox / "marac_1.csv").rename(inbox / "marac_resent.csv")
    (inbox / "marac_again.csv").write_text(GOOD)
    assert land([marac()], inbox, landing) == first
    assert len(list(landing.rglob("*"))) == 3  # folder, file, receipt


def test_several_files_of_a_mapping_are_several_extracts(inbox: Path, landing: Path) -> None:
    (inbox / "marac_1.csv").write_text(GOOD)
    (inbox / "marac_2.csv").write_text(GOOD.replace("P1", "P2"))
    (inbox / "~$marac_3.csv").write_text("lock file of an office program")
    receipts = land([marac()], inbox, landing)
    assert len({receipt.extract_id for receipt in receipts}) == 2
    assert receipts == sorted(receipts, key=lambda receipt: receipt.extract_id)


def test_a_changed_mapping_changes_the_receipt_but_not_the_first_arrival(
    inbox: Path, landing: Path
) -> None:
    (inbox / "marac_1.csv").write_text(GOOD)
    (first,) = land([marac()], inbox, landing)
    (inbox / "marac_1.csv").rename(inbox / "marac_2.csv")
    longer = marac(covers={"start": "2016-01-01", "end": "2020-01-31"})
    (second,) = land([longer], inbox, landing)
    assert str(second.covers_end) == "2020-01-31"
    assert (second.file_name, second.received_at) == (first.file_name, first.received_at)
    assert read_receipts(landing) == [second]


def test_the_fingerprint_follows_content_and_mapping_not_names(inbox: Path, landing: Path) -> None:
    (inbox / "marac_1.csv").write_text(GOOD)
    before = fingerprint([marac(), cms()], inbox)
    (inbox / "marac_1.csv").rename(inbox / "marac_9.csv")
    assert fingerprint([marac(), cms()], inbox) == before
    (inbox / "marac_9.csv").write_text(GOOD.replace("P1", "P2"))
    assert fingerprint([marac(), cms()], inbox) != before
    assert not landing.exists()


def test_a_missing_inbox(tmp_path: Path, landing: Path) -> None:
    with pytest.raises(DataError) as caught:
        land([marac()], tmp_path / "nowhere", landing)
    assert str(caught.value) == (
        "The incoming folder 'nowhere' does not exist or is not a folder. "
        "Create it and put the agencies' files there."
    )


def test_a_missing_file_is_a_problem_unless_it_is_optional(inbox: Path, landing: Path) -> None:
    (inbox / "marac.csv").write_text(GOOD)
    assert problems([marac(), cms()], inbox, landing) == [
        "There is no file 'cms.xlsx' in the incoming folder (cms, site_1). Ask the agency for "
        "it, or correct `file` in configs/sources/test/cms.yaml."
    ]
    assert len(land([marac(), cms(optional=True)], inbox, landing)) == 1


NASTY_CSV = [
    (
        "empty file",
        "",
        "marac.csv: the file is empty (0 bytes). Ask the agency to send it again.",
    ),
    (
        "unmapped column",
        "Perp,Victim,Heard,Name,Outcome of  meeting,Chair,,\nP1,V1,1/2/2017,Ann,CANARY,x,,\n",
        "marac.csv: 2 column(s) neither mapped nor withheld: 'Outcome of meeting', 'Chair'. The "
        "agency may have changed its form: enter each in configs/sources/test/marac.yaml, under "
        "`columns` if it is needed, else under `withheld`.",
    ),
    (
        "missing column",
        "Perp,Victim,Name\nP1,V1,CANARY\n",
        "marac.csv: 1 expected column(s) missing: 'Heard'. Ask the agency for the complete "
        "extract, or correct `columns` in configs/sources/test/marac.yaml.",
    ),
    (
        "no header: the first row of data is not quoted",
        "P1,V1,01/02/2017,CANARY\n",
        "marac.csv: no header was found in row 1 (0 of 3 expected columns). Correct `header_row` "
        "or `delimiter` in configs/sources/test/marac.yaml, or ask the agency for its usual form.",
    ),
    (
        "other delimiter",
        "Perp;Victim;Heard;Name\nP1;V1;01/02/2017;CANARY\n",
        "marac.csv: no header was found in row 1 (0 of 3 expected columns). Correct `header_row` "
        "or `delimiter` in configs/sources/test/marac.yaml, or ask the agency for its usual form.",
    ),
    (
        "a column twice",
        "Perp,Victim,Heard,perp \nP1,V1,01/02/2017,CANARY\n",
        "marac.csv: 1 column name(s) stand there more than once: 'perp'. Ask the agency to give "
        "each column its own name.",
    ),
    (
        "quotation mark never closed, far below the header",
        'Perp,Victim,Heard,Name\nP1,V1,1/2/2017,Ann\nP2,V2,1/2/2017,"CANARY\n',
        "marac.csv: the quotation marks do not match in the row that starts on line 3. Ask the "
        "agency to export the file again, or correct that row.",
    ),
]


@pytest.mark.parametrize(
    ("content", "message"), [case[1:] for case in NASTY_CSV], ids=[case[0] for case in NASTY_CSV]
)
def test_nasty_csv_files_are_named_in_one_clear_sentence(
    inbox: Path, landing: Path, content: str, message: str
) -> None:
    (inbox / "marac.csv").write_text(content)
    assert problems([marac()], inbox, landing) == [message]


def test_nasty_workbooks_are_named_in_one_clear_sentence(inbox: Path, landing: Path) -> None:
    (inbox / "cms.xlsx").write_bytes(b"this is no workbook")
    assert problems([cms()], inbox, landing) == [
        "cms.xlsx: the workbook cannot be opened. Open it in a spreadsheet program, save it "
        "again as .xlsx, or ask the agency to send it again."
    ]
    book = openpyxl.Workbook()
    book.active.title = "Engagements"  # type: ignore[union-attr]
    book.save(inbox / "cms.xlsx")
    assert problems([cms()], inbox, landing) == [
        "cms.xlsx: there is no sheet 'Engagement' among its 1 ('Engagements'). Correct the "
        "sheet's name in the workbook or `sheet` in the mapping file."
    ]


def test_the_problems_of_all_files_are_reported_together(inbox: Path, landing: Path) -> None:
    (inbox / "marac_1.csv").write_text("")
    (inbox / "marac_2.csv").write_text("Perp,Victim,Name,Extra\n")
    found = problems([marac(), cms()], inbox, landing)
    assert [problem.split(":")[0] for problem in found[1:]].count("marac_2.csv") == 2
    assert len(found) == 4


def test_one_content_never_counts_for_two_mappings(inbox: Path, landing: Path) -> None:
    (inbox / "marac_1.csv").write_text(GOOD)
    (inbox / "other.csv").write_text(GOOD)
    second = marac(key="test/marac_site_2", site="site_2", file="other.csv")
    assert problems([marac(), second], inbox, landing) == [
        "marac_1.csv, other.csv: the same content is read by 2 mappings (test/marac, "
        "test/marac_site_2). Ask the agency which one it belongs to, or make the `file` patterns "
        "distinct."
    ]


def test_files_that_no_mapping_names_are_told(inbox: Path) -> None:
    for name in ("marac_1.csv", "marak_2.csv", "SIMULATED", ".hidden", "~$cms.xlsx"):
        (inbox / name).write_text(GOOD)
    (inbox / "truth").mkdir()
    assert unread_files([marac(), cms()], inbox) == ["marak_2.csv"]
