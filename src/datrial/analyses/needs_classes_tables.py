"""The tables of a latent class model of needs: comparison, sizes, profile."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from datrial.analyses.levels import NEEDS
from datrial.analyses.needs_classes_names import REPORT_CLASSES, class_names, report_matches
from datrial.results.cells import State, Table

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from datrial.models.latent_class.result import LatentClassResult

ON_BOUNDARY = "no standard error: the estimate lies on a boundary"
INTERVALS = "Intervals (95%) from the observed information, on the logit scale."


def enumeration_table(
    numbers: tuple[int, ...],
    compared: pd.DataFrame,
    faults: Mapping[int, str],
    bootstrap: int,
    note: str,
) -> Table:
    """Return the indices of each number of classes, and what they advise.

    Parameters
    ----------
    compared
        As from ``compare_latent_classes``; with ``bootstrap`` draws also the columns of
        the bootstrap test.
    """
    from datrial.models import advise_number_of_classes

    columns = {
        "llf": "Log-likelihood", "n_params": "Parameters", "aic": "AIC", "bic": "BIC",
        "sabic": "SABIC", "entropy": "Entropy", "smallest_class": "Smallest class",
        "best_start_share": "Best start share",
    }  # fmt: skip
    keys = {name: "parameters" if name == "n_params" else name for name in columns}
    advice = advise_number_of_classes(compared) if len(compared) else ""
    table = Table(
        "needs_classes.enumeration",
        "Fit of latent class models of needs, by number of classes",
        f"{note} {advice} SABIC uses (n + 2) / 24; entropy is relative (1 = certain membership); "
        "smallest class is a share; best start share is the share of the random starts followed to "
        f"the end that found the best log-likelihood. {_bootstrap_words(bootstrap)}",
        ("D-TA3.1",),
        not_about_people="it tells how well models fit",
    )
    for name, label in columns.items():
        table.column(keys[name], label)
    if bootstrap:
        table.column("blrt", "Bootstrap test against one class fewer")
    for number in numbers:
        row = f"classes_{number}"
        table.row(row, f"{number} classes" if number > 1 else "1 class")
        if number not in set(compared.get("n_classes", ())):
            table.absent_all([row], keys.values(), ["value"], faults[number])
            if bootstrap:
                table.absent_all([row], ["blrt"], ["value", "p_value"], faults[number])
    for record in compared.to_dict("records"):
        row = f"classes_{int(record['n_classes'])}"
        warning = "" if record["converged"] else "the fit did not converge"
        for name, key in keys.items():
            reason = "one class leaves nothing to classify" if name == "entropy" else ""
            value = float(record[name])
            table.add(row, key, "value", value, warning=warning, reason=reason)
        if bootstrap:
            _add_test(table, row, record)
    return table


def _bootstrap_words(draws: int) -> str:
    if draws == 0:
        return (
            "The bootstrap likelihood-ratio test was not asked for (parameter bootstrap: the "
            "number of its draws)."
        )
    return (
        f"The bootstrap likelihood-ratio test compares each row with one class fewer by {draws} "
        "draws from the smaller model, with the missing answers of the real people; a small "
        "p-value speaks for the added class."
    )


def _add_test(table: Table, row: str, record: Mapping[Any, Any]) -> None:
    for statistic, name in (("value", "blrt_statistic"), ("p_value", "blrt_p")):
        if record["blrt_note"]:
            table.absent(row, "blrt", statistic, str(record["blrt_note"]),
                         state=State.NOT_APPLICABLE)  # fmt: skip
        else:
            table.add(row, "blrt", statistic, float(record[name]))


def class_labels(number: int, fit: LatentClassResult | None) -> dict[str, str]:
    """Return key -> label in the model's stable order (the fixed class first, then by size)."""
    if fit is None:
        return {f"class_{position}": f"Class {position}" for position in range(1, number + 1)}
    return {
        f"class_{position}": f"Class {position}: {name[0].lower()}{name[1:]}"
        + (", fixed" if fit.zero_class and position == 1 else "")
        for position, name in enumerate(class_names(fit), 1)
    }


