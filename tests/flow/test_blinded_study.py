"""A blinded study: no arm's name stands in anything but the ledger until an unblinding is logged.

The arms' keys and labels are canaries. Whatever a run writes or a command says is
searched for them: snapshots, results, reports, logs, records, Prefect's database;
after a good run, after one that a check stops, and after a change of the plan.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
from canaries import found_in, in_text

from datrial.config.project import project_root
from datrial.warehouse.snapshots import SnapshotStore

pytestmark = [pytest.mark.long, pytest.mark.timeout(1200)]

DATRIAL = str(Path(sys.executable).with_name("datrial"))
ARMS = {
    "zzyxtreatedcanary": "an arm's key",
    "zzyxuntreatedcanary": "an arm's key",
    "Zzyxlabeltreated": "an arm's label",
    "Zzyxlabeluntreated": "an arm's label",
}
STUDY = """\
based_on: drive
study: blinded
title: A blinded study
nightly: false
arms:
  zzyxtreatedcanary: {label: Zzyxlabeltreated, role: intervention}
  zzyxuntreatedcanary: {label: Zzyxlabeluntreated, role: control}
allocation:
  method: permuted_blocks
  block_sizes: [4, 6]
  stratify_by: [site]
  concealed: true
  blinding: coded_arms
  eligibility: {minimum_age: 16}
sources:
  [drive/marac_site_1, drive/marac_site_2, drive/marac_site_3, drive/police_site_1,
   drive/police_site_2, drive/police_site_3, drive/insights]
published: null
"""


class Blinded:
    """The study with its own project folder, state and seed; and what its commands said."""

    def __init__(self, folder: Path) -> None:
        self.home, self.said = folder / "home", ""
        self.project, self.seed = folder / "project", folder / "seed"
        for name in ("configs", "sql", "expectations"):
            shutil.copytree(project_root() / name, self.project / name)
        (self.project / "configs" / "studies" / "blinded.yaml").write_text(STUDY)
        self.ask("allocation", "commit", "--make-seed", str(self.seed))
        self.ask("simulate", "--out", str(self.home / "inbox" / "blinded"), study="drive")

    def ask(
        self, *words: str, study: str = "blinded", expected: int = 0, typed: str = "",
        keep: bool = True,
    ) -> str:  # fmt: skip
        """Run a command, keep what it says unless it is for an operator, and return it."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("PREFECT_", "DATRIAL_"))}
        own = {
            "DATRIAL_HOME": str(self.home), "DATRIAL_PROJECT": str(self.project),
            "DATRIAL_ALLOCATION_SEED_FILE": str(self.seed),
        }  # fmt: skip
        ended = subprocess.run(
            [DATRIAL, *words, "--study", study], env=kept | own, capture_output=True, text=True,
            timeout=900, input=typed,
        )  # fmt: skip
        assert ended.returncode == expected, ended.stderr
        self.said += ended.stdout + ended.stderr if keep else ""
        return ended.stdout

    def run_id(self) -> str:
        return str(json.loads(self.ask("run", "--json"))["run_id"])

    def told(self) -> list[str]:
        """Return where an arm's name stands, but in the ledger."""
        places = found_in(self.home, ARMS)
        assert any(place.startswith("ledger.sqlite") for place in places)  # the search does find
        outside = [place for place in places if not place.startswith("ledger.sqlite")]
        return outside + in_text(self.said, ARMS)


@pytest.fixture(scope="module")
def blinded(tmp_path_factory: pytest.TempPathFactory) -> Blinded:
    return Blinded(tmp_path_factory.mktemp("blinded"))


def test_an_operator_sees_what_was_just_allocated_and_a_run_tells_nobody(blinded: Blinded) -> None:
    listed = blinded.ask("allocate", "--show-new", keep=False)
    assert in_text(listed, ARMS)
    assert "Commitment to the seed, to be published" in listed
    assert "intervention" not in blinded.ask("allocate").split("Not allocated")[0]
    blinded.run_id()
    assert blinded.told() == []


def test_an_operator_may_ask_again_by_the_agencys_reference(blinded: Blinded) -> None:
    """It is asked for at the keyboard; the pseudonym key makes of it whom the ledger knows."""
    with (blinded.home / "inbox" / "blinded" / "truth" / "people.csv").open() as file:
        heads = file.readline().strip().split(",")
        rows = [dict(zip(heads, line.strip().split(","), strict=True)) for line in file]
    allocated = next(row["perpetrator_reference"] for row in rows if row["arm"])
    answer = blinded.ask("allocation", "arm", typed=f"{allocated}\n", keep=False)
    assert in_text(answer, ARMS)
    assert allocated not in answer
    blinded.ask("allocation", "arm", typed="nobody-9999\n", expected=2)


def test_no_command_for_an_analyst_tells_an_arm(blinded: Blinded) -> None:
    run = blinded.run_id()
    for words in (
        ["status"], ["checks"], ["allocation", "verify"], ["allocation", "list", "--json"],
        ["allocation", "list", "--role", "operator"], ["allocation", "request-police"],
        ["analyse", "--only", "balance"],
    ):  # fmt: skip
        blinded.ask(*words)
    assert blinded.told() == []
    page = (blinded.home / "reports" / run / "index.html").read_text()
    assert "Arm A" in page and "Arm B against Arm A" in page
    assert "the intervention arm appeared" not in page


def test_what_only_one_arm_can_have_is_withheld(blinded: Blinded) -> None:
    cells = blinded.home / "results" / blinded.run_id() / "cells.parquet"
    by_arm = duckdb.sql(
        f"select table_id, state, note from read_parquet('{cells}') "
        "where column_key in ('arm_a', 'arm_b')"
    ).fetchall()
    telling = {"participant_flow.perpetrators", "contamination.records", "police_request"}
    withheld = [(state, note) for table, state, note in by_arm if table.startswith(tuple(telling))]
    assert withheld and {state for state, _ in withheld} == {"not_available"}
    assert all("coded" in note for _, note in withheld)
    assert any(state == "value" for _, state, _ in by_arm)


def test_a_run_that_a_check_stops_tells_nobody(blinded: Blinded, tmp_path: Path) -> None:
    inbox = tmp_path / "inbox"
    shutil.copytree(blinded.home / "inbox" / "blinded", inbox)
    path = inbox / "police_site_1_incidents.csv"
    dates = re.compile(r"\d\d/\d\d/\d{4}")
    path.write_text(dates.sub("one day", path.read_text(encoding="utf-8-sig")))
    blinded.ask("run", "--inbox", str(inbox), expected=3)
    assert blinded.told() == []


def test_an_unblinding_that_is_logged_shows_the_arms(blinded: Blinded) -> None:
    before = blinded.run_id()
    blinded.ask("allocation", "unblind", "--to", "analysts", "--reason", "end")
    after = blinded.run_id()
    assert after != before
    assert "Zzyxlabeltreated" in (blinded.home / "reports" / after / "index.html").read_text()
    with SnapshotStore(blinded.home, "blinded").open() as connection:
        arms = connection.execute("select arm, role from study.arm order by arm").fetchall()
    assert arms == [("zzyxtreatedcanary", "intervention"), ("zzyxuntreatedcanary", "control")]
