"""The households of a world: who lives with whom, and the reference of the address.

A case's address is that of the victim-survivor. She lives with the perpetrator, or by
herself until she moves; relatives who share a name and a home are one household.
"""

from __future__ import annotations

import hashlib

import numpy as np

from datrial.simulate.identities import Identities
from datrial.simulate.randomness import Array, generator

#: Of the cases: without a reference of the address.
NO_ADDRESS = 0.12


def address_references(
    people: dict[str, Identities], victims: Array, days: Array, seed: int, file: str
) -> Array:
    """Return the reference of the address in each case, in the form of a UPRN, or None.

    Parameters
    ----------
    people
        Kind of person -> identities.
    victims, days
        True reference of the victim-survivor and day of each case.
    file
        The list in which they stand.
    """
    of_victims, of_perpetrators = people["victim"], people["perpetrator"]
    rows = of_victims.rows_of(victims)
    # As many victims-survivors for each perpetrator, in the order of the perpetrators.
    each = len(of_victims.reference) // len(of_perpetrators.reference)
    partner = rows // each
    moved = of_victims.moved_on[rows] <= days  # false for NaT
    together = of_victims.postcode[rows] == of_perpetrators.postcode[partner]
    cells = np.empty(len(rows), dtype=object)
    home: tuple[str, ...]
    for case, (row, other) in enumerate(zip(rows, partner, strict=True)):
        if together[case] and not moved[case]:
            home = ("home", of_perpetrators.postcode[other], of_perpetrators.family[other])
        else:
            home = ("moved" if moved[case] else "own", of_victims.reference[row])
        cells[case] = _reference(seed, home)
    rng = generator(seed, "address references", file)
    cells[rng.random(len(cells)) < NO_ADDRESS] = None
    return cells


def _reference(seed: int, home: tuple[str, ...]) -> str:
    digest = hashlib.sha256("|".join((str(seed), *home)).encode()).digest()
    return f"10{int.from_bytes(digest[:8], 'big') % 10**10:010d}"
