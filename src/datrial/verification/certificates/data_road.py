"""From an agency's file to a table: dates, and what became of every row."""

from __future__ import annotations

from collections.abc import Iterator

from datrial.verification.certificate import Chapter, Comparison, Kind, near, same

CHAPTER = Chapter("data_road", "From an agency's file to a table")

#: What stands in a file whose dates are day first -> the date, or the problem.
DATES = (
    ("31/01/2017", "2017-01-31"),
    ("05/06/2017", "2017-06-05"),
    ("31st Jan 2017", "2017-01-31"),
    ("29/02/2016", "2016-02-29"),
    ("29/02/2017", "impossible date"),
    ("01/31/2017", "impossible date"),
    ("31/01/17", "two-digit year"),
    ("last Tuesday", "not a date"),
    ("31/12/1899", "impossible date"),
    ("30/09/2020", "2020-09-30"),
    ("01/10/2020", "impossible date"),
    ("30/06/2017 23:30", "2017-06-30"),
    ("2017-01-31T23:30:00Z", "2017-01-31"),
    ("2017-06-30T23:30:00Z", "2017-07-01"),
    ("-", "none"),
)
LINES = ("SU,Engagement", "P1,engaged", "P2,perhaps", "P1,engaged", ",engaged", ",", "Total: 4,")


@CHAPTER.certificate(
    "dates",
    "What a date in an agency's file means",
    verifies="datrial.extracts.decoding.decoded",
    kind=Kind.HAND_COUNT,
    source="The calendar of Great Britain, its summer time included; a date is usable from 1900 "
    "until a year after the extract ends.",
    data="Fifteen texts of a file that covers days until 30 September 2019.",
    tolerance="Exact.",
)
def _() -> Iterator[Comparison]:
    import datetime as dt

    from datrial.config.mapping import SourceMapping
    from datrial.config.tables import Column
    from datrial.extracts.decoding import decoded
    from datrial.extracts.load_desk import desk

    until = dt.date(2019, 9, 30)
    mapping = SourceMapping.model_validate(
        {
            "source": "marac", "site": "site_1", "file": "places.*", "format": "csv",
            "dates": "day_first", "covers": {"start": "2016-01-01", "end": until},
            "missing": ["-"],
            "tables": [{
                "table": "meeting_capacity",
                "columns": {"meeting_date": "Heard", "places": "Places"},
            }],
        }
    )  # fmt: skip
    column = Column(kind="date", required=True)
    with desk() as connection:
        connection.execute("create temp table texts (place integer, received varchar)")
        for place, (text, _) in enumerate(DATES):
            connection.execute("insert into texts values (?, ?)", [place, text])
        select = decoded("meeting_date", column, mapping, mapping.tables[0], until)
        found = {place: value or problem for place, value, problem in
                 connection.execute(select).fetchall()}  # fmt: skip
    for place, (text, expected) in enumerate(DATES):
        yield same(text, found[place], expected)


