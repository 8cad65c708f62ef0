"""Read a file of costs or prices; all that is wrong with it is told at once, with its line."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from datrial.economics.checking import check
from datrial.economics.entries import ModelFile
from datrial.economics.model import CostModel
from datrial.economics.positions import Place, Placed, read_placed
from datrial.errors import UsageError

Form = TypeVar("Form", bound=BaseModel)
#: Line and what is wrong there.
Fault = tuple[int, str]


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
    placed = read_file(path, name)
    file, problems = parsed(ModelFile, placed)
    if file is None:
        raise UsageError(told(name, problems))
    order, units, found = check(file)
    problems += [(placed.line(place), what) for place, what in found]
    if problems:
        raise UsageError(told(name, problems))
    return CostModel(path.stem, file, order, units)


def read_file(path: Path, name: str) -> Placed:
    """Read a file of the economics room, with the line of each of its parts.

    Raises
    ------
    UsageError
        If it cannot be read, or is no YAML.
    """
    try:
        return read_placed(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"{name} cannot be read.") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark else ""
        raise UsageError(f"{name}{line}: this is no YAML.") from error


def parsed(form: type[Form], placed: Placed) -> tuple[Form | None, list[Fault]]:
    """Return a file's content in its form, and what is wrong with it; no content if it has none."""
    faults = list(placed.problems)
    try:
        return form.model_validate(placed.content), faults
    except ValidationError as error:
        for each in error.errors(include_url=False, include_input=False):
            place: Place = tuple(each["loc"])
            where = ".".join(map(str, place))
            missing = each["type"] == "missing"
            what = "is missing" if missing else each["msg"].removeprefix("Value error, ")
            faults.append((placed.line(place), f"{where}: {what}"))
        return None, faults


def told(name: str, faults: list[Fault]) -> str:
    """Return all faults of a file as a message, a line each."""
    lines = [f"{name}:{line}: {what}" for line, what in sorted(set(faults))]
    return "\n".join([f"{name}: {len(lines)} fault(s)", *lines])
