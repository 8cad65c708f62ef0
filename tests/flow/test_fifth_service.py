"""An invented service comes on the road by configuration alone: a study file and its mappings.

Its numbers follow from simple rules of the case number, so that each can be said beforehand.
"""

from __future__ import annotations

import csv
import datetime as dt
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from datrial.config.load import read_yaml
from datrial.config.project import project_root
from datrial.results.read import Run, read_run

DATRIAL = Path(sys.executable).with_name("datrial")
GIVEN = Path(__file__).parent / "harbour"
CANARY = "Zzyxharbourcanary"
CASES = 40
START = dt.date(2022, 1, 3)


def day(case: int, after: int) -> str:
    """Return a day of a case: one case a week, `after` days after it was asked for."""
    return (START + dt.timedelta(days=7 * case + after)).strftime("%d/%m/%Y")


def person(case: int) -> str:
    """Return whose case it is: the last two are of the first two people again."""
    return f"H{case % 38:02d}"


def assessed(case: int) -> bool:
    return case % 5 != 0


def taken_on(case: int) -> bool:
    return case % 5 > 1


def completed(case: int) -> bool:
    return case % 5 in (2, 3)


FINISHED = [case for case in range(CASES) if completed(case)]


def casebook() -> Iterator[list[Any]]:
    yield ["Quay", "Case", "Name", "Asked for", "Side", "Met", "Said yes", "Began", "Ended",
           "Why not", "Why ended", "Took part", "Finished", "Age", "Sex", "Background"]  # fmt: skip
    for case in range(CASES):
        mother, took = case % 2 == 0, taken_on(case)
        ended = day(case, 160) if took else day(case, 15) if case % 5 == 1 else ""
        yield [
            "North" if case < 24 else "South", person(case), CANARY, day(case, 0), "MF"[case % 2],
            day(case, 14) if assessed(case) else "", day(case, 20) if took else "",
            day(case, 28) if took else "", ended, "Said no" if case % 5 == 1 else "",
            ("Done" if completed(case) else "Gone") if took else "",
            "x" if took else "0" if case % 5 == 0 else "", "x" if completed(case) else "0" if took
            else "", 20 + case % 20, "w" if mother else "m", "WB" if case % 4 else "Other",
        ]  # fmt: skip


