"""Allocation: schemes against their definitions, draws of a known seed, the ledger's chain."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

from datrial.verification.certificate import Chapter, Comparison, Kind, near, same

if TYPE_CHECKING:
    from datrial.allocation.entries import Allocation

CHAPTER = Chapter("allocation", "Allocation and its ledger")


@CHAPTER.certificate(
    "lottery",
    "The capacity lottery draws whom its definition draws",
    verifies="datrial.allocation.schemes.CapacityLottery",
    kind=Kind.HAND_COUNT,
    source="Noted when version 1 was written (numpy 2.4.6), and the definition written out anew: "
    "numpy's PCG64 from the seed and the hash of scheme, version, site and day.",
    data="Ten people, three places, seed 20160401; and five other meetings.",
    tolerance="Exact: another numpy must draw the same.",
)
def _() -> Iterator[Comparison]:
    import datetime as dt

    import numpy as np

    from datrial.allocation.schemes import CapacityLottery

    def drawn(site: str, day: dt.date, people: list[str], places: int) -> str:
        arms = CapacityLottery(20160401).draw(site, day, people[::-1], places)
        return " ".join(str(n) for n, p in enumerate(people) if arms[p] == "intervention")

    people = [f"p_{number:020x}" for number in range(10)]
    yield same("as noted", drawn("site_2", dt.date(2016, 4, 14), people, 3), "3 7 8")
    for places in range(1, 6):
        day = dt.date(2017, places, 10)
        name = f"capacity_lottery|1|site_1|{day}".encode()
        seeds = [20160401, int.from_bytes(hashlib.sha256(name).digest()[:16], "big")]
        order = np.random.Generator(np.random.PCG64(np.random.SeedSequence(seeds))).permutation(10)
        expected = " ".join(map(str, sorted(order[:places].tolist())))
        yield same(f"{places} places", drawn("site_1", day, people, places), expected)


@CHAPTER.certificate(
    "minimisation",
    "Minimisation prefers the arm that leaves the arms most alike",
    verifies="datrial.allocation.sequential.minimisation.Minimisation",
    kind=Kind.HAND_COUNT,
    source="Pocock and Simon (1975), Biometrics 31, 103-115, worked by hand: range 3 and 3, "
    "variance 2.5 and 4.5; with sex weighed twice range 5 and 3.",
    data="Four people allocated, the fifth is an old woman.",
    tolerance="1e-12: rounding.",
)
def _() -> Iterator[Comparison]:
    from datrial.allocation.sequential.minimisation import Minimisation
    from datrial.allocation.sequential.parts import Candidate, History, Stream

    history = History()
    for arm, sex, age in (("a", "f", "young"), ("a", "f", "young"), ("b", "f", "old"), ("b", "m", "old")):  # noqa: E501 # fmt: skip
        history.enter("everyone", {"sex": sex, "age": age}, arm)
    fifth = Candidate("p", "site", {"sex": "f", "age": "old"})
    for measure, weight, expected in (
        ("range", 1, 0.5), ("variance", 1, 0.8), ("standard_deviation", 1, 0.5), ("range", 2, 0.2),
    ):  # fmt: skip
        scheme = Minimisation({"a": 1, "b": 1}, {"sex": weight, "age": 1}, measure=measure)
        chance = scheme.chances(history, fifth, Stream(0))["a"]
        yield near(f"{measure}, sex weighed {weight}: chance of a", chance, expected, within=1e-12)


@CHAPTER.certificate(
    "blocks",
    "Permuted blocks keep the ratio, and are guessed as often as theory says",
    verifies="datrial.allocation.sequential.permuted_blocks.PermutedBlocks",
    kind=Kind.PUBLISHED,
    source="Blackwell and Hodges (1957), Annals of Mathematical Statistics 28, 449-460; Matts and "
    "Lachin (1988), Controlled Clinical Trials 9, 327-344: 75.0% and 70.8% in blocks of 2 and 4.",
    data="1,200 places of a fixed seed.",
    tolerance="Ratio exact; guesses within four standard errors, .05.",
)
def _() -> Iterator[Comparison]:
    from datrial.allocation.sequential.parts import Candidate, History, Stream
    from datrial.allocation.sequential.permuted_blocks import PermutedBlocks

    for size, rate in ((2, 0.75), (4, 0.708)):
        scheme, history, arms = PermutedBlocks({"a": 1, "b": 1}, [size]), History(), list[str]()
        stream = Stream(4, "verification")
        for number in range(1200):
            draw = scheme.draw(history, Candidate(f"p{number}", "site"), stream)
            history.enter(draw.stratum, {}, draw.arm)
            arms.append(draw.arm)
        starts = range(0, 1200, size)
        uneven = sum(arms[at : at + size].count("a") != size // 2 for at in starts)
        yield same(f"blocks of {size} that break the ratio", uneven, 0)
        right, ahead = 0.0, 0  # guess the arm that is behind; a coin where none is
        for arm in arms:
            right += 0.5 if ahead == 0 else float((arm == "a") == (ahead < 0))
            ahead += 1 if arm == "a" else -1
        yield near(f"guessed in blocks of {size}", right / 1200, rate, within=0.05)


def _allocation(number: int, arm: str = "intervention") -> Allocation:
    import datetime as dt

    from datrial.allocation.entries import Allocation

    return Allocation(
        study="drive",
        person_id=f"p_{number:020x}",
        site="site_1",
        meeting_date=dt.date(2016, 4, 14),
        arm=arm,
        scheme="capacity_lottery",
        scheme_version="1",
        library="numpy 2.4.6",
        bit_generator="numpy PCG64",
        operator="trial office",
        allocated_on=dt.date(2016, 4, 15),
    )


@CHAPTER.certificate(
    "ledger_chain",
    "Every entry's hash rests on the one before, and an altered entry is found",
    verifies="datrial.allocation.ledger.Ledger",
    kind=Kind.HAND_COUNT,
    source="SHA-256 of each row's canonical JSON, computed anew from the file with SQLite and "
    "Python's hashlib alone.",
    data="A ledger of five allocations in a temporary folder; then its third arm is altered.",
    tolerance="Exact.",
)
def _() -> Iterator[Comparison]:
    import sqlite3
    import tempfile
    from pathlib import Path

    from datrial.allocation.ledger import Ledger

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ledger.sqlite"
        with Ledger(path) as ledger:
            ledger.append([_allocation(number) for number in range(5)])
            noted, sound = ledger.head(), ledger.verify()
            file = sqlite3.connect(path)
            file.row_factory = sqlite3.Row
            before = ""
            for row in file.execute("select * from record order by sequence").fetchall():
                fields = dict(row)
                told = fields.pop("hash")
                if before:
                    name = f"entry {fields['sequence']} follows its predecessor"
                    yield same(name, fields["previous_hash"], before)
                text = json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
                before = hashlib.sha256(text.encode()).hexdigest()
                yield same(f"hash of entry {fields['sequence']}", told, before)
            yield same("the head is the last hash", noted.hash, before)
            yield same("it verifies", sound.valid, True)
            yield same("sound entries", sound.entries, 5)
            triggers = "select name from sqlite_master where type = 'trigger'"
            for trigger in [row["name"] for row in file.execute(triggers)]:
                file.execute(f"drop trigger {trigger}")
            alter = "update record set body = json_set(body, '$.arm', 'control') where sequence = 3"
            file.execute(alter)
            file.commit()
            file.close()
            altered = ledger.verify()
            yield same("it verifies with an altered arm", altered.valid, False)
            yield same("the altered entry", altered.first_fault, 3)


@CHAPTER.certificate(
    "digest",
    "What was allocated has one digest on every machine, in any order",
    verifies="datrial.allocation.digests.allocations_digest",
    kind=Kind.HAND_COUNT,
    source="Noted when format 2 of the ledger was written.",
    data="Two allocations, listed both ways round.",
    tolerance="Exact.",
)
def _() -> Iterator[Comparison]:
    from datrial.allocation.digests import allocations_digest

    noted = "f03498b8cf152ebdd72d15582e34c0746c2002c46943e36a3307529843942851"
    first, second = _allocation(1), _allocation(2)
    yield same("first, second", allocations_digest([first, second]), noted)
    yield same("second, first", allocations_digest([second, first]), noted)
    other = allocations_digest([first, _allocation(2, "control")])
    yield same("another arm has another digest", other != noted, True)
