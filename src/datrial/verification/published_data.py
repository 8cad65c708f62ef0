"""The data of published examples, written from print; none of them is of this study."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

#: Weeks of remission of 42 children with acute leukaemia, censored with a plus: Freireich et al.
#: (1963), Blood 21, 699-716; Gehan (1965), Biometrika 52, 203-223.
REMISSION = {
    "6-MP": "6 6 6 6+ 7 9+ 10 10+ 11+ 13 16 17+ 19+ 20+ 22 23 25+ 32+ 32+ 34+ 35+",
    "placebo": "1 1 2 2 3 4 4 5 5 8 8 8 8 11 11 12 12 15 17 22 23",
}

#: Recurrences of superficial bladder tumours, months, end of follow-up with a plus; without one
#: follow-up is only taken to the fourth recurrence. First number/size of initial tumours.
#: Byar (1980); Wei, Lin and Weissfeld (1989), JASA 84, 1065-1073, table 1.
BLADDER = {
    "placebo": """
        1/3 1+; 2/1 4+; 1/1 7+; 5/1 10+; 4/1 6 10+; 1/1 14+; 1/1 18+; 1/3 5 18+; 1/1 12 16 18+;
        3/3 23+; 1/3 10 15 23+; 1/1 3 16 23 23+; 3/1 3 9 21 23+; 2/3 7 10 16 24; 1/1 3 15 25 25+;
        1/2 26+; 8/1 1 26+; 1/4 2 26 26+; 1/2 25 28+; 1/4 29+; 1/2 29+; 4/1 29+; 1/6 28 30 30+;
        1/5 2 17 22 30+; 2/1 3 6 8 12; 1/3 12 15 24 31+; 1/2 32+; 2/1 34+; 2/1 36+; 3/1 29 36+;
        1/2 37+; 4/1 9 17 22 24; 5/1 16 19 23 29; 1/2 41+; 1/1 3 43+; 2/6 6 43+; 2/1 3 6 9 44+;
        1/1 9 11 20 26; 1/1 18 48+; 1/3 49+; 3/1 35 51+; 1/7 17 53+; 3/1 3 15 46 51; 1/1 59+;
        3/2 2 15 24 30; 1/3 5 14 19 27; 2/3 2 8 12 13
    """,
    "thiotepa": """
        1/3 1+; 1/1 1+; 8/1 5 5+; 1/2 9+; 1/1 10+; 1/1 13+; 2/6 3 14+; 5/3 1 3 5 7; 5/1 18+;
        1/3 17 18+; 5/1 2 19+; 1/1 17 19 21+; 1/1 22+; 1/3 25+; 1/5 25+; 1/1 25+; 1/1 6 12 13 26+;
        1/1 6 27+; 2/1 2 29+; 8/3 26 35 36+; 1/1 38+; 1/1 22 23 27 32; 6/1 4 16 23 27;
        3/1 24 26 29 40; 3/2 41+; 1/1 41+; 1/1 1 27 43+; 1/1 44+; 6/1 2 20 23 27; 1/2 45+;
        1/4 2 46+; 1/4 46+; 3/3 49+; 1/1 50+; 4/1 4 24 47 50+; 3/4 54+; 2/1 38 54+; 1/3 59+
    """,
}

#: Advanced ovarian cancer: days, death (0, 1), age, ECOG performance status (1 is better).
#: Edmunson et al. (1979), Cancer Treatment Reports 63, 241-247; Collett (2015), table 3.6.
OVARIAN = """
    59 1 72.3315 1; 115 1 74.4932 1; 156 1 66.4658 2; 421 0 53.3644 1; 431 1 50.3397 1;
    448 0 56.4301 2; 464 1 56.9370 2; 475 1 59.8548 2; 477 0 64.1753 1; 563 1 55.1781 2;
    638 1 56.7562 2; 744 0 50.1096 1; 769 0 59.6301 2; 770 0 57.0521 1; 803 0 39.2712 1;
    855 0 43.1233 2; 1040 0 38.8932 2; 1106 0 44.6000 1; 1129 0 53.9068 1; 1206 0 44.2055 1;
    1227 0 59.5890 2; 268 1 74.5041 2; 329 1 43.1370 1; 353 1 63.2192 2; 365 1 64.4247 1;
    377 0 58.3096 1
"""

#: Histology grade of 79 endometrial cancers by neovasculation, pulsatility index and height of
#: the endometrium: Heinze and Schemper (2002), Statistics in Medicine 21, 2409-2419.
#: Each is PI/EH; every row with neovasculation is of high grade.
LOW_GRADE = """
    13/1.64 16/2.26 8/3.14 34/2.68 20/1.28 5/2.31 17/1.8 10/1.68 26/1.56 17/2.31 8/2.01 7/1.89
    20/3.15 10/1.23 18/1.27 16/1.76 18/2 28/1.5 11/1.33 19/2.37 10/1.82 10/3.13 18/1.31 14/1.92
    21/1.64 11/2.01 17/1.88 25/1.93 16/2.11 19/1.29 15/1.72 33/0.75 24/1.92 29/2.02 15/2.29
    12/2.33 3/2.9 20/1.7 23/1.41 12/2.25 22/1.54 42/1.97 15/1.75 13/2.16 14/2.57 19/1.37 12/3.61
    13/2.04 10/2.17
