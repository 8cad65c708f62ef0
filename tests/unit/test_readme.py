"""The README's commands exist: each make target, each command with its options."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from datrial.cli import app
from datrial.config.project import project_root

README = (project_root() / "README.md").read_text(encoding="utf-8")
SHELL = "\n".join(re.findall(r"```sh\n(.*?)```", README, re.DOTALL))
COMMANDS = [line.split("#")[0].split() for line in SHELL.splitlines() if line.strip()]


def test_make_targets_exist() -> None:
    targets = {words[1] for words in COMMANDS if words[0] == "make"} | set(
        re.findall(r"`make ([a-z-]+)`", README)
    )
    assert {"run", "test", "ui"} <= targets
    for target in targets:
        subprocess.run(
            ["make", "--dry-run", target], cwd=project_root(), check=True, capture_output=True
        )


@pytest.mark.parametrize("words", [w for w in COMMANDS if w[0] == "datrial"], ids=" ".join)
def test_commands_and_their_options_exist(words: list[str]) -> None:
    groups = {group.typer_instance.info.name for group in app.registered_groups}
    grouped = words[1] in groups and len(words) > 2 and not words[2].startswith("-")
    shown = subprocess.run(
        ["datrial", *words[1 : 3 if grouped else 2], "--help"],
        capture_output=True, text=True, check=True,
        env={"PATH": f"{Path(pytest.__file__).parents[4] / 'bin'}"},
    ).stdout  # fmt: skip
    for option in (word for word in words if word.startswith("--")):
        assert option in shown


def test_every_command_is_in_the_readme() -> None:
    for command in app.registered_commands:
        assert command.callback is not None
        assert f"datrial {command.callback.__name__}" in README
