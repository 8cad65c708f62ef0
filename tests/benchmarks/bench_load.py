"""Seconds from a CSV file of 10 million police rows to its staging table (run with python).

Written and landed in a temporary folder; landing's own reading of the file is
counted, the making of the file is not. The peer is what an evaluator would write
with pandas on the same file: read_csv, map, to_datetime, duplicated, and an HMAC
for each distinct reference. It runs on the first million rows and is scaled up.

Measured on 2 quiet cores: 10 million rows, 771 MB of CSV; the peer at another hour, when
other work shared the cores (load average 4 to 5) and ours took 164 s.

============  ======  ===========
step            wall    processor
============  ======  ===========
land             9 s          9 s
load            75 s        110 s
stage           16 s         30 s
checkpoint       6 s         11 s
together       106 s        160 s
============  ======  ===========
pandas         171 s        152 s
============  ======  ===========

Peak memory 2.4 GB, the warehouse 2.3 GB.
"""

from __future__ import annotations

import argparse
import hashlib
import hmac
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from datrial.config.mapping import SourceMapping, load_mappings
from datrial.config.project import project_root
from datrial.extracts.landing import land
from datrial.extracts.raw import load
from datrial.extracts.staging import stage
from datrial.people.pseudonyms import DEMONSTRATION_KEY, Pseudonymiser

HEADER = "Incident number,Nominal ref,Nominal name,Date of incident,Offence group,DA marker,Crimed,"
OFFENCES = ("Violence with injury", "Violence without injury", "Stalking and harassment",
            "Sexual offence", "Criminal damage", "Public order", "Theft", "Verbal argument",
            "Other", "-", "Not in the list")  # fmt: skip
OUTCOMES = ("Charged", "Cautioned", "No further action", "Community resolution",
            "Under investigation", "Other", "DK")  # fmt: skip
ANSWERS = ("Y", "N", "-")
DAYS = tuple(np.datetime_as_string(np.datetime64("2015-10-01") + day).item() for day in range(1461))
#: Two names in five are quoted, for the comma in them: one cell in twenty.
NAMES = tuple(f"Jo{n} Bryn{m}" for n in range(60) for m in range(10)) + tuple(
    f'"Bryn{m}, Jo{n}"' for n in range(40) for m in range(10)
)
_BLOCK = 500_000
_PEER_ROWS = 1_000_000