"""
HIGH_GRADE = """
    8/2.64 29/0.88 12/1.27 20/1.37 7/0.97 48/1.84 12/1.11 19/1.61 2/1.18 21/1.19 15/1.06 12/1.69
    6/1.84 5/1.3 17/0.96 5/0.35 33/0.85
"""
HIGH_GRADE_WITH_NEOVASCULATION = """
    38/0.97 22/1.14 7/0.88 25/0.91 15/0.58 22/1.44 40/1.18 5/0.93 0/1.17 49/0.27 11/1.01 21/0.98
    19/1.02
"""

#: Urinary tract infections and contraceptives, 130 cases and 109 controls: Foxman et al. (1997),
#: Epidemiology 8, 637-641; the data `sex2` of R's logistf. case, then age oc vic vicl vis dia,
#: then how many.
SEX2 = """
    1 000010 1; 1 001000 14; 1 001010 3; 1 001100 10; 1 001110 12; 1 001111 1; 1 010000 44;
    1 010001 3; 1 011000 15; 1 011001 1; 1 011010 2; 1 011100 7; 1 011110 3; 1 101000 2;
    1 101010 1; 1 101011 1; 1 101100 1; 1 101111 1; 1 110000 5; 1 111000 3; 0 000010 1;
    0 001000 2; 0 001010 1; 0 001100 8; 0 001110 18; 0 010000 42; 0 010010 1; 0 011000 1;
    0 011100 5; 0 011110 6; 0 101100 2; 0 101110 4; 0 110000 14; 0 110010 1; 0 111000 1;
    0 111110 2
"""

#: Wave damage to cargo ships: McCullagh and Nelder (1989), Generalized Linear Models, 2nd ed.,
#: table 6.2. Type, built and operated from (19..), months of service, damage incidents; the six
#: rows without service are left out.
SHIPS = """
    A 60 60 127 0; A 60 75 63 0; A 65 60 1095 3; A 65 75 1095 4; A 70 60 1512 6; A 70 75 3353 18;
    A 75 75 2244 11; B 60 60 44882 39; B 60 75 17176 29; B 65 60 28609 58; B 65 75 20370 53;
    B 70 60 7064 12; B 70 75 13099 44; B 75 75 7117 18; C 60 60 1179 1; C 60 75 552 1;
    C 65 60 781 0; C 65 75 676 1; C 70 60 783 6; C 70 75 1948 2; C 75 75 274 1; D 60 60 251 0;
    D 60 75 105 0; D 65 60 288 0; D 65 75 192 0; D 70 60 349 2; D 70 75 1208 11; D 75 75 2051 4;
    E 60 60 45 0; E 65 60 789 7; E 65 75 437 7; E 70 60 1157 5; E 70 75 2161 12; E 75 75 542 1
