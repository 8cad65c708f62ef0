"""What a case costs, or what a programme gives for its money: a cost model of configs/costs."""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from datrial.analyses.base import Analysis, Context, Parameters
from datrial.analyses.cost_model_checks import audit_table, one_way_table, price_years_table
from datrial.analyses.cost_model_numbers import work_out
from datrial.analyses.cost_model_own import own_tables
from datrial.analyses.cost_model_tables import (
    about,
    agencies_table,
    inputs_table,
    items_table,
    outcomes_table,
    scenarios_table,
    totals_table,
)
from datrial.config.costs import cost_model_path, cost_models
from datrial.economics.model import CostModel
from datrial.economics.reading import read_model
from datrial.economics.settings import quantities_set
from datrial.economics.values import Values
from datrial.errors import UsageError
from datrial.results.cells import Table


class CostModelParameters(Parameters):
    """Parameters of a cost model.

    Attributes
    ----------
    model
        A file of ``configs/costs``, without its ending.
    scenario
        A scenario of the file; empty for the file as it stands.
    set
        Quantities that are set otherwise: quantity -> number, or entry -> number.
    draws
        How often the uncertain quantities are drawn for the 95% intervals; 0 for none.
    quantities
        ``published``: as the file has them. ``own``: and beside them the study's own.
    swings
        The outcomes of the one-way analysis; empty means the first of the file's headline.
    """

    model: str = "drive_cost_per_case"
    scenario: str = ""
    set: dict[str, float | dict[str, float]] = Field(default_factory=dict)
    draws: int = Field(default=10_000, ge=0, le=1_000_000)
    quantities: Literal["published", "own"] = "published"
    swings: tuple[str, ...] = ()

    @field_validator("model")
    @classmethod
    def _is_there(cls, name: str) -> str:
        if name not in cost_models():
            raise ValueError(f"there is no cost model {name!r}; there are {_listed()}")
        return name

    @model_validator(mode="after")
    def _fits_the_model(self) -> Self:
        """Refuse what the model's file does not have; it is read only if something names it."""
        if self.scenario or self.set or self.swings:
            try:
                model = _read(self.model)
                quantities_set(model, self.scenario, self.set)
            except UsageError as error:
                raise ValueError(str(error)) from error
            known = {*model.file.formulas, *model.file.totals}
            if wrong := [name for name in self.swings if name not in known]:
                raise ValueError(f"the model works out no {', '.join(wrong)}")
        return self


def _listed() -> str:
    return ", ".join(cost_models())


def _read(name: str) -> CostModel:
    return read_model(cost_model_path(name), f"configs/costs/{name}.yaml")


def run(context: Context, parameters: CostModelParameters) -> list[Table]:
    """Work the model out from its published quantities; and from the study's own beside them."""
    model = _read(parameters.model)

    def set_in(chosen: CostModel) -> dict[str, Values]:
        return quantities_set(chosen, parameters.scenario, parameters.set)

    seed = int(context.rng.integers(2**32))
    worked = work_out(model, set_in(model), parameters.draws, seed)
    rows = model.file.catalogue
    note = f"{about(model)} {_otherwise(model, parameters)}".strip()
    tables: list[Table | None] = [
        totals_table(worked, note, rows),
        outcomes_table(worked, note, rows),
        agencies_table(worked, note, rows),
        items_table(worked, note, rows),
        audit_table(model, about(model), rows),
        one_way_table(worked, parameters.swings or model.headline[:1], note),
        scenarios_table(worked, note),
        price_years_table(worked, note),
        inputs_table(worked, about(model)),
    ]
    if parameters.quantities == "own":
        tables += own_tables(context, worked, note, rows, (parameters.draws, seed), set_in)
    return [table for table in tables if table is not None]


def _otherwise(model: CostModel, parameters: CostModelParameters) -> str:
    """Return in words what is not as the file stands."""
    told = []
    if parameters.scenario:
        told.append(f"Scenario: {model.file.scenarios[parameters.scenario].label}.")
    if parameters.set:
        told.append(f"Set otherwise: {', '.join(map(_set_words, parameters.set.items()))}.")
    return " ".join(told)


def _set_words(setting: tuple[str, Any]) -> str:
    name, to = setting
    if isinstance(to, dict):
        return ", ".join(f"{name}[{entry}] = {value:g}" for entry, value in to.items())
    return f"{name} = {to:g}"


ANALYSIS = Analysis(
    id="cost_model",
    title="Costs and value for money",
    chapter="Costs and value for money",
    question="What does a case cost the agencies, whom do these costs concern, and what do the "
    "printed numbers rest on?",
    population="As the model's file says of each number; where the study's own numbers stand "
    "beside the published ones, the people of whom they were counted.",
    rules="The parameter model names a file of configs/costs: quantities and unit costs as they "
    "are printed, each with its source, and formulas that name them. Units are checked, never "
    "converted. Nothing is discounted or brought to other prices unless a row says so. The audit "
    "sets every printed number beside what its printed inputs give; whether rounding can explain "
    "a difference is found by interval arithmetic over what each input can have been rounded from.",
    model="Amounts times prices, added up by agency and by whom they concern. 95% intervals by "
    "drawing all quantities with a known spread at once: shares from beta, rates "
    "and costs from gamma, costs also from normal distributions, assumed ranges from uniform ones; "
    "independently, but for what people vary by beyond chance, which a study's own rates of "
    "incidents have in common. "
    "One-way: each number alone at the ends of its 95% interval, or a tenth below and above.",
    references=(
        "Hester et al. (2019), Evaluation of the Drive Project, Appendix 8, Tables A8.1-A8.28.",
        "Evaluation of Restart, chapter 9, Tables 8-14.",
        "Oliver, Alexander, Roe and Wlasny (2019), The economic and social costs of domestic "
        "abuse, Home Office Research Report 107.",
        "Briggs, Sculpher and Claxton (2006), Decision Modelling for Health Economic Evaluation.",
        "Moore, Kearfott and Cloud (2009), Introduction to Interval Analysis (the rounding).",
    ),
    limits=(
        "Unit costs, and all quantities that are not marked as the study's own, are published "
        "numbers of their year and place; they were not collected by this study.",
        "Costs are counted of one year, or once whenever they arise; nothing is discounted, and "
        "costs of earlier and later years are left out. Prices are those of the model's year; they "
        "are shown in those of another year only where an index of configs/prices has both.",
        "Not all of a need's cost is caused by the abuse: where people have several "
        "disadvantages, no part is set aside for the others.",
        "An interval tells of sampling only where counts or ranges are known; a quantity without "
        "a known spread stays as it is, and published quantities are drawn independently of each "
        "other.",
        "A cost per case is not a saving. Where a model has benefits, the effect that they rest "
        "on is assumed as its report gives it, without a comparison group in the case of Restart.",
        "Cases heard at MARAC are those of the highest risk: the cost per case is not that of "
        "other cases.",
    ),
    catalogue=(
        "D-C1", "D-C2", "D-C3", "D-C4", "D-C5", "D-C6", "D-C7", "R-V1", "R-V2", "R-V3", "R-V4",
    ),
    parameters=CostModelParameters,
    run=run,
)  # fmt: skip
