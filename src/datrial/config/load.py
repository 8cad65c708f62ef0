"""Read YAML configuration and report all of a file's errors at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

from datrial.errors import UsageError

Model = TypeVar("Model")


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
            import re

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

    Raises
    ------
    UsageError
        With every error of the file, one a line, each with its place.
    """
    from pydantic import ValidationError

    try:
        return model.model_validate(content)  # type: ignore[attr-defined, no-any-return]
    except ValidationError as error:
        raise UsageError(
            f"{name} has {error.error_count()} error(s):\n" + describe(error)
        ) from error


def describe(error: Any) -> str:
    """Return the errors of a pydantic ValidationError, one a line, without values."""
    lines = []
    for problem in error.errors(include_url=False, include_input=False):
        place = " > ".join(str(part) for part in problem["loc"]) or "(top)"
        message = problem["msg"].removeprefix("Value error, ")
        lines.append(f"  - {place}: {message}")
    return "\n".join(lines)