"""

#: Bitterness of wine, 1 to 5, by nine judges of eight bottles each: Randall (1989), Biometrical
#: Journal 31, 781-793; the data `wine` of R's ordinal package.
RATINGS = "23344455 12132354 23325544 32323253 23433333 32322454 11222323 22233334 12323244"

#: Chest X-rays of 1,692 men, read by three readers for pleural thickening; the eight patterns of
#: readings from none to all three: Dayton (1998), Latent Class Scaling Analysis.
READINGS = (1513, 23, 59, 12, 21, 19, 11, 34)

#: Extra hours of sleep of ten people under two drugs: Student (1908), Biometrika 6, 1-25.
SLEEP = (
    (0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0),
    (1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4),
)

#: Darwin's 15 pairs of maize, crossed less self-fertilised height in eighths of an inch.
MAIZE = (49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48)

#: Two dermatologists, 88 patients: SAS/STAT User's Guide, PROC FREQ, "Agreement Study".
SKIN = ((10, 4, 1, 0), (5, 10, 12, 2), (2, 4, 12, 5), (0, 2, 6, 13))

#: Unaided vision of the left and the right eye of 7,477 women: Stuart (1955), Biometrika 42.
EYES = ((1520, 266, 124, 66), (234, 1512, 432, 78), (117, 362, 1772, 205), (36, 82, 179, 492))


def remission() -> pd.DataFrame:
    """Return the leukaemia data: weeks, relapse, drug."""
    import pandas as pd

    rows = [
        (float(time.rstrip("+")), int(not time.endswith("+")), drug)
        for drug, times in REMISSION.items()
        for time in times.split()
    ]
    return pd.DataFrame(rows, columns=["weeks", "relapse", "drug"])


def bladder() -> pd.DataFrame:
    """Return the bladder data as intervals between recurrences (178 rows, 112 events)."""
    import pandas as pd

    rows: list[tuple[object, ...]] = []
    person = 0
    for drug, patients in BLADDER.items():
        for patient in patients.split(";"):
            tumours, *times = patient.split()
            number, size = map(int, tumours.split("/"))
            person, begin = person + 1, 0
            for time in times:
                end = int(time.rstrip("+"))
                if end > begin:
                    event = int(not time.endswith("+"))
                    rows.append((person, drug, number, size, begin, end, event))
                begin = end
    columns = ["person", "drug", "number", "size", "start", "stop", "event"]
    return pd.DataFrame(rows, columns=columns)


def ovarian() -> pd.DataFrame:
    """Return the ovarian cancer data: days, death, age, ecog."""
    import pandas as pd

    rows = [[float(value) for value in row.split()] for row in OVARIAN.split(";")]
    return pd.DataFrame(rows, columns=["days", "death", "age", "ecog"])


def endometrial() -> pd.DataFrame:
    """Return the endometrial cancers: NV, PI, EH, HG (high grade)."""
    import pandas as pd

    rows = [
        (new, *map(float, each.split("/")), grade)
        for text, new, grade in (
            (LOW_GRADE, 0, 0), (HIGH_GRADE, 0, 1), (HIGH_GRADE_WITH_NEOVASCULATION, 1, 1),
        )
        for each in text.split()
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=["NV", "PI", "EH", "HG"])


def sex2() -> pd.DataFrame:
    """Return the infections as patterns with their number of women, `n`."""
    import pandas as pd

    rows = [each.split() for each in SEX2.split(";")]
    table = [(int(case), *map(int, pattern), int(n)) for case, pattern, n in rows]
    return pd.DataFrame(table, columns=["case", "age", "oc", "vic", "vicl", "vis", "dia", "n"])


def ships() -> pd.DataFrame:
    """Return the cargo ships: ship, built, operated, service, accident."""
    import pandas as pd

    rows = [row.split() for row in SHIPS.split(";")]
    table = [(s, f"19{b}", f"19{o}", int(months), int(n)) for s, b, o, months, n in rows]
    return pd.DataFrame(table, columns=["ship", "built", "operated", "service", "accident"])


def wine() -> pd.DataFrame:
    """Return the wine data in R's order: rating, warm, contact, judge."""
    import numpy as np
    import pandas as pd

    return pd.DataFrame(
        {
            "rating": [int(c) for c in RATINGS.replace(" ", "")],
            "warm": np.tile([0, 0, 0, 0, 1, 1, 1, 1], 9),
            "contact": np.tile([0, 0, 1, 1, 0, 0, 1, 1], 9),
            "judge": np.repeat(np.arange(9), 8),
        }
    )


def readers() -> pd.DataFrame:
    """Return the eight patterns of three readings of an X-ray, in the order of `READINGS`."""
    import pandas as pd

    patterns = list(itertools.product([0, 1], repeat=3))
    return pd.DataFrame(patterns, columns=["r1", "r2", "r3"])


#: Firth's logit: estimate, lower and upper limit of the profile interval, as R's logistf prints.
FIRTH_PRINTED = {
    "endometrial": {
        "Intercept": (3.77455951, 1.0825371, 7.20928050),
        "NV": (2.92927330, 0.6097244, 7.85463171),
        "PI": (-0.03475175, -0.1244587, 0.04045547),
        "EH": (-2.60416387, -4.3651832, -1.23272106),
    },
    "sex2": {
        "Intercept": (0.12025405, -0.8185591, 1.07315122),
        "age": (-1.10598131, -1.9737884, -0.30742514),
        "oc": (-0.06881673, -0.9414363, 0.78920202),
        "vic": (2.26887464, 1.2730216, 3.43543273),
        "vicl": (-2.11140817, -3.2608611, -1.11773495),
        "vis": (-0.78831694, -1.6080879, 0.01518468),
        "dia": (3.09601166, 0.7745682, 8.03029352),
    },
}

#: Four latent classes, Mplus 8.11 on the model of Nylund-Gibson, Grimm and Masyn (2019), Structural
#: Equation Modeling 26, 967-985 (IMMERSE project): people by likeliest class, their average
#: posteriors (a row for each likeliest class), and the classification probabilities.
FOUR_CLASSES_ASSIGNED = (432, 285, 1188, 770)
FOUR_CLASSES_POSTERIOR = (
    (0.855, 0.080, 0.001, 0.063),
    (0.124, 0.777, 0.052, 0.047),
    (0.001, 0.040, 0.898, 0.062),
    (0.037, 0.041, 0.114, 0.808),
)
FOUR_CLASSES_ERRORS = (
    (0.851, 0.081, 0.002, 0.066),
    (0.104, 0.661, 0.141, 0.094),
    (0.000, 0.013, 0.912, 0.075),
    (0.037, 0.018, 0.099, 0.845),
)
