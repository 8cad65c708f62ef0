"""Somebody who wants the hidden numbers: knows how the tables are made, and can do sums.

Written by hand from what the tables mean, without anything of the disclosure control that it
is to test: arms add up to all, levels to those who answered, boxes of the flow to boxes; a
share times its n, a mean times its people, a rate times its time are whole numbers.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import csr_array

from datrial.results.cells import Cell, State, Table

Number = tuple[str, str, str, str]  # table, row, column; "count" or "n", with what it is of
Sum = tuple[Number, tuple[Number, ...]]

COUNTED = ("count", "people", "observed", "answered", "total", "with_event", "at_risk")
SITES = ("site_1", "site_2", "site_3")
SEVERITY = ("none", "standard", "moderate", "high")
UNKNOWN = ("dont_know", "missing", "not_known")
FLOW = {
    "heard": ("excluded", "allocated_heard"),
    "cms_record": ("completed", "not_completed"),
    "police_asked": ("police_record", "police_none", "police_unknown"),
    "primary": ("engaged", "not_engaged", "engagement_unknown"),
    "engaged": ("both_forms", "intake_only"),
    "intake_all": ("engaged", "intake_other"),
    "both_all": ("both_forms", "both_other"),
}
ALLOCATED = (
    ("allocated_heard", "allocated_not_heard", "allocated_heard_unknown"),
    ("cms_record", "cms_none", "cms_unknown"),
    ("marac_followed", "marac_not_followed"),
    ("police_asked", "police_not_asked", "police_not_listed"),
    ("primary", "no_primary"),
)


class Attacker:
    """All that is released, and all that is known to add up."""

    def __init__(self, tables: Iterable[Table]) -> None:
        self.tables = {table.id: table for table in tables if not table.not_about_people}
        self.known: dict[Number, float] = {}
        self.sums: list[Sum] = []
        self.cells: dict[Number, Cell] = {
            (table.id, cell.row, cell.column, cell.statistic): cell
            for table in self.tables.values()
            for cell in table.cells
        }
        #: Table and column in which some cell shows its n.
        self.with_n = {(key[0], key[2]) for key, cell in self.cells.items() if cell.n is not None}
        for table in self.tables.values():
            self._read(table)
            self.sums += [*arms(table), *levels(table), *flow(table)]
        self.sums += [*changes(self.tables), *behaviours(self.tables), *sites(self.tables)]
        self.sums += [*incidents(self.tables), *closed(self.tables)]

    def _read(self, table: Table) -> None:
        """Note every number shown, and those that a share, mean or rate gives away."""
        for cell in table.cells:
            place = (table.id, cell.row, cell.column)
            if cell.n is not None:
                self.known[*place, f"n {cell.statistic}"] = cell.n
            if cell.value is None:
                continue
            if cell.statistic in COUNTED:
                self.known[*place, cell.statistic] = cell.value
            elif cell.statistic in ("share", "share_of_known") and cell.n:
                self._whole((*place, "count"), cell.value * cell.n)
            elif cell.statistic == "mean" and cell.n:
                self._whole((*place, "total"), cell.value * cell.n)
        for cell in table.cells:
            place = (table.id, cell.row, cell.column)
            count = self.cells.get((*place, "count"))
            if cell.statistic != "share" or cell.n is not None or count is None:
                continue
            if cell.value and count.value is not None:
                self._whole((*place, "n share"), count.value / cell.value)

    def _whole(self, number: Number, value: float) -> None:
        if abs(value - round(value)) < 1e-6:
            self.known.setdefault(number, round(value))

    def bounds(self, targets: Iterable[Number]) -> dict[Number, tuple[float, float]]:
        """Return the least and the most that each number can be."""
        sums = [self._without_absent(each) for each in self.sums]
        group: dict[Number, set[Number]] = {}
        of: dict[int, list[Sum]] = defaultdict(list)
        for one in sums:
            unknown = [] if one is None else [e for e in (one[0], *one[1]) if e not in self.known]
            joined = set(unknown).union(*(group.get(each, set()) for each in unknown))
            group |= dict.fromkeys(joined, joined)
        for one in sums:
            for each in () if one is None else (one[0], *one[1]):
                if each in group:
                    of[id(group[each])].append(one)
                    break
        found = {}
        for target in targets:
            if target in self.known:
                found[target] = (self.known[target], self.known[target])
            elif target not in group:
                found[target] = (0.0, np.inf)
            else:
                found[target] = self._range(target, sorted(group[target]), of[id(group[target])])
        return found

    def _range(self, target: Number, unknown: list[Number], sums: list[Sum]) -> tuple[float, float]:
        """Return the range of one unknown number, given the sums between it and others."""
        place = {number: position for position, number in enumerate(unknown)}
        rows, columns, entries = [], [], []
        constant = np.zeros(len(sums))
        for row, (whole, parts) in enumerate(sums):
            for number, sign in [(whole, -1.0), *((part, 1.0) for part in parts)]:
                if number in self.known:
                    constant[row] -= sign * self.known[number]
                else:
                    rows.append(row)
                    columns.append(place[number])
                    entries.append(sign)
        matrix = csr_array((entries, (rows, columns)), shape=(len(sums), len(unknown)))
        limits = [(self._least(number), None) for number in unknown]
        ends = []
        for sign in (1.0, -1.0):
            costs = np.zeros(len(unknown))
            costs[place[target]] = sign
            answer = linprog(costs, A_eq=matrix, b_eq=constant, bounds=limits, method="highs")
            assert answer.status in (0, 3), "what is released contradicts itself"
            ends.append(sign * answer.fun if answer.status == 0 else np.inf)
        return ends[0], ends[1]

    def _least(self, number: Number) -> float:
        """Return that a hidden number is 1 or more, but where its n may be small."""
        return 1.0 if number in self.cells and number[::2][:2] in self.with_n else 0.0

    def _without_absent(self, one: Sum) -> Sum | None:
        """Return a sum without the parts that the tables do not have; None without the whole."""
        whole, parts = one
        if not self._is_there(whole):
            return None
        there = tuple(part for part in parts if self._is_there(part))
        return (whole, there) if there else None

    def _is_there(self, number: Number) -> bool:
        if number[3].startswith("n "):
            return number in self.known or (*number[:3], number[3][2:]) in self.cells
        cell = self.cells.get(number) or self.cells.get((*number[:3], "share"))
        return number in self.known or (cell is not None and cell.state is State.SUPPRESSED)


def arms(table: Table) -> Iterator[Sum]:
    """Yield that all is both arms, in counts and in n."""
    if {"all", "intervention", "control"} <= table.column_labels.keys():
        for row in table.row_labels:
            for kind in ("count", "total", "people", "n count", "n share"):
                both = tuple((table.id, row, arm, kind) for arm in ("intervention", "control"))
                yield (table.id, row, "all", kind), both


def levels(table: Table) -> Iterator[Sum]:
    """Yield that answers add to those asked, and the known ones to those known."""
    if table.id.startswith("participant_profile.") or table.id == "victim_behaviours.severity":
        groups: dict[str, list[str]] = defaultdict(list)
        for row in table.row_labels:
            question, _, level = row.rpartition("__")
            if question and row != "age__missing" and question not in table.row_labels:
                groups[question].append(row)
                del level
        for rows in groups.values():
            known = [row for row in rows if not row.endswith(UNKNOWN)]
            for column in table.column_labels:
                yield (
                    (table.id, rows[0], column, "n count"),
                    tuple((table.id, row, column, "count") for row in rows),
                )
                yield (
                    (table.id, known[0], column, "n share_of_known"),
                    tuple((table.id, row, column, "count") for row in known),
                )
    if table.id.startswith("victim_risk.") and "answered" in table.row_labels:
        rows = list(table.row_labels)
        named = [row for row in rows if row in ("answered", "dont_know", "missing")]
        for column in table.column_labels:
            first = rows[: rows.index("answered")]
            yield (
                (table.id, "answered", column, "count"),
                tuple((table.id, row, column, "count") for row in first),
            )
            yield (
                (table.id, "answered", column, "n count"),
                tuple((table.id, row, column, "count") for row in named),
            )
    if table.id in ("behaviours.severity", "behaviours.transitions"):
        for row in table.row_labels:
            yield (
                (table.id, row, "none", "n share"),
                tuple((table.id, row, level, "count") for level in SEVERITY),
            )
            yield (
                (table.id, row, "any", "count"),
                tuple((table.id, row, level, "count") for level in SEVERITY[1:]),
            )


def flow(table: Table) -> Iterator[Sum]:
    """Yield the boxes of the flow."""
    if not table.id.startswith("participant_flow."):
        return
    reasons = tuple(row for row in table.row_labels if row.startswith("excluded_"))
    boxes = [*FLOW.items(), ("excluded", reasons), *(("allocated", each) for each in ALLOCATED)]
    for column in table.column_labels:
        for whole, parts in boxes:
            yield (
                (table.id, whole, column, "count"),
                tuple((table.id, part, column, "count") for part in parts),
            )


def changes(tables: dict[str, Table]) -> Iterator[Sum]:
    """Yield that each kind of change is the transitions of that kind."""
    change = tables.get("behaviours.change")
    if change is None or "behaviours.transitions" not in tables:
        return
    for row in change.row_labels:
        behaviour, later, group = row.split("__")
        start = {"all": 0, "any": 1, "high": 3}[group]
        kinds: dict[str, list[Number]] = defaultdict(list)
        for before in range(start, 4):
            for after in range(4):
                kind = "reduced" if after < before else "increased"
                if after == before:
                    kind = "unchanged" if before else "none_both"
                key = f"{behaviour}__intake_{later}__{SEVERITY[before]}"
                kinds[kind].append(("behaviours.transitions", key, SEVERITY[after], "count"))
        for kind, parts in kinds.items():
            yield (change.id, row, kind, "count"), tuple(parts)
        columns = ("reduced", "none_both", "unchanged", "increased")
        yield (
            (change.id, row, "reduced", "n share"),
            tuple((change.id, row, column, "count") for column in columns),
        )


def behaviours(tables: dict[str, Table]) -> Iterator[Sum]:
    """Yield what the tables of behaviours have in common."""
    if {"victim_behaviours.prevalence", "victim_behaviours.severity"} <= tables.keys():
        for row in tables["victim_behaviours.prevalence"].row_labels:
            for column in ("all", "intervention", "control"):
                yield (
                    ("victim_behaviours.prevalence", row, column, "count"),
                    tuple(
                        ("victim_behaviours.severity", f"{row}__{level}", column, "count")
                        for level in SEVERITY[1:]
                    ),
                )
    if {"behaviours.severity", "behaviours.transitions"} <= tables.keys():
        for row in tables["behaviours.severity"].row_labels:
            behaviour, time = row.split("__")
            for first, last in (("intake", "midpoint"), ("midpoint", "closure")):
                for level in (*SEVERITY, "not_known"):
                    block = f"{behaviour}__{first}_{last}"
                    if time == last:
                        parts = [(f"{block}__{each}", level) for each in (*SEVERITY, "not_known")]
                    elif time == first:
                        parts = [(f"{block}__{level}", each) for each in (*SEVERITY, "not_known")]
                    else:
                        continue
                    yield (
                        ("behaviours.severity", row, level, "count"),
                        tuple(("behaviours.transitions", key, to, "count") for key, to in parts),
                    )


def sites(tables: dict[str, Table]) -> Iterator[Sum]:
    """Yield that the sites add up."""
    if {"victim_support.types", "victim_support.types_by_site"} <= tables.keys():
        for row in tables["victim_support.types"].row_labels:
            for column in ("all", "intervention", "control"):
                yield (
                    ("victim_support.types", row, column, "count"),
                    tuple(
                        ("victim_support.types_by_site", f"{row}__{site}", column, "count")
                        for site in SITES
                    ),
                )
    for name in ("interventions.duration", "interventions.duration_bands"):
        for row in tables[name].row_labels if name in tables else ():
            for kind in ("count", "n count"):
                yield (name, row, "all", kind), tuple((name, row, site, kind) for site in SITES)


def incidents(tables: dict[str, Table]) -> Iterator[Sum]:
    """Yield that incidents are those of domestic abuse and others."""
    for name, kind in (
        ("police_follow_up.incidents", "count"),
        ("police_perpetrators.incidents", "count"),
        ("police_follow_up.per_person", "total"),
        ("police_perpetrators.per_person", "total"),
    ):
        for row in tables[name].row_labels if name in tables else ():
            start, _, what = row.rpartition("__")
            for column in tables[name].column_labels:
                if what == "incidents":
                    yield (
                        (name, row, column, kind),
                        tuple(
                            (name, f"{start}__{each}", column, kind)
                            for each in ("domestic_abuse", "other")
                        ),
                    )


def closed(tables: dict[str, Table]) -> Iterator[Sum]:
    """Yield how the cases of the intervention ended, and how long they took."""
    name, bands = "interventions.duration", "interventions.duration_bands"
    if {name, bands} <= tables.keys():
        for column in tables[name].column_labels:
            ends = ("closed", "open", "not_completed", "closed_before_start")
            yield (
                (name, "cases", column, "count"),
                tuple((name, end, column, "count") for end in ends),
            )
            rows = tuple((bands, row, column, "count") for row in tables[bands].row_labels)
            yield (name, "closed", column, "count"), rows
            yield (bands, rows[0][1], column, "n count"), rows


def true_sums(raw: Iterable[Table]) -> list[Sum]:
    """Return the sums that hold; those of a number that is not there are left out."""
    knows_all = Attacker(raw)
    kept = []
    for one in knows_all.sums:
        there = knows_all._without_absent(one)
        if there is not None and all(each in knows_all.known for each in (there[0], *there[1])):
            whole, parts = there
            if knows_all.known[whole] == sum(knows_all.known[part] for part in parts):
                kept.append(there)
    return kept


def pinned(
    raw: Iterable[Table], released: Iterable[Table], threshold: int
) -> tuple[list[Number], list[Number], int]:
    """Return the small counts that are known for certain, those known too well, and how many
    were hidden."""
    attacker = Attacker(released)
    attacker.sums = true_sums(raw)
    small = [
        (table.id, cell.row, cell.column, cell.statistic)
        for table in raw
        if not table.not_about_people
        for cell in table.cells
        if cell.statistic in COUNTED and cell.value is not None and 0 < cell.value < threshold
    ]
    found = attacker.bounds(small)
    certain = [
        one for one, (low, high) in found.items() if np.floor(high + 1e-6) <= np.ceil(low - 1e-6)
    ]
    close = [
        one
        for one, (low, high) in found.items()
        if one not in certain and not (low <= 1 + 1e-6 and high >= threshold - 1 - 1e-6)
    ]
    return certain, close, len(small)
