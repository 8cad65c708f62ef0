"""The pooled models of behaviour: the forms of each, its fit, and on what little it rests."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from datrial.analyses.levels import level_label, term_label

if TYPE_CHECKING:
    import pandas as pd

    from datrial.models.ordered_logit.predictions import AveragePredictions
    from datrial.models.ordered_logit.result import OrderedLogitResult

PENALISED = "log-F(1,1) penalised likelihood"
SEPARATED = "the term separates the severities: without a penalty there is no finite estimate"
SPARSE = "few forms: fewer than 5 in a cell of the term with every cut of the severities"
MOST_NAMED = 4


@dataclass(frozen=True)
class Forms:
    """The forms of one behaviour.

    Attributes
    ----------
    complete
        Forms with the behaviour and all predictors answered; levels that none of them has are
        dropped, as they have neither a coefficient nor a cutpoint.
    variables
        Columns that the formula uses, in its order.
    """

    behaviour: str
    formula: str
    complete: pd.DataFrame = field(repr=False)  # holds rows, which no log may show
    variables: tuple[str, ...]
    received: int

    @property
    def used(self) -> int:
        """Forms in the model."""
        return len(self.complete)

    @property
    def people(self) -> int:
        """Service users in the model."""
        return int(self.complete["person_id"].nunique())

    @property
    def model(self) -> str:
        """Formula with both its sides."""
        return f"{self.behaviour} ~ {self.formula}"

    def reference(self, factor: str) -> str:
        """Return the value with which the model compares the others of a factor."""
        import pandas as pd

        column = self.complete[factor]
        if isinstance(column.dtype, pd.CategoricalDtype):
            return str(column.cat.categories[0])
        return min(map(str, column.unique()))


@dataclass(frozen=True)
class Fitted:
    """A pooled ordered logit and what its reader should know.

    Attributes
    ----------
    separated, sparse
        Terms without a finite estimate but for the penalty, and terms on few forms.
    rare
        Severities with few forms.
    """

    forms: Forms
    result: OrderedLogitResult
    separated: tuple[str, ...]
    sparse: tuple[str, ...]
    rare: tuple[str, ...]
    _averages: dict[str, AveragePredictions] = field(default_factory=dict, repr=False)

    @property
    def n(self) -> int:
        """Forms in the model."""
        return int(self.result.nobs)

    @property
    def terms(self) -> list[str]:
        """The model's terms, cutpoints left out."""
        return self.result.coefficient_names

    @property
    def method(self) -> str:
        """What is said at an estimate of how it was made; nothing of plain likelihood."""
        return PENALISED if self.result.penalty else ""

    @property
    def said(self) -> str:
        """Size and method of the model in a sentence or two."""
        how = f"{self.method}, because {self._why()}" if self.method else "maximum likelihood"
        few = f" {self.few_people}." if self.few_people else ""
        ends = "" if self.result.converged else " The maximiser did not converge."
        return f"{self.n} forms of {self.result.n_clusters} service users, {how}.{few}{ends}"

    @property
    def few_people(self) -> str:
        """What is said where robust errors rest on few service users; mostly nothing."""
        from datrial.models.sandwich import FEW_CLUSTERS

        people = self.result.n_clusters or 0
        if people >= FEW_CLUSTERS:
            return ""
        return f"Only {people} service users: robust errors are too small with so few"

    def warning(self, term: str, otherwise: str = "") -> str:
        """Return what to know of an estimate of a term; mostly nothing."""
        of_term = SEPARATED if term in self.separated else SPARSE if term in self.sparse else ""
        return "; ".join(filter(None, (of_term, otherwise, self.few_people)))

    def averages(self, factor: str) -> AveragePredictions:
        """Return the average adjusted predictions at the values of a predictor, made once."""
        if factor not in self._averages:
            self._averages[factor] = self.result.averages(factor)
        return self._averages[factor]

    def _why(self) -> str:
        reasons = []
        if self.separated:
            reasons.append(f"the severities are separated by {_listed(self.separated)}")
        if self.rare:
            words = ", ".join(level_label(self.forms.behaviour, each) for each in self.rare)
            reasons.append(f"fewer than 10 forms are at the severities {words.lower()}")
        if self.sparse:
            reasons.append(f"few forms carry {_listed(self.sparse)}")
        return "; ".join(reasons) or "it was asked for"


