"""Read a cost model's file; everything that is wrong with it is told at once, with its line."""

from __future__ import annotations

from pathlib import Path

import yaml
from pydantic import ValidationError

from datrial.economics.checking import check
from datrial.economics.entries import ModelFile
from datrial.economics.model import CostModel
from datrial.economics.positions import Place, Placed, read_placed
from datrial.errors import UsageError


def read_model(path: Path, shown_as: str = "") -> CostModel:
    """Read a cost model.

    Parameters
    ----------
    shown_as
        How the file is named in messages; without it by its own name.

    Raises
    ------
    UsageError
        If there is no such file, or with every fault of it: file, line, what is wrong.
    """
    name = shown_as or path.name
    try:
        placed = read_placed(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"{name} cannot be read.") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark else ""
        raise UsageError(f"{name}{line}: this is no YAML.") from error
    problems = list(placed.problems)
    try:
        file = ModelFile.model_validate(placed.content)
    except ValidationError as error:
        problems += _of_the_form(error, placed)
        raise UsageError(_said(name, problems)) from None
    order, units, found = check(file)
    problems += [(placed.line(place), what) for place, what in found]
    if problems:
        raise UsageError(_said(name, problems))
    return CostModel(path.stem, file, order, units)


def _of_the_form(error: ValidationError, placed: Placed) -> list[tuple[int, str]]:
    problems = []
    for each in error.errors(include_url=False, include_input=False):
        place: Place = tuple(part for part in each["loc"])
        missing = each["type"] == "missing"
        where = ".".join(str(part) for part in place)
        told = "is missing" if missing else each["msg"].removeprefix("Value error, ")
        problems.append((placed.line(place), f"{where}: {told}"))
    return problems


def _said(name: str, problems: list[tuple[int, str]]) -> str:
    lines = [f"{name}:{line}: {what}" for line, what in sorted(set(problems))]
    return "\n".join([f"{name}: {len(lines)} fault(s)", *lines])
