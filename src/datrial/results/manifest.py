"""What a run is: its inputs, its parameters, and how each of its analyses ended."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

#: What differs between two runs of the same inputs; kept in ``times.json``.
VOLATILE = (
    "start", "end", "who", "ledger_head", "python", "platform", "differs_from_lock",
)  # fmt: skip

_RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")


class AnalysisEnd(BaseModel):
    """How one analysis ended; a failed one says why, without a row's value."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    state: Literal["done", "failed"]
    reason: str = ""

    @model_validator(mode="after")
    def _failure_says_why(self) -> Self:
        if self.state == "failed" and not self.reason:
            raise ValueError("a failed analysis needs a reason")
        return self


class Manifest(BaseModel):
    """A run's manifest; keys beyond these are kept as they are given.

    Among these, read with :meth:`further`:

    ``resolved_study``
        The whole study file with its changed parameters; a blinded study's arms are named
        by their places in it (``arm_1``).
    ``made_of``
        What the snapshot was made of, in hashes (:func:`datrial.pipeline.inputs.made_of`);
        empty where a snapshot does not say.
    ``code_parts``
        Part of the code -> its hash; together they are what ``code_version`` hashes.
    ``dependencies``, ``lock``
        Name -> version of all locked dependencies, and the hash of the lock file.

    Attributes
    ----------
    data_until
        The last day that the agencies' data cover: the report's date.
    simulated
        True if any extract was simulated; the report then says so at its head.
    parameters
        Analysis id -> its complete parameters.
    changes, only
        The changed parameters and the chosen analyses, as they were asked for.
    files
        Hash of each file of the run, written by the store and checked on reading.
    """

    model_config = ConfigDict(extra="allow", frozen=True)

    run_id: str
    snapshot_id: str
    study: str
    title: str = ""
    code_version: str = ""
    label: str = ""
    simulated: bool = False
    data_until: dt.date | None = None
    seeds: dict[str, int] = Field(default_factory=dict)
    parameters: dict[str, dict[str, Any]] = Field(default_factory=dict)
    primary_outcomes: tuple[str, ...] = ()
    changes: dict[str, str] = Field(default_factory=dict)
    only: tuple[str, ...] | None = None
    analyses: tuple[AnalysisEnd, ...] = ()
    files: dict[str, str] = Field(default_factory=dict)

    @field_validator("run_id")
    @classmethod
    def _names_a_folder(cls, value: str) -> str:
        if not is_run_id(value):
            raise ValueError("letters, digits, - and _ only")
        return value

    def further(self, name: str) -> dict[str, Any]:
        """Return a group of what a manifest holds beyond its fields; empty if it has none."""
        found = (self.model_extra or {}).get(name)
        return dict(found) if isinstance(found, dict) else {}

    @property
    def failed(self) -> tuple[AnalysisEnd, ...]:
        """The analyses that failed."""
        return tuple(analysis for analysis in self.analyses if analysis.state == "failed")


def is_run_id(text: str) -> bool:
    """Tell whether a text can be a run's id, and therefore the name of its folder."""
    return _RUN_ID.fullmatch(text) is not None
