"""The numbers printed in a study's report: ``configs/published/<name>.yaml``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, RootModel, model_validator

from datrial.config.load import parse, read_yaml
from datrial.config.project import project_root
from datrial.errors import UsageError
from datrial.results.cells import PublishedKey, PublishedValue


class PublishedNumber(BaseModel):
    """One printed number and the cell that it stands beside.

    Attributes
    ----------
    source
        Table, figure or section in which it is printed; also what it really
        counts, where that differs from the cell.
    printed
        The number as printed, where that is not the value written out.
    when
        Parameters that the analysis must have for the number to be comparable:
        a figure for physical abuse does not stand beside one for sexual abuse.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    table: str = Field(pattern=r"^[a-z0-9_]+\.[a-z0-9_]+$")
    row: str = Field(min_length=1)
    column: str = Field(min_length=1)
    statistic: str = Field(min_length=1)
    value: FiniteFloat
    source: str = Field(min_length=1)
    printed: str = ""
    when: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _printed_is_the_value(self) -> Self:
        if self.printed and float(self.printed) != self.value:
            raise ValueError("`printed` is another number than `value`")
        return self

    @property
    def key(self) -> PublishedKey:
        """The cell that the number stands beside."""
        return (self.table, self.row, self.column, self.statistic)

    def comparable(self, parameters: Mapping[str, Mapping[str, Any]]) -> bool:
        """Tell whether an analysis with these parameters answers the printed question."""
        given = parameters.get(self.table.partition(".")[0], {})
        return all(name in given and given[name] == value for name, value in self.when.items())


class _File(RootModel[tuple[PublishedNumber, ...]]):
    model_config = ConfigDict(frozen=True)


def load_published(name: str | None) -> tuple[PublishedNumber, ...]:
    """Read ``configs/published/<name>.yaml``; a study without a name has no printed numbers.

    Raises
    ------
    UsageError
        With all the file's errors at once; the same number given twice is one.
    """
    if name is None:
        return ()
    file = f"configs/published/{name}.yaml"
    content = read_yaml(project_root() / "configs" / "published" / f"{name}.yaml")
    problems = []
    numbers: tuple[PublishedNumber, ...] = ()
    try:
        numbers = parse(_File, content, file).root
    except UsageError as error:
        problems.append(str(error))
    problems += [f"  - {file}: given twice: {place}" for place in _twice(content)]
    if problems:
        raise UsageError("\n".join(problems))
    return numbers


def published_values(
    numbers: Iterable[PublishedNumber], parameters: Mapping[str, Mapping[str, Any]]
) -> dict[PublishedKey, PublishedValue]:
    """Return the printed numbers that a run with these parameters can be compared with.

    Parameters
    ----------
    parameters
        Analysis id -> its complete parameters.

    Raises
    ------
    UsageError
        If two numbers would stand beside one cell.
    """
    values: dict[PublishedKey, PublishedValue] = {}
    for number in numbers:
        if not number.comparable(parameters):
            continue
        if number.key in values:
            raise UsageError(
                f"configs/published: two numbers stand beside {' > '.join(number.key)}; "
                "make their `when` conditions exclude each other."
            )
        values[number.key] = PublishedValue(number.value, number.source, number.printed)
    return values


def _twice(content: Any) -> list[str]:
    """Return the places of numbers given twice, also in a file with other errors."""
    if not isinstance(content, list):
        return []
    parts = ("table", "row", "column", "statistic")
    places = Counter(
        (
            *(str(entry.get(part)) for part in parts),
            repr(sorted(dict(entry.get("when") or {}).items())),
        )
        for entry in content
        if isinstance(entry, dict) and isinstance(entry.get("when") or {}, dict)
    )
    return sorted(" > ".join(place[:4]) for place, times in places.items() if times > 1)
