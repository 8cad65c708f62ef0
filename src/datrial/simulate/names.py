"""Invented names for columns that are never read, and the canaries that stand among them."""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass

import numpy as np

from datrial.simulate.randomness import Array


@dataclass(frozen=True)
class Canary:
    """Somebody who can stand nowhere by chance, planted so that a test can search for him.

    He is older than anyone simulated, and his names and postcode occur once.
    """

    given: str
    family: str
    born: dt.date
    postcode: str

    @property
    def full_name(self) -> str:
        """Forename and surname."""
        return f"{self.given} {self.family}"

    def texts(self) -> frozenset[str]:
        """Return what must not be found where no identifier may be, in every form."""
        names = {self.given, self.family, self.full_name, f"{self.family}, {self.given}"}
        born = {
            self.born.isoformat(), f"{self.born:%Y%m%d}", f"{self.born:%d/%m/%Y}",
            f"{self.born.day} {self.born:%B %Y}",
        }  # fmt: skip
        postcodes = {self.postcode, self.postcode.replace(" ", "")}
        cases = {form for text in names | postcodes for form in (text, text.upper(), text.lower())}
        return frozenset(cases | born)


#: One for each site, as perpetrator and as victim: one for all would be linked across the sites.
CANARIES = {
    ("perpetrator", "site_1"): Canary(
        "Zzyxwana", "Quovadal", dt.date(1911, 2, 23), "XZ97 9ZX"
    ),
    ("perpetrator", "site_2"): Canary(
        "Oxobeq", "Vluthwixen", dt.date(1914, 8, 29), "XY96 8YX"
    ),
    ("perpetrator", "site_3"): Canary(
        "Uqumzi", "Thryzzokand", dt.date(1917, 11, 26), "XW95 7WX"
    ),
    ("victim", "site_1"): Canary("Ixquelva", "Pnubbowitz", dt.date(1912, 5, 27), "XV94 6ZY"),
    ("victim", "site_2"): Canary("Yvvozha", "Grubdexquil", dt.date(1915, 10, 24), "XT93 5YZ"),
    ("victim", "site_3"): Canary("Aqqolwen", "Fjorbexham", dt.date(1918, 3, 22), "XS92 4WZ"),
}  # fmt: skip
#: Where agencies share references this one stands once in every file that has names.
CANARY = CANARIES["perpetrator", "site_1"].full_name
CANARY_DOB = CANARIES["perpetrator", "site_1"].born

_FIRST = ("Bram", "Cel", "Dovi", "Eru", "Fal", "Gani", "Hobe", "Iri", "Jolu", "Kes")
_SECOND = ("bix", "dorn", "fira", "gund", "lomo", "mexa", "nifa", "quell", "rasto", "vim")
_THIRD = ("Ardle", "Bosk", "Crindle", "Dwem", "Frusk", "Glabe", "Hulver", "Jorrick")
_FOURTH = ("bottom", "cleugh", "dyke", "fenner", "gill", "mere", "shaw", "thwick")
_NOTES = np.array([
    "{} discussed, actions agreed", "safety plan reviewed; {} not to be told",
    "{} seen at the café – alleged £40 taken", "no further detail on {}",
])  # fmt: skip


def canary_texts() -> frozenset[str]:
    """Return every form of every canary: none of it may leave the inbox and the landing folder."""
    return frozenset().union(*(canary.texts() for canary in CANARIES.values()))


def invented_names(rng: np.random.Generator, references: Array) -> Array:
    """Return an invented name for each reference, always the same; one row has the canary."""
    names = np.array([_name(reference) for reference in references], dtype=object)
    if len(names):
        names[int(rng.integers(len(names)))] = CANARY
    return names


def _name(reference: str) -> str:
    number = int.from_bytes(hashlib.sha256(reference.encode()).digest()[:8], "big")
    syllables = []
    for choices in (_FIRST, _SECOND, _THIRD, _FOURTH):
        number, position = divmod(number, len(choices))
        syllables.append(choices[position])
    return "{}{} {}{}".format(*syllables)


def invented_notes(rng: np.random.Generator, names: Array) -> Array:
    """Return notes that name people, as agencies' free text does."""
    chosen = _NOTES[rng.integers(len(_NOTES), size=len(names))]
    return np.array(
        [note.format(name) for note, name in zip(chosen, names, strict=True)], dtype=object
    )
