"""The sums between numbers of the tables of referrals that only their meaning tells."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from datrial.results.cells import Table
from datrial.results.disclosure import Relation

_HOME = "referral_pathway."
_PARTS = ("completed", "stopped", "never_engaged", "not_completed", "not_taken_on", "open")
_MONTHS = "service_activity.requests"
_BEFORE = ("suitable", "consulted", "assessed", "accepted", "started")
_OF_MADE = (
    "suitable",
    "unsuitable",
    "consulted",
    "started",
    "accommodated",
    "any_onward",
    "area__",
)
_ALL = "all"


def referral_sums(given: Mapping[str, Table]) -> Iterator[Relation]:
    """Yield the sums between the tables of referrals that a run has.

    One that does not hold, as a referral lacks an answer, is passed over by whoever uses it.
    """
    tables = {
        name.removeprefix(_HOME): table for name, table in given.items() if name.startswith(_HOME)
    }
    if "referrals" not in tables:
        return
    arms = list(tables["counts"].column_labels) if "counts" in tables else []
    for arm in arms:
        yield _sum(("referrals", "referred", arm), [("counts", "referrals", arm)])
        yield _sum(("people", "referred", arm), [("counts", "persons", arm)])
        yield from _ends(arm)
        for name in ("referrals", "people"):
            yield from _engaged(name, "", arm)
        yield from _onward(tables, arm)
        for name in ("referrals", "people", "outcomes", "periods", "by_period"):
            whole = (name if name == "people" else "referrals", "referred", arm)
            yield from _bases(tables, name, whole, arm)
    for name in ("sites", "strands"):
        if name in tables:
            yield from _groups(tables, name, arms)
    if "periods" in tables:
        yield from _periods(tables["periods"], arms)
    for arm in arms if "by_period" in tables else ():
        rows = [row for row in tables["by_period"].row_labels if row != _ALL]
        for whole in (("referrals", "referred", arm), ("by_period", _ALL, arm)):
            yield _sum(whole, [("by_period", row, arm) for row in rows])
    if _MONTHS in given:
        yield from _months(tables, given[_MONTHS], arms)
    if "accommodation" in tables:
        yield from _accommodation(tables, arms)
    if "monitoring" in tables:
        yield from _monitoring(tables, arms)


def _sum(
    whole: tuple[str, str, str],
    parts: list[tuple[str, str, str]],
    statistic: str = "count",
    of_parts: str = "",
) -> Relation:
    def key(place: tuple[str, str, str], kind: str) -> tuple[str, str, str, str]:
        return (f"{_HOME}{place[0]}", *place[1:], kind)

    return Relation(
        key(whole, statistic), tuple(key(part, of_parts or statistic) for part in parts)
    )


def _bases(
    tables: Mapping[str, Table], name: str, whole: tuple[str, str, str], arm: str, start: str = ""
) -> Iterator[Relation]:
    """Yield that a number is what the rows of a table, or some of them, are shares of."""
    for row in tables[name].row_labels if name in tables else ():
        if row.startswith(start):
            yield _sum(whole, [(name, row, arm)], "count", "n:count")


def _ends(arm: str) -> Iterator[Relation]:
    """Yield that the ends are all referrals, and that who engaged completed, stopped or is open."""
    ends = [("outcomes", outcome, arm) for outcome in _PARTS]
    yield _sum(("referrals", "referred", arm), ends)
    completed, stopped, still = ends[0], ends[1], ends[5]
    yield _sum(("referrals", "engaged", arm), [completed, stopped])
    yield _sum(("referrals", "engaged", arm), [completed, stopped, still])
    yield _sum(("referrals", "referred", arm), [("referrals", "engaged", arm), ends[2]])
    yield _sum(("referrals", "completed", arm), [completed])


def _engaged(name: str, start: str, arm: str) -> Iterator[Relation]:
    """Yield that who engaged are those who had come to an earlier stage, where it is as many."""
    for stage in _BEFORE:
        yield _sum((name, f"{start}{stage}", arm), [(name, f"{start}engaged", arm)])


def _onward(tables: Mapping[str, Table], arm: str) -> Iterator[Relation]:
    """Yield that kinds of onward referral and none are all who completed."""
    if "onward" not in tables:
        return
    rows = list(tables["onward"].row_labels)
    kinds = [("onward", row, arm) for row in rows if row.startswith("kind__")]
    done = ("referrals", "completed", arm)
    yield _sum(done, [*kinds, ("onward", "none", arm)])
    for start in ("any", "kind__", "none", "services"):
        yield from _bases(tables, "onward", done, arm, start)
    yield from _bases(tables, "onward", ("onward", "any", arm), arm, "of_any__")
    yield _sum(("referrals", "onward", arm), [("onward", "any", arm)])
    of_any = [row for row in rows if row.startswith("of_any__")]
    yield _sum(("onward", "any", arm), [("onward", row, arm) for row in of_any])
    for row in of_any:
        whole = ("onward", row.replace("of_any", "kind"), arm)
        yield _sum(whole, [("onward", row, arm)])


def _groups(tables: Mapping[str, Table], name: str, arms: list[str]) -> Iterator[Relation]:
    """Yield that each stage is the sum of the sites, or strands."""
    stages: dict[str, list[str]] = {}
    for row in tables[name].row_labels:
        stages.setdefault(row.rpartition("__")[2], []).append(row)
    for arm in arms:
        for stage, rows in stages.items():
            yield _sum(("referrals", stage, arm), [(name, row, arm) for row in rows])
        for row in stages.get("referred", ()):
            start = row.removesuffix("referred")
            yield from _engaged(name, start, arm)
            yield from _bases(tables, name, (name, row, arm), arm, start)


def _periods(table: Table, arms: list[str]) -> Iterator[Relation]:
    """Yield that periods add to a site's total, and sites to all."""
    sites = [row for row in table.row_labels if row != _ALL]
    for arm in arms:
        own = [column for column in table.column_labels if column.startswith(f"{arm}__")]
        for row in table.row_labels:
            yield _sum(("periods", row, arm), [("periods", row, column) for column in own])
            yield _sum(("sites", f"{row}__referred", arm), [("periods", row, arm)])
        yield _sum(("referrals", "referred", arm), [("periods", _ALL, arm)])
        if sites:
            for column in (arm, *own):
                parts = [("periods", site, column) for site in sites]
                yield _sum(("periods", _ALL, column), parts)


