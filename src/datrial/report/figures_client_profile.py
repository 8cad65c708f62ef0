"""Figures of clients: ages, ethnicity and areas by strand, needs and experiences."""

from __future__ import annotations

from collections.abc import Sequence

from datrial.analyses.client_profile_rows import MISSING, NO_ANSWER, UNKNOWN_STRAND
from datrial.report.answer_bars import Group, Panel, answer_bars
from datrial.report.drawing import SERIES, Figure, has_any
from datrial.results.read import RunTable

_KNOWN, _ALL = "share", "share_of_all"


def client_ages(entry: RunTable) -> Figure | None:
    """Draw how many clients are in each band of ages, by strand."""
    return _by_strand(entry, "client-ages", "Ages of clients")


def client_sex(entry: RunTable) -> Figure | None:
    """Draw the clients' sex, by strand."""
    return _by_strand(entry, "client-sex", "Sex of clients")


def client_ethnicity(entry: RunTable) -> Figure | None:
    """Draw the clients' ethnicity, by strand."""
    return _by_strand(entry, "client-ethnicity", "Ethnicity of clients")


def client_areas(entry: RunTable) -> Figure | None:
    """Draw where clients live, by strand."""
    return _by_strand(entry, "client-areas", "Where clients live")


def client_protection(entry: RunTable) -> Figure | None:
    """Draw at each site the share of cases with a protection plan or a child in care."""
    rows = [row for row in entry.table.row_labels if row.endswith("__yes")]
    labels = [entry.table.row_labels[row].partition(":")[0] for row in rows]
    statistic = _statistic(entry)
    groups = [Group(label, rows, arm) for arm, label in _arms(entry).items()]
    what = "Cases with a child protection plan or a child in care", _of(statistic, "cases")
    panel = Panel("", labels, groups if len(groups) > 1 else [Group("", rows, groups[0].column)])
    return answer_bars(entry, "client-protection", what, [panel], statistic)


def client_checklists(entry: RunTable) -> Figure | None:
    """Draw who has which item of a checklist, a panel for each checklist."""
    statistic = _statistic(entry)
    arms = _arms(entry)
    panels = []
    for number, key in enumerate(dict.fromkeys(row.partition("__")[0] for row in
                                               entry.table.row_labels)):  # fmt: skip
        rows = [row for row in entry.table.row_labels if row.startswith(f"{key}__")]
        title, answers = _split_labels([entry.table.row_labels[row] for row in rows])
        groups = [Group(label if len(arms) > 1 else "", rows, arm) for arm, label in arms.items()]
        panels.append(Panel(title, answers, groups, number * len(groups)))
    what = "Needs and experiences of clients", _of(statistic, "clients assessed")
    return answer_bars(entry, "client-checklists", what, panels, statistic)


def _by_strand(entry: RunTable, figure_id: str, what: str) -> Figure | None:
    """Draw the answers of each strand and arm; those of no known strand are left out."""
    starts = [
        row.removesuffix(MISSING)
        for row in entry.table.row_labels
        if row.endswith(MISSING) and not row.startswith(UNKNOWN_STRAND)
    ]
    arms = _arms(entry)
    statistic = _statistic(entry)
    groups, codes, answers = [], [], []
    for start in starts:
        words = entry.table.row_labels[f"{start}{MISSING}"].removesuffix(NO_ANSWER[MISSING])
        own = [row for row in entry.table.row_labels if row.startswith(start)]
        known = [row for row in own if row.removeprefix(start) not in NO_ANSWER]
        codes = [row.removeprefix(start) for row in known]
        answers = [entry.table.row_labels[row].removeprefix(words) for row in known]
        for arm, label in arms.items():
            named = [words.removesuffix(": "), label if len(arms) > 1 else ""]
            groups.append(Group(", ".join(filter(None, named)), known, arm))
    if any(len(group.rows) != len(codes) for group in groups):
        return None
    panel = Panel("", answers, groups[: len(SERIES)])
    return answer_bars(entry, figure_id, (what, _of(statistic, "clients")), [panel], statistic)


def _arms(entry: RunTable) -> dict[str, str]:
    columns = entry.table.column_labels
    return {column: label for column, label in columns.items() if column != "difference"}


def _statistic(entry: RunTable) -> str:
    """Return the share to draw: of those known, unless only the other is published or told."""
    published = {key[2] for key in entry.published}
    if _ALL in published and _KNOWN not in published:
        return _ALL
    return _KNOWN if has_any(entry, _KNOWN) or not has_any(entry, _ALL) else _ALL


def _of(statistic: str, people: str) -> str:
    return f"% of all {people}" if statistic == _ALL else f"% of {people} of whom it is known"


def _split_labels(labels: Sequence[str]) -> tuple[str, list[str]]:
    """Return what labels begin with in common, up to the colon, and the rest of each."""
    title, _, _ = labels[0].partition(": ")
    return title, [label.removeprefix(f"{title}: ") for label in labels]
