"""Invented names for columns that are never read: made of syllables, like nobody's."""

from __future__ import annotations

import hashlib

import numpy as np

from datrial.simulate.randomness import Array

#: Stands once in every file that has names, so that a test can search for it elsewhere.
CANARY = "Zzyxwana Quovadal"
_FIRST = ("Bram", "Cel", "Dovi", "Eru", "Fal", "Gani", "Hobe", "Iri", "Jolu", "Kes")
_SECOND = ("bix", "dorn", "fira", "gund", "lomo", "mexa", "nifa", "quell", "rasto", "vim")
_THIRD = ("Ardle", "Bosk", "Crindle", "Dwem", "Frusk", "Glabe", "Hulver", "Jorrick")
_FOURTH = ("bottom", "cleugh", "dyke", "fenner", "gill", "mere", "shaw", "thwick")
_NOTES = np.array([
    "{} discussed, actions agreed", "safety plan reviewed; {} not to be told",
    "{} seen at the café – alleged £40 taken", "no further detail on {}",
])  # fmt: skip


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