def forms_of(rows: pd.DataFrame, behaviour: str, formula: str) -> Forms:
    """Return the complete forms of one behaviour.

    Raises
    ------
    ModelUsageError
        For a formula that cannot be read, or that names what no column is.
    """
    import pandas as pd

    variables = variables_of(f"{behaviour} ~ {formula}", rows.columns)
    complete = rows.dropna(subset=[behaviour, *variables]).reset_index(drop=True)
    for name in (behaviour, *variables):
        if isinstance(complete[name].dtype, pd.CategoricalDtype):
            complete[name] = complete[name].cat.remove_unused_categories()
    return Forms(behaviour, formula, complete, variables, len(rows))


def variables_of(formula: str, columns: pd.Index) -> tuple[str, ...]:
    """Return the columns that the right-hand side of a formula uses, in its order."""
    from formulaic import Formula
    from formulaic.errors import FormulaicError

    from datrial.models import ModelUsageError
    from datrial.models.formula_safety import variables_of as names_in

    try:
        right = Formula(formula).rhs
    except (FormulaicError, SyntaxError):
        raise ModelUsageError(f"The formula '{formula}' cannot be read.") from None
    used = names_in(right, set(columns), formula)
    right_side = formula.partition("~")[2]
    unknown = ", ".join(repr(name) for name in sorted(used - set(columns)))
    if unknown:
        raise ModelUsageError(
            f"The forms have no column {unknown} (in '{formula}'); they have {', '.join(columns)}."
        )
    found = {name: re.search(rf"(?<!\w){re.escape(name)}(?!\w)", right_side) for name in used}
    return tuple(sorted(used, key=lambda name: (at.start() if (at := found[name]) else 0, name)))


def fit_forms(forms: Forms) -> Fitted | str:
    """Fit the pooled ordered logit, penalised where the forms call for it, or say why not."""
    from datrial.models import ModelDataError, fit_ordered_logit

    if not forms.used:
        return "no form has the behaviour and every predictor of the model"
    try:
        result = fit_ordered_logit(forms.model, forms.complete, cluster="person_id", penalty="auto")
    except ModelDataError as error:
        return f"the model could not be fitted: {error}"
    separated, sparse, rare = _signs(result)
    return Fitted(forms, result, separated, sparse, rare)


def _signs(result: OrderedLogitResult) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """Return the terms that separate, those on few forms, and the rare severities."""
    import numpy as np

    from datrial.models.ordered_logit.rows import drop_intercept, outcome_levels
    from datrial.models.ordered_logit.signs import read_signs

    if result.penalty is None:
        return (), (), ()
    design = result.design
    codes, levels = outcome_levels(design.outcome)
    signs = read_signs(
        codes,
        drop_intercept(design.matrix, design.names),
        np.ones(len(codes)),
        levels,
        [str(name) for name in result.params.index],
        result.params.to_numpy(dtype=float),
    )
    names = set(result.coefficient_names)
    return (
        tuple(name for name in signs.unbounded if name in names),
        tuple(signs.sparse),
        tuple(str(level) for level in signs.rare),
    )


def _listed(terms: tuple[str, ...]) -> str:
    """Return terms in words, or their number where there are many."""
    if len(terms) > MOST_NAMED:
        return f"{len(terms)} terms"
    return " and ".join(f"'{term_label(term)}'" for term in terms)


def merged(lists: Iterable[Sequence[str]]) -> list[str]:
    """Return the names of all lists, each behind the one that it follows in its own list."""
    names: list[str] = []
    for own in lists:
        at = 0
        for name in own:
            if name in names:
                at = names.index(name) + 1
            else:
                names.insert(at, name)
                at += 1
    return names
