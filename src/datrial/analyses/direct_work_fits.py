"""The regressions of behaviours on direct work: their rows, and what each of them says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Self

from pydantic import Field, model_validator

from datrial.analyses.behaviour_change_fits import Fitted, Forms, fit_forms, forms_of
from datrial.analyses.interventions_tables import WORK
from datrial.analyses.levels import BEHAVIOURS, MODEL_LEVELS, NO_YES
from datrial.analyses.received import received
from datrial.analyses.regression import RegressionParameters, model_rows

if TYPE_CHECKING:
    import pandas as pd

    from datrial.analyses.base import Context

Behaviour = Literal["physical", "sexual", "harassment_stalking", "jealous_controlling"]
Exposure = Literal["contact", "direct_support", "behaviour_change"]
#: ``change``: adjusted, with the work's odds ratio at each time point.
Kind = Literal["unadjusted", "adjusted", "change"]

EXPOSURES = WORK["direct"]
LEVELS: Mapping[str, Mapping[str, str]] = MODEL_LEVELS | dict.fromkeys(EXPOSURES, NO_YES)
#: The covariates of the report: living situation and age.
PUBLISHED_FORMULA = "living_arrangement + age"

NOT_SENT = "no actions of case managers were received"


class DirectWorkParameters(RegressionParameters):
    """Parameters of the regressions of behaviours on direct work.

    Attributes
    ----------
    formula
        The covariates of the adjusted models (right-hand side of a formula): columns of
        marts.behaviour, or another kind of work.
    outcomes
        The behaviours.
    exposures
        The kinds of direct work; each has a model of its own.
    with_time
        Whether the time point is in the pooled models; the report's are without it.
    """

    formula: str = PUBLISHED_FORMULA
    outcomes: tuple[Behaviour, ...] = Field(
        default=("physical", "sexual", "harassment_stalking", "jealous_controlling"), min_length=1
    )
    exposures: tuple[Exposure, ...] = Field(
        default=("contact", "direct_support", "behaviour_change"), min_length=1
    )
    with_time: bool = False

    @model_validator(mode="after")
    def _each_is_asked_once(self) -> Self:
        for asked in (self.outcomes, self.exposures):
            if len(set(asked)) < len(asked):
                raise ValueError("outcomes and exposures name each of theirs once")
        if set(self.references) & set(EXPOSURES):
            raise ValueError("references: those without a kind of work are always its reference")
        return self

    @property
    def pairs(self) -> dict[str, tuple[Exposure, Behaviour, str]]:
        """Return row -> kind of work, behaviour and label."""
        return {
            f"{exposure}__{behaviour}": (exposure, behaviour, pair_label(exposure, behaviour))
            for exposure in self.exposures
            for behaviour in self.outcomes
        }

    @property
    def is_the_reports(self) -> bool:
        """Return whether the models are those of which the report speaks."""
        default = DirectWorkParameters()
        names = ("formula", "with_time", "only", "references", "dont_know")
        return all(getattr(self, name) == getattr(default, name) for name in names)

    def right_side(self, exposure: str, kind: Kind) -> str:
        """Return the predictors of a model."""
        if kind == "change":
            work = f"{exposure} * time_point"
        else:
            work = f"{exposure} + time_point" if self.with_time else exposure
        has_more = kind != "unadjusted" and self.formula.strip()
        return f"{work} + {self.formula}" if has_more else work


def pair_label(exposure: str, behaviour: str) -> str:
    """Return the words of a kind of work and a behaviour."""
    words = BEHAVIOURS[behaviour]
    return f"{EXPOSURES[exposure]}: {words[0].lower()}{words[1:]}"


@dataclass(frozen=True)
class Models:
    """The rows of all the models, and the models themselves, each fitted once.

    Attributes
    ----------
    rows
        Forms with the behaviours, the predictors, and each kind of work as no or yes.
    nothing, warning
        Why no form is known at all, and what was not sent; mostly nothing.
    """

    parameters: DirectWorkParameters
    rows: pd.DataFrame = field(repr=False)  # holds rows, which no log may show
    nothing: str
    warning: str
    _fits: dict[tuple[str, str, Kind], Fitted | str] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, context: Context, parameters: DirectWorkParameters) -> Models:
        """Read the forms of the service users that are asked for."""
        kinds = ", ".join(f"work.{exposure}" for exposure in EXPOSURES)
        frame = context.connection.execute(
            f"select behaviour.*, {kinds} from marts.behaviour as behaviour "  # noqa: S608
            "left join marts.direct_work as work on behaviour.person_id = work.person_id "
            "order by behaviour.person_id, behaviour.time_point"
        ).df()
        rows = model_rows(frame, parameters, LEVELS)
        sent = received(context, "cms")
        return cls(parameters, rows, sent.reason(), sent.warning())

    def fit(self, exposure: str, behaviour: str, kind: Kind) -> Fitted | str:
        """Return a model, or why there is none."""
        key = (exposure, behaviour, kind)
        if key not in self._fits:
            self._fits[key] = self._fit(*key)
        return self._fits[key]

    def _fit(self, exposure: str, behaviour: str, kind: Kind) -> Fitted | str:
        if self.nothing:
            return self.nothing
        forms = forms_of(self.rows, behaviour, self.parameters.right_side(exposure, kind))
        return self.lacks(exposure, forms) or fit_forms(forms)

    def lacks(self, exposure: str, forms: Forms) -> str:
        """Return why the forms cannot tell those with the work from those without, if so."""
        if len(self.rows) and not self.rows[exposure].notna().any():
            return NOT_SENT
        had = set(forms.complete[exposure])
        if len(had) != 1:
            return ""
        return f"{'everybody' if had == {'yes'} else 'nobody'} in the model had this work"

    def each(self, kind: Kind) -> Iterator[tuple[str, str, Fitted | str]]:
        """Yield row, kind of work and model, of every kind of work and behaviour."""
        for row, (exposure, behaviour, _) in self.parameters.pairs.items():
            yield row, exposure, self.fit(exposure, behaviour, kind)


@dataclass(frozen=True)
class Estimate:
    """What a model says of one term.

    Attributes
    ----------
    values
        Statistic -> number.
    n
        Forms in the model.
    note, warning
        How it was made where not by plain likelihood, and on how little it rests.
    """

    values: dict[str, float]
    n: int
    note: str = ""
    warning: str = ""


def estimate_of(fit: Fitted | str, term: str, lacking: str) -> Estimate | str:
    """Return the odds ratio of a term with its error, test and interval, or why there is none.

    Parameters
    ----------
    lacking
        Why a model does not have the term, should that be so.
    """
    if isinstance(fit, str):
        return fit
    ratios = fit.result.odds_ratios()
    if term not in ratios.index:
        return lacking
    few = fit.warning(term)
    ended = "" if fit.result.converged else "the maximiser did not converge"
    warning = "; ".join(filter(None, (few, ended)))
    return Estimate(numbers(ratios, term), fit.n, fit.method, warning)


def numbers(ratios: pd.DataFrame, term: str) -> dict[str, float]:
    """Return the statistics of a term."""
    return {str(name): float(ratios[name].to_dict()[term]) for name in ratios.columns}
