"""The files: same seed, same bytes; mappings that fit; truth and mess that agree with them."""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import os
import shutil
import subprocess
import sys
from collections import Counter, defaultdict
from itertools import pairwise
from pathlib import Path
from statistics import mean
from typing import Any

import numpy as np
import pytest
import yaml
from test_simulate_reading import (
    SEED,
    header,
    mappings,
    read_all,
    simulated,
    study,
    table_of,
)

from datrial.allocation.schemes import CapacityLottery
from datrial.errors import UsageError
from datrial.people.pseudonyms import DEMONSTRATION_KEY, Pseudonymiser
from datrial.simulate import simulate, up_to_date, writers
from datrial.simulate.layouts import LAYOUTS
from datrial.simulate.names import CANARIES, CANARY, CANARY_DOB, canary_texts
from datrial.simulate.records import all_sheets
from datrial.simulate.sheets import Sheet
from datrial.simulate.world import make_world
from datrial.simulate.writers import csv_bytes

REJECTED = (
    "exact_duplicate", "impossible_required_date", "unknown_required_code", "missing_reference",
    "blank_row", "summary_line",
)  # fmt: skip


def truth(name: str) -> list[dict[str, str]]:
    with (simulated()[0] / "truth" / name).open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


def hashes(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_same_seed_same_bytes_in_another_process(tmp_path: Path) -> None:
    """One seed, same files, byte for byte, whatever the order of Python's sets."""
    program = (
        "from pathlib import Path; from datrial.config.study import load_study;"
        "from datrial.simulate import simulate;"
        f"simulate(load_study('drive'), Path({str(tmp_path / 'again')!r}), seed={SEED})"
    )
    environment = os.environ | {"PYTHONHASHSEED": "4711"}
    subprocess.run([sys.executable, "-c", program], check=True, env=environment)
    assert hashes(tmp_path / "again") == hashes(simulated()[0])


def test_another_seed_gives_other_extracts_and_other_sizes_stay() -> None:
    world = make_world(study(), SEED + 1, 1, lambda _: None)
    sheets = {sheet.layout.file: sheet for sheet in all_sheets(world)}
    out, _ = simulated()
    other = csv_bytes(sheets["drive_allocation_list.csv"])
    assert other != (out / "drive_allocation_list.csv").read_bytes()
    assert sheets["drive_allocation_list.csv"].rows == 2594


def test_a_sheet_too_long_for_a_workbook_comes_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worksheet holds 1,048,576 rows: very large scales have more forms than that."""
    cells = {"site": np.array(["Site 1", "Site 2", "Site 3"] * 3, dtype=object)}
    sheet = Sheet(LAYOUTS[-1], cells)
    monkeypatch.setattr(writers, "MOST_ROWS_OF_A_SHEET", 4)
    pieces = [part[0] for part in writers.parts([sheet])]
    assert [piece.rows for piece in pieces] == [3, 3, 3]
    assert np.concatenate([piece.cells["site"] for piece in pieces]).tolist() == [*cells["site"]]


def test_every_mapped_and_withheld_column_is_in_its_file() -> None:
    out, _ = simulated()
    assert [mapping.key for mapping in mappings()] == list(study().sources)
    for mapping in mappings():
        (path,) = out.glob(mapping.file)
        for table in mapping.tables:
            expected = [*table.columns.values(), *table.withheld]
            expected += [table.site_column] if table.site_column else []
            assert sorted(header(path, mapping, table)) == sorted(expected), path.name


def test_no_file_but_the_agencies_and_the_marker() -> None:
    out, summary = simulated()
    names = {path.name for path in out.iterdir()}
    assert names == {*summary.rows, "SIMULATED", "truth"}
    marker = (out / "SIMULATED").read_text(encoding="utf-8")
    assert f"seed: {SEED}" in marker
    assert "Simulated" in marker


def test_the_police_file_of_site_2_is_cp1252() -> None:
    data = (simulated()[0] / "police_site_2_occurrences.csv").read_bytes()
    assert "– with injury" in data.decode("cp1252")
    assert "café" in data.decode("cp1252")
    with pytest.raises(UnicodeDecodeError):
        data.decode("utf-8")


def test_the_police_file_of_site_1_starts_with_a_byte_order_mark() -> None:
    data = (simulated()[0] / "police_site_1_incidents.csv").read_bytes()
    assert data.startswith(b"\xef\xbb\xbf")


def test_the_canary_stands_in_withheld_columns_only() -> None:
    for name in ("marac_site_1_cases.csv", "police_site_1_incidents.csv"):
        assert CANARY.encode() in (simulated()[0] / name).read_bytes()
    for table in read_all().values():
        assert not any(CANARY in str(value) for row in table.rows for value in row.values())


def test_the_canary_has_a_date_of_birth_of_its_own() -> None:
    for name in ("marac_site_1_cases.csv", "marac_site_2_conference_log.csv"):
        text = (simulated()[0] / name).read_text(encoding="utf-8")
        lines = [line for line in text.splitlines() if CANARY in line]
        assert lines and all(f"{CANARY_DOB:%d/%m/%Y}" in line for line in lines)
    for table in read_all().values():
        values = {str(value) for row in table.rows for value in row.values()}
        assert not values & canary_texts()


def test_no_two_canaries_have_a_text_in_common() -> None:
    texts = [canary.texts() for canary in CANARIES.values()]
    assert len(canary_texts()) == sum(len(each) for each in texts)
    assert {CANARY, "1911-02-23", "23/02/1911", "XZ979ZX", "xz97 9zx"} <= canary_texts()


def test_rejected_rows_are_exactly_the_mess_of_truth() -> None:
    """Quarantined rows by kind = rows that the simulator spoilt, file by file."""
    expected: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for row in truth("mess.csv"):
        if row["kind"] in REJECTED:
            expected[row["file"], row["table"]][row["kind"]] += int(row["rows"])
    assert {key: table.rejected for key, table in read_all().items()} == dict(expected)


def test_unknown_codes_and_impossible_dates_are_those_of_truth() -> None:
    expected = {
        (row["file"], row["table"], row["kind"]): int(row["rows"]) for row in truth("mess.csv")
    }
    for (file, table), content in read_all().items():
        assert content.unknown_codes == expected.get((file, table, "unknown_code"), 0)
        assert content.unreadable_dates == expected.get((file, table, "impossible_date"), 0)


def test_every_kind_of_mess_occurs() -> None:
    kinds = {row["kind"] for row in truth("mess.csv") if int(row["rows"]) > 0}
    assert kinds == {
        *REJECTED, "reference_with_spaces", "reference_in_lower_case", "code_in_mixed_case",
        "date_iso", "date_with_written_month", "date_as_text", "other_spelling_of_dont_know",
        "other_spelling_of_not_applicable", "other_spelling_of_missing", "unknown_code",
        "impossible_date",
    }  # fmt: skip


def test_fewer_than_three_per_cent_of_any_table_are_rejected() -> None:
    for (file, name), table in read_all().items():
        unusable = sum(
            number for kind, number in table.rejected.items()
            if kind not in ("blank_row", "summary_line")
        )  # fmt: skip
        assert unusable / (unusable + len(table.rows)) < 0.03, (file, name)


def considered() -> tuple[dict[str, tuple[str, dt.date, str]], dict[str, str]]:
    """The allocation rule in words of the study, on the files: arms and last exclusions."""
    places = {
        (row["site"], row["meeting_date"]): row["places"]
        for row in table_of("meeting_capacity").rows
    }
    meetings: dict[tuple[str, dt.date], dict[str, Any]] = defaultdict(dict)
    for row in table_of("marac_case").rows:
        meetings[row["site"], row["hearing_date"]][row["perpetrator_id"]] = row["perpetrator_age"]
    pseudonymiser, lottery = Pseudonymiser(DEMONSTRATION_KEY), CapacityLottery(study().seed)
    arms: dict[str, tuple[str, dt.date, str]] = {}
    excluded: dict[str, str] = {}
    for (site, day), ages in sorted(meetings.items(), key=lambda item: item[0]):
        window = study().sites[site]
        candidates = {}
        for reference, age in ages.items():
            if reference in arms:
                continue
            if not window.recruitment_start <= day <= window.recruitment_end:
                excluded[reference] = "outside_recruitment"
            elif age is not None and age < study().allocation.eligibility.minimum_age:
                excluded[reference] = "under_age"
            elif not places.get((site, day)):
                excluded[reference] = "no_places"
            else:
                candidates[pseudonymiser.pseudonym("perpetrator", reference)] = reference
        if candidates:
            drawn = lottery.draw(site, day, list(candidates), places[site, day])
            arms |= {candidates[name]: (site, day, arm) for name, arm in drawn.items()}
    return arms, {who: why for who, why in excluded.items() if who not in arms}


def test_allocating_the_same_referrals_gives_the_arms_of_the_list() -> None:
    """Imported list = capacity lottery on the MARAC lists, places and the study's seed."""
    arms, excluded = considered()
    listed = {
        row["perpetrator_id"]: (row["site"], row["meeting_date"], row["arm"])
        for row in table_of("allocation_list").rows
    }
    assert arms == listed
    people = {row["perpetrator_reference"]: row for row in truth("people.csv")}
    assert {
        who: row["exclusion_reason"] for who, row in people.items() if not row["arm"]
    } == excluded
    assert {
        who: (row["site"], dt.date.fromisoformat(row["index_date"]), row["arm"])
        for who, row in people.items()
        if row["arm"]
    } == listed


def test_truth_names_everyone_the_agencies_name() -> None:
    known = {row["perpetrator_reference"] for row in truth("people.csv")}
    for name in ("marac_case", "police_incident", "insights_intake", "cms_service_user"):
        assert set(table_of(name).column("perpetrator_id")) <= known
    classes = {row["perpetrator_reference"] for row in truth("latent_classes.csv")}
    assert set(table_of("cms_need").column("perpetrator_id")) <= classes


def test_the_list_for_the_police_is_that_of_truth_in_proportion_per_site() -> None:
    asked = truth("police_requested.csv")
    listed = table_of("police_request")
    assert Counter((row["site"], row["perpetrator_id"]) for row in listed.rows) == Counter(
        (row["site"], row["perpetrator_reference"]) for row in asked
    )
    assert {row["request_number"] for row in listed.rows} == {1}
    counts = Counter((row["site"], row["arm"]) for row in asked)
    for site in study().sites:
        assert counts[site, "intervention"] == counts[site, "control"]
    # The order of the file tells no arm: runs of one arm are as short as chance makes them.
    arms = {row["perpetrator_reference"]: row["arm"] for row in asked}
    order = [arms[row["perpetrator_id"]] for row in listed.rows]
    changes = sum(one != other for one, other in pairwise(order))
    assert abs(changes - len(order) / 2) < 5 * (len(order) / 4) ** 0.5


def test_police_records_are_of_people_who_were_asked_about() -> None:
    asked = truth("police_requested.csv")
    numbers = Counter((row["site"], row["arm"]) for row in asked)
    assert numbers == {
        (site, arm): number
        for site, number in (("site_1", 169), ("site_2", 184), ("site_3", 156))
        for arm in ("intervention", "control")
    }
    references = {row["perpetrator_reference"] for row in asked}
    assert set(table_of("police_incident").column("perpetrator_id")) <= references


def test_parameters_state_the_settings_and_the_true_effects() -> None:
    text = (simulated()[0] / "truth" / "parameters.yaml").read_text(encoding="utf-8")
    parameters = yaml.safe_load(text)
    assert (parameters["seed"], parameters["scale"]) == (SEED, 1)
    assert parameters["drive_dash"]["rate_ratios"]["closure"] == 0.82
    assert sum(parameters["needs"]["class_sizes"].values()) == pytest.approx(1)
    assert parameters["durations"]["of_these"] == {"months_11_12": 158, "over_13": 49, "sooner": 5}
    assert parameters["casework"]["direct_actions"]["mean"] == 137
    assert parameters["reports_of_one_perpetrator"]["correlation_on_one_occasion"] == 0.65


def test_the_true_severity_shows_in_both_reports_of_the_same_people() -> None:
    """Means of 506 and 806 forms: who was worse by one deviation is clearly reported worse."""
    severity = {row["perpetrator_reference"]: float(row["severity"]) for row in truth("people.csv")}
    assert np.std(list(severity.values())) == pytest.approx(1, abs=0.05)
    for table in ("cms_behaviour", "insights_intake"):
        rows = [row for row in table_of(table).rows if row.get("time_point", "intake") == "intake"]
        high = [severity[row["perpetrator_id"]] for row in rows if row["physical"] == "high"]
        none = [severity[row["perpetrator_id"]] for row in rows if row["physical"] == "none"]
        assert mean(high) - mean(none) > 0.4, table


def test_up_to_date_knows_settings_and_every_byte(tmp_path: Path) -> None:
    out = tmp_path / "extracts"
    shutil.copytree(simulated()[0], out)
    assert up_to_date(study(), out, SEED, 1)
    assert not up_to_date(study(), out, SEED + 1, 1)
    assert not up_to_date(study(), out, SEED, 2)
    assert not up_to_date(study().model_copy(update={"seed": 1}), out, SEED, 1)
    assert not up_to_date(study(), tmp_path / "nowhere", SEED, 1)
    with (out / "drive_meeting_capacity.csv").open("ab") as handle:
        handle.write(b"x")
    assert not up_to_date(study(), out, SEED, 1)


def test_never_written_beside_files_that_were_not_simulated(tmp_path: Path) -> None:
    """The marker allows the public key, so it must not come beside an agency's real files."""
    real = tmp_path / "marac.csv"
    real.write_text("a real extract", encoding="utf-8")
    with pytest.raises(UsageError, match="did not simulate"):
        simulate(study(), tmp_path, seed=1)
    assert [path.name for path in tmp_path.iterdir()] == ["marac.csv"]


@pytest.mark.parametrize(("seed", "scale", "word"), [(-1, 1, "seed"), (1, 0, "scale")])
def test_settings_out_of_range_are_refused(
    tmp_path: Path, seed: int, scale: int, word: str
) -> None:
    with pytest.raises(UsageError, match=word):
        simulate(study(), tmp_path / "out", seed=seed, scale=scale)
    assert not (tmp_path / "out").exists()


def test_a_study_without_a_simulator_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no simulator"):
        simulate(study().model_copy(update={"study": "harbour"}), tmp_path / "out", seed=1)