def sizes_table(number: int, fit: LatentClassResult | None, note: str, fault: str) -> Table:
    """Return the share of each class with its interval."""
    table = Table(
        "needs_classes.sizes",
        f"Sizes of the {number} latent classes of needs",
        f"{note} Estimated shares of the population in each class. {INTERVALS} A class is named by "
        "the up to three likeliest of the needs that at least half of it have. "
        f"{' '.join(fit.notes) if fit else ''}".strip(),
        ("D-F4",),
    )
    table.column("share", "Share")
    labels = class_labels(number, fit)
    for key, label in labels.items():
        table.row(key, label)
    if fit is None:
        table.absent_all(labels, ["share"], ["share", "ci_low", "ci_high"], fault)
        return table
    for position, key in enumerate(labels):
        _add_share(table, key, fit, position)
    return table


def _add_share(table: Table, row: str, fit: LatentClassResult, position: int) -> None:
    limits = fit.class_size_intervals()
    share = float(fit.class_sizes.iloc[position])
    table.add(row, "share", "share", share, n=int(fit.nobs))
    for statistic, end in (("ci_low", "low"), ("ci_high", "high")):
        limit = float(limits[end].iloc[position])
        table.add(row, "share", statistic, limit, reason=ON_BOUNDARY)


def report_classes_table(
    number: int, fit: LatentClassResult | None, note: str, fault: str
) -> Table:
    """Return the report's six classes and the sizes of ours that have their profiles."""
    table = Table(
        "needs_classes.report_classes",
        "The report's six classes and those here with the same profile",
        f"{note} A class here stands beside a class of the report by its profile, not by its "
        "position: the probabilities are compared with the needs that the report names as "
        "prevalent in the class (1) and those it does not (0), and pairs are made so that the mean "
        "differences add up to the least. A pair that differs by more than 0.35 on average is no "
        "match. The report gives no probabilities in figures and its sizes add up to 99%.",
        ("D-F4",),
        not_about_people="it numbers classes and gives estimates of a model",
    )
    columns = {"share": "Share", "class": "Class here", "difference": "Difference of profiles"}
    for key, label in columns.items():
        table.column(key, label)
    statistics = {"share": ("share", "ci_low", "ci_high"), "class": ("count",),
                  "difference": ("value",)}  # fmt: skip
    matches = report_matches(fit) if fit else {}
    for key, described in REPORT_CLASSES.items():
        table.row(key, described.label)
        if fit is None or key not in matches:
            reason = fault or f"none of the {number} classes has the report's profile"
            for column, names in statistics.items():
                table.absent_all([key], [column], names, reason)
            continue
        position, difference = matches[key]
        _add_share(table, key, fit, position)
        table.add(key, "class", "count", position + 1)
        table.add(key, "difference", "value", difference)
    return table


def profile_table(number: int, fit: LatentClassResult | None, note: str, fault: str) -> Table:
    """Return the probability of each need in each class, with its interval."""
    table = Table(
        "needs_classes.profile",
        f"Probability of each need within each of the {number} classes",
        f"{note} {INTERVALS} n counts those for whom the need was answered.",
        ("D-F4",),
    )
    labels = class_labels(number, fit)
    for key, label in labels.items():
        table.column(key, label)
    for need, label in NEEDS.items():
        table.row(need, label)
    if fit is None:
        table.absent_all(NEEDS, labels, ["probability", "ci_low", "ci_high"], fault)
        return table
    limits = dict(zip(("ci_low", "ci_high"), fit.item_intervals(), strict=True))
    answered = fit.patterns.counts @ (fit.patterns.yes + fit.patterns.no)
    for need, n in zip(NEEDS, answered, strict=True):
        for position, key in enumerate(labels):
            probability = float(fit.item_probabilities[need].iloc[position])
            table.add(need, key, "probability", probability, n=round(float(n)))
            for statistic, limit in limits.items():
                if fit.zero_class and position == 0:
                    reason = "fixed beforehand, so it has no interval"
                    table.absent(need, key, statistic, reason, state=State.NOT_APPLICABLE)
                    continue
                table.add(need, key, statistic, float(limit[need].iloc[position]),
                          reason=ON_BOUNDARY)  # fmt: skip
    return table
