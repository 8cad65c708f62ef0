"""What every regression of an analysis can be asked: rows, reference levels, missing answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated

from pydantic import BeforeValidator, Field, field_validator

from datrial.analyses.base import Parameters, as_code
from datrial.analyses.levels import MODEL_LEVELS, PREDICTOR_LABELS
from datrial.analyses.needs_data import DontKnow
from datrial.errors import UsageError

if TYPE_CHECKING:
    import pandas as pd

    from datrial.config.study import Study

Code = Annotated[str, BeforeValidator(as_code)]
#: What don't know counts as where it counts as no: no such behaviour, or simply no.
_NONE_OF = ("none", "no")
_NOT_KNOWN = ("dont_know", "not_applicable")


class RowsParameters(Parameters):
    """Whose rows a model uses and with what it compares, from the study file or a run's changes.

    Attributes
    ----------
    only
        Column -> the codes whose rows are used; empty means all rows:
        ``{site: [site_1, site_2]}``.
    references
        Column -> the code with which its other codes are compared, where it is not the first:
        ``{relationship: ex_partner}``.
    """

    only: dict[str, tuple[Code, ...]] = Field(default_factory=dict)
    references: dict[str, Code] = Field(default_factory=dict)


class RegressionParameters(RowsParameters):
    """Parameters of a regression on answers, from the study file or a run's changes.

    Attributes
    ----------
    dont_know
        ``missing``: don't know is a missing answer; ``no``: it counts as no (no such behaviour).
    imputations
        Completed data sets of the multiple imputation whose estimates stand beside those of
        the complete cases; 0 for none, else at least 2.
    """

    dont_know: DontKnow = "missing"
    imputations: int = Field(default=20, ge=0, le=1000)

    @field_validator("imputations")
    @classmethod
    def _not_one(cls, given: int) -> int:
        if given == 1:
            raise ValueError("one imputation tells nothing of the uncertainty: 0, or 2 and more")
        return given


def levels_of(study: Study) -> dict[str, dict[str, str]]:
    """Return the codes and labels of all coded columns, the study's sites among them."""
    return {**MODEL_LEVELS, "site": {key: site.label for key, site in study.sites.items()}}


def model_rows(
    frame: pd.DataFrame,
    parameters: RowsParameters,
    levels: Mapping[str, Mapping[str, str]] = MODEL_LEVELS,
) -> pd.DataFrame:
    """Return the rows that a regression is asked for, its coded columns as ordered factors.

    A factor's reference is its first level. Codes without a level (don't know unless it counts
    as no, not applicable) become missing; levels that no row has are dropped.

    Parameters
    ----------
    levels
        Coded column -> its codes in their order, the usual reference first.

    Raises
    ------
    UsageError
        For columns and codes that do not exist; all at once.
    """
    import pandas as pd

    _check(frame, parameters, levels)
    as_no = isinstance(parameters, RegressionParameters) and parameters.dont_know == "no"
    rows = frame
    for column, codes in parameters.only.items():
        rows = rows[rows[column].isin(list(codes))]
    rows = rows.reset_index(drop=True).copy()
    for column in rows.columns:
        if column not in levels:
            if pd.api.types.is_string_dtype(
                rows[column]
            ):  # words without an order: not known is no level
                rows[column] = rows[column].where(~rows[column].isin(_NOT_KNOWN))
            continue
        answers = rows[column].astype(object)
        if as_no:
            counted = next((code for code in _NONE_OF if code in levels[column]), "dont_know")
            answers = answers.where(answers != "dont_know", counted)
        order = in_order(list(levels[column]), parameters.references.get(column))
        known = pd.Categorical(answers.where(answers.isin(order)), categories=order, ordered=True)
        rows[column] = pd.Series(known.remove_unused_categories(), index=rows.index)
    return rows


def in_order(codes: Sequence[str], reference: str | None) -> list[str]:
    """Return codes with the reference put first."""
    return list(codes) if reference is None else [reference, *(c for c in codes if c != reference)]


def _check(
    frame: pd.DataFrame,
    parameters: RowsParameters,
    levels: Mapping[str, Mapping[str, str]],
) -> None:
    coded = ", ".join(name for name in frame.columns if name in levels)
    problems = [
        f"only: there is no column {name!r}; there are {', '.join(frame.columns)}"
        for name in parameters.only
        if name not in frame.columns
    ]
    for name, codes in parameters.only.items():
        known = levels.get(name)
        if known is not None:
            problems += [
                f"only: {name} has no code {code!r}; it has {', '.join(known)}"
                for code in codes
                if code not in known and code != "dont_know"
            ]
    for name, code in parameters.references.items():
        if name not in frame.columns or name not in levels:
            problems.append(f"references: there is no coded column {name!r}; there are {coded}")
        elif code not in levels[name]:
            problems.append(
                f"references: {name} has no code {code!r}; it has {', '.join(levels[name])}"
            )
    if problems:
        raise UsageError("\n".join(problems))


def rules_said(
    parameters: RowsParameters, levels: Mapping[str, Mapping[str, str]] = MODEL_LEVELS
) -> str:
    """Return the sentences about whose rows are used and what don't know counts as."""
    said = []
    for column, codes in parameters.only.items():
        labels = levels.get(column, {})
        words = ", ".join(labels.get(code, code.replace("_", " ")) for code in codes)
        name = PREDICTOR_LABELS.get(column, column.replace("_", " "))
        said.append(f"Only rows with {name[0].lower()}{name[1:]}: {words}.")
    if not isinstance(parameters, RegressionParameters):
        return " ".join(said)
    if parameters.dont_know == "no":
        said.append("Don't know counts as no (no such behaviour).")
    else:
        said.append("Don't know is a missing answer.")
    return " ".join(said)
