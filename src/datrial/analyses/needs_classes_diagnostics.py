"""Tables that show whether a latent class model of needs can be trusted."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from typing import TYPE_CHECKING

from datrial.analyses.levels import NEEDS
from datrial.analyses.needs_classes_tables import class_labels
from datrial.results.cells import State, Table

if TYPE_CHECKING:
    import pandas as pd

    from datrial.models.latent_class.result import LatentClassResult

MOST_RESIDUALS = 10
NOBODY_ASSIGNED = "nobody is assigned to this class"


def classification_table(
    number: int, fit: LatentClassResult | None, note: str, fault: str
) -> Table:
    """Return the average class probabilities of those assigned to each class."""
    from datrial import models

    table = Table(
        "needs_classes.classification",
        f"Average probability of each of the {number} classes, by the class assigned",
        f"{note} Each service user is assigned to the likeliest class. Of those assigned to a "
        "class, the average probability of being in it stands on the diagonal: 1 is a certain "
        "classification, below 0.8 is customarily called doubtful.",
        ("D-F4",),
    )
    labels = class_labels(number, fit)
    table.column("assigned", "Assigned")
    for key, label in labels.items():
        table.column(key, label)
    for key, label in labels.items():
        table.row(key, label)
    if fit is None:
        table.absent_all(labels, ["assigned"], ["count"], fault)
        table.absent_all(labels, labels, ["probability"], fault)
        return table
    average = models.classification_table(fit)
    for row, n in zip(labels, average["n"], strict=True):
        table.add(row, "assigned", "count", float(n))
    _fill(table, average.drop(columns="n"), NOBODY_ASSIGNED)
    return table


def classification_errors_table(
    number: int, fit: LatentClassResult | None, note: str, fault: str
) -> Table:
    """Return the probability of being assigned to each class, by the true class."""
    from datrial import models

    table = Table(
        "needs_classes.classification_errors",
        f"Probability of being assigned to each of the {number} classes, by the true class",
        f"{note} What is off the diagonal is error of classification, which a comparison of "
        "assigned classes carries and the three-step estimators correct.",
        ("D-F4",),
        not_about_people="its probabilities are estimates of a model",
    )
    labels = class_labels(number, fit)
    for key, label in labels.items():
        table.column(key, label)
        table.row(key, label)
    if fit is None:
        table.absent_all(labels, labels, ["probability"], fault)
        return table
    errors = models.classification_errors(fit)
    _fill(table, errors, "the class is empty")
    return table


def _fill(table: Table, matrix: pd.DataFrame, reason: str) -> None:
    """Add a classes x classes matrix of probabilities, row by row."""
    columns = [key for key in table.column_labels if key != "assigned"]
    for row, values in zip(table.row_labels, matrix.to_numpy(), strict=True):
        for column, value in zip(columns, values, strict=True):
            table.add(row, column, "probability", float(value), reason=reason)


def separation_table(number: int, fit: LatentClassResult | None, note: str, fault: str) -> Table:
    """Return how far apart each pair of classes is."""
    from datrial import models

    table = Table(
        "needs_classes.separation",
        f"How far apart the {number} classes are, pair by pair",
        f"{note} A need separates two classes if its odds differ by more than five times (Masyn "
        "2013). Total variation is the largest difference that the two classes' probabilities of "
        "any set of answers have: 0 for identical classes, 1 for classes without a common answer.",
        ("D-F4",),
        not_about_people="it counts needs and compares estimates of a model",
    )
    table.column("needs", "Needs that separate them")
    table.column("difference", "Mean difference of probabilities")
    table.column("total_variation", "Total variation")
    pairs = {}
    for one, two in combinations(range(1, number + 1), 2):
        pairs[one, two] = f"class_{one}__class_{two}"
        table.row(pairs[one, two], f"Classes {one} and {two}")
    if not pairs:
        table.row("none", "No pair of classes")
        reason = "one class has no other to be apart from"
        pairs, fault, fit = {(1, 1): "none"}, fault or reason, None
    if fit is None:
        table.absent_all(pairs.values(), ["needs"], ["count"], fault)
        table.absent_all(pairs.values(), ["difference", "total_variation"], ["value"], fault)
        return table
    separation = models.class_separation(fit)
    for row, record in zip(pairs.values(), separation.to_dict("records"), strict=True):
        table.add(row, "needs", "count", record["separating_items"])
        table.add(row, "difference", "value", record["mean_difference"])
        table.add(row, "total_variation", "value", record["total_variation"])
    return table


def residuals_table(number: int, fit: LatentClassResult | None, note: str, fault: str) -> Table:
    """Return the pairs of needs whose association the classes explain least."""
    from datrial import models

    table = Table(
        "needs_classes.residuals",
        f"Pairs of needs whose association the {number} classes explain least",
        f"{note} The {MOST_RESIDUALS} largest bivariate residuals: Pearson's chi-square of the two "
        "needs' observed against their expected table, of those who answered both. Above about 4 "
        "the two needs go together more, or less, than the classes say.",
        ("D-F4",),
    )
    table.column("both", "People with both needs")
    table.column("expected", "Expected by the model")
    table.column("residual", "Bivariate residual")
    if fit is None:
        table.row("none", "No model")
        table.absent("none", "both", "count", fault)
        table.absent_all(["none"], ["expected", "residual"], ["value"], fault)
        return table
    residuals = models.bivariate_residuals(fit)
    largest = residuals.sort_values("residual", ascending=False, kind="stable")
    for record in largest.head(MOST_RESIDUALS).to_dict("records"):
        one, two = str(record["item_a"]), str(record["item_b"])
        row, n = f"{one}__{two}", round(record["n"])
        table.row(row, f"{NEEDS[one]} and {NEEDS[two][0].lower()}{NEEDS[two][1:]}")
        table.add(row, "both", "count", record["both_observed"], n=n)
        table.add(row, "expected", "value", record["both_expected"], n=n)
        reason = "nobody answered both, or somebody did what the model rules out"
        table.add(row, "residual", "value", record["residual"], n=n, reason=reason)
    return table


def optima_table(
    numbers: tuple[int, ...],
    fits: Mapping[int, LatentClassResult],
    faults: Mapping[int, str],
    note: str,
) -> Table:
    """Return how many different maxima the starts ended in, by number of classes."""
    table = Table(
        "needs_classes.local_optima",
        "Where the random starts ended, by number of classes",
        f"{note} The worst of the starts are given up on the way; of those followed to the end, "
        "log-likelihoods within 0.001 of each other count as one maximum. Many maxima close to "
        "each other, or a best one that few starts found, say that the classes are not well "
        "determined.",
        ("D-TA3.1",),
        not_about_people="it counts a model's starts",
    )
    columns = {
        "followed": "Starts followed to the end", "best": "Of these at the best maximum",
        "maxima": "Different maxima",
    }  # fmt: skip
    for key, label in columns.items():
        table.column(key, label)
    table.column("next", "Log-likelihood of the second best below the best")
    for number in numbers:
        row = f"classes_{number}"
        table.row(row, f"{number} classes" if number > 1 else "1 class")
        if number not in fits:
            table.absent_all([row], columns, ["count"], faults[number])
            table.absent(row, "next", "value", faults[number])
            continue
        optima = fits[number].local_optima
        table.add(row, "followed", "count", int(optima["starts"].sum()))
        table.add(row, "best", "count", int(optima["starts"].iloc[0]))
        table.add(row, "maxima", "count", len(optima))
        if len(optima) > 1:
            table.add(row, "next", "value", float(optima["llf"].iloc[0] - optima["llf"].iloc[1]))
        else:
            reason = "all starts ended at the best maximum"
            table.absent(row, "next", "value", reason, state=State.NOT_APPLICABLE)
    return table
