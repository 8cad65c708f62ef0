"""What study files say that helps to read a file: own codes with their words, and instruments."""

from __future__ import annotations

from collections.abc import Iterable

from datrial.config.study import Study, load_study, studies
from datrial.config.tables import staging_tables
from datrial.extracts.text import plain

#: (table, our column) -> plain spelling -> our code.
Spellings = dict[tuple[str, str], dict[str, str]]
#: Staging table -> instrument -> what people read of its items, in order.
Instruments = dict[str, dict[str, tuple[str, ...]]]


def enter_studies(spellings: Spellings, instruments: Instruments) -> None:
    """Enter what people read of each study's own codes, and of the items of its instruments.

    What stands there already stays.
    """
    for study in _readable():
        for name, table in staging_tables().items():
            for ours, contract in table.columns.items():
                if contract.terms is None:
                    continue
                known = spellings.setdefault((name, ours), {})
                for code, label in study.terms.get(contract.terms, {}).items():
                    for text in (label, code.replace("_", " ")):
                        known.setdefault(plain(text), code)
        for key, instrument in study.instruments.items():
            items = instruments.setdefault(instrument.table, {})
            items.setdefault(key, tuple(instrument.items.values()))


def _readable() -> Iterable[Study]:
    """Yield the studies whose files have no errors: a faulty one is no reason not to describe."""
    from datrial.errors import UsageError

    for name in studies():
        try:
            yield load_study(name)
        except UsageError:
            continue
