"""Which staging table an unknown sheet fills, and which column of ours each of its columns is."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from datrial.config.tables import staging_tables
from datrial.extracts.describe_columns import Column
from datrial.extracts.describe_dictionary import Dictionary, alike
from datrial.extracts.describe_tables import Table
from datrial.extracts.text import plain

#: A pair of columns below this is no match.
_LEAST = 0.42
#: A table that explains less of a sheet is not proposed.
_LEAST_FIT = 0.4
#: References to few people look like codes: their column's name must tell.
_SURE_NAME = 0.8
SITE = "site"


@dataclass(frozen=True)
class Match:
    """One of our columns, or the site, and how sure it is: ``sure``, ``likely``, ``guess``."""

    column: str
    score: float

    @property
    def confidence(self) -> str:
        """The score in a word."""
        return "sure" if self.score >= 0.8 else "likely" if self.score >= 0.6 else "guess"


@dataclass(frozen=True)
class Matched:
    """A staging table for a sheet: position of a column in the sheet -> our column."""

    table: str
    fit: float
    columns: dict[int, Match] = field(default_factory=dict)


def match_table(sheet: Table, dictionary: Dictionary, table: str | None = None) -> Matched | None:
    """Return the staging table that fits a sheet best (or the one given), matched column by column.

    None where no table explains enough of the sheet.
    """
    if table is not None:
        return _match(sheet, dictionary, table)
    found = [_match(sheet, dictionary, name) for name in staging_tables()]
    best = max(found, key=lambda matched: matched.fit)
    return best if best.fit >= _LEAST_FIT else None


def _match(sheet: Table, dictionary: Dictionary, table: str) -> Matched:
    names = [plain(column.name) for column in sheet.columns]
    first = {names.index(name) for name in names}
    items = _items(sheet, dictionary, table)
    scores = {
        (position, ours): score
        for position, column in enumerate(sheet.columns)
        if not column.sensitive and column.kind != "empty" and position in first
        for ours in (SITE, *staging_tables()[table].columns)
        if (score := _score(column, dictionary, table, ours, items)) >= _LEAST
    }
    matched: dict[int, Match] = {}
    for (position, ours), score in sorted(scores.items(), key=lambda item: (-item[1], item[0])):
        if position not in matched and ours not in {match.column for match in matched.values()}:
            matched[position] = Match(ours, score)
    _only_one_left(sheet, table, matched)
    return Matched(table, _fit(sheet, table, matched), matched)


def _only_one_left(sheet: Table, table: str, matched: dict[int, Match]) -> None:
    """Match a required column to the only column of its kind that is left, as a guess."""
    taken = {match.column for match in matched.values()}
    for ours, contract in staging_tables()[table].columns.items():
        if ours in taken or not contract.required or contract.kind == "code":
            continue
        left = [
            position
            for position, column in enumerate(sheet.columns)
            if position not in matched and not column.sensitive and column.kind == contract.kind
        ]
        if len(left) == 1:
            matched[left[0]] = Match(ours, _LEAST)


def _fit(sheet: Table, table: str, matched: dict[int, Match]) -> float:
    """Return how much of the table is found in the sheet, and of the sheet in the table."""
    columns = staging_tables()[table].columns
    weights = {ours: 2.0 if contract.required else 1.0 for ours, contract in columns.items()}
    found = sum(weights[m.column] * m.score for m in matched.values() if m.column != SITE)
    usable = sum(not column.sensitive and column.kind != "empty" for column in sheet.columns)
    if not usable:
        return 0.0
    explained = sum(match.score for match in matched.values()) / usable
    return 0.5 * found / sum(weights.values()) + 0.5 * explained


def _items(sheet: Table, dictionary: Dictionary, table: str) -> dict[str, str]:
    """Return item column -> its name, of the instrument whose items the sheet seems to have."""
    found = dictionary.instrument_for(table, [column.name for column in sheet.columns])
    labels = dictionary.instruments[table][found] if found else ()
    return {f"item_{position}": label for position, label in enumerate(labels, 1)}


def _score(
    column: Column, dictionary: Dictionary, table: str, ours: str, items: dict[str, str]
) -> float:
    """Return how likely a column is ours: 0 where its kind cannot be, else by name and codes."""
    if ours == SITE:
        return _site_score(column, dictionary, table)
    contract = staging_tables()[table].columns[ours]
    if items and ours.startswith("item_"):
        name = alike(column.name, items[ours]) if ours in items else 0.0
    else:
        name = dictionary.name_score(table, ours, column.name)
    if contract.kind == "code":
        if not column.few or column.kind in ("date", "reference"):
            return 0.0
        return max(0.55 * name + 0.45 * _known_share(column, dictionary, table, ours), 0.0)
    fits = {
        "reference": column.kind == "reference"
        or (column.kind == "integer" and not column.few)
        or (column.kind == "code" and column.numbered and name >= _SURE_NAME),
        "date": column.kind == "date" or column.serial_dates,
        "integer": column.kind == "integer",
        "text": False,
    }[contract.kind]
    return 0.85 * name + 0.15 if fits and name > 0 else 0.0


def _known_share(column: Column, dictionary: Dictionary, table: str, ours: str) -> float:
    """Return the share of answers that are codes of the column; surely known ones count more."""
    answers = certain = likely = 0
    for spelling, rows in column.counts.items():
        if dictionary.absence(spelling):
            continue
        answers += rows
        found = dictionary.code_for(table, ours, spelling)
        if found:
            certain += rows * found[1]
            likely += rows * (not found[1])
    return (certain + 0.6 * likely) / answers if answers else 0.0


def _site_score(column: Column, dictionary: Dictionary, table: str) -> float:
    if not column.few or column.kind not in ("code", "text"):
        return 0.0
    names = {
        name for (_, ours), known in dictionary.names.items() if ours == SITE for name in known
    }
    known = {s for (_, ours), spellings in dictionary.spellings.items() if ours == SITE
             for s in spellings}  # fmt: skip
    name = max((alike(column.name, other) for other in {"site", "area", *names}), default=0.0)
    share = sum(rows for spelling, rows in column.counts.items() if spelling in known)
    return 0.55 * name + 0.45 * share / column.filled if column.filled else 0.0


def site_key(spelling: str, dictionary: Dictionary) -> tuple[str, bool]:
    """Return our key for a site's spelling, and whether it is known."""
    for (_, ours), spellings in dictionary.spellings.items():
        if ours == SITE and spelling in spellings:
            return spellings[spelling], True
    key = re.sub(r"\W+", "_", spelling).strip("_")
    return (key if key and key[0].isalpha() else f"site_{key}"), False