@CHAPTER.certificate(
    "row_accounting",
    "Rows received are rows staged and rows quarantined, each with its reason",
    verifies="datrial.extracts.staging.stage",
    kind=Kind.HAND_COUNT,
    source="Counted by hand: of six rows two are staged; one is a duplicate, one without a "
    "person, one blank, one a summary line.",
    data="Two invented files of an agency in a temporary folder.",
    tolerance="Exact.",
)
def _() -> Iterator[Comparison]:
    import tempfile
    from pathlib import Path

    import duckdb

    from datrial.config.mapping import SourceMapping
    from datrial.config.project import project_root
    from datrial.extracts.landing import land
    from datrial.extracts.raw import load
    from datrial.extracts.staging import stage
    from datrial.people.pseudonyms import DEMONSTRATION_KEY, Pseudonymiser

    mapping = SourceMapping.model_validate(
        {
            "key": "verification/engagement", "source": "cms", "site": "site_1",
            "file": "engagement_{part}.csv", "format": "csv",
            "covers": {"start": "2016-01-01", "end": "2019-09-30"},
            "tables": [{
                "table": "cms_engagement",
                "columns": {"perpetrator_id": "SU", "engagement": "Engagement"},
            }],
        }
    )  # fmt: skip
    with tempfile.TemporaryDirectory() as folder, duckdb.connect() as connection:
        inbox, landing = Path(folder) / "inbox", Path(folder) / "landing"
        inbox.mkdir()
        (inbox / "engagement_1.csv").write_text("\n".join(LINES))
        (inbox / "engagement_2.csv").write_text("SU,Engagement\nP3,perhaps\n")
        receipts = land([mapping], inbox, landing).current
        load(connection, receipts, [mapping], landing, Pseudonymiser(DEMONSTRATION_KEY))
        stage(connection, ["cms_engagement"], project_root() / "sql" / "staging")
        accounts = connection.execute(
            "select received, staged, quarantined from accounting.extract order by received desc"
        ).fetchall()
        reasons = dict(
            connection.execute("select row_number, reason from quarantine.row").fetchall()
        )
    for file, (found, expected) in enumerate(zip(accounts, ((6, 2, 4), (1, 1, 0)), strict=True)):
        for name, mine, counted in zip(
            ("received", "staged", "quarantined"), found, expected, strict=True
        ):
            yield same(f"file {file + 1}, {name}", mine, counted)
    for row, reason in (
        (4, "duplicate of an earlier row"), (5, "perpetrator_id: empty"), (6, "blank row"),
        (7, "summary line"),
    ):  # fmt: skip
        yield same(f"row {row}", reasons[row], reason)


@CHAPTER.certificate(
    "pseudonyms",
    "Pseudonyms of a column are the keyed hash of each reference",
    verifies="datrial.people.pseudonyms.Pseudonymiser",
    kind=Kind.SECOND_ENGINE,
    source="Python's hmac (RFC 2104) with SHA-256, of the reference in capitals with single "
    "spaces; ours hashes columns within DuckDB.",
    data="Five invented references, three of them one person's, under the demonstration key.",
    tolerance="Exact.",
)
def _() -> Iterator[Comparison]:
    import hashlib
    import hmac

    import pyarrow as pa

    from datrial.people.pseudonyms import DEMONSTRATION_KEY, Pseudonymiser

    written = ("ab 12", " AB  12 ", "Ａb 12", "cd 34", "é-7")
    meant = ("AB 12", "AB 12", "AB 12", "CD 34", "É-7")
    found = Pseudonymiser(DEMONSTRATION_KEY).column("perpetrator", pa.array(written))
    for number, (reference, pseudonym) in enumerate(zip(meant, found.to_pylist(), strict=True)):
        message = f"perpetrator:{reference}".encode()
        digest = hmac.new(DEMONSTRATION_KEY.encode(), message, hashlib.sha256).hexdigest()
        yield same(f"reference {number + 1}", pseudonym, f"p_{digest[:20]}")


@CHAPTER.certificate(
    "match_weight",
    "The probability of a match weight",
    verifies="datrial.people.scoring.probability",
    kind=Kind.HAND_COUNT,
    source="Fellegi and Sunter (1969), JASA 64, 1183-1210: a weight of w bits is odds of 2 to the "
    "power w.",
    data="Weights of -2, 0, 1, 3 and 10 bits: odds of 1 to 4, 1 to 1, 2, 8 and 1,024 to 1.",
    tolerance="1e-12: rounding.",
)
def _() -> Iterator[Comparison]:
    from datrial.people.scoring import probability

    for weight, expected in ((-2, 1 / 5), (0, 1 / 2), (1, 2 / 3), (3, 8 / 9), (10, 1024 / 1025)):
        yield near(f"{weight} bits", probability(weight), expected, within=1e-12)
