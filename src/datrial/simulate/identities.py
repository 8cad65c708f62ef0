"""Who people are: names, dates of birth and home postcodes, before anyone writes them down.

Some are related and share a surname and a home, some move house, some change
their surname: what links the records of one person is never all there, and some
of it is there for another.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from datrial.simulate.days import DATA_END, DATA_START, day
from datrial.simulate.name_tables import name_tables
from datrial.simulate.names import Canary
from datrial.simulate.randomness import Array, generator, pick

if TYPE_CHECKING:
    from datrial.simulate.people import People

#: Of all perpetrators: a relative of another one, with his surname and his home.
RELATIVES = 0.02
#: Of the relatives: father and son with one forename too.
NAMESAKES = 0.10
#: Moved house on some day of the data.
MOVED = 0.25
#: Of the victims-survivors: with the perpetrator's surname, and in his home.
MARRIED = 0.20
COHABITING = 0.25
WOMEN_AMONG_VICTIMS = 0.96
#: Areas that no real postcode has: X is never a first letter. One for each site.
POSTCODE_AREAS = {"site_1": "XA", "site_2": "XB", "site_3": "XC"}
DISTRICTS = 18
_UNIT_LETTERS = np.array(list("ABDEFGHJLNPQRSTUWXYZ"))


@dataclass
class Identities:
    """Identities of one kind of people, one array entry each.

    Attributes
    ----------
    reference
        Their true reference, which every agency would use if all shared theirs.
    moved_on, later_postcode
        From this day (NaT: never) they live at the later postcode.
    is_canary
        Written down by everyone without a slip, so that a search finds them.
    """

    reference: Array
    site: Array
    title: Array
    given: Array
    family: Array
    born: Array
    postcode: Array
    moved_on: Array
    later_postcode: Array
    is_canary: Array

    def rows_of(self, references: Array) -> Array:
        """Return the positions of people by their true references."""
        position = {reference: row for row, reference in enumerate(self.reference)}
        return np.array([position[reference] for reference in references], dtype=int)

    def postcodes_on(self, rows: Array, days: Array) -> Array:
        """Return where people lived on a day, one each."""
        moved = self.moved_on[rows] <= days  # false for NaT
        return np.where(moved, self.later_postcode[rows], self.postcode[rows])

    def make_canary(self, row: int, canary: Canary) -> None:
        """Give somebody the identity of a canary."""
        self.given[row], self.family[row] = canary.given, canary.family
        self.born[row] = day(canary.born)
        self.postcode[row] = self.later_postcode[row] = canary.postcode
        self.is_canary[row] = True


def perpetrators(everyone: list[People], seed: int) -> Identities:
    """Return the identities of the perpetrators of all sites."""
    rng = generator(seed, "identities", "perpetrators")
    tables = name_tables()
    site = np.repeat([people.site.key for people in everyone], [len(p.born) for p in everyone])
    male = np.concatenate([people.male for people in everyone])
    n = len(male)
    result = Identities(
        reference=np.concatenate([people.reference for people in everyone]),
        site=site.astype(object),
        title=np.where(male, "Mr", "Ms"),
        given=tables.forenames(rng, male),
        family=tables.family_names(rng, n),
        born=np.concatenate([people.born for people in everyone]),
        postcode=_postcodes(rng, site),
        moved_on=_moves(rng, n),
        later_postcode=_postcodes(rng, site),
        is_canary=np.zeros(n, dtype=bool),
    )
    for row in pick(rng, np.ones(n), round(RELATIVES * n)):
        same_site = np.flatnonzero((site == site[row]) & (male == male[row]))
        other = int(rng.choice(same_site))
        result.family[row] = result.family[other]
        result.postcode[row] = result.postcode[other]
        if rng.random() < NAMESAKES:
            result.given[row] = result.given[other]
    return result


def victims(
    everyone: list[People], of: Identities, intake: dict[str, Array], seed: int
) -> Identities:
    """Return the identities of all victims-survivors; some share the perpetrator's home or name.

    Whoever has an intake form is of the age and the sex that it tells.
    """
    rng = generator(seed, "identities", "victims")
    tables = name_tables()
    reference = np.concatenate([people.victims.ravel() for people in everyone])
    site = np.repeat(
        [people.site.key for people in everyone], [people.victims.size for people in everyone]
    )
    n = len(reference)
    perpetrator = np.repeat(np.arange(len(of.reference)), n // len(of.reference))
    on = np.full(n, day(DATA_START))
    age = np.minimum(17 + rng.gamma(1.9, 8.9, size=n), 90.0)
    male = rng.random(n) >= WOMEN_AMONG_VICTIMS
    position = {each: row for row, each in enumerate(reference)}
    rows = np.array([position[each] for each in intake["victim_id"]], dtype=int)
    on[rows] = intake["intake_date"].astype("datetime64[D]")
    age[rows] = intake["age"].astype(float) + 0.01 + 0.98 * rng.random(len(rows))
    male[rows] = intake["sex"] == "male"
    married, cohabiting = rng.random(n) < MARRIED, rng.random(n) < COHABITING
    return Identities(
        reference=reference,
        site=site.astype(object),
        title=np.where(male, "Mr", "Ms"),
        given=tables.forenames(rng, male),
        family=np.where(married, of.family[perpetrator], tables.family_names(rng, n)),
        born=on - np.round(age * 365.25).astype(int),
        postcode=np.where(cohabiting, of.postcode[perpetrator], _postcodes(rng, site)),
        moved_on=_moves(rng, n),
        later_postcode=_postcodes(rng, site),
        is_canary=np.zeros(n, dtype=bool),
    )


def _moves(rng: np.random.Generator, n: int) -> Array:
    length = (DATA_END - DATA_START) // dt.timedelta(days=1)
    days = day(DATA_START) + rng.integers(0, length, size=n)
    days[rng.random(n) >= MOVED] = np.datetime64("NaT")
    return days


def _postcodes(rng: np.random.Generator, site: Array) -> Array:
    """Return postcodes of a site's area; some districts have many more people than others."""
    n = len(site)
    weights = 1.0 / (np.arange(DISTRICTS) + 2.0)
    district = 1 + rng.choice(DISTRICTS, size=n, p=weights / weights.sum())
    sector = rng.integers(0, 10, size=n)
    unit = _UNIT_LETTERS[rng.integers(len(_UNIT_LETTERS), size=(n, 2))]
    return np.array(
        [
            f"{POSTCODE_AREAS[key]}{number} {digit}{first}{second}"
            for key, number, digit, (first, second) in zip(
                site, district, sector, unit, strict=True
            )
        ],
        dtype=object,
    )
