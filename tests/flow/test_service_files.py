"""The files for systemd: they say what exists, keep the exit code, and leave no process behind."""

from __future__ import annotations

import configparser
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from datrial.config.project import project_root

SERVICE = project_root() / "configs" / "service"
UNITS = sorted(one.name for one in SERVICE.iterdir() if one.suffix in (".service", ".timer"))


def unit(name: str) -> configparser.RawConfigParser:
    read = configparser.RawConfigParser(strict=False, allow_no_value=True)
    read.optionxform = str  # type: ignore[assignment, method-assign]
    read.read(SERVICE / name)
    return read


def test_the_nightly_unit_runs_a_command_that_exists_and_ends_with_its_code() -> None:
    service = unit("datrial-nightly@.service")["Service"]
    command, *words = service["ExecStart"].split()
    assert Path(command).name == "datrial" and words == ["run", "--study", "%i"]
    assert service["Type"] == "oneshot"  # the unit ends when the run does, with its exit code
    assert not {"SuccessExitStatus", "Restart"} & set(service)
    assert service["KillMode"] == "mixed"  # the supervisor is asked first, then nothing is left
    help_text = subprocess.run(
        [sys.executable, "-m", "datrial.cli", "run", "--help"], capture_output=True, text=True
    )
    assert "--study" in help_text.stdout


def test_every_service_may_write_its_state_alone() -> None:
    for name in UNITS:
        if name.endswith(".timer"):
            continue
        service = unit(name)["Service"]
        assert service["ProtectSystem"] == "strict" and service["NoNewPrivileges"] == "yes"
        assert service["StateDirectory"] == "datrial" and service["StateDirectoryMode"] == "0700"
        assert "DATRIAL_HOME=/var/lib/datrial" in (SERVICE / name).read_text()


def test_the_timer_wakes_the_unit_of_its_name_at_the_hour_of_make_ui() -> None:
    timer = unit("datrial-nightly@.timer")
    assert (SERVICE / "datrial-nightly@.service").is_file()
    assert timer["Timer"]["OnCalendar"] == "*-*-* 02:00:00 Europe/London"
    assert 'cron: "0 2 * * *"' in (project_root() / "prefect.yaml").read_text()


def test_every_setting_that_the_files_name_is_read_somewhere() -> None:
    sources = [*(project_root() / "src").rglob("*.py"), *(project_root() / "flows").rglob("*.py")]
    code = "\n".join(one.read_text(encoding="utf-8") for one in sources)
    for file in SERVICE.iterdir():
        for name in re.findall(r"\bDATRIAL_[A-Z_]+[A-Z]", file.read_text()):
            assert f'"{name}"' in code, f"{file.name}: {name}"


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd-analyze here")
def test_systemd_finds_no_fault(tmp_path: Path) -> None:
    named = []
    for name in UNITS:
        text = (SERVICE / name).read_text()
        copy = tmp_path / name.replace("@", "@drive")
        # The project is not in /opt on this machine, and systemd asks for the command.
        copy.write_text(re.sub(r"ExecStart=\S+", "ExecStart=/bin/true", text))
        (tmp_path / name).write_text(copy.read_text())
        named.append(str(copy))
    found = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *named], capture_output=True, text=True
    )
    assert found.returncode == 0 and "datrial" not in found.stderr, found.stderr
