"""How agencies name things: all mapping files, our own words, and the words of the field."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from functools import cache, cached_property

from datrial.config.mapping import SourceMapping, load_mappings
from datrial.config.project import project_root
from datrial.config.tables import staging_tables
from datrial.extracts.describe_studies import enter_studies
from datrial.extracts.describe_words import (
    ABSENT,
    OTHER_NAMES,
    OTHER_SPELLINGS,
    meanings,
    weight,
    words,
)
from datrial.extracts.text import plain

_LISTS = ("missing", "dont_know", "not_applicable")
#: An item and a column are called alike from here on; so many items make an instrument.
_SAME_ITEM = 0.5
_LEAST_OF_ITEMS = 0.3


@dataclass(frozen=True)
class Dictionary:
    """What the mapping files say, turned round.

    Attributes
    ----------
    names
        (table, our column) -> the agencies' names for it; ``site`` is one of the columns.
    spellings
        (table, our column) -> plain spelling -> our code.
    absent
        ``missing``, ``dont_know``, ``not_applicable`` -> spellings, the usual ones first.
    sources, referral
        Table -> its source; the sources that the allocation is made from.
    instruments
        Staging table -> instrument of a study file -> what people read of its items, in order.
    """

    names: dict[tuple[str, str], set[str]] = field(default_factory=dict)
    spellings: dict[tuple[str, str], dict[str, str]] = field(default_factory=dict)
    absent: dict[str, tuple[str, ...]] = field(default_factory=dict)
    sources: dict[str, str] = field(default_factory=dict)
    referral: frozenset[str] = frozenset()
    instruments: dict[str, dict[str, tuple[str, ...]]] = field(default_factory=dict)
    _codes: dict[tuple[str, str, str], tuple[str, bool] | None] = field(
        default_factory=dict, repr=False
    )

    @cached_property
    def all_names(self) -> frozenset[str]:
        """Every name that an agency is known to give to a column of ours, as compared."""
        return frozenset(plain(name) for names in self.names.values() for name in names)

    @cached_property
    def by_code(self) -> dict[str, dict[str, str]]:
        """Code -> plain spelling -> code, over all columns that have the code."""
        found: dict[str, dict[str, str]] = {}
        for spellings in self.spellings.values():
            for spelling, code in spellings.items():
                found.setdefault(code, {})[spelling] = code
        for code, others in OTHER_SPELLINGS.items():
            found.setdefault(code, {}).update((plain(other), code) for other in others)
        return found

    @cached_property
    def _absences(self) -> dict[str, str]:
        """Plain spelling -> which list of absent answers it belongs to."""
        found = dict.fromkeys(ABSENT, "missing")
        for name in ("dont_know", "not_applicable"):
            found |= dict.fromkeys(map(plain, OTHER_SPELLINGS[name]), name)
        for name in reversed(_LISTS):
            found |= dict.fromkeys(map(plain, self.absent.get(name, ())), name)
        return found

    def absence(self, spelling: str) -> str | None:
        """Return which list of absent answers a plain spelling belongs to, if any."""
        return self._absences.get(spelling)

    def name_score(self, table: str, column: str, name: str) -> float:
        """Return how like a column's name is to the names of a column of ours, 0 to 1."""
        known = {
            column.replace("_", " "),
            *OTHER_NAMES.get(column, ()),
            *self.names.get((table, column), ()),
        }
        return max(alike(name, other) for other in known)

    def code_for(self, table: str, column: str, spelling: str) -> tuple[str, bool] | None:
        """Return our code for a plain spelling and whether that is known, else a likely one.

        None where nothing is likely, or several codes are equally so.
        """
        asked = (table, column, spelling)
        if asked not in self._codes:
            self._codes[asked] = self._code_for(*asked)
        return self._codes[asked]

    def instrument_for(self, table: str, names: Iterable[str]) -> str | None:
        """Return the instrument whose items most of a sheet's columns are called like, if any."""
        found = tuple(names)
        shares = {
            key: sum(any(alike(item, name) >= _SAME_ITEM for name in found) for item in items)
            / len(items)
            for key, items in self.instruments.get(table, {}).items()
        }
        best = max(shares, key=lambda key: shares[key], default=None)
        return best if best is not None and shares[best] >= _LEAST_OF_ITEMS else None

    def _code_for(self, table: str, column: str, spelling: str) -> tuple[str, bool] | None:
        contract = staging_tables()[table].columns[column]
        known = self.spellings.get((table, column), {})
        # Of a service's own vocabulary the codes are those that mappings and studies have.
        codes = tuple(sorted(set(known.values()))) if contract.terms else contract.codes
        if known.get(spelling) in codes:
            return known[spelling], True
        for code in codes:
            if spelling in (code, code.replace("_", " ")) or spelling in self.by_code.get(code, {}):
                return code, True
        likely = {code: _likeness(code, spelling, self.by_code.get(code, {})) for code in codes}
        best = max(likely, key=lambda code: likely[code], default=None)
        if best is None or likely[best] < 0.5:
            return None
        if sum(score == likely[best] for score in likely.values()) > 1:
            return None
        return best, False


