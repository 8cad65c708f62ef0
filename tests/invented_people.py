"""Invented people, written down twice with an agency's errors: to test and measure linkage.

Nobody's names: family names are made of syllables and as unequally common as real ones are
(a few names for very many people), postcodes lie in areas that do not exist.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
import pandas as pd

_ONSETS = ("b", "br", "c", "cr", "d", "f", "g", "gr", "h", "k", "l", "m", "n", "p", "pr", "r", "s",
           "st", "t", "tr", "v", "w")  # fmt: skip
_VOWELS = ("a", "e", "i", "o", "u", "ai", "ea", "oo")
_ENDS = ("bottom", "by", "cleugh", "den", "dyke", "fell", "ford", "ham", "ley", "man", "mere",
         "more", "ridge", "shaw", "son", "ton", "well", "wick")  # fmt: skip
#: Given names with the short form that some agencies write.
_SHORT = {
    "michael": "mike", "william": "bill", "robert": "bob", "james": "jim", "thomas": "tom",
    "richard": "dick", "andrew": "andy", "anthony": "tony", "daniel": "dan", "david": "dave",
    "christopher": "chris", "matthew": "matt", "joseph": "joe", "samuel": "sam", "steven": "steve",
    "edward": "ted", "kenneth": "ken", "ronald": "ron", "gerald": "gerry", "peter": "pete",
}  # fmt: skip
_FIRST_DAY = dt.date(1950, 1, 1).toordinal()
_LAST_DAY = dt.date(2000, 12, 31).toordinal()


@dataclass(frozen=True)
class Errors:
    """How often an agency writes something down otherwise than it is."""

    typo: float = 0.04
    nickname: float = 0.06
    swapped_names: float = 0.005
    swapped_day: float = 0.015
    wrong_digit: float = 0.025
    wrong_year: float = 0.01
    moved: float = 0.2
    no_birth: float = 0.04
    no_postcode: float = 0.15


def people(count: int, rng: np.random.Generator) -> pd.DataFrame:
    """Return invented people: given_name, family_name, date_of_birth (ISO), postcode."""
    families = _distinct(rng, 6000, lambda: _family(rng))
    givens = [*_SHORT, *_distinct(rng, 380, lambda: _given(rng))]
    return pd.DataFrame(
        {
            "given_name": rng.choice(givens, count, p=_zipf(len(givens), 0.9)),
            "family_name": rng.choice(families, count, p=_zipf(len(families), 0.8)),
            "date_of_birth": [
                dt.date.fromordinal(int(day)).isoformat()
                for day in rng.integers(_FIRST_DAY, _LAST_DAY + 1, count)
            ],
            "postcode": [_postcode(rng, count) for _ in range(count)],
        }
    )


def written_down(
    truth: pd.DataFrame, rng: np.random.Generator, errors: Errors | None = None
) -> pd.DataFrame:
    """Return the people as an agency writes them: cleaned, in capitals, missing is None."""
    errors = errors or Errors()
    rows = [_written(row, rng, errors, len(truth)) for row in truth.itertuples(index=False)]
    names = ["given_name", "family_name", "date_of_birth", "postcode"]
    return pd.DataFrame(rows, columns=names, index=truth.index).astype(object)


def identifiers(
    truth: pd.DataFrame, space: str | None, rng: np.random.Generator, errors: Errors | None = None
) -> pd.DataFrame:
    """Return one agency's identifiers, as ``read_identifiers`` gives them.

    The reference of the person in line ``i`` of the truth is ``<space>_<i>``.
    """
    rows = written_down(truth, rng, errors)
    rows.insert(0, "source", space or "shared")
    rows.insert(0, "space", space)
    rows.insert(0, "reference_id", [f"{space or 'shared'}_{i:07d}" for i in truth.index])
    rows.insert(0, "of", "perpetrator")
    return rows.reset_index(drop=True)


def true_person(references: pd.Series) -> pd.Series:
    """Return the line of the truth that a reference stands for."""
    return references.str.rpartition("_")[2].str.partition("x")[0]


def _written(
    row: tuple[str, str, str, str], rng: np.random.Generator, errors: Errors, count: int
) -> tuple[str | None, ...]:
    given, family, birth, postcode = row
    chance = rng.random(10)
    if chance[0] < errors.nickname:
        given = _SHORT.get(given, given[:4])
    if chance[1] < errors.typo:
        given = _typo(given, rng)
    if chance[2] < errors.typo:
        family = _typo(family, rng)
    if chance[3] < errors.swapped_names:
        given, family = family, given
    if chance[4] < errors.swapped_day and int(birth[8:]) <= 12:
        birth = f"{birth[:4]}-{birth[8:]}-{birth[5:7]}"
    elif chance[5] < errors.wrong_digit:
        birth = f"{birth[:8]}{int(rng.integers(1, 29)):02d}"
    elif chance[6] < errors.wrong_year:
        birth = f"{int(birth[:4]) + int(rng.choice([-10, -2, -1, 1, 2, 10]))}{birth[4:]}"
    if chance[7] < errors.moved:
        postcode = _postcode(rng, count)
    return (
        given.upper(),
        family.upper(),
        None if chance[8] < errors.no_birth else birth,
        None if chance[9] < errors.no_postcode else postcode,
    )


def _typo(word: str, rng: np.random.Generator) -> str:
    at = int(rng.integers(1, max(2, len(word))))
    letter = "abcdefghijklmnopqrstuvwxyz"[int(rng.integers(26))]
    kind = int(rng.integers(4))
    if kind == 0:
        return word[:at] + letter + word[at:]
    if kind == 1 and len(word) > 3:
        return word[:at] + word[at + 1 :]
    if kind == 2 and at + 1 < len(word):
        return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    return word[:at] + letter + word[at + 1 :]


def _postcode(rng: np.random.Generator, count: int) -> str:
    """Return a postcode; about a dozen people share one, in towns of very unequal size."""
    area = ("XA", "XB", "XC", "XD")[min(3, int(rng.geometric(0.45)) - 1)]
    number = int(rng.integers(max(1, count // 40)))
    number, last = divmod(number, 20)
    number, middle = divmod(number, 20)
    sector, district = number % 10, number // 10 + 1
    letters = "ABDEFGHJLNPQRSTUWXYZ"
    return f"{area}{district}{sector}{letters[middle]}{letters[last]}"


def _family(rng: np.random.Generator) -> str:
    return str(rng.choice(_ONSETS)) + str(rng.choice(_VOWELS)) + str(
        rng.choice(_ONSETS)
    ) + str(rng.choice(_ENDS))  # fmt: skip


def _given(rng: np.random.Generator) -> str:
    parts = [str(rng.choice(_ONSETS)) + str(rng.choice(_VOWELS)) for _ in range(2)]
    return "".join(parts) + str(rng.choice(("", "n", "l", "s", "ra")))


def _distinct(rng: np.random.Generator, count: int, make: object) -> list[str]:
    assert callable(make)
    found: dict[str, None] = {}
    while len(found) < count:
        found[make()] = None
    return list(found)


def _zipf(count: int, power: float) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    weight = 1.0 / np.arange(1, count + 1) ** power
    return weight / weight.sum()
