"""Somebody who knows how the tables of clients and of training add up, and wants a hidden count.

Written from what the tables mean, without anything of the disclosure control that it tests.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import lil_array

from datrial.results.cells import Table

Number = tuple[str, str, str, str]  # table, row, column, what: a count, an n, a total
Sum = tuple[Number, list[Number]]
NOT_KNOWN = ("dont_know", "missing", "not_known")
#: Statistics that are a count divided by their n.
SHARES = {"share": "count", "share_of_all": "count", "share_of_registered": "count"}


def numbers_of(tables: Iterable[Table]) -> dict[Number, float]:
    """Return every whole number that the cells show or give away."""
    known: dict[Number, float] = {}
    for table in tables:
        for cell in table.cells:
            place = (table.id.partition(".")[2], cell.row, cell.column)
            if cell.n is not None:
                known[*place, f"n {cell.statistic}"] = cell.n
            if cell.value is None:
                continue
            if cell.statistic in ("count", "answered"):
                known[*place, cell.statistic] = cell.value
            elif cell.statistic in SHARES and cell.n:
                known.setdefault((*place, "count"), round(cell.value * cell.n))
            elif cell.statistic == "mean" and cell.n:
                known[*place, "total"] = round(cell.value * cell.n)
    for table in tables:  # a share without its n, beside the count
        for cell in table.cells:
            place = (table.id.partition(".")[2], cell.row, cell.column)
            count = known.get((*place, "count"))
            if cell.statistic in SHARES and cell.n is None and cell.value and count:
                known[*place, f"n {cell.statistic}"] = round(count / cell.value)
    return known


def sums_of(tables: Iterable[Table], groups: dict[str, list[str]]) -> list[Sum]:
    """Return what adds up in the tables of clients and of training."""
    given = {table.id.partition(".")[2]: table for table in tables}
    found: list[Sum] = []
    for name, table in given.items():
        for row in table.row_labels:
            for column in table.column_labels:
                for share in SHARES:  # what is left of the n
                    rest = (name, row, column, f"rest {share}")
                    found.append(((name, row, column, f"n {share}"),
                                  [(name, row, column, "count"), rest]))  # fmt: skip
    if "people" in given:
        found += [*_clients(given, groups), *_checklists(given)]
    if "attendance" in given:
        found += _training(given)
    return found


def _clients(given: dict[str, Table], groups: dict[str, list[str]]) -> Iterator[Sum]:
    people = [row for row in given["people"].row_labels if row.endswith("people")]
    for column in given["people"].column_labels:
        whole = [("people", row, column, "count") for row in people]
        for row in people:
            start = row.removesuffix("people")
            for name in ("sex", "age_bands", "ethnicity", "area"):
                yield from _answers(given, name, start, column, [("people", row, column, "count")])
            bands = [each for each in given["age_bands"].row_labels
                     if each.startswith(f"{start}age_")]  # fmt: skip
            for kind in ("age", "age_median"):
                what = "n mean" if kind == "age" else "n median"
                yield (
                    ("people", f"{start}{kind}", column, what),
                    [("age_bands", each, column, "count") for each in bands],
                )
            for group, codes in groups.items():
                for what in ("count", "n share_of_all"):
                    parts = [("ethnicity", f"{start}{code}", column, "count") for code in codes]
                    at = ("ethnic_groups", f"{start}{group}", column, what)
                    yield at, parts if what == "count" else [("people", row, column, "count")]
            unknown = [("ethnicity", f"{start}{code}", column, "count")
                       for code in ("dont_know", "missing")]  # fmt: skip
            yield ("ethnic_groups", f"{start}not_known", column, "count"), unknown
        for name in ("children_number", "child_protection_status"):
            yield from _answers(given, name, "", column, whole)
        yield from _children(given, column)


def _answers(
    given: dict[str, Table], name: str, start: str, column: str, people: list[Number]
) -> Iterator[Sum]:
    rows = [row for row in given[name].row_labels if row.startswith(start)]
    known = [row for row in rows if not row.endswith(NOT_KNOWN)]
    yield people[0] if len(people) == 1 else (name, rows[-1], column, "n count"), [
        (name, row, column, "count") for row in rows]  # fmt: skip
    for row in rows:
        yield (name, row, column, "n share_of_all"), people
        if row in known:
            parts = [(name, each, column, "count") for each in known]
            yield (name, row, column, "n share"), parts
        else:
            yield (name, row, column, "n count"), people


def _children(given: dict[str, Table], column: str) -> Iterator[Sum]:
    sites = [row for row in given["children"].row_labels if row != "all"]
    for what in ("n mean", "total") if sites else ():
        parts = [("children", site, column, what) for site in sites]
        yield ("children", "all", column, what), parts
    numbers = [row for row in given["children_number"].row_labels if row != "missing"]
    counts = [("children_number", row, column, "count") for row in numbers]
    yield ("children", "all", column, "n mean"), counts
    often = [each for number, each in enumerate(counts) for _ in range(number)]
    yield ("children", "all", column, "total"), often
    table = "child_protection"
    for site in ("all", *sites):
        everybody = [(table, f"{site}__{each}", column, "count")
                     for each in ("yes", "no", "dont_know", "missing")]  # fmt: skip
        for answer in ("yes", "no", "dont_know", "missing"):
            yield (table, f"{site}__{answer}", column, "n share_of_all"), everybody
        yield ("children", site, column, "n mean"), everybody  # where all are known
        for answer in ("yes", "no"):
            yield (table, f"{site}__{answer}", column, "n share"), everybody[:2]
    for answer in ("yes", "no", "dont_know", "missing"):
        parts = [(table, f"{site}__{answer}", column, "count") for site in sites]
        yield (table, f"all__{answer}", column, "count"), parts
    status = "child_protection_status"
    for answer, codes in (("yes", ("plan", "care")), ("no", ("neither",)),
                          ("dont_know", ("dont_know",)), ("missing", ("missing",))):  # fmt: skip
        parts = [(status, code, column, "count") for code in codes]
        yield (table, f"all__{answer}", column, "count"), parts


def _checklists(given: dict[str, Table]) -> Iterator[Sum]:
    if "checklists" not in given:
        return
    numbers = "checklist_numbers"
    for column in given["checklists"].column_labels:
        for key in dict.fromkeys(row.partition("__")[0] for row in given["checklists"].row_labels):
            rows = [row for row in given["checklists"].row_labels if row.startswith(f"{key}__")]
            assessed = (numbers, f"{key}__assessed", column, "count")
            for row in rows:
                yield (
                    assessed,
                    [("checklists", row, column, "answered"),
                     *(("checklist_unknown", f"{row}__{code}", column, "count")
                       for code in ("dont_know", "missing"))],
                )  # fmt: skip
                for what in ("n answered", "n share_of_all"):
                    yield ("checklists", row, column, what), [assessed]
                yield (
                    ("checklists", row, column, "n share"),
                    [("checklists", row, column, "answered")],
                )
            spread = [(numbers, row, column, "count") for row in given[numbers].row_labels
                      if row.startswith(f"{key}__n_")]  # fmt: skip
            yield (numbers, f"{key}__items", column, "n mean"), spread
            yield (
                (numbers, f"{key}__items", column, "total"),
                [each for number, each in enumerate(spread) for _ in range(number)],
            )
            items = [("checklists", row, column, "count") for row in rows]
            yield (numbers, f"{key}__items", column, "total"), items
            none = (numbers, f"{key}__none_answered", column, "count")
            yield assessed, [(numbers, f"{key}__items", column, "n mean"), none]


def _training(given: dict[str, Table]) -> Iterator[Sum]:
    kinds = (("registered", "count"), ("attended", "count"), ("attended", "n share"),
             ("attended_unknown", "count"), ("passed", "count"), ("passed", "n share"),
             ("passed_unknown", "count"))  # fmt: skip
    means = tuple((column, what) for column in ("before", "after", "change")
                  for what in ("n mean", "total"))  # fmt: skip
    for name, wanted in (("attendance", kinds), ("scores", means)):
        keys = [tuple(row.split("__")) for row in given[name].row_labels]
        for key in keys:
            course, number, site = key
            splits = [
                [each for each in keys if each[:2] == key[:2] and each[2] != "all_sites"]
                if site == "all_sites" else [],
                [each for each in keys if (each[0], each[2]) == (course, site)
                 and each[1] != "all_rounds"] if number == "all_rounds" else [],
                [each for each in keys if each[0] != "all_courses"
                 and each[1:] == ("all_rounds", site)] if course == "all_courses" else [],
            ]  # fmt: skip
            for parts in filter(None, splits):
                for column, what in wanted:
                    yield (
                        (name, "__".join(key), column, what),
                        [(name, "__".join(part), column, what) for part in parts],
                    )
    for row in given["scores"].row_labels:  # where everybody who attended has a score
        for column in ("before", "after", "change"):
            scored = ("scores", row, column, "n mean")
            yield ("attendance", row, "attended", "count"), [scored]
    for row in given["attendance"].row_labels:
        for whole, column in (("registered", "attended"), ("attended", "passed")):
            yield (
                ("attendance", row, whole, "count"),
                [("attendance", row, column, "n share"),
                 ("attendance", row, f"{column}_unknown", "count")],
            )  # fmt: skip
            yield (
                ("attendance", row, f"{column}_unknown", "n count"),
                [("attendance", row, whole, "count")],
            )
        yield (
            ("attendance", row, "passed", "n share_of_registered"),
            [("attendance", row, "registered", "count")],
        )


def _least(number: Number) -> float | None:
    if number[3] == "total":
        return None  # scores may fall
    return 0.0 if number[3].startswith("n ") else 1.0


def worked_out(
    raw: list[Table], released: list[Table], groups: dict[str, list[str]], threshold: int = 5
) -> tuple[list[Number], int]:
    """Return the small counts that are known for certain from what is released, of how many.

    What a count leaves of its n is a small count as well.
    """
    truth = numbers_of(raw)
    sums = sums_of(raw, groups)
    for whole, parts in sums:  # what is left of an n is known to whoever knows all
        for part in parts:
            if part[3].startswith("rest") and whole in truth and parts[0] in truth:
                truth[part] = truth[whole] - truth[parts[0]]
    sums = [
        (whole, parts) for whole, parts in sums
        if parts and all(each in truth for each in (whole, *parts))
        and truth[whole] == sum(truth[part] for part in parts)
    ]  # fmt: skip
    known = numbers_of(released)
    known |= {number: 0.0 for number, value in truth.items()
              if not value and number not in known and not number[3].startswith("n ")}  # fmt: skip
    assert all(truth[number] == value for number, value in known.items() if number in truth)
    unknown = {number: at for at, number in enumerate(n for n in truth if n not in known)}
    sums = [one for one in sums if any(each in unknown for each in (one[0], *one[1]))]
    matrix = lil_array((len(sums), len(unknown)))
    left = np.zeros(len(sums))
    for at, (whole, parts) in enumerate(sums):
        for number, sign in ((whole, -1), *((part, 1) for part in parts)):
            if number in unknown:
                matrix[at, unknown[number]] += sign
            else:
                left[at] -= sign * known[number]
    matrix = matrix.tocsr()
    bounds = [(_least(number), None) for number in unknown]  # a count that is hidden is no zero
    small = [number for number, value in truth.items() if 0 < value < threshold
             and not number[3].startswith(("n ", "total"))]  # fmt: skip
    certain = []
    for number in small:
        if number in known:
            certain.append(number)
            continue
        ends = []
        for sign in (1.0, -1.0):
            costs = np.zeros(len(unknown))
            costs[unknown[number]] = sign
            answer = linprog(costs, A_eq=matrix, b_eq=left, bounds=bounds, method="highs")
            assert answer.status in (0, 3), "what is released contradicts itself"
            ends.append(sign * answer.fun if answer.status == 0 else np.inf)
        if np.floor(ends[1] + 1e-6) <= np.ceil(ends[0] - 1e-6):
            certain.append(number)
    return certain, len(small)
