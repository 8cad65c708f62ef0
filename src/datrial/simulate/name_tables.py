"""Names as they are spread in a population: a few very common, many rare, none of anybody real.

Forenames are common ones, since only common ones have short forms that agencies
write instead. Surnames are made of syllables. How often each occurs follows Zipf
and Mandelbrot, so that people who are not related share names, as they do.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import product

import numpy as np

from datrial.simulate.randomness import Array, generator

#: Frequency of the name of rank r (from 0): 1 / (r + shift) ** exponent.
FORENAMES = {"shift": 4.0, "exponent": 0.8}
SURNAMES = {"shift": 8.0, "exponent": 0.85}
#: The commonest first. Short forms follow the name.
MEN = (
    "David Dave", "James Jim Jamie", "Paul", "Michael Mike Mick", "Andrew Andy Drew",
    "Christopher Chris", "Daniel Dan Danny", "Matthew Matt", "Stephen Steve", "Mark",
    "Robert Rob Bob Bobby", "John Johnny Jack", "Thomas Tom Tommy", "Lee", "Richard Rich Dick",
    "Anthony Tony Ant", "Ryan", "Adam", "Benjamin Ben", "Joshua Josh", "Peter Pete", "Craig",
    "Samuel Sam Sammy", "Jason Jay", "Luke", "Simon Si", "William Will Bill Billy", "Gary Gaz",
    "Kevin Kev", "Liam", "Alexander Alex Sandy", "Nathan Nate", "Ian", "Jonathan Jon", "Stuart Stu",
    "Carl", "Joseph Joe Joey", "Aaron", "Kieran", "Wayne", "Scott", "Darren Daz", "Gareth Gaz",
    "Jordan", "Nicholas Nick Nicky", "Shaun", "Edward Ed Eddie Ted", "Dean", "Philip Phil",
    "Kyle", "Patrick Pat Paddy", "Timothy Tim", "Ashley Ash", "Neil", "Charles Charlie Chas",
    "Gregory Greg", "Martin Marty", "Bradley Brad", "Callum Cal", "Raymond Ray", "Terence Terry",
    "Leonard Len Lenny", "Mohammed Mo", "Imran Immy", "Tomasz Tomek", "Piotr Piotrek",
    "Ahmed", "Rhys", "Owain", "Douglas Doug",
)  # fmt: skip
WOMEN = (
    "Sarah", "Laura", "Emma Em", "Rebecca Becky Bex", "Claire", "Samantha Sam Sammy", "Gemma Gem",
    "Victoria Vicky Tori", "Nicola Nicky Nic", "Kelly", "Jessica Jess Jessie", "Louise Lou",
    "Katherine Kate Kath Katie", "Michelle Shell", "Lisa", "Amy", "Charlotte Charlie Lottie",
    "Stacey Stace", "Jennifer Jen Jenny", "Rachel Rach", "Leanne", "Hannah", "Natalie Nat",
    "Donna", "Chloe", "Joanne Jo", "Kimberley Kim", "Danielle Dani", "Karen Kaz", "Zoe",
    "Elizabeth Liz Beth Lizzie", "Tracey Trace", "Amanda Mandy", "Lucy", "Deborah Debbie Deb",
    "Stephanie Steph", "Hayley", "Susan Sue", "Melissa Mel", "Kirsty", "Alexandra Alex", "Lauren",
    "Margaret Maggie Peggy", "Jacqueline Jackie", "Christine Chris", "Abigail Abby Gail",
    "Theresa Terri Tess", "Angela Angie", "Carly", "Patricia Pat Trish", "Bethany Beth",
    "Megan Meg", "Eleanor Ellie Nell", "Caroline Caz", "Aisha", "Magdalena Magda", "Fatima", "Sian",
    "Holly", "Georgina George Gina",
)  # fmt: skip
_ONSETS = (
    "B", "Bl", "Br", "Ch", "Cl", "Cr", "D", "Dr", "F", "Fl", "G", "Gl", "Gr", "H", "J", "K", "Kn",
    "L", "M", "N", "P", "Pl", "Pr", "Qu", "R", "S", "Sch", "Shr", "Sk", "Sp", "Str", "Sw", "T",
    "Thr", "Tr", "V", "W", "Wr", "Y", "Z",
)  # fmt: skip
_VOWELS = ("a", "e", "i", "o", "u", "ae", "ea", "ou", "oo")
_CODAS = (
    "bb", "dg", "ffl", "lk", "mb", "nx", "pk", "rv", "sk", "ttl", "vv", "xl", "zz", "ldr", "nthr",
    "mph", "gg", "kk", "rn", "st", "lv", "nd",
)  # fmt: skip
_ENDS = (
    "ard", "en", "ick", "o", "uss", "in", "ay", "ombe", "itz", "ley", "anzi", "ero", "ing", "ov",
    "eth", "ulu",
)  # fmt: skip
_NUMBER_OF_SURNAMES = 2_500


@dataclass(frozen=True)
class NameTables:
    """Names and their frequencies, and the short forms of forenames."""

    men: Array
    women: Array
    surnames: Array
    short_forms: dict[str, tuple[str, ...]]

    def forenames(self, rng: np.random.Generator, male: Array) -> Array:
        """Return a forename for each person."""
        men = _draw(rng, self.men, FORENAMES, len(male))
        return np.where(male, men, _draw(rng, self.women, FORENAMES, len(male)))

    def family_names(self, rng: np.random.Generator, n: int) -> Array:
        """Return so many surnames."""
        return _draw(rng, self.surnames, SURNAMES, n)


@cache
def name_tables() -> NameTables:
    """Return the tables; they are the same for every seed."""
    possible = ["".join(parts) for parts in product(_ONSETS, _VOWELS, _CODAS, _ENDS)]
    rng = generator(0, "surnames by frequency")
    surnames = rng.choice(possible, size=_NUMBER_OF_SURNAMES, replace=False).tolist()
    words = [entry.split() for entry in MEN + WOMEN]
    return NameTables(
        men=np.array([entry.split()[0] for entry in MEN], dtype=object),
        women=np.array([entry.split()[0] for entry in WOMEN], dtype=object),
        surnames=np.array(surnames, dtype=object),
        short_forms={name: tuple(short) for name, *short in words if short},
    )


def _draw(rng: np.random.Generator, names: Array, law: dict[str, float], n: int) -> Array:
    weights = (np.arange(len(names)) + law["shift"]) ** -law["exponent"]
    return names[rng.choice(len(names), size=n, p=weights / weights.sum())]
