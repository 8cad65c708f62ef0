"""The tables of the linkage report: counts and parameters, never a name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from datrial.analyses.base import Context
from datrial.results.cells import Table

_KINDS = {"perpetrator": "Perpetrators", "victim": "Victims-survivors"}
_IDENTIFIERS = {
    "given_name": "Given name", "family_name": "Family name", "date_of_birth": "Date of birth",
    "postcode": "Postcode",
}  # fmt: skip


def quality_table(context: Context, kinds: Sequence[str]) -> Table:
    """Return what was compared and linked, with the quality that the model expects."""
    table = Table(
        "linkage.quality",
        "What was compared and linked",
        "Expected precision: the share of the links made that are right; expected recall: the "
        "share of the right pairs that were linked, among the pairs compared. Both are the "
        "model's own estimate, without the clerical decisions.",
    )
    counts = {
        "link_references": "References", "records": "Ways of writing them down",
        "pairs_compared": "Pairs compared", "accepted": "Links made", "to_review": "To review",
        "decisions": "Decided by review", "decisions_unused": "Decisions without a reference",
    }  # fmt: skip
    for key, label in {
        **counts,
        "expected_pairs": "Right pairs expected",
        "precision": "Expected precision",
        "recall": "Expected recall",
        "match_weight": "Cut (weight in bits)",
    }.items():
        table.column(key, label)
    for of in kinds:
        row = _one(context, "people.link_setting", of)
        table.row(of, _KINDS.get(of, of))
        for key in counts:
            table.add(of, key, "count", row[key])
        table.add(of, "expected_pairs", "count", row["expected_pairs"])
        how = "estimated from the records" if row["trained"] else f"fixed: {row['reason']}"
        warning = "" if row["trained"] else f"parameters {how}"
        weighed, expected = row["accepted"], row["expected_accepted"]
        table.add(
            of, "precision", "share", expected / weighed if weighed else None, n=weighed,
            warning=warning, reason="no links",
        )  # fmt: skip
        pairs = row["expected_pairs"]
        table.add(
            of, "recall", "share", expected / pairs if pairs else None, n=row["pairs_compared"],
            warning=warning, reason="no right pairs are expected",
        )  # fmt: skip
        table.add(of, "match_weight", "value", row["match_weight"], note=f"parameters {how}")
    return table


def bands_table(context: Context, kinds: Sequence[str]) -> Table:
    """Return the compared pairs by match weight."""
    table = Table(
        "linkage.bands",
        "Pairs by match weight",
        "Weights in bits: the base-2 logarithm of the odds that a pair is one person. "
        "Probability: the mean of the band's pairs. A pair above the cut that was not linked is "
        "a conflict or was decided by review.",
    )
    for key, label in (
        ("pairs", "Pairs"), ("accepted", "Linked"), ("decided", "Decided"),
        ("probability", "Probability"),
    ):  # fmt: skip
        table.column(key, label)
    for of in kinds:
        rows = context.connection.execute(
            "select band_from, band_to, pairs, accepted, decided, probability "
            "from people.link_band where of = ? order by band_from nulls first",
            [of],
        ).fetchall()
        for low, high, pairs, accepted, decided, probability in rows:
            row = f"{of}__{_key(low)}"
            table.row(row, f"{_KINDS.get(of, of)}: {_between(low, high)}")
            table.add(row, "pairs", "count", pairs)
            table.add(row, "accepted", "count", accepted, n=pairs)
            table.add(row, "decided", "count", decided, n=pairs)
            reason = "far below the cut" if low is None else "no pairs"
            table.add(row, "probability", "probability", probability, n=pairs, reason=reason)
    return table


def references_table(context: Context, kinds: Sequence[str]) -> Table:
    """Return the references of each space: linked, not linked, in conflict."""
    table = Table(
        "linkage.references",
        "References, by whose they are",
        "Linked: the person has another reference too. In conflict: a link from the cut on was "
        "not made, for a reason of the next table.",
    )
    for key, label in (
        ("references", "References"), ("linked", "Linked"), ("not_linked", "Not linked"),
        ("in_conflict", "In conflict"),
    ):  # fmt: skip
        table.column(key, label)
    for of in kinds:
        rows = context.connection.execute(
            "select space, link_references, linked, in_conflict from people.link_space "
            "where of = ? order by space",
            [of],
        ).fetchall()
        for space, references, linked, in_conflict in rows:
            row = f"{of}__{space or 'shared'}"
            whose = space.replace("_", " ") if space else "shared by all agencies"
            table.row(row, f"{_KINDS.get(of, of)}: {whose}")
            table.add(row, "references", "count", references)
            for key, count in (
                ("linked", linked), ("not_linked", references - linked),
                ("in_conflict", in_conflict),
            ):  # fmt: skip
                table.add(row, key, "count", count, n=references)
                table.add(row, key, "share", count / references, n=references)
    return table


def conflicts_table(context: Context, kinds: Sequence[str]) -> Table:
    """Return the links that were not made, by reason."""
    table = Table(
        "linkage.conflicts",
        "Links that were not made",
        "Pairs from the cut on that would have joined what is not one person. The stronger link "
        "stands; the weaker one is counted here.",
    )
    table.column("links", "Links")
    table.column("references", "References")
    for of in kinds:
        rows = context.connection.execute(
            "select reason, links, link_references from people.link_conflict where of = ? "
            "order by reason",
            [of],
        ).fetchall()
        for reason, links, references in rows:
            row = f"{of}__{'_'.join(reason.split())}"
            table.row(row, f"{_KINDS.get(of, of)}: {reason}")
            table.add(row, "links", "count", links)
            table.add(row, "references", "count", references)
    return table


def clusters_table(context: Context, kinds: Sequence[str]) -> Table:
    """Return how many people have how many references."""
    table = Table("linkage.clusters", "People by number of references", "")
    table.column("people", "People")
    for of in kinds:
        rows = context.connection.execute(
            "select size, people from people.cluster_size where of = ? order by size", [of]
        ).fetchall()
        for size, people in rows:
            row = f"{of}__{size}"
            references = "reference" if size == 1 else "references"
            table.row(row, f"{_KINDS.get(of, of)}: {size} {references}")
            table.add(row, "people", "count", people)
    return table


def missing_table(context: Context, kinds: Sequence[str]) -> Table:
    """Return for how many references an identifier is not known."""
    table = Table(
        "linkage.missing",
        "Identifiers that are missing",
        "References for which no record has a usable value.",
    )
    for key, label in _IDENTIFIERS.items():
        table.column(key, label)
    for of in kinds:
        table.row(of, _KINDS.get(of, of))
        rows = context.connection.execute(
            "select identifier, link_references, missing from people.link_missing where of = ?",
            [of],
        ).fetchall()
        for identifier, references, missing in sorted(rows):
            table.add(of, identifier, "count", missing, n=references)
            table.add(of, identifier, "share", missing / references, n=references)
    return table


def parameters_table(context: Context, kinds: Sequence[str]) -> Table:
    """Return m, u and weight of each level of agreement."""
    table = Table(
        "linkage.parameters",
        "What agreement says",
        "Right pairs: the share of pairs of one person that agree so (m). Strangers: one in so "
        "many pairs of different people does (1/u). Weight: log2(m/u). For the same name, the "
        "name's own frequency takes the place of u.",
    )
    table.column("m", "Right pairs")
    table.column("u", "Strangers: one in")
    table.column("weight", "Weight (bits)")
    for of in kinds:
        rows = context.connection.execute(
            "select position, comparison, level, m, u, weight from people.link_parameter "
            "where of = ? order by position",
            [of],
        ).fetchall()
        for position, comparison, level, m, u, weight in rows:
            row = f"{of}__{position:02d}_{comparison}"
            table.row(row, f"{_KINDS.get(of, of)}: {_IDENTIFIERS[comparison]} {level}")
            table.add(row, "m", "probability", m)
            table.add(row, "u", "count", 1 / u)
            table.add(row, "weight", "value", weight)
    return table


def _one(context: Context, table: str, of: str) -> dict[str, Any]:
    found = context.connection.execute(f"select * from {table} where of = ?", [of])  # noqa: S608
    names = [column[0] for column in found.description]
    return dict(zip(names, found.fetchall()[0], strict=True))


def _between(low: float | None, high: float | None) -> str:
    if low is None:
        return "lower" if high is None else f"below {high:g}"
    return f"{low:g} or more" if high is None else f"{low:g} to {high:g}"


def _key(low: float | None) -> str:
    if low is None:
        return "lower"
    return f"from_{abs(low):g}" if low >= 0 else f"from_minus_{abs(low):g}"