@cache
def read_dictionary(without: frozenset[str] = frozenset()) -> Dictionary:
    """Read every mapping file of ``configs/sources``, but those named."""
    folder = project_root() / "configs" / "sources"
    found = sorted(
        path.relative_to(folder).with_suffix("").as_posix() for path in folder.rglob("*.yaml")
    )
    dictionary = Dictionary()
    usual: dict[str, Counter[str]] = {name: Counter() for name in _LISTS}
    referral = set()
    for mapping in _readable(name for name in found if name not in without):
        for name in _LISTS:
            usual[name].update(getattr(mapping, name))
        for table in mapping.tables:
            _enter(dictionary, mapping, table.table)
            if mapping.referral:
                referral.add(mapping.source)
    enter_studies(dictionary.spellings, dictionary.instruments)
    return Dictionary(
        dictionary.names, dictionary.spellings,
        {name: tuple(text for text, _ in counts.most_common()) for name, counts in usual.items()},
        dictionary.sources, frozenset(referral), dictionary.instruments,
    )  # fmt: skip


def _readable(names: Iterable[str]) -> Iterable[SourceMapping]:
    """Yield the mappings that have no errors: a faulty one is no reason not to describe."""
    from datrial.errors import UsageError

    for name in names:
        try:
            yield from load_mappings((name,))
        except UsageError:
            continue


def _enter(dictionary: Dictionary, mapping: SourceMapping, name: str) -> None:
    table = next(table for table in mapping.tables if table.table == name)
    dictionary.sources.setdefault(name, mapping.source)
    for ours, theirs in table.columns.items():
        dictionary.names.setdefault((name, ours), set()).add(theirs)
    if table.site_column:
        dictionary.names.setdefault((name, "site"), set()).add(table.site_column)
    for ours, codes in {**table.values, "site": table.site_values}.items():
        spellings = dictionary.spellings.setdefault((name, ours), {})
        for code, texts in codes.items():
            spellings.update((plain(text), code) for text in texts)


@cache
def alike(name: str, other: str) -> float:
    """Return how alike two column names are, by their meanings and then by their letters."""
    if plain(name) == plain(other):
        return 1.0
    one, two = meanings(name), meanings(other)
    common = weight(one & two)
    matcher = SequenceMatcher(None, plain(name), plain(other))
    if not common and matcher.real_quick_ratio() <= 0.8:
        return 0.0
    letters = matcher.ratio()
    if not common:
        return 0.3 * letters if letters > 0.8 else 0.0
    overlap = common / weight(one | two)
    contained = common / min(weight(one), weight(two))
    return 0.6 * overlap + 0.25 * contained + 0.1 * letters


def _likeness(code: str, spelling: str, known: Iterable[str]) -> float:
    """Return how much a spelling says of a code: 1 or more where it has all its words."""
    spoken = words(spelling)
    negations = {"not", "no", "never"}  # "Not living together" has all the words of "together"
    if bool(negations & set(spoken[:2])) != bool(negations & set(words(code))):
        return 0.0
    scores = [_contained(words(other.replace("_", " ")), spoken) for other in {code, *known}]
    initials = "".join(word[0] for word in code.split("_"))
    if len(initials) > 1 and spelling.replace(".", "") == initials:
        scores.append(1.0)
    if len(spelling) >= 3 and any(word.startswith(spelling) for word in code.split("_")):
        scores.append(0.8)
    return max(scores)


def _contained(looked_for: tuple[str, ...], spoken: tuple[str, ...]) -> float:
    """Return the share of a code's words in a spelling; of two that are whole, the longer wins."""
    common = set(looked_for) & set(spoken) - {"or", "and", "of", "the"}
    wanted = set(looked_for) - {"or", "and", "of", "the"}
    if not common:
        return 0.0
    share = len(common) / len(wanted)
    return share + 0.1 * len(common) if share == 1 else 0.9 * share
