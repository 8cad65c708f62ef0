"""What a linkage did, as counts: the tables ``people.link*`` of a snapshot.

``people.identity`` and ``people.link`` hold pseudonyms and weights, all others
counts and parameters. No identifier is in any of them.
"""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING, Any

from datrial.people.clusters import REASONS, People
from datrial.people.linkage import Links, Model
from datrial.people.records import FIELDS
from datrial.people.scoring import probability

if TYPE_CHECKING:
    import duckdb
    import pandas as pd

#: Links are counted in bands of so many bits.
BAND = 2
_WIDEST = 20  # from so many bits on, one band
_TABLES = {
    "identity": "reference_id varchar, of varchar, person_id varchar",
    "link": "of varchar, left_id varchar, right_id varchar, match_weight double, "
    "decision varchar, accepted boolean, reason varchar",
    "link_setting": "of varchar, trained boolean, reason varchar, link_references bigint, "
    "records bigint, pairs_possible bigint, pairs_compared bigint, expected_pairs double, "
    "expected_accepted double, accepted bigint, match_weight double, review_from double, "
    "review_to double, to_review bigint, largest_cluster integer, within_space boolean, "
    "decisions bigint, decisions_unused bigint",
    "link_parameter": "of varchar, position integer, comparison varchar, level varchar, "
    "m double, u double, weight double",
    "link_band": "of varchar, band_from double, band_to double, pairs bigint, accepted bigint, "
    "decided bigint, probability double",
    "link_conflict": "of varchar, reason varchar, links bigint, link_references bigint",
    "link_space": "of varchar, space varchar, link_references bigint, linked bigint, "
    "in_conflict bigint",
    "link_missing": "of varchar, identifier varchar, link_references bigint, missing bigint",
    "cluster_size": "of varchar, size integer, people bigint",
}


def write_linkage(connection: duckdb.DuckDBPyConnection, links: Links, people: People) -> None:
    """Write the linkage to the snapshot, as tables of the schema ``people``.

    Parameters
    ----------
    links
        What :func:`datrial.people.linkage.link_people` found.
    people
        What :func:`datrial.people.clusters.identities` made of it.
    """
    import pandas as pd

    listed = _listed(links, people)
    rows: dict[str, list[tuple[Any, ...]]] = {name: [] for name in _TABLES}
    rows["identity"] = list(people.identity.itertuples(index=False, name=None))
    rows["link"] = list(listed.itertuples(index=False, name=None))
    for model in links.models:
        of = model.of
        pairs = listed[listed["of"] == of]
        references = links.references[links.references["of"] == of]
        identity = people.identity[people.identity["of"] == of]
        rows["link_setting"].append(_setting(links, people, model, pairs))
        rows["link_parameter"] += [
            (of, position, *level) for position, level in enumerate(model.levels)
        ]
        rows["link_band"] += _bands(model, pairs)
        rows["link_conflict"] += _conflicts(of, pairs)
        rows["link_space"] += _spaces(of, references, identity, pairs)
        for field in FIELDS:
            missing = int((~references[f"has_{field}"].astype(bool)).sum())
            rows["link_missing"].append((of, field, len(references), missing))
        sizes = Counter(identity.groupby("person_id").size())
        sizes[1] = len(references) - len(identity)
        rows["cluster_size"] += [(of, int(n), int(sizes[n])) for n in sorted(sizes)]
    connection.execute("create schema if not exists people")
    for name, columns in _TABLES.items():
        connection.execute(f"create or replace table people.{name} ({columns})")
        if rows[name]:
            frame = pd.DataFrame(rows[name], dtype=object)
            frame.columns = [f"c{number}" for number in range(frame.shape[1])]
            _insert(connection, name, columns, frame)


