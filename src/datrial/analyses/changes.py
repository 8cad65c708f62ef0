"""Whether the days that a number rests on lie on both sides of a change of definition."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import TYPE_CHECKING

from datrial.config.definitions import DEFINITIONS

if TYPE_CHECKING:
    from datrial.analyses.base import Context


def change_warning(context: Context, definition: str, sites: Iterable[str] = ()) -> str:
    """Return the warning of a number under a definition; mostly nothing.

    Parameters
    ----------
    sites
        The sites whose days count; without any, all.
    """
    chosen = sorted(sites)
    rows: list[tuple[dt.date | None, dt.date | None]] = context.connection.execute(
        "select min(first_day), max(last_day) from study.coverage "
        "where source = ? and (len(?) = 0 or list_contains(?, site))",
        [DEFINITIONS[definition].source, chosen, chosen],
    ).fetchall()
    return context.study.definitions.crossed(definition, *rows[0])
