"""The months of the reporting period, and for how much of each a service's data were received."""

from __future__ import annotations

import calendar
import datetime as dt
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from datrial.analyses.cohorts import not_sent

if TYPE_CHECKING:
    from datrial.analyses.base import Context
    from datrial.config.study import Study
    from datrial.warehouse.coverage_tables import Span

_SPANS = """
    select coalesce(arm_extract.arm, other_arm.arm) as arm, span.site, {first}, {last}
    from study.coverage_span as span
    {extract}
    left join study.other_arm as other_arm on true
    where coalesce(arm_extract.arm, other_arm.arm) is not null
    order by all
"""
_OF_EXTRACT = """
    inner join raw.extract as extract
        on extract.table_name = ? and extract.source = span.source
        and coalesce(extract.site, span.site) in (span.site, '')
    left join study.arm_extract as arm_extract on extract.extract_id = arm_extract.extract_id
"""


@dataclass(frozen=True)
class Month:
    """A calendar month that days of recruitment touch.

    Attributes
    ----------
    is_cut
        Whether the reporting period has only a part of it.
    """

    first: dt.date
    last: dt.date
    is_cut: bool

    @property
    def key(self) -> str:
        """Return ``2022_01``."""
        return f"{self.first:%Y_%m}"

    @property
    def label(self) -> str:
        """Return ``January 2022``."""
        return f"{calendar.month_name[self.first.month]} {self.first.year}"


@dataclass(frozen=True)
class Known:
    """What can be said of a month in an arm.

    Attributes
    ----------
    reason
        Why nothing is known of it; nothing where something is.
    part
        Which days of it are missing; nothing where it is whole.
    silent
        Which sites are not in it, as nothing was received of them in any month.
    """

    reason: str = ""
    part: str = ""
    silent: str = ""

    @property
    def warning(self) -> str:
        """What is missing from it."""
        return "; ".join(filter(None, (self.part, self.silent)))

    @property
    def is_whole(self) -> bool:
        """Whether every day of it is known, of the sites of which anything is."""
        return not self.reason and not self.part


def reporting_months(study: Study) -> tuple[Month, ...]:
    """Return the calendar months from the first to the last day of recruitment of any site."""
    start = min(site.recruitment_start for site in study.sites.values())
    end = max(site.recruitment_end for site in study.sites.values())
    months, first = [], start.replace(day=1)
    while first <= end:
        last = first.replace(day=calendar.monthrange(first.year, first.month)[1])
        months.append(Month(first, last, is_cut=first < start or last > end))
        first = last + dt.timedelta(days=1)
    return tuple(months)


def known_months(
    context: Context, table: str, months: Sequence[Month]
) -> dict[tuple[str, str], Known]:
    """Return what is known of each arm and month, by the days that a table's extracts cover.

    A site's days count while it recruits. A month without any day received is not known: that
    it has no row says nothing.
    """
    spans = received_days(context, table)
    nothing = not_sent(context, table) or f"no {table.replace('_', ' ')} data cover any day"
    sites = context.study.sites
    silent = [about.label for key, about in sites.items() if not _sends(spans, key)]
    found = {}
    for arm in context.study.arms:
        of_arm = {site: runs for (name, site), runs in spans.items() if name == arm}
        for month in months:
            wanted = received = 0
            for site, runs in of_arm.items():
                about = sites[site]
                window = _shared((month.first, month.last),
                                 (about.recruitment_start, about.recruitment_end))  # fmt: skip
                wanted += _days(window)
                received += sum(_days(_shared(window, run)) for run in runs)
            known = _judged(month, wanted, received, silent) if of_arm else Known(nothing)
            found[arm, month.key] = known
    return found


def received_days(context: Context, table: str) -> dict[tuple[str, str], list[Span]]:
    """Return the runs of days that a table's extracts cover, by arm and site.

    Without any note of extracts (tables given by hand) all that was received counts.
    """
    from datrial.warehouse.coverage_tables import joined

    ask = context.connection.execute
    noted = ask(
        "select 1 from information_schema.tables "
        "where table_schema = 'raw' and table_name = 'extract'"
    ).fetchall()
    if noted:
        text = _SPANS.format(
            first="greatest(span.first_day, extract.covers_start)",
            last="least(span.last_day, extract.covers_end)",
            extract=_OF_EXTRACT,
        )
        rows = ask(text, [table]).fetchall()
    else:
        none = "left join study.arm_extract as arm_extract on false"
        rows = ask(_SPANS.format(first="first_day", last="last_day", extract=none)).fetchall()
    runs: dict[tuple[str, str], list[Span]] = defaultdict(list)
    for arm, site, first, last in rows:
        if first <= last and site in context.study.sites:
            runs[arm, site].append((first, last))
    return {place: joined(found) for place, found in runs.items()}


def last_days(context: Context, table: str) -> dict[str, dt.date]:
    """Return the last day that each arm's extracts of a table cover."""
    found: dict[str, dt.date] = {}
    for (arm, _), runs in received_days(context, table).items():
        found[arm] = max(found.get(arm, runs[-1][1]), runs[-1][1])
    return found


def _sends(spans: Mapping[tuple[str, str], object], site: str) -> bool:
    return any(name == site for _, name in spans)


def _judged(month: Month, wanted: int, received: int, silent: Sequence[str]) -> Known:
    if not wanted:
        return Known("no site of it recruits in this month")
    if not received:
        return Known("the month's data were not received")
    lost = f"without {', '.join(silent)}, of which no data were received" if silent else ""
    return Known(part="; ".join(_missing(month, wanted, received)), silent=lost)


def _missing(month: Month, wanted: int, received: int) -> Iterator[str]:
    if month.is_cut:
        yield "only a part of the month is in the reporting period"
    if received < wanted:
        yield f"{received} of its {wanted} days (of all sites together) were received"


def _shared(one: Span, other: Span) -> Span:
    return max(one[0], other[0]), min(one[1], other[1])


def _days(span: Span) -> int:
    return max((span[1] - span[0]).days + 1, 0)
