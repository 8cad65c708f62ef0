"""The records of people as they are compared: identifiers with what is derived from them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datrial.people.nicknames import full_names

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

#: What identifies a person.
FIELDS = ("given_name", "family_name", "date_of_birth", "postcode")


def prepared(identifiers: pd.DataFrame) -> pd.DataFrame:
    """Return distinct records in a fixed order, with what the comparisons use.

    What a record lacks is taken from the same reference's other records, where they
    have it: a date of birth that one form lacks must not hide that the others
    contradict. The shared space is the empty text. ``record_id`` numbers the
    records; two frames with the same rows in another order give the same.
    """
    out = identifiers[["of", "reference_id", "space", *FIELDS]].astype(object)
    out = out.where(out.notna(), None)
    out["space"] = out["space"].map(lambda space: space or "")
    keys = ["of", "reference_id", *FIELDS]
    out = _filled(out.reset_index(drop=True)).drop_duplicates(keys).reset_index(drop=True)
    # Missing sorts last: the text that follows all letters and digits.
    order = out[keys].map(lambda value: "\uffff" if value is None else value)
    out = out.loc[order.sort_values(keys, kind="stable").index].reset_index(drop=True)
    given = out["given_name"].map(lambda name: [] if name is None else list(full_names(name)))
    out["given_full"] = given
    out["given_root"] = given.map(lambda names: names[0] if names else None).astype(object)
    out["birth_year"] = out["date_of_birth"].map(lambda day: None if day is None else day[:4])
    out["postcode_sector"] = out["postcode"].map(_sector)
    out["postcode_area"] = out["postcode"].map(postcode_area)
    out["record_id"] = range(len(out))
    return out


def _filled(records: pd.DataFrame) -> pd.DataFrame:
    """Fill each reference's gaps with what most of its records say, of equally many the smallest.

    A reference without any value keeps the gap.
    """
    reference = ["of", "reference_id"]
    for field in FIELDS:
        gaps = records[field].isna()
        if not gaps.any():
            continue
        counts = records[~gaps].groupby([*reference, field]).size().rename("records").reset_index()
        best = counts.sort_values(
            [*reference, "records", field], ascending=[True, True, False, True], kind="stable"
        ).drop_duplicates(reference)
        known = dict(
            zip(zip(best["of"], best["reference_id"], strict=True), best[field], strict=True)
        )
        keys = zip(records["of"], records["reference_id"], strict=True)
        records[field] = [
            known.get(key) if gap else value
            for key, gap, value in zip(keys, gaps, records[field], strict=True)
        ]
        records[field] = records[field].astype(object).where(records[field].notna(), None)
    return records


def one_each(records: pd.DataFrame) -> pd.DataFrame:
    """Return each reference's fullest record, and ``any_<field>``: is it known from any."""
    known = records[list(FIELDS)].notna()
    known.columns = [f"any_{field}" for field in FIELDS]
    ids = records[["of", "reference_id"]]
    anywhere = known.groupby([ids["of"], ids["reference_id"]]).any().reset_index()
    fullest = (
        records.assign(filled=known.sum(axis=1))
        .sort_values(["of", "reference_id", "filled", "record_id"],
                     ascending=[True, True, False, True], kind="stable")
        .drop_duplicates(["of", "reference_id"])
        .drop(columns="filled")
    )  # fmt: skip
    return fullest.merge(anywhere, on=["of", "reference_id"]).reset_index(drop=True)


def as_arrow(records: pd.DataFrame) -> pa.Table:
    """Return records as an Arrow table with fixed types (a column may be all null)."""
    import pyarrow as pa

    texts = (
        "reference_id", "space", *FIELDS, "given_root", "birth_year", "postcode_sector",
        "postcode_area",
    )  # fmt: skip
    return pa.table(
        {
            "record_id": pa.array(records["record_id"], pa.int64()),
            **{name: pa.array(_texts(records[name]), pa.string()) for name in texts},
            "given_full": pa.array(list(records["given_full"]), pa.list_(pa.string())),
        }
    )


def _texts(column: pd.Series) -> list[str | None]:
    """Return a column's texts; pandas has several forms of nothing, Arrow has one."""
    return [value if isinstance(value, str) else None for value in column]


def postcode_area(postcode: str | None) -> str | None:
    """Return the letters that a postcode begins with: ``BS`` of ``BS16 1QY``."""
    if not postcode:
        return None
    letters = len(postcode) - len(postcode.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
    return postcode[:letters] or None


def _sector(postcode: str | None) -> str | None:
    """Return a postcode without its last two letters; none of a district alone."""
    return postcode[:-2] if postcode and len(postcode) > 4 else None