def write_police_file(path: Path, rows: int, seed: int = 1) -> None:
    """Write an extract in the form of the first police force.

    There are 12 people for each 100 rows; of 100,000 rows, 1 is blank, 1 has a
    cell too many, and 10 repeat the row before.
    """
    rng = np.random.default_rng(seed)
    dates = pa.array([f"{day[8:]}/{day[5:7]}/{day[:4]}" for day in DAYS])
    with path.open("wb") as file:
        file.write(f"{HEADER}Outcome\r\n".encode("utf-8-sig"))
        for first in range(0, rows, _BLOCK):
            count = min(_BLOCK, rows - first)

            def some(texts: Any, count: int = count) -> pa.Array:
                values = pa.array(texts)
                return values.take(pa.array(rng.integers(0, len(values), count)))

            incidents = pa.array(np.arange(first, first + count) + 1_000_000).cast(pa.string())
            people = pa.array(rng.integers(0, max(1, rows * 12 // 100), count) + 100_000)
            lines = pc.binary_join_element_wise(
                pc.binary_join_element_wise("C1/", incidents, ""),
                pc.binary_join_element_wise("S1-P", people.cast(pa.string()), ""),
                some(NAMES), some(dates), some(OFFENCES), some(ANSWERS[:2]), some(ANSWERS),
                some(OUTCOMES), ",",
            ).to_pylist()  # fmt: skip
            lines[100::10_000] = lines[99:-1:10_000]
            lines[50::100_000] = [f"{line},x" for line in lines[50::100_000]]
            lines[0::100_000] = [",,,,,,,"] * len(lines[0::100_000])
            file.write(("\r\n".join(lines) + "\r\n").encode())


def timed(name: str, rows: int, work: Callable[[], Any]) -> Any:
    """Run a step and print its time, and what the processors worked meanwhile."""
    start, busy = time.perf_counter(), time.process_time()
    result = work()
    tell(name, rows, time.perf_counter() - start, time.process_time() - busy)
    return result


def tell(name: str, rows: int, seconds: float, busy: float, note: str = "") -> None:
    """Print a line of the table."""
    print(
        f"{name:<12} {seconds:8.1f} s {busy:8.1f} s {rows / seconds:12,.0f} rows/s {note}",
        flush=True,
    )


def road(folder: Path, mapping: SourceMapping, rows: int) -> None:
    """Take the file from the incoming folder to its staging table."""
    start, busy = time.perf_counter(), time.process_time()
    print(f"{'':<12} {'wall':>10} {'processor':>10}")
    landing = folder / "landing"
    landed = timed("land", rows, lambda: land([mapping], folder / "inbox", landing))
    pseudonymiser = Pseudonymiser(DEMONSTRATION_KEY)
    with duckdb.connect(str(folder / "warehouse.duckdb")) as connection:
        timed(
            "load",
            rows,
            lambda: load(connection, landed.current, [mapping], landing, pseudonymiser),
        )
        sql = project_root() / "sql" / "staging"
        timed("stage", rows, lambda: stage(connection, ["police_incident"], sql))
        timed("checkpoint", rows, lambda: connection.execute("checkpoint"))
        accounts = connection.execute(
            "select received, staged, quarantined from accounting.extract"
        ).fetchall()
    tell("together", rows, time.perf_counter() - start, time.process_time() - busy)
    print(f"received, staged, quarantined: {accounts[0]}")
    size = (folder / "warehouse.duckdb").stat().st_size
    print(f"peak memory {peak_memory():.2f} GB, warehouse {size / 1e9:.2f} GB")


def peer(path: Path, mapping: SourceMapping, rows: int) -> None:
    """Do the same with pandas, naively, and print the time for all the rows."""
    import pandas as pd

    table = mapping.tables[0]
    key = DEMONSTRATION_KEY.encode()
    start, busy = time.perf_counter(), time.process_time()
    frame = pd.read_csv(
        path, dtype=str, keep_default_na=False, index_col=False, on_bad_lines="skip",
        nrows=_PEER_ROWS,
    )  # fmt: skip
    read = len(frame)
    for name, codes in table.values.items():
        spellings = {text.lower(): code for code, texts in codes.items() for text in texts}
        frame[name] = frame[table.columns[name]].str.strip().str.lower().map(spellings)
    frame["incident_date"] = pd.to_datetime(
        frame["Date of incident"], format="%d/%m/%Y", errors="coerce"
    )
    for name in ("incident_id", "perpetrator_id"):
        references = frame[table.columns[name]].str.strip().str.upper()
        hashes = {
            text: hmac.new(key, text.encode(), hashlib.sha256).hexdigest()[:20]
            for text in references.unique()
        }
        frame[name] = references.map(hashes)
    frame = frame[frame["incident_date"].notna() & frame["domestic_abuse"].notna()]
    frame[~frame.duplicated(["incident_id", "perpetrator_id"])].sort_index()
    seconds, busy = time.perf_counter() - start, time.process_time() - busy
    scale = rows / read
    tell("pandas", rows, seconds * scale, busy * scale, f"(from {read:,} rows)")


def peak_memory() -> float:
    """Return the most memory that this process has held, in GB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9


def main() -> None:
    """Print the time of each step."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--without-peer", action="store_true")
    options = parser.parse_args()
    (mapping,) = load_mappings(("drive/police_site_1",))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "inbox").mkdir()
        path = folder / "inbox" / mapping.file
        write_police_file(path, options.rows)
        print(f"{options.rows:,} rows, {path.stat().st_size / 1e6:,.0f} MB of CSV")
        road(folder, mapping, options.rows)
        if not options.without_peer:
            peer(path, mapping, options.rows)


if __name__ == "__main__":
    main()
