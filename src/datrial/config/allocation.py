"""The ``allocation`` section of a study file: who may be allocated, and how."""

from __future__ import annotations

from collections.abc import Collection
from itertools import pairwise
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from datrial.config.tables import staging_tables

#: A factor of this name is the perpetrator's age, cut into ``age_bands``; ``site`` is
#: the site. Every other factor is a coded column of ``marac_case``.
AGE, SITE = "age", "site"
#: Stands for an answer that is missing, in ``exclude`` and as a factor's level.
NOT_KNOWN = "not_known"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Eligibility(_Strict):
    """Who may be allocated.

    Attributes
    ----------
    minimum_age
        In years; an unknown age excludes nobody.
    sites
        Only perpetrators heard at these sites; none named means all.
    repeat_only
        Only repeat referrals: ``repeat_case`` is yes in one of his cases at the
        meeting. Don't know and a missing answer are not yes.
    exclude
        Column of ``marac_case`` -> the codes (``not_known``: no answer) that
        exclude, should one of his cases at the meeting have them.
    """

    minimum_age: int = Field(ge=0)
    sites: tuple[str, ...] = ()
    repeat_only: bool = False
    exclude: dict[str, tuple[str, ...]] = {}


class Minimisation(_Strict):
    """How a minimisation weighs its factors (Pocock and Simon 1975).

    Attributes
    ----------
    factors
        Factor -> its weight.
    measure
        How unequal the arms are within a factor's level.
    preferred_probability
        The chance of the arm that balances best, should it be the arm with the
        smallest share; 1 means no random element but in ties.
    """

    factors: dict[str, float] = Field(min_length=1)
    measure: Literal["range", "variance", "standard_deviation"] = "range"
    preferred_probability: float = Field(default=0.8, gt=0, le=1)

    @model_validator(mode="after")
    def _weights(self) -> Self:
        if any(not 0 < weight < float("inf") for weight in self.factors.values()):
            raise ValueError("a factor's weight is above 0")
        return self


class Allocation(_Strict):
    """How perpetrators come into an arm.

    Attributes
    ----------
    method
        ``imported``: the list of whoever randomised. The study's own:
        ``capacity_lottery``, per site and MARAC meeting; ``simple``;
        ``permuted_blocks``; ``minimisation``.
    ratio
        Arm -> its parts (``{drive: 2, control: 1}``); none named means equal.
    block_sizes
        Of permuted blocks; of several, each block's is drawn with equal chances.
    stratify_by
        Factors in whose every combination permuted blocks are drawn separately.
    age_bands
        First age of each band but the youngest: ``[25, 40]`` is under 25, 25 to
        39, 40 and over.
    concealed
        The seed is not the study file's: a commitment to it is published.
    blinding
        ``coded_arms``: analysts see codes until an unblinding is logged.
    """

    method: Literal["imported", "capacity_lottery", "simple", "permuted_blocks", "minimisation"]
    eligibility: Eligibility
    ratio: dict[str, int] = {}
    block_sizes: tuple[int, ...] = ()
    stratify_by: tuple[str, ...] = ()
    minimisation: Minimisation | None = None
    age_bands: tuple[int, ...] = ()
    concealed: bool = False
    blinding: Literal["none", "coded_arms"] = "none"

    @property
    def is_sequential(self) -> bool:
        """Return whether perpetrators are allocated one by one, without places."""
        return self.method in ("simple", "permuted_blocks", "minimisation")

    @property
    def factors(self) -> tuple[str, ...]:
        """Return the factors that the scheme goes by."""
        return tuple(self.minimisation.factors) if self.minimisation else self.stratify_by

    @model_validator(mode="after")
    def _fits_the_method(self) -> Self:
        problems = [
            f"`{setting}` belongs to the method {method}, which needs it"
            for setting, method, given in (
                ("block_sizes", "permuted_blocks", bool(self.block_sizes)),
                ("minimisation", "minimisation", self.minimisation is not None),
            )
            if given != (self.method == method)
        ]
        if self.stratify_by and self.method != "permuted_blocks":
            problems.append("`stratify_by` belongs to the method permuted_blocks")
        if self.ratio and not self.is_sequential:
            problems.append(f"`ratio` has no meaning for the method {self.method}")
        if self.concealed and self.method == "imported":
            problems.append(
                "`concealed` needs a method of the study's own: who made the list holds its seed"
            )
        if any(part < 1 for part in self.ratio.values()):
            problems.append("each arm's part of the `ratio` is 1 or more")
        if bool(self.age_bands) != (AGE in self.factors):
            problems.append("`age_bands` belong to the factor age, which needs them")
        if len(set(self.factors)) < len(self.factors):
            problems.append("a factor of `stratify_by` is named twice")
        problems += [
            f"`{name}` go up, and start above 0"
            for name, numbers in (("age_bands", self.age_bands), ("block_sizes", self.block_sizes))
            if any(a >= b for a, b in pairwise((0, *numbers)))
        ]
        if problems:
            raise ValueError("\n".join(problems))
        return self


def allocation_problems(
    allocation: Allocation, arms: Collection[str], sites: Collection[str]
) -> list[str]:
    """Return how an allocation does not fit the study's arms and sites."""
    problems = []
    if allocation.ratio and set(allocation.ratio) != set(arms):
        problems.append("the allocation's `ratio` names every arm of the study, and no other")
    unknown = sorted(set(allocation.eligibility.sites) - set(sites))
    if unknown:
        problems.append(f"the eligibility names sites that there are not: {', '.join(unknown)}")
    parts = list(allocation.ratio.values()) or [1] * len(arms)
    whole = sum(parts)
    odd = [size for size in allocation.block_sizes if size % whole]
    if odd:
        problems.append(
            f"`block_sizes` are multiples of {whole} (the sum of the ratio), which these are not: "
            + ", ".join(map(str, odd))
        )
    chosen = allocation.minimisation
    if chosen and chosen.preferred_probability * whole < min(parts):
        problems.append(
            "the minimisation's `preferred_probability` is below the share of the smallest arm"
        )
    if allocation.is_sequential and len(arms) < 2:
        problems.append(f"the method {allocation.method} needs two arms or more")
    return problems + _column_problems(allocation)


def _column_problems(allocation: Allocation) -> list[str]:
    """Return the columns and codes of ``marac_case`` that there are not."""
    factors = [each for each in allocation.factors if each not in (AGE, SITE)]
    excluding = allocation.eligibility.exclude
    if not factors and not excluding:
        return []
    columns = staging_tables()["marac_case"].columns
    codes = {name: about.codes for name, about in columns.items() if about.codes}
    problems = [
        f"{name!r} can neither exclude nor be a factor: it is no coded column of marac_case "
        f"({', '.join(codes)})"
        for name in sorted({*factors, *excluding} - set(codes))
    ]
    for name, given in excluding.items():
        unknown = sorted(set(given) - {*codes.get(name, given), NOT_KNOWN})
        if unknown:
            problems.append(f"{name} has no code {', '.join(unknown)}: `exclude` names it")
    return problems
