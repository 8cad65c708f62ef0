"""Names, dates of birth and postcodes as they are compared: one form, or nothing.

What cannot be used is nothing, without a word: a name that says "unknown" must
agree with no other, and no message may quote it.
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from functools import lru_cache

from datrial.config.mapping import DateOrder
from datrial.extracts.text import NO_REFERENCE, plain

_CACHED = 200_000
#: Texts, in the form of ``plain``, that stand where nothing is known of a name or a home.
NOTHING = NO_REFERENCE | {"nfa", "no fixed abode"}
_UNKNOWN_WORDS = frozenset(
    ("UNKNOWN", "UNK", "NK", "NA", "NONE", "NOT", "KNOWN", "RECORDED", "ANON", "ANONYMOUS", "TEST",
     "TBC", "WITHHELD", "XX", "XXX", "XXXX", "NAME", "SURNAME", "FORENAME", "MALE", "FEMALE")
)  # fmt: skip
_TITLES = frozenset(
    ("MR", "MRS", "MS", "MISS", "MX", "MASTER", "DR", "PROF", "REV", "SIR", "LADY", "LORD", "DAME",
     "JR", "JNR", "SNR", "ESQ")
)  # fmt: skip
#: Words that belong to the family name that follows.
_PARTICLES = frozenset(
    ("AL", "BIN", "BINT", "DA", "DE", "DEL", "DELLA", "DEN", "DER", "DI", "DOS", "DU", "EL", "IBN",
     "LA", "LE", "MAC", "MC", "SAINT", "ST", "TEN", "TER", "VAN", "VON", "ZU")
)  # fmt: skip
_LETTERS = str.maketrans({"Ø": "O", "Ł": "L", "Đ": "D", "Ð": "D", "Æ": "AE", "Œ": "OE", "Þ": "TH"})
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_TIME = re.compile(r"[ t]\d{1,2}:\d{2}.*$")
_YEAR_FIRST = re.compile(r"(\d{4})[-/. ](\d{1,2})[-/. ](\d{1,2})")
_YEAR_LAST = re.compile(r"(\d{1,2})[-/. ](\d{1,2})[-/. ](\d{4})")
_DAY_MONTH = re.compile(r"(\d{1,2})(?:st|nd|rd|th)?[-/. ]*([a-z]{3,9})\.?,?[-/. ]*(\d{4})")
_MONTH_DAY = re.compile(r"([a-z]{3,9})[-/. ]+(\d{1,2})(?:st|nd|rd|th)?,?[-/. ]+(\d{4})")
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})")
_SERIAL = re.compile(r"(\d{4,5})(?:\.\d+)?")
_SERIAL_START = dt.date(1899, 12, 30)
_OLDEST = dt.date(1900, 1, 2)  # the first of January 1900 is what forms fill in by themselves
_POSTCODE = re.compile(r"([A-Z]{1,2}\d[A-Z\d]?)(\d[A-Z]{2})?")


@lru_cache(_CACHED)
def clean_name(text: str) -> str | None:
    """Return a name in capitals without accents, titles and signs; none where there is none.

    Apostrophes are dropped (O'Brien is OBRIEN), a hyphen parts two names.
    """
    words = [word for word in _words(text) if word not in _TITLES]
    if not words or all(word in _UNKNOWN_WORDS for word in words):
        return None
    return " ".join(words)


def clean_given_name(text: str) -> str | None:
    """Return the first given name; further ones are recorded by some agencies only."""
    name = clean_name(text)
    return None if name is None else name.partition(" ")[0]


@lru_cache(_CACHED)
def split_name(text: str) -> tuple[str | None, str | None]:
    """Return (given name, family name) of a full name.

    With a comma the family name stands first ("Smith, John"); so it does where it
    alone is in capitals ("SMITH John"). Else it is the last word, with the words
    that belong to it ("John van der Berg"). One word alone is a family name.
    """
    text = re.sub(r"\([^)]*\)", " ", text)
    if plain(text) in NOTHING:
        return None, None
    first, comma, rest = text.partition(",")
    if comma and clean_name(rest):
        return clean_given_name(rest), clean_name(first)
    words = [word for word in text.replace(",", " ").split() if clean_name(word)]
    if len(words) < 2:
        return None, clean_name(words[0]) if words else None
    capitals = [len(word) > 1 and word.isupper() for word in words]
    if capitals[0] and not capitals[-1]:
        after = capitals.index(False)
        return clean_given_name(words[after]), clean_name(" ".join(words[:after]))
    begin = len(words) - 1
    while begin > 1 and clean_name(words[begin - 1]) in _PARTICLES:
        begin -= 1
    return clean_given_name(words[0]), clean_name(" ".join(words[begin:]))


@lru_cache(_CACHED)
def clean_date(text: str, order: DateOrder, *, serial: bool, last: dt.date) -> str | None:
    """Return a date of birth in ISO form; none where it is not a usable one.

    Parameters
    ----------
    order
        The mapping's order of numeric dates, and the only one in which they are read.
    serial
        Whether a plain number is a workbook's day number.
    last
        The last day of the extract: nobody in it is born later.
    """
    compared = _TIME.sub("", plain(text))
    parts: tuple[str, str, str] | None = None
    if found := _YEAR_FIRST.fullmatch(compared) or _COMPACT.fullmatch(compared):
        parts = (found[1], found[2], found[3])
    elif (found := _YEAR_LAST.fullmatch(compared)) and order != "year_first":
        day, month = (found[1], found[2]) if order == "day_first" else (found[2], found[1])
        parts = (found[3], month, day)
    elif found := _DAY_MONTH.fullmatch(compared):
        parts = (found[3], _month(found[2]), found[1])
    elif found := _MONTH_DAY.fullmatch(compared):
        parts = (found[3], _month(found[1]), found[2])
    try:
        if parts is not None:
            date = dt.date(int(parts[0]), int(parts[1]), int(parts[2]))
        elif serial and (found := _SERIAL.fullmatch(compared)):
            date = _SERIAL_START + dt.timedelta(days=int(found[1]))
        else:
            return None
    except ValueError:
        return None
    return date.isoformat() if _OLDEST <= date <= last else None


@lru_cache(_CACHED)
def clean_postcode(text: str) -> str | None:
    """Return a postcode in capitals without a space, or its district alone (``BS16``).

    The codes that stand for no fixed abode and abroad (ZZ99) are none.
    """
    compact = re.sub(r"[^A-Z0-9]", "", text.upper())
    found = _POSTCODE.fullmatch(compact)
    return None if found is None or compact.startswith("ZZ99") else compact


def _words(text: str) -> list[str]:
    if plain(text) in NOTHING:
        return []
    letters = unicodedata.normalize("NFKD", text.upper().translate(_LETTERS))
    letters = re.sub(r"['’‘`´]", "", letters)
    letters = "".join(c for c in letters if not unicodedata.combining(c))
    return re.sub(r"[^\w]|[\d_]", " ", letters).split()


def _month(word: str) -> str:
    return str(_MONTHS.index(word[:3]) + 1) if word[:3] in _MONTHS else "0"
