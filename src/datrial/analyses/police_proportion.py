"""Whether the controls about whom the police were asked are in proportion, site by site."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datrial.allocation.schemes import CONTROL
from datrial.analyses.arms import WITHHELD, is_coded
from datrial.results.cells import State, Table

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from datrial.analyses.base import Context

DRAWS = 9999
_COLUMNS = {
    "intervention": "Intervention, on the list",
    "of_controls": "Controls allocated",
    "controls": "Controls on the list",
    "in_proportion": "Controls, if in proportion to the intervention",
    "one_draw": "Controls, if drawn from all sites together",
}
_EXPECTED = ("in_proportion", "one_draw")


def proportion_table(context: Context, people: pd.DataFrame, no_list: str) -> Table:
    """Return the controls on the list by site, beside what two ways of drawing would give.

    Parameters
    ----------
    people
        Everyone allocated, with ``site``, ``arm`` and ``requested``.
    no_list
        Why there is no list; empty if there is one.
    """
    table = Table(
        "police_request.proportion",
        "Controls on the list, in proportion to the sites",
        "Expected: the controls on the list, shared out by the sites' intervention people on the "
        "list, or by the sites' controls. A p-value is the chance of counts that depart from what "
        "is expected as much or more: near 1 they were fixed by site, not left to chance; small "
        "they were not drawn in this way.",
        ("D-P4",),
    )
    for column, label in _COLUMNS.items():
        table.column(column, label)
    for site, about in context.study.sites.items():
        table.row(site, about.label)
    table.row("all", "All sites")
    reason = WITHHELD if is_coded(context.study) else no_list
    if reason:
        for row in table.row_labels:
            _absent(table, row, reason)
        return table
    control = people["arm"].map({key: a.role == CONTROL for key, a in context.study.arms.items()})
    control, requested = control.fillna(False).astype(bool), people["requested"].astype(bool)
    by_site = {
        "intervention": people["site"][~control & requested],
        "of_controls": people["site"][control],
        "controls": people["site"][control & requested],
    }
    sites = list(context.study.sites)
    counts = {
        name: found.value_counts().reindex(sites, fill_value=0).to_numpy().astype(int)
        for name, found in by_site.items()
    }
    _add(table, sites, counts, context.rng)
    return table


def _add(
    table: Table, sites: list[str], counts: dict[str, NDArray[np.int_]], rng: np.random.Generator
) -> None:
    expected = {"in_proportion": counts["intervention"], "one_draw": counts["of_controls"]}
    asked = int(counts["controls"].sum())
    for name, values in counts.items():
        for site, value in zip(sites, values, strict=True):
            table.add(site, name, "count", int(value))
        table.add("all", name, "count", int(values.sum()))
    for name, parts in expected.items():
        for site, part in zip(sites, parts, strict=True):
            share = part / parts.sum() if parts.sum() else None
            value = None if share is None else asked * share
            table.add(site, name, "expected", value, reason="nobody to go by")
            table.absent(site, name, "p_value", "of all sites", state=State.NOT_APPLICABLE)
        table.add("all", name, "expected", asked if parts.sum() else None, reason="nobody to go by")
        # The parts of one draw are what there is to draw from; those of a proportion are weights.
        p_value = chance_of_counts(counts["controls"], parts, rng, from_all=name == "one_draw")
        reason = "needs two sites with people or more"
        table.add("all", name, "p_value", p_value, n=asked, reason=reason)


def chance_of_counts(
    counts: NDArray[np.int_],
    parts: NDArray[np.int_],
    rng: np.random.Generator,
    *,
    from_all: bool,
    draws: int = DRAWS,
) -> float | None:
    """Return the chance of counts that are as far from their expectation as these, or farther.

    Parameters
    ----------
    counts
        How many of each group were chosen.
    parts
        The groups' sizes.
    from_all
        Whether so many were drawn without replacement from the groups together
        (multivariate hypergeometric); else each choice falls on a group with the
        probability of its part (multinomial).
    draws
        Random draws; the p-value is (1 + those as far) / (1 + draws).

    Returns
    -------
    float or None
        None where there is nothing to compare: fewer than two groups with people.
        0 where a group without people has some chosen: that cannot be.
    """
    import numpy as np

    if parts.sum() == 0 or counts.sum() == 0:
        return None
    if (counts[parts == 0] > 0).any() or (from_all and (counts > parts).any()):
        return 0.0
    if (parts > 0).sum() < 2:
        return None
    observed, sizes = counts[parts > 0], parts[parts > 0]
    expected = observed.sum() * sizes / sizes.sum()
    if from_all:
        drawn = rng.multivariate_hypergeometric(sizes, int(observed.sum()), size=draws)
    else:
        drawn = rng.multinomial(int(observed.sum()), sizes / sizes.sum(), size=draws)
    distance = ((observed - expected) ** 2 / expected).sum()
    others = ((drawn - expected) ** 2 / expected).sum(axis=1)
    # Equal distances differ in their last digits.
    as_far = int((others >= distance * (1 - 1e-12) - 1e-12).sum())
    return float(np.float64(1 + as_far) / (1 + draws))


def _absent(table: Table, row: str, reason: str) -> None:
    for column in _COLUMNS:
        statistics = ["expected", "p_value"] if column in _EXPECTED else ["count"]
        table.absent_all([row], [column], statistics, reason)
