"""Sums between the tables of clients that hold by meaning: what disclosure control must know."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from datrial.analyses.client_profile_children import ALL, NEITHER
from datrial.analyses.client_profile_rows import DONT_KNOW, MISSING, NO_ANSWER
from datrial.results.cells import Table
from datrial.results.disclosure import CellKey, Relation

if TYPE_CHECKING:
    from datrial.config.study import Study

_ID = "client_profile."
_ALL_N, _KNOWN_N = "n:share_of_all", "n:share"
_BY_STRAND = ("sex", "age_bands", "ethnicity", "area")
_ANSWERS = ("yes", "no", DONT_KNOW, MISSING)


def client_sums(given: Mapping[str, Table], study: Study | None) -> list[Relation]:
    """Return the sums between the tables of ``client_profile``, as far as they are there."""
    tables = {
        name.removeprefix(_ID): table for name, table in given.items() if name.startswith(_ID)
    }
    if not tables:
        return []
    arms = [column for column in tables["people"].column_labels if column != "difference"]
    starts = [row.removesuffix("people") for row in tables["people"].row_labels
              if row == "people" or row.endswith("__people")]  # fmt: skip
    found: list[Relation] = []
    for arm in arms:
        sums = _Sums(tables, arm)
        for name in _BY_STRAND:
            for start in starts:
                found += sums.answers(name, start, [("people", f"{start}people", "count")])
        whole = [("people", f"{start}people", "count") for start in starts]
        found += [*sums.answers("children_number", "", whole), *sums.sites()]
        found += sums.answers("child_protection_status", "", whole)
        found += [*sums.ages(starts), *sums.children(), *sums.checklists()]
        if study is not None:
            options = study.analyses.get("client_profile", {})
            found += sums.ethnic_groups(options.get("ethnic_groups", {}), starts)
            found += sums.protection(options.get("protection_or_care", ()))
    return found


class _Sums:
    """The sums of one arm; a place is (table, row, statistic)."""

    def __init__(self, tables: Mapping[str, Table], arm: str) -> None:
        self.tables, self.arm = tables, arm

    def key(self, place: tuple[str, str, str]) -> CellKey:
        table, row, statistic = place
        return f"{_ID}{table}", row, self.arm, statistic

    def sum(self, whole: tuple[str, str, str], parts: Sequence[tuple[str, str, str]]) -> Relation:
        return Relation(self.key(whole), tuple(self.key(part) for part in parts))

    def rows(self, table: str, start: str = "") -> list[str]:
        return [row for row in self.tables[table].row_labels if row.startswith(start)] \
            if table in self.tables else []  # fmt: skip

    def answers(
        self, table: str, start: str, people: Sequence[tuple[str, str, str]]
    ) -> Iterator[Relation]:
        """Yield that all answers are everybody, and those known are everybody known."""
        rows = self.rows(table, start)
        if not rows:
            return
        known = [row for row in rows if row.removeprefix(start) not in NO_ANSWER]
        everybody = (table, rows[-1], _ALL_N)
        yield self.sum(everybody, [(table, row, "count") for row in rows])
        for row in known:
            yield self.sum((table, row, _KNOWN_N), [(table, each, "count") for each in known])
        for row in rows:
            yield self.sum((table, row, _ALL_N), people)

    def sites(self) -> Iterator[Relation]:
        """Yield that the sites' cases are all cases, by their protection and in all."""
        rows = self.rows("child_protection")
        sites = list(dict.fromkeys(row.partition("__")[0] for row in rows))
        others = [site for site in sites if site != ALL]
        for site in sites:
            yield from self.answers("child_protection", f"{site}__", [
                ("child_protection", f"{site}__{MISSING}", "n:count")])  # fmt: skip
        for answer in _ANSWERS if others else ():
            for statistic in ("count", _ALL_N):
                parts = [("child_protection", f"{site}__{answer}", statistic) for site in others]
                yield self.sum(("child_protection", f"{ALL}__{answer}", statistic), parts)

    def ages(self, starts: Sequence[str]) -> Iterator[Relation]:
        """Yield that those whose age is known are those in a band of ages."""
        for start in starts:
            bands = [
                ("age_bands", row, "count") for row in self.rows("age_bands", start)
                if row.removeprefix(start) not in NO_ANSWER
            ]  # fmt: skip
            yield self.sum(("people", f"{start}age", "n:mean"), bands)
            yield self.sum(("people", f"{start}age_median", "n:median"), bands)

    def children(self) -> Iterator[Relation]:
        """Yield that the children of the sites are all, and what their distribution comes to."""
        sites = [row for row in self.rows("children") if row != ALL]
        for statistic in ("n:mean", "of:mean") if sites else ():
            parts = [("children", site, statistic) for site in sites]
            yield self.sum(("children", ALL, statistic), parts)
        for site in sites:  # where every case's number is known
            yield self.sum(("children", site, "n:mean"), [
                ("child_protection", f"{site}__{MISSING}", "n:count")])  # fmt: skip
        numbers = [row for row in self.rows("children_number") if row != MISSING]
        yield from self._spread(("children", ALL), [("children_number", row) for row in numbers])

    def _spread(self, mean: tuple[str, str], rows: Sequence[tuple[str, str]]) -> Iterator[Relation]:
        """Yield that a distribution has as many people as a mean, and, if none is open, its total.

        Of nobody in the open row, the total is each number as often as it stands in the table.
        """
        if not rows:
            return
        yield self.sum((*mean, "n:mean"), [(*row, "count") for row in rows])
        weighted = [(*row, "count") for number, row in enumerate(rows) for _ in range(number)]
        yield self.sum((*mean, "of:mean"), weighted)

    def protection(self, counted: Sequence[str]) -> Iterator[Relation]:
        """Yield which of the service's terms are a plan or care, and which neither."""
        table = "child_protection_status"
        codes = [row for row in self.rows(table) if row not in NO_ANSWER]
        yes = [code for code in codes if code in counted or (not counted and code not in NEITHER)]
        no = [code for code in codes if code not in yes]
        for answer, parts in (("yes", yes), ("no", no), (MISSING, [MISSING])):
            whole = ("child_protection", f"{ALL}__{answer}", "count")
            yield self.sum(whole, [(table, code, "count") for code in parts])

    def ethnic_groups(
        self, groups: Mapping[str, Mapping[str, Sequence[str]]], starts: Sequence[str]
    ) -> Iterator[Relation]:
        """Yield which ethnicities each group is made of."""
        for start in starts:
            rows = self.rows("ethnicity", start)
            unknown = [row for row in rows if row.removeprefix(start) in NO_ANSWER]
            made = {key: [f"{start}{code}" for code in group["codes"]]
                    for key, group in groups.items()} | {"not_known": unknown}  # fmt: skip
            for key, parts in made.items():
                whole = ("ethnic_groups", f"{start}{key}", "count")
                yield self.sum(whole, [("ethnicity", row, "count") for row in parts])
            known = [row for row in rows if row not in unknown]
            for key in groups:
                yield self.sum(("ethnic_groups", f"{start}{key}", _KNOWN_N),
                               [("ethnicity", row, "count") for row in known])  # fmt: skip
            for key in made:
                yield self.sum(("ethnic_groups", f"{start}{key}", _ALL_N),
                               [("people", f"{start}people", "count")])  # fmt: skip

    def checklists(self) -> Iterator[Relation]:
        """Yield that answers and none are those assessed, and items those that people have."""
        items = self.rows("checklists")
        for instrument in dict.fromkeys(row.partition("__")[0] for row in items):
            start, number = f"{instrument}__", "checklist_numbers"
            assessed = (number, f"{start}assessed", "count")
            own = [row for row in items if row.startswith(start)]
            for row in own:
                unknown = [("checklist_unknown", f"{row}__{code}", "count")
                           for code in (DONT_KNOW, MISSING)]  # fmt: skip
                yield self.sum(("checklists", row, "n:answered"), [assessed])
                yield self.sum(assessed, [("checklists", row, "answered"), *unknown])
                yield self.sum(("checklists", row, _KNOWN_N), [("checklists", row, "answered")])
            spread = [(number, row) for row in self.rows(number, f"{start}n_")]
            mean = (number, f"{start}items")
            yield from self._spread(mean, spread)
            yield self.sum((*mean, "of:mean"), [("checklists", row, "count") for row in own])
            yield self.sum(assessed, [(*mean, "n:mean"),
                                      (number, f"{start}none_answered", "count")])  # fmt: skip