def _insert(
    connection: duckdb.DuckDBPyConnection, name: str, columns: str, frame: pd.DataFrame
) -> None:
    """Insert rows as they are, with the table's own types."""
    import pyarrow as pa

    kinds = {"varchar": pa.string(), "boolean": pa.bool_(), "double": pa.float64()}
    types = [column.split()[-1] for column in columns.split(", ")]
    arrays = [
        pa.array(
            [None if isinstance(v, float) and math.isnan(v) else v for v in frame[place]],
            kinds.get(kind, pa.int64()),
        )
        for place, kind in zip(frame.columns, types, strict=True)
    ]
    connection.register("arriving", pa.table(arrays, names=list(frame.columns)))
    try:
        connection.execute(f"insert into people.{name} select * from arriving")  # noqa: S608
    finally:
        connection.unregister("arriving")


def _listed(links: Links, people: People) -> pd.DataFrame:
    """Return every listed pair with what became of it."""
    keys = ["of", "left_id", "right_id"]
    pairs = links.pairs.merge(people.links, on=keys, how="left")
    pairs["accepted"] = pairs["reason"].map(lambda reason: reason == "").astype(bool)
    pairs["reason"] = pairs["reason"].map(lambda reason: reason if isinstance(reason, str) else "")
    pairs["match_weight"] = pairs["match_weight"].astype(float)
    return pairs[[*keys, "match_weight", "decision", "accepted", "reason"]]


def _setting(links: Links, people: People, model: Model, pairs: pd.DataFrame) -> tuple[Any, ...]:
    accepted = pairs[pairs["accepted"]]
    settings = links.settings
    in_band = pairs["match_weight"].between(settings.review_from, settings.review_to)
    weights = accepted["match_weight"].dropna()
    return (
        model.of, model.trained, model.reason, model.references, model.records,
        model.pairs_possible, model.pairs_compared, model.expected_pairs,
        float(probability(weights).sum()), len(accepted), people.weight,
        settings.review_from, settings.review_to,
        int((in_band & pairs["decision"].isin(["", "unsure"])).sum()),
        settings.largest_cluster, settings.within_space,
        int(pairs["decision"].isin(["same", "different"]).sum()), links.decisions_unused,
    )  # fmt: skip


def _bands(model: Model, pairs: pd.DataFrame) -> list[tuple[Any, ...]]:
    """Count the compared pairs by weight; the lowest and the highest band are open."""
    weighed = pairs[pairs["match_weight"].notna()]
    start = (weighed["match_weight"] // BAND * BAND).clip(upper=_WIDEST)
    below = model.pairs_compared - len(weighed)
    lowest = float(start.min()) if len(weighed) else math.nan
    rows: list[tuple[Any, ...]] = [(model.of, math.nan, lowest, below, 0, 0, math.nan)]
    for band, of_band in weighed.groupby(start):
        rows.append(
            (
                model.of, float(band), math.nan if band == _WIDEST else float(band) + BAND,
                len(of_band), int(of_band["accepted"].sum()),
                int(of_band["decision"].isin(["same", "different"]).sum()),
                float(probability(of_band["match_weight"]).mean()),
            )
        )  # fmt: skip
    return rows


def _conflicts(of: str, pairs: pd.DataFrame) -> list[tuple[Any, ...]]:
    rows = []
    for reason in REASONS:
        found = pairs[pairs["reason"] == reason]
        references = set(found["left_id"]) | set(found["right_id"])
        rows.append((of, reason, len(found), len(references)))
    return rows


def _spaces(
    of: str, references: pd.DataFrame, identity: pd.DataFrame, pairs: pd.DataFrame
) -> list[tuple[Any, ...]]:
    linked = set(identity["reference_id"])
    refused = pairs[pairs["reason"] != ""]
    in_conflict = set(refused["left_id"]) | set(refused["right_id"])
    return [
        (
            of, space, len(of_space),
            int(of_space["reference_id"].isin(linked).sum()),
            int(of_space["reference_id"].isin(in_conflict).sum()),
        )
        for space, of_space in references.groupby("space")
    ]  # fmt: skip
