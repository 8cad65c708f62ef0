"""What the summary says about clients, and about the training of practitioners."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from datrial.report.absent import is_hidden
from datrial.report.numbers import Style, write_number
from datrial.report.summary_words import listed, lowered, not_available, with_interval
from datrial.results.read import Run, RunTable

_PEOPLE, _ALL = "people", "all_sites"


def _clients(run: Run) -> Iterator[str]:
    entry = run.table("client_profile.people")
    if entry is None:
        return
    for row in entry.table.row_labels:
        if row == _PEOPLE or row.endswith(f"__{_PEOPLE}"):
            for column, label in entry.table.column_labels.items():
                if column != "difference":
                    yield from _of_group(entry, row, column, label)
    yield from _most_frequent(run)


def _of_group(entry: RunTable, row: str, column: str, arm: str) -> Iterator[str]:
    """Say how many people there are in a strand and arm, and how old they are."""
    strand = entry.table.row_labels[row].rpartition(": ")[0]
    arms = len([each for each in entry.table.column_labels if each != "difference"])
    name = ", ".join(filter(None, (strand, arm if arms > 1 or not strand else "")))
    count = entry.value(row, column, "count")
    if count is None:
        yield not_available(f"How many clients there are ({name})", entry, row, column, "count")
        return
    age = f"{row.removesuffix(_PEOPLE)}age"
    mean = with_interval(entry, age, column, "mean", Style.MEAN)
    if not mean:
        why = "hidden [c]" if is_hidden(entry.cell(age, column, "mean")) else "not available"
        mean = why
    yield f"{name}: {write_number(count, Style.COUNT)} people, mean age {mean}."


def _most_frequent(run: Run) -> Iterator[str]:
    """Say which item of each checklist most people have, in each arm."""
    entry = run.table("client_profile.checklists")
    if entry is None:
        return
    rows = list(entry.table.row_labels)
    for key in dict.fromkeys(row.partition("__")[0] for row in rows):
        told = []
        for column in entry.table.column_labels:
            shares = {
                row: share
                for row in rows
                if row.startswith(f"{key}__") and column != "difference"
                and (share := entry.value(row, column, "share")) is not None
            }  # fmt: skip
            if shares:
                first = max(shares, key=lambda row: shares[row])
                item = entry.table.row_labels[first].partition(": ")[2]
                words = with_interval(entry, first, column, "share", Style.SHARE)
                told.append(f"{lowered(item)}, {words}")
        title = entry.table.row_labels[
            next(row for row in rows if row.startswith(f"{key}__"))
        ].partition(": ")[0]
        if told:
            yield f"{title}: most often {listed(told)} of those with an answer."


def _training(run: Run) -> Iterator[str]:
    entry = run.table("training.attendance")
    if entry is None:
        return
    for row in entry.table.row_labels:
        course, rounds, site = row.split("__")
        if site == _ALL and rounds == "all_rounds" and course != "all_courses":
            yield from _of_course(entry, row)
    scores = run.table("training.scores")
    for row in scores.table.row_labels if scores else ():
        if scores is not None and row.endswith(_ALL):
            change = with_interval(scores, row, "change", "mean", Style.MEAN)
            if change:
                label = scores.table.row_labels[row].rpartition(":")[0]
                yield f"{label}: test scores changed by {change} points, of those with both."


def _of_course(entry: RunTable, row: str) -> Iterator[str]:
    label = entry.table.row_labels[row].rpartition(":")[0]
    attended = entry.value(row, "attended", "count")
    if attended is None:
        yield not_available(f"{label}: how many attended", entry, row, "attended", "count")
        return
    text = f"{label}: {write_number(attended, Style.COUNT)} attended"
    passed = with_interval(entry, row, "passed", "share", Style.SHARE)
    yield f"{text}; {passed} of those with a known result passed." if passed else f"{text}."


CLIENT_SENTENCES: dict[str, Callable[[Run], Iterator[str]]] = {
    "client_profile": _clients,
    "training": _training,
}
