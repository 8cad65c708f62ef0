"""A cost model on the study's own counts (marts.cost_quantity)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from datrial.analyses.arms import WITHHELD, is_coded
from datrial.analyses.changes import change_warning
from datrial.analyses.received import received
from datrial.economics.own import Own, with_own
from datrial.economics.own_counts import Counted
from datrial.economics.own_entries import MEASURES, Key
from datrial.errors import DataError, UsageError

if TYPE_CHECKING:
    from datrial.analyses.base import Context
    from datrial.economics.model import CostModel

#: Who tells of a measure; the names in front of warnings.
_SOURCES = {
    "incidents": "police", "incidents_all": "police", "outcome": "police",
    "victims_intake": "insights", "victims_exit": "insights", "service_users_intake": "cms",
    "service_users_midpoint": "cms", "service_users_closure": "cms", "children": "marac",
}  # fmt: skip
_WORDS = {
    "police": "Police", "insights": "Insights", "cms": "Case management", "marac": "MARAC",
}  # fmt: skip
_COLUMNS = (
    "number", "people", "exposure", "exposed", "number_squared", "number_by_exposure",
    "exposure_squared",
)  # fmt: skip


def own_model(
    context: Context, model: CostModel, *, sites: Iterable[str] = (), arms: Iterable[str] = ()
) -> Own:
    """Return a cost model on the study's own counts, by the section ``own_data`` of its file.

    Parameters
    ----------
    sites, arms
        Whose counts; without any, those of all together.

    Raises
    ------
    UsageError
        If the study has no such site or arm, or arms are coded and one is asked for.
    DataError
        If the snapshot is older than the counts.
    """
    wanted, of_arms = list(sites), list(arms)
    _known("site", wanted, context.study.sites)
    _known("arm", of_arms, context.study.arms)
    if of_arms and is_coded(context.study):
        raise UsageError(f"Costs of one arm cannot be worked out: {WITHHELD}.")
    counts = _counts(context, wanted, of_arms)
    silent = {
        measure: why for measure in MEASURES if (why := _silence(context, measure, wanted, counts))
    }
    own = with_own(model, counts, silent)
    return replace(own, warnings=(*own.warnings, *_warnings(context, own, wanted)))


def _known(what: str, wanted: Iterable[str], there: Iterable[str]) -> None:
    unknown = sorted(set(wanted) - set(there))
    if unknown:
        raise UsageError(
            f"The study has no {what} {', '.join(unknown)}; it has {', '.join(there)}."
        )


def _counts(context: Context, sites: list[str], arms: list[str]) -> dict[Key, Counted]:
    import duckdb

    sums = ", ".join(f"coalesce(sum({column}), 0)" for column in _COLUMNS)
    try:
        rows = context.connection.execute(
            f"select measure, entry, answer, {sums} from marts.cost_quantity "  # noqa: S608 (ours)
            "where (len(?) = 0 or list_contains(?, site)) "
            "and (len(?) = 0 or list_contains(?, arm)) group by all order by all",
            [sites, sites, arms, arms],
        ).fetchall()
    except duckdb.CatalogException:
        raise DataError(
            "The snapshot was built before own costs were counted (marts.cost_quantity): "
            "build it again with `datrial run`."
        ) from None
    return {
        (measure, entry, answer): Counted(*(int(number) for number in numbers))
        for measure, entry, answer, *numbers in rows
    }


def _silence(context: Context, measure: str, sites: list[str], counts: dict[Key, Counted]) -> str:
    """Return why nothing was counted of a measure, or nothing."""
    if any(key[0] == measure for key in counts):
        return ""
    source = _SOURCES[measure]
    told = received(context, source).reason(sites)
    if told:
        return told
    if source != "police":
        return f"no {'family with children' if measure == 'children' else 'such form'} is there"
    if not any(
        (p.after.anchor, p.after.months, p.until.anchor, p.until.months)
        == ("index", -6, "index", 0)
        for p in context.study.periods
    ):
        return "the study has no period of the six months before the allocation"
    return "nobody about whom the police were asked was observed in the six months before"


def _warnings(context: Context, own: Own, sites: list[str]) -> list[str]:
    """Return what is missing in the data of the sources that own numbers rest on."""
    section = own.model.file.own_data
    if section is None:
        return []
    used = {
        _SOURCES[part.count[0].measure]
        for name, about in section.quantities.items()
        for part in about.parts
        if name in own.numbers
    }
    found = []
    for source in sorted(used):
        told = [received(context, source).warning(sites)]
        if source == "police":
            told.append(change_warning(context, "police_counting", sites))
        found += [f"{_WORDS[source]}: {each}" for each in told if each]
    return found
