"""Landing: what arrived is kept unchanged, once, with a receipt; nothing faulty is kept."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import re
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from datrial.config.mapping import SourceMapping
from datrial.errors import DataError
from datrial.extracts import landing as landing_module
from datrial.extracts.landing import expected_extracts, land, landed, unread_files
from datrial.extracts.receipts import Receipt, read_receipts, renew_receipts, write_receipt

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
    (receipt,) = land([marac()], inbox, landing).current
    assert receipt.extract_id == f"test/marac@{sha256[:12]}"
    assert receipt.path(landing) == landing / "marac" / f"{sha256}.csv"
    assert receipt.path(landing).read_text() == GOOD
    content = json.loads((landing / "marac" / f"{sha256}.test-marac.receipt.json").read_text())
    assert content["file_name"] == "MARAC_march.CSV"
    assert content["extract_id"] == receipt.extract_id
    assert (content["site"], content["size"], content["covers_end"]) == (
        "site_1",
        len(GOOD),
        "2019-09-30",
    )
    assert (content["rows"], content["arrival"], content["part"]) == ({"marac_case": 1}, 1, None)
    assert read_receipts(landing) == [receipt]
    assert len(list(landing.rglob("*.part"))) == 0


def kept(landing: Path) -> list[str]:
    return [path.name for path in landing.rglob("*") if path.is_file() and path.name != ".lock"]


def test_the_same_content_under_another_name_is_the_same_extract(
    inbox: Path, landing: Path
) -> None:
    (inbox / "marac_1.csv").write_text(GOOD)
    first = land([marac()], inbox, landing)
    (inbox / "marac_1.csv").rename(inbox / "marac_resent.csv")
    (inbox / "marac_again.csv").write_text(GOOD)
    again = land([marac()], inbox, landing)
    assert (again.current, again.new) == (first.current, ())
    assert first.new == (first.current[0].extract_id,)
    assert len(kept(landing)) == 2  # file, receipt


def test_a_changed_mapping_changes_the_receipt_but_not_the_first_arrival(
    inbox: Path, landing: Path
) -> None:
    (inbox / "marac_1.csv").write_text(GOOD)
    (first,) = land([marac()], inbox, landing).current
    (inbox / "marac_1.csv").rename(inbox / "marac_2.csv")
    longer = marac(covers={"start": "2016-01-01", "end": "2020-01-31"})
    (second,) = land([longer], inbox, landing).current
    assert str(second.covers_end) == "2020-01-31"
    assert (second.file_name, second.received_at) == (first.file_name, first.received_at)
    assert read_receipts(landing) == [second]


def test_what_is_expected_follows_content_and_mapping_not_names(inbox: Path, landing: Path) -> None:
    (inbox / "marac_1.csv").write_text(GOOD)
    before = expected_extracts([marac(), cms()], inbox, landing)
    (inbox / "marac_1.csv").rename(inbox / "marac_9.csv")
    assert expected_extracts([marac(), cms()], inbox, landing) == before
    (inbox / "marac_9.csv").write_text(GOOD.replace("P1", "P2"))
    assert expected_extracts([marac(), cms()], inbox, landing) != before
    assert not landing.exists()


def test_what_is_expected_is_what_is_landed(inbox: Path, landing: Path) -> None:
    monthly = marac(file="marac_{year}-{month}.csv", covers=None)
    for round_, names in enumerate((("2017-01", "2017-02"), ("2017-02",), ("2017-03", "2017-01"))):
        for name in names:
            (inbox / f"marac_{name}.csv").write_text(GOOD.replace("P1", f"P{round_} {name}"))
        before = expected_extracts([monthly], inbox, landing)
        found = land([monthly], inbox, landing)
        assert before == found.lines() == expected_extracts([monthly], inbox, landing)
        ids = [[r.extract_id for r in some] for some in (found.current, found.earlier)]
        later = landed(landing, *ids)
        assert (later.current, later.earlier) == (found.current, found.earlier)
        assert later.lines() == before
    assert [line.partition(":")[0] for line in before] == ["current"] * 3 + ["earlier"] * 2


def test_an_extract_that_was_never_landed_is_named(landing: Path) -> None:
    with pytest.raises(DataError, match=r"no receipt of test/marac@123456789abc\. Run again"):
        landed(landing, ["test/marac@123456789abc"])


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
    assert len(land([marac(), cms(optional=True)], inbox, landing).current) == 1


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
    (problem,) = problems([cms()], inbox, landing)
    assert problem.startswith("cms.xlsx: the workbook cannot be opened")
    book = openpyxl.Workbook()
    book.active.title = "Engagements"  # type: ignore[union-attr]
    book.save(inbox / "cms.xlsx")
    (problem,) = problems([cms()], inbox, landing)
    assert problem.startswith("cms.xlsx: there is no sheet 'Engagement' among its 1")


def test_the_problems_of_all_files_are_reported_together(inbox: Path, landing: Path) -> None:
    (inbox / "marac_1.csv").write_text("")
    (inbox / "marac_2.csv").write_text("Perp,Victim,Name,Extra\n")
    found = problems([marac(file="marac_{part}.csv"), cms()], inbox, landing)
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


def test_a_month_in_which_nothing_happened_has_the_same_content_elsewhere(
    inbox: Path, landing: Path
) -> None:
    """Files without a row are alike; each covers its own site and its own month."""
    nothing = GOOD.splitlines()[0] + "\n"
    sites = [
        marac(key=f"test/marac_{site}", site=site, file=f"marac_{site}_{{year}}-{{month}}.csv",
              covers=None)
        for site in ("site_1", "site_2")
    ]  # fmt: skip
    for name in ("site_1_2017-01", "site_1_2017-02", "site_2_2017-01"):
        (inbox / f"marac_{name}.csv").write_text(nothing)
    receipts = land(sites, inbox, landing).current
    assert len({receipt.extract_id for receipt in receipts}) == 3
    assert {(r.site, str(r.covers_start), r.rows["marac_case"]) for r in receipts} == {
        ("site_1", "2017-01-01", 0), ("site_1", "2017-02-01", 0), ("site_2", "2017-01-01", 0),
    }  # fmt: skip
    assert len([name for name in kept(landing) if name.endswith(".csv")]) == 1
    assert expected_extracts(sites, inbox, landing) == land(sites, inbox, landing).lines()


def test_a_month_sent_again_as_another_month_is_refused(inbox: Path, landing: Path) -> None:
    monthly = marac(file="marac_{year}-{month}.csv", covers=None)
    (inbox / "marac_2017-03.csv").write_text(GOOD)
    (inbox / "marac_2017-04.csv").write_text(GOOD)
    assert problems([monthly], inbox, landing) == [
        "marac_2017-03.csv, marac_2017-04.csv: the same content under names that tell of "
        "different days. Ask the agency for the file that is missing, and remove the name that "
        "is wrong."
    ]


def test_a_file_that_two_mappings_name_is_refused_even_if_it_is_without_rows(
    inbox: Path, landing: Path
) -> None:
    (inbox / "marac_1.csv").write_text(GOOD.splitlines()[0] + "\n")
    other = marac(key="test/other", file="*_1.csv")
    (problem,) = problems([marac(), other], inbox, landing)
    assert problem.startswith("marac_1.csv: the same content is read by 2 mappings (test/marac, ")


def test_a_file_is_read_through_once(
    inbox: Path, landing: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    real = landing_module.examine

    def examine(path: Path, mapping: SourceMapping) -> Any:
        read.append(path.name)
        return real(path, mapping)

    monkeypatch.setattr(landing_module, "examine", examine)
    (inbox / "marac_1.csv").write_text(GOOD)
    first = land([marac()], inbox, landing)
    assert land([marac()], inbox, landing).current == first.current
    assert land([marac(dont_know=["DK"])], inbox, landing).current == first.current
    assert read == ["marac_1.csv"]
    other_form = marac().tables[0].model_copy(update={"withheld": ("name",)})
    (again,) = land([marac(tables=[other_form.model_dump()])], inbox, landing).current
    assert read == ["marac_1.csv"] * 2
    assert again.checked != first.current[0].checked


OLD_RECEIPT = {
    "extract_id": "test/marac@x", "mapping": "test/marac", "source": "marac", "site": "site_1",
    "size": 60, "covers_start": "2016-01-01", "covers_end": "2019-09-30",
    "file_name": "first.csv", "received_at": "2026-01-02T03:04:05+00:00", "received_by": "ann",
}  # fmt: skip


def old_landing(landing: Path, **contents: str) -> None:
    """Lay files down as the version before this one did: contents by time of arrival."""
    (landing / "marac").mkdir(parents=True)
    for time, content in contents.items():
        sha256 = hashlib.sha256(content.encode()).hexdigest()
        (landing / "marac" / f"{sha256}.csv").write_text(content)
        receipt = {**OLD_RECEIPT, "sha256": sha256, "stored": f"{sha256}.csv"}
        receipt["received_at"] = f"2026-01-02T03:04:{time.removeprefix('at_')}+00:00"
        (landing / "marac" / f"{sha256}.receipt.json").write_text(json.dumps(receipt))


def test_a_landing_folder_of_the_last_version_goes_on_working(inbox: Path, landing: Path) -> None:
    other = GOOD.replace("P1", "P2")
    old_landing(landing, at_07=GOOD, at_05=other)
    assert [r.arrival for r in read_receipts(landing)] == [1, 2]
    (inbox / "marac_1.csv").write_text(GOOD)
    before = expected_extracts([marac()], inbox, landing)
    found = land([marac()], inbox, landing)
    assert (found.new, found.lines()) == ((), before)
    (receipt,) = found.current
    assert (receipt.arrival, receipt.file_name, receipt.received_by) == (2, "first.csv", "ann")
    assert receipt.rows == {"marac_case": 1}
    names = [name for name in kept(landing) if name.endswith(".json")]
    assert len(names) == 2 and all(".test-marac." in name for name in names)
    assert [r.arrival for r in read_receipts(landing)] == [1, 2]


@pytest.mark.parametrize("renewed", [0, 1])
def test_the_old_receipts_keep_their_order_when_their_renewal_is_killed(
    landing: Path, renewed: int
) -> None:
    old_landing(landing, at_07=GOOD, at_05=GOOD.replace("P1", "P2"))
    before = read_receipts(landing)
    for receipt in before[:renewed]:
        write_receipt(receipt, landing)
    assert read_receipts(landing) == before
    renew_receipts(landing)
    assert read_receipts(landing) == before
    assert not [n for n in kept(landing) if re.fullmatch(r"[0-9a-f]{64}\.receipt\.json", n)]


def test_a_kill_between_copy_and_receipt_is_completed_by_the_next_landing(
    inbox: Path, landing: Path
) -> None:
    (inbox / "marac_1.csv").write_text(GOOD)
    first = land([marac()], inbox, landing)
    for path in landing.rglob("*.receipt.json"):
        path.unlink()
    (landing / "marac" / ".half.csv.99.part").write_text("half a file")
    assert expected_extracts([marac()], inbox, landing) == first.lines()
    again = land([marac()], inbox, landing)
    assert again.lines() == first.lines()
    assert again.new == (first.current[0].extract_id,)
    assert len(kept(landing)) == 2


def _land_together(inbox: Path, landing: Path, start: Any, results: Any) -> None:
    mapping = marac(file="marac_{part}.csv")
    start.wait()
    results.put([(r.extract_id, r.arrival) for r in land([mapping], inbox, landing).current])


@pytest.mark.parametrize("shared", [True, False], ids=["one inbox", "an inbox each"])
def test_eight_processes_that_land_at_once_number_every_arrival_once(
    tmp_path: Path, landing: Path, shared: bool
) -> None:
    context = multiprocessing.get_context("fork")
    start, results = context.Barrier(8), context.Queue()
    processes = []
    for number in range(8):
        inbox = tmp_path / f"inbox_{0 if shared else number}"
        inbox.mkdir(exist_ok=True)
        for part in range(3):
            text = GOOD.replace("P1", f"P{0 if shared else number}_{part}")
            (inbox / f"marac_{part}_{0 if shared else number}.csv").write_text(text)
        arguments = (inbox, landing, start, results)
        processes.append(context.Process(target=_land_together, args=arguments))
    for process in processes:
        process.start()
    told = [results.get(timeout=60) for _ in processes]
    for process in processes:
        process.join(60)
    arrivals = {r.extract_id: r.arrival for r in read_receipts(landing)}
    count = 3 if shared else 24
    assert sorted(arrivals.values()) == list(range(1, count + 1))
    assert all(arrivals[extract] == arrival for some in told for extract, arrival in some)
    assert len(kept(landing)) == 2 * count


PERIODS = [
    # file pattern, file name, first day, last day
    ("p_{year}.csv", "P_2017.CSV", "2017-01-01", "2017-12-31"),
    ("p_{year}-{month}.csv", "p_2016-02.csv", "2016-02-01", "2016-02-29"),
    ("p_{year}{month}*.csv", "p_201712 final.csv", "2017-12-01", "2017-12-31"),
    ("p_{month}{year}.csv", "p_022017.csv", "2017-02-01", "2017-02-28"),
    ("{year}_{quarter}.csv", "2017_Q1.csv", "2017-01-01", "2017-03-31"),
    ("{quarter}{year}.csv", "42017.csv", "2017-10-01", "2017-12-31"),
    ("p_{start}_{end}.csv", "p_2017-01-15_2017-02-03.csv", "2017-01-15", "2017-02-03"),
    ("p_{start}-{end}.csv", "p_20170115-20170203.csv", "2017-01-15", "2017-02-03"),
    ("*{start} to {end}_{part}.csv", "2017-01-15 to 2017-01-15_a.csv", "2017-01-15", "2017-01-15"),
    ("p_{year}-{month}.csv", "p_2017-13.csv", None, None),
    ("p_{year}-{month}.csv", "p_2017-00.csv", None, None),
    ("{year}_{quarter}.csv", "2017_q5.csv", None, None),
    ("p_{start}_{end}.csv", "p_2017-02-29_2017-03-01.csv", None, None),
    ("p_{start}_{end}.csv", "p_2017-03-02_2017-03-01.csv", None, None),
    ("p_{year}.csv", "p_0017.csv", None, None),
]  # fmt: skip


@pytest.mark.parametrize(("pattern", "name", "first", "last"), PERIODS)
def test_the_days_that_a_file_name_tells(
    inbox: Path, landing: Path, pattern: str, name: str, first: str | None, last: str | None
) -> None:
    mapping = marac(file=pattern, covers=None)
    (inbox / name).write_text(GOOD)
    if first is not None:
        (receipt,) = land([mapping], inbox, landing).current
        assert (str(receipt.covers_start), str(receipt.covers_end)) == (first, last)
        assert receipt.part == ("a" if "part" in pattern else None)
        return
    told = ", ".join(sorted(re.findall(r"\{\w+\}", pattern)))
    message = (
        f"{name}: the name tells of days that do not exist ({told} of {pattern!r}). Correct the "
        "file's name, or `file` in configs/sources/test/marac.yaml."
    )
    assert problems([mapping], inbox, landing) == [message]
    with pytest.raises(DataError, match="days that do not exist"):
        expected_extracts([mapping], inbox, landing)


def test_a_name_that_does_not_fit_the_pattern_is_no_file_of_the_mapping(inbox: Path) -> None:
    for name in ("marac_2017-1.csv", "marac_2017-01.csv.bak", "marac_[1].csv", "marac_2017-01.csv"):
        (inbox / name).write_text(GOOD)
    monthly = marac(file="marac_{year}-{month}.csv", covers=None)
    assert unread_files([monthly], inbox) == [
        "marac_2017-01.csv.bak", "marac_2017-1.csv", "marac_[1].csv",
    ]  # fmt: skip
    assert unread_files([monthly, marac(file="marac_[1].csv")], inbox) == [
        "marac_2017-01.csv.bak", "marac_2017-1.csv",
    ]  # fmt: skip


def test_a_receipt_tells_no_row(inbox: Path, landing: Path) -> None:
    (inbox / "marac_1.csv").write_text(GOOD.replace("Ann", "CANARY").replace("P1", "CANARY2"))
    (receipt,) = land([marac()], inbox, landing).current
    assert isinstance(receipt, Receipt)
    assert not any("CANARY" in path.read_text() for path in landing.rglob("*.receipt.json"))
