"""What a source sent at all: where it sent nothing a count is not available, never zero."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datrial.analyses.base import Context

_WORDS = {"marac": "MARAC", "insights": "IDVA", "cms": "case-management"}


@dataclass(frozen=True)
class Received:
    """What one source sent, by site.

    Attributes
    ----------
    words
        The source's name within a sentence.
    missing_days
        Site for which something was received -> the days between the first and
        the last day received for which nothing was.
    labels
        Site -> its name, for every site of the study.
    """

    words: str
    missing_days: Mapping[str, int]
    labels: Mapping[str, str]

    def reason(self, sites: Iterable[str] = ()) -> str:
        """Return why nothing is known of these sites; nothing if one of them has data.

        Parameters
        ----------
        sites
            Without any, all of the study's.
        """
        asked = self._asked(sites)
        if any(site in self.missing_days for site in asked):
            return ""
        of = f" of {self._named(asked)}" if len(asked) < len(self.labels) else ""
        return f"no {self.words} data were received{of}"

    def warning(self, sites: Iterable[str] = ()) -> str:
        """Return what is missing from a number that rests on these sites; mostly nothing."""
        asked = self._asked(sites)
        silent = [site for site in asked if site not in self.missing_days]
        parts = []
        if silent and len(silent) < len(asked):
            parts.append(
                f"without {self._named(silent)}, of which no {self.words} data were received"
            )
        gaps: dict[int, list[str]] = {}
        for site in asked:
            gaps.setdefault(self.missing_days.get(site, 0), []).append(site)
        parts += [
            f"{days} day{'s' if days > 1 else ''} within the {self.words} data of "
            f"{self._named(with_gap)} {'were' if days > 1 else 'was'} not received"
            for days, with_gap in gaps.items()
            if days
        ]
        return "; ".join(parts)

    def _asked(self, sites: Iterable[str]) -> list[str]:
        """Return the sites in the order of the study."""
        wanted = set(sites) or set(self.labels)
        return [site for site in self.labels if site in wanted]

    def _named(self, sites: Iterable[str]) -> str:
        return ", ".join(self.labels[site] for site in sites)


def received(context: Context, source: str) -> Received:
    """Return what a source (``marac``, ``police``, ``insights``, ``cms``) sent."""
    rows = context.connection.execute(
        """
        select site, max(last_day) - min(first_day) + 1 - sum(last_day - first_day + 1)
        from study.coverage_span where source = ? group by site order by site
        """,
        [source],
    ).fetchall()
    return Received(
        _WORDS.get(source, source.replace("_", " ")),
        {site: int(days) for site, days in rows},
        {site: about.label for site, about in context.study.sites.items()},
    )
