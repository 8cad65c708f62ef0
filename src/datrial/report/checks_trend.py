"""How a rule went over the last runs: its figures, a small line, and what changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

_RANKS = {"passed": 0, "warned": 1, "quarantined": 2, "failed": 3}
_WIDTH, _HEIGHT, _EDGE = 96, 22, 3


@dataclass(frozen=True)
class Trend:
    """A rule over the last runs, the oldest first.

    Attributes
    ----------
    change
        Against the run before: ``new``, ``worse``, ``better`` or nothing.
    words
        The figures in words, for everybody.
    svg
        The figures as a line; empty where there are fewer than two.
    """

    change: str
    words: str
    svg: str


def trend(results: Sequence[dict[str, Any] | None], is_first_run: bool) -> Trend:
    """Return a rule's trend.

    Parameters
    ----------
    results
        The rule's result in each run, the oldest first, this run's at the end;
        None in a run that did not have the rule.
    is_first_run
        Whether no run of other data came before, so that nothing is new.
    """
    figures = [_figure(result) for result in results]
    known = [figure for figure in figures if figure is not None]
    before = next((result for result in reversed(results[:-1]) if result is not None), None)
    now = results[-1]
    change = "" if now is None or is_first_run else _change(before, now)
    if len(known) < 2:
        return Trend(change, "first run" if is_first_run else "no earlier figure", "")
    return Trend(change, _words(figures, known, now or {}), _line(figures))


def share_failed(result: dict[str, Any]) -> float | None:
    """Return the share of rows looked at that failed; None if there were none."""
    return result["failed"] / result["looked_at"] if result["looked_at"] else None


def percent(share: float) -> str:
    """Return a share as per cent; small ones are not rounded to nothing."""
    if share == 0:
        return "0%"
    if share < 0.001:
        return "<0.1%"
    return "100%" if share == 1 else f"{min(share, 0.999):.1%}"


def _figure(result: dict[str, Any] | None) -> float | None:
    if result is None:
        return None
    observed: float | None = result["observed"]
    return share_failed(result) if observed is None else observed


def _change(before: dict[str, Any] | None, now: dict[str, Any]) -> str:
    if before is None:
        return "new"
    ranks = _RANKS[before["verdict"]], _RANKS[now["verdict"]]
    if ranks[0] != ranks[1]:
        return "worse" if ranks[1] > ranks[0] else "better"
    shares = share_failed(before), share_failed(now)
    if ranks[1] == 0 or shares[0] is None or shares[1] is None or shares[0] == shares[1]:
        return ""
    return "worse" if shares[1] > shares[0] else "better"


def _words(figures: Sequence[float | None], known: Sequence[float], now: dict[str, Any]) -> str:
    def said(value: float | None) -> str:
        if value is None:
            return "–"
        return f"{value:.3f}" if now.get("observed") is not None else percent(value)

    texts = [said(figure) for figure in figures]
    if len(set(texts)) == 1:
        return f"{texts[0]} in all {len(texts)} runs"
    return ", ".join(texts)


def _line(figures: Sequence[float | None]) -> str:
    """Return a line over the runs, from 0 (or the lowest mean) up to the highest figure."""
    known = [figure for figure in figures if figure is not None]
    low, high = min(0.0, *known), max(known)
    span = high - low or 1.0
    step = (_WIDTH - 2 * _EDGE) / max(1, len(figures) - 1)
    points = [
        (_EDGE + place * step, _HEIGHT - _EDGE - (figure - low) / span * (_HEIGHT - 2 * _EDGE))
        for place, figure in enumerate(figures)
        if figure is not None
    ]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    x, y = points[-1]
    return (
        f'<svg class="spark" viewBox="0 0 {_WIDTH} {_HEIGHT}" width="{_WIDTH}" height="{_HEIGHT}" '
        f'aria-hidden="true" focusable="false"><polyline points="{path}"/>'
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.5"/></svg>'
    )
