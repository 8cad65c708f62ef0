"""Score pairs of references with splink, in the memory of one DuckDB connection.

The connection can reach no file, and splink's messages, which hold SQL, are kept
back. What comes out are pseudonyms and weights.
"""

# ruff: noqa: S608 (table and column names are ours)

from __future__ import annotations

import logging
import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from datrial.people.comparisons import PAIRS_LOOKED_AT, splink_comparisons
from datrial.people.records import as_arrow
from datrial.people.training import Trained, train

if TYPE_CHECKING:
    import duckdb
    import numpy as np
    import pandas as pd


def score(
    records: pd.DataFrame, references: pd.DataFrame, seed: int, *, within_space: bool
) -> tuple[pd.DataFrame, Trained]:
    """Return the compared pairs of references, and the parameters.

    Parameters
    ----------
    records
        As :func:`datrial.people.records.prepared` makes them, of one kind of people.
    references
        One record per reference, from :func:`datrial.people.records.one_each`.
    seed
        Chooses the random pairs that u is estimated from.
    within_space
        Whether two references of one space are compared.

    Returns
    -------
    tuple
        ``left_id, right_id`` (the smaller first), ``inside`` (are they of one
        space) and ``evidence``: the weight in bits without prior odds, of the two
        records that agree best; by the ids. And the parameters.
    """
    with _quiet(), _memory() as connection:
        _keep(connection, "record", records)
        _keep(connection, "person", references)
        return _score(connection, len(references), seed, within_space)


def _score(
    connection: duckdb.DuckDBPyConnection, references: int, seed: int, within_space: bool
) -> tuple[pd.DataFrame, Trained]:
    from splink import DuckDBAPI, Linker

    api = DuckDBAPI(connection)

    def make_linker(table: str, more: dict[str, Any]) -> Any:
        made = {
            "link_type": "dedupe_only",
            "unique_id_column_name": "record_id",
            "retain_matching_columns": False,
            "blocking_rules_to_generate_predictions": [],
            **more,
        }
        return Linker(api.register(table), made, log_level=None, validate_settings=False)

    trained = train(connection, make_linker, references, seed)
    allowed = "l.reference_id <> r.reference_id"
    if not within_space:
        allowed = "l.space <> r.space"
    linker = make_linker(
        "record",
        {
            "comparisons": splink_comparisons(trained.parameters, frequencies=trained.trained),
            "probability_two_random_records_match": 0.5,  # no prior odds: they come after
            "blocking_rules_to_generate_predictions": [
                f"{rule} and {allowed}" for rule in PAIRS_LOOKED_AT
            ],
        },
    )
    predicted = linker.inference.predict(warning_mode="never").physical_name
    scored = connection.execute(
        "select least(l.reference_id, r.reference_id) as left_id, "
        "greatest(l.reference_id, r.reference_id) as right_id, l.space = r.space as inside, "
        "max(p.match_weight) as evidence "
        f"from {predicted} as p join record as l on p.record_id_l = l.record_id "
        "join record as r on p.record_id_r = r.record_id group by all order by all"
    ).df()
    return scored, trained


def _keep(connection: duckdb.DuckDBPyConnection, table: str, rows: pd.DataFrame) -> None:
    connection.register("arriving", as_arrow(rows))
    connection.execute(f"create table {table} as select * from arriving")
    connection.unregister("arriving")


def probability(match_weight: Any) -> Any:
    """Return the probability of a match weight (a number or an array)."""
    import numpy as np

    return 1 / (1 + np.exp2(-np.asarray(match_weight, dtype=float)))


def possible_pairs(spaces: pd.Series) -> tuple[int, int]:
    """Return the number of pairs of references between spaces, and within one."""
    pairs = len(spaces) * (len(spaces) - 1) // 2
    within = sum(int(n) * (int(n) - 1) // 2 for n in spaces.value_counts())
    return pairs - within, within


def prior_odds(evidence: np.ndarray[Any, Any], possible: int) -> float:
    """Return the prior odds in bits under which the probabilities add up.

    Pairs that were not compared are taken as strangers. Half a pair is added, so
    that no evidence at all does not become certainty.
    """
    share = 0.5 / (possible + 1)
    for _ in range(500):
        bits = math.log2(share / (1 - share))
        true_pairs = float(probability(evidence + bits).sum()) if len(evidence) else 0.0
        following = min(0.5, (true_pairs + 0.5) / (possible + 1))
        if abs(math.log(following / share)) < 1e-9:
            break
        share = following
    return math.log2(share / (1 - share))


@contextmanager
def _memory() -> Iterator[duckdb.DuckDBPyConnection]:
    """Give a connection that keeps everything in memory and can reach no file."""
    import duckdb

    # One thread: sums then have one order, and the same input the same last digit.
    connection = duckdb.connect(":memory:", config={"threads": 1})
    try:
        connection.execute("set temp_directory = ''")
        connection.execute("set enable_progress_bar = false")
        connection.execute("set enable_external_access = false")
        yield connection
    finally:
        connection.close()


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep splink from telling of its work: its messages hold SQL."""
    logger = logging.getLogger("splink")
    before = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        logger.setLevel(before)
