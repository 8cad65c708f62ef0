"""The parameters of the flows, so that Prefect's page shows a form with choices."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from datrial.analyses.registry import ANALYSES
from datrial.config.study import load_study, studies


def _analyses() -> list[str]:
    """Return the analyses of all studies' plans, in the order in which they are run."""
    planned = {name for study in studies() for name in load_study(study).analyses}
    return [name for name in ANALYSES if name in planned]


def _changeable() -> list[str]:
    """Return every parameter that may be changed, as ``analysis.parameter``."""
    return [
        f"{analysis}.{parameter}"
        for analysis in _analyses()
        for parameter in ANALYSES[analysis].parameters.model_fields
    ]


def _field(title: str, description: str, **more: Any) -> Any:
    """Describe a parameter; Prefect keeps what stands in ``json_schema_extra`` only."""
    return Field(json_schema_extra={"title": title, "description": description, **more})


StudyName = Annotated[
    str, _field("Study", "The evaluation: a study file of configs/studies.", enum=studies())
]
AnalysisName = Annotated[str, Field(json_schema_extra={"enum": list[Any](_analyses())})]
AnalysisNames = Annotated[
    Sequence[AnalysisName],
    _field("Analyses", "Which analyses to run; none chosen means all of the analysis plan."),
]
Inbox = Annotated[
    Path | None,
    _field("Inbox", "Folder with the agencies' files; empty means DATRIAL_HOME/inbox/STUDY."),
]
SnapshotName = Annotated[
    str,
    _field(
        "Snapshot",
        "The data to analyse: empty means the current snapshot, the one of the last good nightly "
        "or ingest run. For an earlier one give its id or the start of it; every run's report "
        "names its snapshot.",
    ),
]
RunName = Annotated[
    str,
    _field(
        "Run",
        "A stored run: `latest` (the run that finished last), `previous` (the one of the same "
        "study before it), a run's id or the start of it, or its label. Reports and "
        "`datrial runs` name them.",
    ),
]
Rebuild = Annotated[
    bool,
    _field(
        "Build the snapshot again",
        "Builds the run's snapshot again from the landed extracts and the ledger of then, though "
        "it is there. Only without changed parameters.",
    ),
]
Fresh = Annotated[
    bool,
    _field(
        "Compute everything again",
        "Takes no tables from earlier runs, though the same analysis was run on the same data.",
    ),
]
Label = Annotated[
    str,
    _field(
        "Label",
        "A name for the run, for people; it gives the run an id of its own. "
        "Never the name of a person.",
    ),
]


class Change(BaseModel):
    """One parameter of the analysis plan with another value."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    parameter: str = Field(
        title="Parameter",
        description="analysis.parameter; `datrial explain ANALYSIS` says what each means.",
        json_schema_extra={"enum": list[Any](_changeable())},
    )
    value: str = Field(title="New value", description="As in a study file: normal, [2, 3], 500.")


Changes = Annotated[
    Sequence[Change],
    _field("Changed parameters", "Parameters that differ from the study's plan in this run."),
]
ChangesOfRun = Annotated[
    Sequence[Change],
    _field(
        "Changed parameters",
        "None: the run is computed again and must give the same. With changes: a new run on the "
        "same snapshot, compared with the stored one.",
    ),
]
