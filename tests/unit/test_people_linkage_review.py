"""Clerical review: the one file with names, where it may lie, and the decisions that come back."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pandas as pd
import pytest

from datrial.config.project import project_root
from datrial.config.study import Linkage
from datrial.errors import DataError, UsageError
from datrial.people.decisions import decisions_path, load_decisions, store_decisions
from datrial.people.linkage import PAIR_COLUMNS, Links
from datrial.people.records import FIELDS
from datrial.people.review import read_review, to_review, write_review


@pytest.fixture(autouse=True)
def data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DATRIAL_HOME", str(tmp_path / "data"))
    (tmp_path / "data").mkdir()
    (tmp_path / "desk").mkdir()
    return tmp_path / "data"


def links() -> Links:
    rows = [
        ("perpetrator", "p1", "q1", 4.0, ""),
        ("perpetrator", "p2", "q2", 6.5, ""),
        ("perpetrator", "p3", "q3", 9.0, ""),
        ("perpetrator", "p4", "q4", 3.0, "different"),
        ("perpetrator", "p5", "q5", 2.0, "unsure"),
        ("perpetrator", "p6", "q6", -1.0, ""),
        ("perpetrator", "p7", "q7", float("nan"), "same"),
    ]
    settings = Linkage(match_weight=6, review_from=0, review_to=8)
    pairs = pd.DataFrame(rows, columns=list(PAIR_COLUMNS))
    return Links(pairs, pd.DataFrame(), (), settings)


def identifiers() -> pd.DataFrame:
    rows = [
        ("perpetrator", "p1", "BRAM", "ARDLE", "1985-04-03", None),
        ("perpetrator", "p1", "BRAMBIX", "ARDLE", "1985-04-03", None),
        ("perpetrator", "q1", "BRAM", "ARDEL", "1985-04-08", "XA12BC"),
        ("perpetrator", "p3", "NOBODY", "INREVIEW", None, None),
    ]
    return pd.DataFrame(rows, columns=["of", "reference_id", *FIELDS], dtype=object)


def test_pairs_in_the_band_that_nobody_decided_the_most_doubtful_first() -> None:
    assert to_review(links())["left_id"].tolist() == ["p2", "p1", "p5"]


def test_links_that_join_people_who_were_allocated_come_first_however_strong() -> None:
    assert to_review(links(), ["p3", "q3", "p5", "q5"])["left_id"].tolist() == [
        "p3", "p2", "p1", "p5",
    ]  # fmt: skip
    assert to_review(links(), ["p3"])["left_id"].tolist() == ["p2", "p1", "p5"]
    # ... but not what was decided
    assert "p7" not in to_review(links(), ["p7", "q7"])["left_id"].tolist()


def test_the_file_has_both_sides_and_only_its_owner_can_read_it(tmp_path: Path) -> None:
    path = tmp_path / "desk" / "review.csv"
    assert write_review(path, links(), identifiers()) == 3
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    text = path.read_text(encoding="utf-8-sig")
    assert text.startswith("# This file holds names of people.")
    assert (
        "perpetrator,p1,q1,4.0,BRAM / BRAMBIX,BRAM,ARDLE,ARDEL,1985-04-03,1985-04-08,,XA12BC,"
        in text
    )
    assert "NOBODY" not in text
    assert [each.name for each in path.parent.iterdir()] == ["review.csv"]


@pytest.mark.parametrize("inside", ["", "results", "reports"])
def test_it_may_not_lie_in_the_data_folder(data_folder: Path, inside: str) -> None:
    folder = data_folder / inside
    folder.mkdir(exist_ok=True)
    with pytest.raises(UsageError, match="data folder"):
        write_review(folder / "review.csv", links(), identifiers())
    assert not (folder / "review.csv").exists()


def test_nor_in_the_project_nor_behind_a_link_to_either(tmp_path: Path, data_folder: Path) -> None:
    with pytest.raises(UsageError, match="project's folder"):
        write_review(project_root() / "review.csv", links(), identifiers())
    (tmp_path / "way").symlink_to(data_folder)
    with pytest.raises(UsageError, match="data folder"):
        write_review(tmp_path / "way" / "review.csv", links(), identifiers())


def test_it_takes_no_other_files_place(tmp_path: Path) -> None:
    path = tmp_path / "desk" / "review.csv"
    path.write_text("decisions")
    with pytest.raises(UsageError, match="exists"):
        write_review(path, links(), identifiers())
    assert path.read_text() == "decisions"
    with pytest.raises(UsageError, match="no such folder"):
        write_review(tmp_path / "nowhere" / "review.csv", links(), identifiers())


def decided(path: Path, answers: dict[str, str]) -> None:
    lines = path.read_text(encoding="utf-8-sig").splitlines()
    out = [
        line + answers.get(line.split(",")[1], "") if line.startswith("perp") else line
        for line in lines
    ]
    path.write_text("\n".join(out) + "\n", encoding="utf-8-sig")


def test_what_was_decided_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "desk" / "review.csv"
    write_review(path, links(), identifiers())
    decided(path, {"p1": "Same ", "p2": "different"})
    assert read_review(path) == {
        ("perpetrator", "p1", "q1"): "same",
        ("perpetrator", "p2", "q2"): "different",
        ("perpetrator", "p5", "q5"): "unsure",  # as it was decided before
    }


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
def test_a_file_that_a_spreadsheet_saved(tmp_path: Path, encoding: str, delimiter: str) -> None:
    path = tmp_path / "review.csv"
    rows = [
        ["# This file holds names"],
        ["Decision", "of", "left_id", "note", "right_id"],
        ["same", "victim", "v2", "é", "v1"],
        ["", "victim", "v3", "", "v4"],
        [],
    ]
    path.write_text("\r\n".join(delimiter.join(row) for row in rows), encoding=encoding)
    assert read_review(path) == {("victim", "v1", "v2"): "same"}


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["perpetrator,p1,q1,maybe"], r"line\(s\) 2\b"),
        (["perpetrator,p1,q1,same", "perpetrator,q1,p1,different"], r"line\(s\) 3\b"),
        (["perpetrator,p1,p1,same"], r"line\(s\) 2\b"),
        (["perpetrator,,q1,same"], r"line\(s\) 2\b"),
    ],
)
def test_faults_are_named_by_line_and_nothing_is_read(
    tmp_path: Path, lines: list[str], message: str
) -> None:
    path = tmp_path / "review.csv"
    path.write_text("\n".join(["of,left_id,right_id,decision", *lines]) + "\n")
    with pytest.raises(DataError, match=message) as error:
        read_review(path)
    assert "maybe" not in str(error.value)


def test_another_file_is_no_review_file(tmp_path: Path) -> None:
    path = tmp_path / "review.csv"
    path.write_text("Name,Born\nZzyxwana Quovadal,1985\n")
    with pytest.raises(DataError) as error:
        read_review(path)
    assert "Zzyx" not in str(error.value)
    path.write_text("")
    with pytest.raises(DataError, match="not a review file"):
        read_review(path)
    with pytest.raises(DataError, match="cannot be read"):
        read_review(tmp_path / "missing.csv")


def test_decisions_are_kept_as_pseudonyms_and_the_newest_stands() -> None:
    assert load_decisions("drive") == {}
    assert store_decisions("drive", {("perpetrator", "p2", "q2"): "same"}) == 1
    more = {("perpetrator", "p1", "q1"): "unsure", ("perpetrator", "p2", "q2"): "different"}
    assert store_decisions("drive", more) == 2  # type: ignore[arg-type]
    assert load_decisions("drive") == more
    assert decisions_path("drive").read_text().splitlines() == [
        "of,left_id,right_id,decision",
        "perpetrator,p1,q1,unsure",
        "perpetrator,p2,q2,different",
    ]
    assert load_decisions("other") == {}


def test_a_spoiled_decisions_file_stops_with_its_line() -> None:
    store_decisions("drive", {("perpetrator", "p2", "q2"): "same"})
    path = decisions_path("drive")
    path.write_text(path.read_text() + "perpetrator,p1,q1,perhaps\n")
    with pytest.raises(DataError, match="line 3"):
        load_decisions("drive")
    path.write_text("a,b\n")
    with pytest.raises(DataError, match="columns"):
        load_decisions("drive")


def test_a_folder_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("the superuser may write anywhere")
    (tmp_path / "desk").chmod(0o500)
    with pytest.raises(UsageError, match="cannot be written"):
        write_review(tmp_path / "desk" / "review.csv", links(), identifiers())
