"""Multiple imputation by chained equations (fully conditional specification)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from datrial.models.errors import ModelUsageError
from datrial.models.missing.chain import Chain, RunChain
from datrial.models.missing.columns import Column, read_columns
from datrial.models.missing.imputations import Imputations, ImputedColumn
from datrial.models.replicates import map_replicates

#: Columns named in a note; of more the number is given.
MOST_NAMES = 6


def multiple_imputation(
    data: pd.DataFrame,
    columns: Sequence[str] | None = None,
    *,
    m: int = 10,
    iterations: int = 10,
    seed: int,
    methods: Mapping[str, str] | None = None,
    predictors: Mapping[str, Sequence[str]] | None = None,
    ordered_predictors: str = "levels",
) -> Imputations:
    """Draw the missing answers `m` times, each column from its regression on the others.

    van Buuren and Groothuis-Oudshoorn (2011), Journal of Statistical Software 45(3), 1-67. R:
    `mice`; Stata: `mi impute chained`. Valid where an answer is missing at random given the
    other columns. The columns must hold everything the later models use, outcomes too, or the
    imputed answers pull its effect towards none (Moons et al. 2006).

    Rows are taken to be independent. Where a person has several, impute one row per person
    (a column per time point) and make the rows afterwards, inside the function given to
    `fit_imputed`. Interactions and functions of columns are computed there too.

    Parameters
    ----------
    data
        One row per person. Columns not asked for pass through untouched.
    columns
        The columns of the imputation model; all by default. Those with missing answers are
        imputed, least missing first; all of them predict.
    m
        Number of imputations. About as many as the percentage of rows with something missing
        keeps errors and p-values from depending on the seed (White, Royston and Wood 2011).
    iterations
        Rounds over the columns before an imputation is taken.
    seed
        Same data and seed, same imputations; the first of `m` are those of a smaller `m`.
    methods
        Per column ``logit`` (default with two values), ``multinomial`` (text, unordered
        categoricals), ``ordered`` (ordered categoricals), ``pmm`` (numbers: predictive mean
        matching, five donors) or ``normal`` (linear regression with normal errors). A factor
        without an order that is coded as an ordered categorical needs ``multinomial`` here.
    predictors
        Per column the columns that predict it; all others by default.
    ordered_predictors
        ``levels``: an ordered column predicts others by a column per level, as in R and Stata;
        ``scores``: by its level's position, for many ordered columns with rare levels, where
        levels would predict perfectly by chance.

    Returns
    -------
    Imputations
        Completed data sets, the trace of every chain, and notes. Perfect prediction is held off
        by pseudo-rows (White, Daniel and Royston 2010) and said.

    Raises
    ------
    ModelUsageError, ModelDataError
        Both are ValueError: an unknown column or method, a text with more than 50 values, a
        date, a column without an answer, or with one value and missing answers.
    """
    if not _whole(m, 1) or not _whole(iterations, 1):
        raise ModelUsageError("m and iterations must be whole numbers of at least 1.")
    if not _whole(seed, 0):
        raise ModelUsageError("The seed must be a whole number of at least 0.")
    if ordered_predictors not in ("levels", "scores"):
        raise ModelUsageError("ordered_predictors is 'levels' or 'scores'.")
    model = read_columns(data, None if columns is None else list(columns), methods or {})
    if ordered_predictors == "scores":
        model = [replace(column, as_score=column.method == "ordered") for column in model]
    sources = _predictors(model, predictors or {})
    incomplete = [column for column in model if len(column.missing)]
    targets = sorted(incomplete, key=lambda column: len(column.missing))
    if targets and len(model) < 2:
        raise ModelUsageError("An imputation model needs a second column that says something.")
    ran = map_replicates(
        _run_chain,
        np.random.SeedSequence(seed).spawn(m),
        shared=(model, targets, sources, iterations),
        label="chains of the imputation",
    )
    chains = [chain for chain, _ in ran]
    traces = [trace for _, trace in ran]
    names = [name for column in targets for name in column.trace_names()]
    index = pd.MultiIndex.from_product(
        [range(1, m + 1), range(1, iterations + 1)], names=["imputation", "iteration"]
    )
    means = np.array(traces).reshape(m * iterations, len(names))
    trace = pd.DataFrame(means, index=index, columns=names)
    drawn = tuple(
        ImputedColumn.of(column, [chain.values[column.name] for chain in chains])
        for column in incomplete
    )
    return Imputations(
        m=m,
        iterations=iterations,
        seed=seed,
        n_rows=len(data),
        n_complete=_complete_rows(model),
        trace=trace,
        fit_notes=_notes(chains, targets),
        data=data,
        columns=drawn,
    )


def _run_chain(
    shared: tuple[list[Column], list[Column], dict[str, list[str]], int],
    seed: np.random.SeedSequence,
) -> tuple[RunChain, list[list[float]]]:
    """Run one chain; return what is left of it, and its trace."""
    model, targets, sources, iterations = shared
    chain = Chain(model, targets, sources, np.random.default_rng(seed))
    trace = chain.run(iterations)
    return chain.done(), trace


def _predictors(model: list[Column], asked: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """Return the columns that predict each, in their order."""
    names = [column.name for column in model]
    named = [*asked, *(name for each in asked.values() for name in each)]
    unknown = [name for name in named if name not in names]
    if unknown:
        raise ModelUsageError(f"'{unknown[0]}' among predictors is no column of the imputation.")
    return {
        name: [other for other in names if other != name and other in asked.get(name, names)]
        for name in names
    }


def _notes(chains: list[RunChain], targets: list[Column]) -> tuple[str, ...]:
    """Say where an imputation model was not what it seems."""
    notes = []
    perfect = [c.name for c in targets if any(c.name in chain.augmented for chain in chains)]
    if perfect:
        notes.append(
            f"Predictors predict {_quoted(perfect)} perfectly in some imputations: the draws are "
            "held off 0 and 1 by weighted pseudo-rows (White, Daniel and Royston 2010)."
        )
    dropped = [c.name for c in targets if any(c.name in chain.dropped for chain in chains)]
    if dropped:
        notes.append(
            f"Predictors that are linear combinations of others among the answers to "
            f"{_quoted(dropped)} are left out of its imputation model where that happens."
        )
    return tuple(notes)


def _complete_rows(model: list[Column]) -> int:
    missing = np.column_stack([np.isnan(column.values) for column in model])
    return int((~missing.any(axis=1)).sum())


def _whole(number: object, least: int) -> bool:
    if isinstance(number, bool) or not isinstance(number, int | np.integer):
        return False
    return int(number) >= least


def _quoted(names: list[str]) -> str:
    shown = ", ".join(f"'{name}'" for name in names[:MOST_NAMES])
    return shown if len(names) <= MOST_NAMES else f"{shown} and {len(names) - MOST_NAMES} more"