def _months(tables: Mapping[str, Table], months: Table, arms: list[str]) -> Iterator[Relation]:
    """Yield that a period of whole months is the sum of the referrals of its months."""
    one_site = tables.get("by_period")
    for arm in arms:
        if one_site:
            places = [("by_period", row, arm) for row in one_site.row_labels]
        else:
            columns = tables["periods"].column_labels if "periods" in tables else ()
            places = [("periods", _ALL, column) for column in columns if column.startswith(arm)]
        starts = ["".join(place[1:]).partition("from_")[2][:7] for place in places]
        listed = [(first, place) for first, place in zip(starts, places, strict=True) if first]
        for (first, place), (end, _) in zip(listed, [*listed[1:], ("9", None)], strict=True):
            parts = tuple(
                (_MONTHS, row, arm, "count")
                for row in months.row_labels
                if row.startswith(f"{_ALL}__2") and first <= row.removeprefix(f"{_ALL}__") < end
            )
            yield Relation((f"{_HOME}{place[0]}", *place[1:], "count"), parts)


def _accommodation(tables: Mapping[str, Table], arms: list[str]) -> Iterator[Relation]:
    """Yield that sites add to all, and that the summary says the same."""
    rows = list(tables["accommodation"].row_labels)
    for arm in arms:
        for row in rows:
            name, _, site = row.partition("__")
            if name == "accommodation":
                whole = ("periods", site, arm) if site else ("referrals", "referred", arm)
                yield _sum(whole, [("accommodation", row, arm)], "count", "n:count")
        yield from _bases(tables, "accommodation", ("referrals", "referred", arm), arm, "kind__")
        for name in ("accommodation", "need"):
            own = [row for row in rows if row.startswith(f"{name}__")]
            if not own:
                continue
            for statistic in ("count", "n:count"):
                parts = [("accommodation", row, arm) for row in own]
                yield _sum(("accommodation", name, arm), parts, statistic)
        if "summary" in tables:
            for site in tables["summary"].row_labels:
                row = "accommodation" if site == _ALL else f"accommodation__{site}"
                same = ("summary", site, f"{arm}__accommodation")
                yield _sum(("accommodation", row, arm), [same])
                yield _sum(("periods", site, arm), [("summary", site, arm)])
    if "summary" in tables:
        for column in tables["summary"].column_labels:
            sites = [row for row in tables["summary"].row_labels if row != _ALL]
            yield _sum(("summary", _ALL, column), [("summary", site, column) for site in sites])


def _monitoring(tables: Mapping[str, Table], arms: list[str]) -> Iterator[Relation]:
    """Yield what the referrals, and those started, of a monitoring table are made of."""
    name = "monitoring"
    areas = [row for row in tables[name].row_labels if row.startswith("area__")]
    for arm in arms:
        made, started, completed = (
            (name, row, arm) for row in ("referrals", "started", "completed")
        )
        yield _sum(made, [(name, row, arm) for row in ("suitable", "unsuitable")])
        yield _sum(made, [(name, row, arm) for row in areas])
        yield _sum(started, [(name, row, arm) for row in ("engaged", "stopped")])
        for start in _OF_MADE:
            yield from _bases(tables, name, made, arm, start)
        for start in ("engaged", "completed", "stopped"):
            yield from _bases(tables, name, started, arm, start)
        yield from _bases(tables, name, completed, arm, "onward")
