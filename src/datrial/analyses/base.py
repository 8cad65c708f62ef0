"""What an analysis is: a question, its rules, its parameters, and how it is answered."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict

if TYPE_CHECKING:
    import duckdb
    import numpy as np

    from datrial.config.study import Study
    from datrial.results.cells import Table


class Parameters(BaseModel):
    """An analysis's parameters; unknown names are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def as_code(given: Any) -> Any:
    """Return the code that was meant: a bare yes or no of a study file is YAML's true or false."""
    return {True: "yes", False: "no"}[given] if isinstance(given, bool) else given


@dataclass(frozen=True)
class Context:
    """What an analysis may use: a snapshot opened read-only, the study, a generator.

    Attributes
    ----------
    at_cuts
        Match weight -> the same snapshot with people linked at that other cut.
    earlier
        Table id -> the table, of the analyses of the run that are done; only for analyses
        that read results.
    """

    connection: duckdb.DuckDBPyConnection
    study: Study
    rng: np.random.Generator
    at_cuts: Mapping[float, duckdb.DuckDBPyConnection] = field(default_factory=dict)
    earlier: dict[str, Table] = field(default_factory=dict)


@dataclass(frozen=True)
class Analysis:
    """One question of the evaluation.

    ``question``, ``population``, ``rules``, ``model`` and ``references`` are the
    methods chapter of the report and the text of ``datrial explain``.

    Attributes
    ----------
    chapter
        The chapter of the report in which it stands.
    limits
        What it cannot tell, a sentence each.
    tells_arms
        Ids of tables that hold what only one arm can have. While arms are coded, their
        columns by arm are withheld.
    reads_results
        Whether it is made of the tables of the run's other analyses, after them.
    reads_plan_of
        Ids of other analyses whose parameters it reads; it sees no others' of the study.
    """

    id: str
    title: str
    question: str
    population: str
    rules: str
    model: str
    references: tuple[str, ...]
    catalogue: tuple[str, ...]
    parameters: type[Parameters]
    run: Callable[[Context, Any], list[Table]]
    chapter: str = ""
    limits: tuple[str, ...] = ()
    tells_arms: tuple[str, ...] = ()
    reads_results: bool = False
    reads_plan_of: tuple[str, ...] = ()
