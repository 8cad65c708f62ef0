"""Published survival data, written from print."""

from __future__ import annotations

import numpy as np
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


def ovarian() -> pd.DataFrame:
    """Return the ovarian cancer data."""
    rows = [[float(value) for value in row.split()] for row in OVARIAN.split(";")]
    return pd.DataFrame(rows, columns=["days", "death", "age", "ecog"])


def remission() -> pd.DataFrame:
    """Return the leukaemia data: weeks, relapse, drug."""
    rows = [
        (float(time.rstrip("+")), int(not time.endswith("+")), drug)
        for drug, times in REMISSION.items()
        for time in times.split()
    ]
    return pd.DataFrame(rows, columns=["weeks", "relapse", "drug"])


def bladder() -> pd.DataFrame:
    """Return the bladder data as intervals between recurrences (178 rows, 112 events)."""
    rows = []
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


def histories(
    n_people: int,
    rng: np.random.Generator,
    *,
    log_ratio: float = -0.4,
    spread: float = 0.5,
    whole_days: bool = True,
) -> pd.DataFrame:
    """Simulate recurrent events of two arms with unequal follow-up and a person effect.

    The effect is gamma with mean 1 and variance `spread`; follow-up ends between 100 and 700
    days. The mean number of events by day t is 0.004 t, times exp(log_ratio) in arm "b".
    """
    arm = np.arange(n_people) % 2
    effect = rng.gamma(1 / spread, spread, n_people) if spread else np.ones(n_people)
    rate = 0.004 * np.exp(log_ratio * arm) * effect
    followed = rng.integers(100, 701, n_people).astype(float)
    rows = []
    for person in range(n_people):
        times = np.sort(
            rng.uniform(0, followed[person], rng.poisson(rate[person] * followed[person]))
        )
        times = np.ceil(times) if whole_days else times
        begin = 0.0
        for time, number in zip(*np.unique(times, return_counts=True), strict=True):
            rows.append((person, "ab"[arm[person]], begin, float(time), int(number)))
            begin = float(time)
        if begin < followed[person]:
            rows.append((person, "ab"[arm[person]], begin, followed[person], 0))
    return pd.DataFrame(rows, columns=["person", "arm", "start", "stop", "event"])
