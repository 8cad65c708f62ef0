"""What a run's page tells of another run beside it: counts, and what a page may show."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from prefect.artifacts import create_markdown_artifact, create_table_artifact

from datrial.config.project import home
from datrial.pipeline.job import Published
from flows.artifacts import show
from flows.in_markdown import table
from flows.links import link_to

if TYPE_CHECKING:
    from datrial.pipeline.rerun import Rerun
    from datrial.results.differences import CellDifference, RunComparison

_SHOWN_CELLS = 200


def show_changes(published: Published) -> None:
    """Show how many numbers differ from the run before, and why."""
    show("changes", lambda: _changes(published))


def show_difference(comparison: RunComparison) -> None:
    """Show what differs between a stored run and the one made from it with other parameters."""
    first = comparison.first.manifest.run_id
    differ, compared = len(comparison.differences), comparison.cells_compared
    show("comparison", lambda: create_markdown_artifact(
        in_counts(comparison),
        key="comparison",
        description=f"{differ:,} of {compared:,} numbers differ from run {first}.",
    ))  # fmt: skip


def show_repetition(repeated: Rerun) -> None:
    """Show what became of a stored run that was computed again."""
    from datrial.pipeline.rerun_words import summary

    cells = repeated.cells
    differing = cells if cells is not None and not cells.is_equal else None
    lines = [f"- {line.strip()}" for line in summary(repeated)]

    def what_became_of_it() -> object:
        link = [_page(differing, repeated.run_id), ""] if differing else []
        return create_markdown_artifact(
            "\n".join([*link, *lines]), key="repetition", description=outcome(repeated)
        )

    show("repetition", what_became_of_it)
    if differing is not None:
        show("differing-cells", lambda: _cells(differing))


def outcome(repeated: Rerun) -> str:
    """Say in a sentence what became of a stored run that was computed again."""
    from datrial.pipeline.rerun_words import verdict

    run = repeated.run_id
    if repeated.is_equal:
        files = repeated.files.equal
        return f"Run {run}, computed again, is equal byte for byte: {files} files."
    if not repeated.is_explained:
        return verdict(repeated)
    if repeated.same_numbers:
        return f"Run {run}, computed again, has every number equal; the code is not that of then."
    if repeated.cells is None:
        return verdict(repeated)
    differ, compared = len(repeated.cells.differences), repeated.cells.cells_compared
    return f"{verdict(repeated)} {differ:,} of {compared:,} numbers differ."


def in_counts(comparison: RunComparison) -> str:
    """Return a comparison as Markdown: sentences, and how many numbers differ by cause."""
    from datrial.report.differences_page import sentences
    from datrial.report.differences_words import cause_title

    counts = Counter(entry.cause for entry in comparison.differences)
    by_cause = [(cause_title(cause), f"{count:,}") for cause, count in counts.most_common()]
    said = "\n\n".join(sentences(comparison))
    return (
        said if not by_cause else f"{said}\n\n{table(('Cause', 'Numbers that differ'), by_cause)}"
    )


def _changes(published: Published) -> None:
    from datrial.report.differences_page import compare_with_previous

    found = compare_with_previous(home(), published.run_id)
    if found.comparison is None:
        text, beside = "There is no earlier run of the study to compare with.", "no earlier run"
    else:
        text, beside = in_counts(found.comparison), f"run {found.comparison.first.manifest.run_id}"
    create_markdown_artifact(
        text, key="changes", description=f"What changed, compared with {beside}: in counts."
    )


def _cells(comparison: RunComparison) -> None:
    """Show the cells that differ, but for those that tell of a few people."""
    from datrial.report.differences_privacy import shown

    visible = shown(comparison)
    withheld = sum(visible.withheld.values())
    said = f"{len(comparison.differences):,} of {comparison.cells_compared:,} numbers differ."
    if withheld:
        said += f" {withheld:,} are withheld: they would tell of a few people."
    if len(visible.differences) > _SHOWN_CELLS:
        said += f" The first {_SHOWN_CELLS} are shown; `datrial rerun` lists all."
    rows = [_row(each) for each in visible.differences[:_SHOWN_CELLS]]
    create_table_artifact(rows, key="differing-cells", description=said)


def _row(each: CellDifference) -> dict[str, str]:
    from datrial.report.differences_words import change_of, pair_of, place_of
    from datrial.results.cells import State

    then, now = pair_of(each)
    is_hidden = any(
        cell is not None and cell.state is State.SUPPRESSED for cell in (each.first, each.second)
    )
    if is_hidden:  # what one of the two hides is not told by the other
        then, now = (
            "a number" if cell is not None and cell.value is not None else text
            for cell, text in ((each.first, then), (each.second, now))
        )
    return {
        "table": each.table_id,
        "cell": place_of(each),
        "then": then,
        "now": now,
        "change": "" if is_hidden else change_of(each),
        "cause": each.cause,
    }


def _page(comparison: RunComparison, run: str) -> str:
    """Write the page of a repetition's comparison, and return the link to it.

    The stored run itself is never changed, so it lies elsewhere.
    """
    from datrial.pipeline.rerun_comparison import comparison_folder
    from datrial.report.differences_page import render_differences
    from datrial.results.files import write_atomically

    page = comparison_folder(home(), run) / "index.html"
    write_atomically(page, render_differences(comparison).encode())
    return f"[Run {run}, then and now, cell by cell]({link_to(page)})"
