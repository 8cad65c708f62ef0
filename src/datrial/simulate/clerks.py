"""How agencies write people down: in their own order, with slips, and with gaps."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from datrial.simulate.identities import Identities
from datrial.simulate.name_tables import name_tables
from datrial.simulate.randomness import Array

#: Chance of each slip, every time that somebody is written down.
SLIPS = {
    "short_forename": 0.12,
    "typo_in_forename": 0.02,
    "typo_in_surname": 0.04,
    "other_surname": 0.015,
    "names_swapped": 0.006,
    "title": 0.03,
    "capitals": 0.08,
    "small_letters": 0.02,
    "day_and_month_swapped": 0.012,
    "wrong_year": 0.012,
    "wrong_day": 0.012,
    "first_of_january": 0.005,
    "date_iso": 0.03,
    "earlier_postcode": 0.30,
    "typo_in_postcode": 0.02,
    "postcode_without_unit": 0.04,
    "postcode_without_space": 0.15,
    "postcode_in_small_letters": 0.04,
}
_LETTERS = "abcdefghijklmnoprstuvwyz"
Draws = dict[str, Array]


@dataclass(frozen=True)
class Clerk:
    """One agency's way of writing people down.

    Attributes
    ----------
    surname_first
        Full names are "SURNAME, Forename"; else "Forename Surname".
    no_date_of_birth, no_postcode
        Chances that these are left out.
    anew
        People are written down anew at every meeting; else once for each of
        the agency's references, with the latest address.
    """

    surname_first: bool = False
    no_date_of_birth: float = 0.05
    no_postcode: float = 0.10
    anew: bool = False

    def rates(self) -> dict[str, Any]:
        """Return the settings, for the record of the truth."""
        return asdict(self)


def write_down(
    rng: np.random.Generator, people: Identities, rows: Array, on: Array, clerk: Clerk
) -> dict[str, Array]:
    """Return what stands in the files about people: one entry for each time of writing.

    Parameters
    ----------
    rows
        Positions among ``people``.
    on
        The day of writing, which tells the address.

    Returns
    -------
    full_name, given_name, family_name, date_of_birth (a date, text, or None), postcode.
    """
    n = len(rows)
    slips: Draws = {kind: rng.random(n) < chance for kind, chance in SLIPS.items()}
    slips["no_date_of_birth"] = rng.random(n) < clerk.no_date_of_birth
    slips["no_postcode"] = rng.random(n) < clerk.no_postcode
    for slip in slips.values():
        slip[people.is_canary[rows]] = False
    other = name_tables().family_names(rng, n)
    days = np.where(slips["earlier_postcode"], np.datetime64("1900-01-01"), on)
    home = people.postcodes_on(rows, days)
    texts = []
    for number, row in enumerate(rows):
        is_so = {kind for kind, slip in slips.items() if slip[number]}
        family = other[number] if "other_surname" in is_so else people.family[row]
        texts.append(
            (
                *_names(rng, people.given[row], family, people.title[row], is_so, clerk),
                _date_of_birth(rng, people.born[row].item(), is_so),
                _postcode(rng, home[number], is_so),
            )
        )
    names = ("full_name", "given_name", "family_name", "date_of_birth", "postcode")
    columns = list(zip(*texts, strict=True)) or [()] * len(names)
    return {
        name: np.array([*column, None], dtype=object)[:-1]
        for name, column in zip(names, columns, strict=True)
    }


def _names(
    rng: np.random.Generator, given: str, family: str, title: str, slips: set[str], clerk: Clerk
) -> tuple[str, str, str]:
    """Return the full name as the agency orders it, the forename, and the surname."""
    short = name_tables().short_forms.get(given, ())
    if "short_forename" in slips and short:
        given = short[int(rng.integers(len(short)))]
    if "typo_in_forename" in slips:
        given = _with_typo(rng, given)
    if "typo_in_surname" in slips:
        family = _with_typo(rng, family)
    if "names_swapped" in slips:
        given, family = family, given
    case: Callable[[str], str] = str
    if "capitals" in slips:
        case = str.upper
    elif "small_letters" in slips:
        case = str.lower
    given, family = case(given), case(family)
    called = f"{title} {given}" if "title" in slips else given
    full = f"{family.upper()}, {called}" if clerk.surname_first else f"{called} {family}"
    return full, given, family


def _with_typo(rng: np.random.Generator, text: str) -> str:
    """Return a text with one letter after the first doubled, left out, changed, or swapped."""
    at = int(rng.integers(1, max(len(text) - 1, 2)))
    kind = int(rng.integers(4))
    if kind == 0:
        return text[:at] + text[at] + text[at:]
    if kind == 1:
        return text[:at] + text[at + 1 :]
    if kind == 2:
        return text[:at] + _LETTERS[int(rng.integers(len(_LETTERS)))] + text[at + 1 :]
    return text[:at] + text[at + 1 : at + 2] + text[at] + text[at + 2 :]


def _date_of_birth(
    rng: np.random.Generator, born: dt.date, slips: set[str]
) -> dt.date | str | None:
    if "no_date_of_birth" in slips:
        return None
    if "day_and_month_swapped" in slips and born.day <= 12:
        born = born.replace(month=born.day, day=born.month)
    if "wrong_year" in slips:
        years = int(rng.choice([-10, -1, 1, 10]))
        leap_day = (born.month, born.day) == (2, 29)
        born = born.replace(year=born.year + years, day=28 if leap_day else born.day)
    if "wrong_day" in slips:
        born = born.replace(day=1 + (born.day + int(rng.integers(1, 27))) % 28)
    if "first_of_january" in slips:
        born = born.replace(month=1, day=1)
    return born.isoformat() if "date_iso" in slips else born


def _postcode(rng: np.random.Generator, postcode: str, slips: set[str]) -> str | None:
    if "no_postcode" in slips:
        return None
    if "typo_in_postcode" in slips:
        at = int(rng.choice([len(postcode) - 3, len(postcode) - 2, len(postcode) - 1]))
        new = str(rng.integers(10)) if postcode[at].isdigit() else "ABDEFGHJLN"[rng.integers(10)]
        postcode = postcode[:at] + new + postcode[at + 1 :]
    if "postcode_without_unit" in slips:
        return postcode.split()[0]
    if "postcode_without_space" in slips:
        postcode = postcode.replace(" ", "")
    return postcode.lower() if "postcode_in_small_letters" in slips else postcode
