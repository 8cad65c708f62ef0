"""Read YAML configuration and report all of a file's errors at once."""

from __future__ import annotations

import copy
import re
from pathlib import Path
from typing import Any, TypeVar

from datrial.config.repair import ALTERNATIVE, repair
from datrial.errors import UsageError

Model = TypeVar("Model")
_ROUNDS = 10
_OUR_WORDS = {
    "extra_forbidden": "there is no such setting",
    "missing": "is missing",
    "string_type": "should be text: put it in quotation marks",
}


class _BooleanFreeLoader:
    """Made on first use: YAML without the yes/no/on/off booleans, which are codes here."""

    _loader: Any = None

    @classmethod
    def get(cls) -> Any:
        if cls._loader is None:
            import yaml

            class Loader(yaml.SafeLoader):
                """A safe loader in which only true and false are booleans."""

            Loader.yaml_implicit_resolvers = {
                first: [(tag, rule) for tag, rule in rules if tag != "tag:yaml.org,2002:bool"]
                for first, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()
            }
            Loader.add_implicit_resolver(
                "tag:yaml.org,2002:bool", re.compile(r"^(?:true|false)$"), list("tf")
            )

            def no_duplicates(loader: Any, node: Any, deep: bool = False) -> dict[Any, Any]:
                keys = [loader.construct_object(key, deep=True) for key, _ in node.value]
                twice = sorted({str(key) for key in keys if keys.count(key) > 1})
                if twice:
                    raise yaml.constructor.ConstructorError(
                        None, None, f"key given twice: {', '.join(twice)}", node.start_mark
                    )
                loader.flatten_mapping(node)
                return yaml.constructor.SafeConstructor.construct_mapping(loader, node, deep)

            Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, no_duplicates)
            cls._loader = Loader
        return cls._loader


def read_yaml(path: Path) -> Any:
    """Read a YAML file; yes, no, on and off stay text, a key given twice is an error.

    Raises
    ------
    UsageError
        If the file is missing or is not YAML; the message names file and line.
    """
    import yaml

    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{path.name}: the file cannot be read ({error.strerror}).") from error
    try:
        return yaml.load(text, Loader=_BooleanFreeLoader.get())  # noqa: S506 (a safe loader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or "not valid YAML"
        raise UsageError(f"{path.name}{where}: {problem}.") from error


def parse(model: type[Model], content: Any, name: str) -> Model:
    """Turn read YAML into a pydantic model.

    A model with ``STAND_INS`` (setting -> a neutral value) is judged again
    without what is faulty by itself, so that no error hides another.

    Raises
    ------
    UsageError
        With every error of the file, one a line, each with its place.
    """
    from pydantic import ValidationError

    lines: list[str] = []
    stand_ins = getattr(model, "STAND_INS", None)
    judged = content
    for _ in range(_ROUNDS):
        try:
            parsed = model.model_validate(judged)  # type: ignore[attr-defined]
        except ValidationError as error:
            new = [line for line in describe(error).split("\n") if line not in lines]
            lines += new
            judged = copy.deepcopy(judged)
            if not new or stand_ins is None or not repair(judged, _errors(error), stand_ins):
                break
        else:
            if not lines:
                return parsed  # type: ignore[no-any-return]
            break
    raise UsageError(f"{name} has {len(lines)} error(s):\n" + "\n".join(lines))


def describe(error: Any) -> str:
    """Return the errors of a pydantic ValidationError, one a line, without values."""
    lines = []
    for problem in _errors(error):
        parts = [str(part) for part in problem["loc"] if not ALTERNATIVE.fullmatch(str(part))]
        place = " > ".join(parts)
        message = _OUR_WORDS.get(problem["type"], problem["msg"].removeprefix("Value error, "))
        lines += [f"  - {place}: {one}" if place else f"  - {one}" for one in message.split("\n")]
    return "\n".join(lines)


def _errors(error: Any) -> list[Any]:
    """Return pydantic's errors but those that a list whose items are faulty is too short."""
    return [
        problem
        for problem in error.errors(include_url=False)
        if not (problem["type"] == "too_short" and problem["input"])
    ]
