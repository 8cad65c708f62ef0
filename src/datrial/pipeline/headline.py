"""The small table that a run ends with: Drive-DASH rate ratios beside the published ones."""

from __future__ import annotations

from datrial.config.project import home

HEADLINE_TABLE = "risk_score.rate_ratios"
_HIDDEN = "[c] hidden"


def headline(run_id: str) -> str:
    """Return the table as text; empty if the run has no such table."""
    import duckdb

    cells = home() / "results" / run_id / "cells.parquet"
    rows = duckdb.execute(
        """
        select
            row_label,
            bool_or(state = 'suppressed') filter (
                where statistic in ('rate_ratio', 'ci_low', 'ci_high')
            ),
            max(value) filter (where statistic = 'rate_ratio'),
            max(value) filter (where statistic = 'ci_low'),
            max(value) filter (where statistic = 'ci_high'),
            max(published) filter (where statistic = 'rate_ratio'),
            max(published) filter (where statistic = 'ci_low'),
            max(published) filter (where statistic = 'ci_high')
        from read_parquet(?)
        where table_id = ?
        group by row_key, row_label
        order by min(position)
        """,
        [str(cells), HEADLINE_TABLE],
    ).fetchall()
    if not rows:
        return ""
    lines = [f"{'Drive-DASH rate ratio':<24}{'ours (95% CI)':<24}published (95% CI)"]
    for label, hidden, *numbers in rows:
        if numbers[0] is not None or hidden:
            # One of three that is hidden could be worked out from the other two.
            ours = _HIDDEN if hidden else _interval(*numbers[:3])
            lines.append(f"{label:<24}{ours:<24}{_interval(*numbers[3:])}")
    return "\n".join(lines) if len(lines) > 1 else ""


def _interval(value: float | None, low: float | None, high: float | None) -> str:
    if value is None:
        return "not published"
    if low is None or high is None:
        return f"{value:.2f}"
    return f"{value:.2f} ({low:.2f}-{high:.2f})"
