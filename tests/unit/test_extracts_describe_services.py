"""Describing a service's files: its own words for codes, its instruments, and nobody's name."""

from __future__ import annotations

import fnmatch
import json
from pathlib import Path

import pytest

from datrial.config.load import parse, read_yaml
from datrial.config.mapping import SourceMapping, load_mappings
from datrial.config.study import load_study
from datrial.extracts.describe import Description, code_of_text, describe
from datrial.extracts.describe_constants import constants
from datrial.extracts.describe_dictionary import read_dictionary
from datrial.extracts.text import plain
from datrial.simulate import simulate
from datrial.simulate.names import CANARIES, canary_texts

STUDY = load_study("early_intervention")
MAPPINGS = {mapping.key: mapping for mapping in load_mappings(STUDY.sources)}
CANARY = CANARIES["perpetrator", "site_1"]


@pytest.fixture(scope="module")
def inbox(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("simulated")
    simulate(STUDY, folder, seed=3)
    return folder


@pytest.fixture(scope="module")
def described(inbox: Path) -> dict[str, Description]:
    """What is said of each of the service's files by whoever has no mapping of this study."""
    found = {}
    for key, mapping in MAPPINGS.items():
        path = next(p for p in sorted(inbox.iterdir()) if fnmatch.fnmatch(p.name, mapping.file))
        found[key] = describe(path, without=MAPPINGS)
    return found


@pytest.fixture(scope="module")
def proposed(
    described: dict[str, Description], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, SourceMapping]:
    folder = tmp_path_factory.mktemp("proposed")
    found = {}
    for key, description in described.items():
        path = folder / (key.replace("/", "_") + ".yaml")
        path.write_text(description.to_yaml(), encoding="utf-8")
        found[key] = parse(SourceMapping, read_yaml(path), path.name)
    return found


def test_the_sheets_are_found_to_be_what_they_are(proposed: dict[str, SourceMapping]) -> None:
    for key, mapping in MAPPINGS.items():
        assert [(t.table, t.sheet, t.header_row) for t in proposed[key].tables] == [
            (t.table, t.sheet, t.header_row) for t in mapping.tables
        ]


def test_columns_are_matched_as_a_person_did(proposed: dict[str, SourceMapping]) -> None:
    pairs = [
        (name, theirs, found.columns.get(name))
        for key, mapping in MAPPINGS.items()
        for table, found in zip(mapping.tables, proposed[key].tables, strict=True)
        for name, theirs in table.columns.items()
    ]
    assert len(pairs) > 45
    right = sum(theirs == found for _, theirs, found in pairs)
    assert right / len(pairs) >= 0.95, [pair for pair in pairs if pair[1] != pair[2]]
    for key, mapping in MAPPINGS.items():
        for table, found in zip(mapping.tables, proposed[key].tables, strict=True):
            assert set(table.withheld) <= set(found.withheld)


def test_what_every_row_is_stands_under_constants(proposed: dict[str, SourceMapping]) -> None:
    matrices, services = proposed["early_intervention/case_management"].tables[1:]
    assert matrices.constants == {"instrument": "needs_matrix"}
    assert services.constants == {"activity": "activity"}


def test_own_words_become_codes_and_severities_are_known(
    proposed: dict[str, SourceMapping],
) -> None:
    log = proposed["early_intervention/referrals"].tables[0].values
    seen = {(name, text) for name in log for texts in log[name].values() for text in texts}
    assert {
        ("area", "LB Camden"), ("area", "LB Barking & Dagenham"), ("referred_by", "CiN team"),
        ("closure_reason", "Completed"), ("ethnicity", "Mixed/Multiple"),
        ("child_protection", "CP plan"),
    } <= seen  # fmt: skip
    assert log["area"]["camden"] == ("LB Camden",)
    assert log["ethnicity"]["white_british"] == ("White British",)
    grid = proposed["early_intervention/case_management"].tables[0].values
    for kind in ("physical", "jealous_controlling"):
        meant = {text: code for code, texts in grid[kind].items() for text in map(plain, texts)}
        assert {"std": "standard", "mod": "moderate", "high": "high", "nil": "none"}.items() >= (
            meant.items()
        )
    assert grid["physical"]["none"] == ("Nil",)
    assert set(grid["time_point"]) == {"intake", "midway", "exit"}


def test_no_canary_is_shown(described: dict[str, Description]) -> None:
    for description in described.values():
        shown = everything(description)
        assert not [text for text in canary_texts() if text in shown]


def everything(description: Description) -> str:
    parts = (description.text(), description.to_yaml(), json.dumps(description.as_json()))
    return "\n".join((*parts, repr(description)))


HEAD = "Client ref,Date of referral,Why not taken on,Borough,Age in months,Gender"


def log(path: Path, *reasons: str) -> Description:
    rows = [
        f"C{number:05d},{number % 28 + 1:02d}/03/2021,{reason},Anyford,{400 + number},Man"
        for number, reason in enumerate(reasons)
    ]
    (path / "log.csv").write_text("\n".join([HEAD, *rows, ""]), encoding="utf-8")
    return describe(path / "log.csv", "referral")


def test_a_text_of_the_service_s_own_is_a_code_to_look_at(tmp_path: Path) -> None:
    lines = log(tmp_path, *["Waiting list full"] * 5, *["Moved (out of area)"] * 4).to_yaml()
    assert "waiting_list_full: [Waiting list full]  # check" in lines
    assert "moved_out_of_area: [Moved (out of area)]  # check" in lines
    assert "anyford: [Anyford]  # check" in lines


@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize("text", [CANARY.full_name, CANARY.given])
def test_a_rare_text_may_be_a_name_and_makes_no_code(tmp_path: Path, text: str, times: int) -> None:
    shown = everything(log(tmp_path, *["Waiting list full"] * 40, *[text] * times))
    code = code_of_text(plain(text))
    assert code is not None
    assert not [form for form in (*CANARY.texts(), code[0]) if form in shown]
    assert "not_taken_on_reason, 1 rare value(s) not shown" in shown


def test_what_looks_like_a_name_must_be_frequent_to_make_a_code(tmp_path: Path) -> None:
    shown = everything(log(tmp_path, *["Waiting list full"] * 300, *[CANARY.full_name] * 9))
    assert CANARY.family.lower() not in shown.lower()


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("out of area", "out_of_area"), ("child's school", "childs_school"),
        ("café / drop-in", "cafe_drop_in"), ("16 to 24", "code_16_to_24"), ("£", None),
    ],
)  # fmt: skip
def test_the_code_of_a_text(text: str, code: str | None) -> None:
    assert code_of_text(text) == (None if code is None else (code, False))


def test_references_to_few_people_are_references(tmp_path: Path) -> None:
    rows = [f"C{n % 6:03d},Entry,{n % 28 + 1:02d}/03/2021,Worker" for n in range(48)]
    text = "\n".join(["Client ref,Stage,Date completed,Scored by", *rows, ""])
    (tmp_path / "f.csv").write_text(text, encoding="utf-8")
    description = describe(tmp_path / "f.csv", "need_score")
    found = {c.match.column: c.found.name for c in description.tables[0].columns if c.match}
    assert found["client_id"] == "Client ref"
    assert "C001" not in everything(description)
    lines = constants(description.tables[0], read_dictionary())
    assert lines == ["  constants:", "    instrument: instrument  # check: the code of all rows"]