def files() -> dict[str, Iterator[list[Any]] | list[list[Any]]]:
    done = FINISHED
    return {
        "casebook.csv": casebook(),
        "stars.csv": [["Case", "On", "By", "Calm", "Home", "Parent"]]
        + [[person(c), day(c, 30), "both", 2, 2, 2] for c in done]
        + [[person(c), day(c, 150), "both", 4, 3, 2] for c in done],
        "grids.csv": [["Case", "When", "On", "P", "S", "H", "J"]]
        + [[person(c), "in", day(c, 30), "high", "unsure", "none", "moderate"] for c in done]
        + [[person(c), "out", day(c, 150), "none", "unsure", "none",
            "standard" if c % 5 == 2 else "moderate"] for c in done],
        "matrix.csv": [["Case", "When", "On", "By", "House", "Health"]]
        + [[person(c), when, day(c, 30 if when == "in" else 150), by, (3 if when == "in" else 6)
            + (by == "c"), 9] for c in done for when in ("in", "out") for by in ("w", "c")],
        "forms.csv": [["Case", "On", "By", "Calmer", "Trust"]]
        + [[person(c), day(c, 160), "w", "+", "++" if c % 5 == 2 else "="] for c in done],
        "wants.csv": [["Case", "On", "Housing", "Money"]]
        + [[person(c), day(c, 14), "x" if c < 24 else "0", "x" if c % 2 else "0"]
           for c in range(38) if assessed(c)],
        "register.csv": [["Worker", "Round", "Day", "Came", "Passed", "Before", "After"]]
        + [[f"W{n}", 1, "05/05/2022", "x" if n < 16 else "0", "x" if n < 12 else "0" if n < 16
            else "", 50 if n < 16 else "", 70 if n < 16 else ""] for n in range(20)],
        "diary.csv": [["No", "Day", "Side", "Case"]]
        + [[f"D{n}", day(n % 12, 30), "MF"[n % 2], person(n % 12)] for n in range(60)],
    }  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project in which the service is configured, and its state with the extracts."""
    root = tmp_path_factory.mktemp("fifth")
    for name in ("configs", "sql", "expectations"):
        shutil.copytree(project_root() / name, root / "project" / name)
    shutil.copy(project_root() / "requirements.lock", root / "project")
    configs = root / "project" / "configs"
    shutil.copy(GIVEN / "study.yaml", configs / "studies" / "harbour.yaml")
    (configs / "sources" / "harbour").mkdir()
    mappings = read_yaml(GIVEN / "mappings.yaml")
    common = {key: value for key, value in mappings["casebook"].items() if key != "tables"}
    for name, content in mappings.items():
        text = json.dumps({**common, **content}, default=str)  # JSON is YAML
        (configs / "sources" / "harbour" / f"{name}.yaml").write_text(text, encoding="utf-8")
    inbox = root / "home" / "inbox" / "harbour"
    inbox.mkdir(parents=True)
    (inbox / "SIMULATED").touch()
    for name, rows in files().items():
        with (inbox / name).open("w", newline="", encoding="utf-8") as handle:
            csv.writer(handle, delimiter=";").writerows(rows)
    return root


@pytest.fixture(scope="module")
def run(folder: Path) -> Run:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PREFECT_", "DATRIAL_"))}
    own = {"DATRIAL_HOME": str(folder / "home"), "DATRIAL_PROJECT": str(folder / "project")}
    ended = subprocess.run(
        [DATRIAL, "run", "--study", "harbour"], env=kept | own, capture_output=True, text=True,
        timeout=600,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert CANARY not in ended.stdout + ended.stderr
    reports = [path.name for path in (folder / "home" / "reports").iterdir() if path.is_dir()]
    return read_run(folder / "home", reports[0])


def value(run: Run, table: str, row: str, statistic: str, column: str = "intervention") -> float:
    entry = run.table(table)
    assert entry is not None, table
    cell = entry.cell(row, column, statistic)
    assert cell is not None, (table, row, statistic)
    assert cell.value is not None, (cell.state, cell.note)
    return cell.value


PAIRS = len(FINISHED)
EXPECTED = [
    ("referral_pathway.counts", "referrals", "count", CASES),
    ("referral_pathway.counts", "persons", "count", 38),
    ("referral_pathway.referrals", "completed", "count", PAIRS),
    ("referral_pathway.referrals", "completed", "share", PAIRS / CASES),
    ("service_activity.requests", "all__2022_01", "count", 5),
    ("service_activity.requests", "mother__2022_01", "count", 3),
    ("service_activity.caseload", "all__2022_12", "count", 9),
    ("waiting_times.mean", "request_to_assessment__all", "mean", 14),
    ("waiting_times.median", "assessment_to_start__mother", "median", 14),
    ("client_profile.sex", "mother__female", "count", 19),
    ("severity_grid.prevalence", "physical", "share_intake", 1),
    ("severity_grid.prevalence", "physical", "reduction", 1),
    ("needs_matrix.means", "matrix__worker__housing", "mean_intake", 3),
    ("needs_matrix.means", "matrix__client__housing", "mean_exit", 7),
    ("outcome_stars.ratios", "tide_star__total", "ratio_of_means", 1.5),
    ("outcome_stars.improved", "tide_star__improved", "count", PAIRS),
    ("outcome_ratings.improved", "leaving_form__feeling__average", "share", 0.5),
]


@pytest.mark.parametrize(("table", "row", "statistic", "expected"), EXPECTED)
def test_a_number_is_what_the_extracts_say(
    run: Run, table: str, row: str, statistic: str, expected: float
) -> None:
    assert value(run, table, row, statistic) == pytest.approx(expected)


def test_the_training_register_counts_places(run: Run) -> None:
    row = "first_steps__all_rounds__all_sites"
    assert value(run, "training.attendance", row, "count", "attended") == 16
    assert value(run, "training.attendance", row, "share", "passed") == 0.75


def test_its_own_words_stand_in_the_report_and_no_other_services(run: Run, folder: Path) -> None:
    page = folder / "home" / "reports" / run.manifest.run_id / "index.html"
    text = page.read_text(encoding="utf-8")
    for word in ("Harbour", "Tide Star", "Being a parent", "North quay", "Mothers", "Home visits"):
        assert word in text
    for word in ("Camden", "Banbury", "Witney", "as allocated (intention"):
        assert word not in text
    assert CANARY not in text


def test_no_code_knows_a_service() -> None:
    """No room but that of the replicas names a study, and not the words that are one's own."""
    words = (
        "early_intervention",
        '"restart"',
        "family_solutions",
        "camden",
        "banbury",
        "change_star",
    )
    told = [
        f"{path.name}: {word}"
        for path in sorted((project_root() / "src").rglob("*.py"))
        if "simulate" not in path.parts and "verification" not in path.parts
        for word in words
        if word in path.read_text(encoding="utf-8").lower()
    ]
    assert told == []
