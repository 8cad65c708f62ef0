"""The replica of Restart's extracts: printed margins in what agencies know, and their files."""

from __future__ import annotations

import csv
import datetime as dt
import math
from collections import Counter
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import restart_road as road

from datrial.config.mapping import load_mappings
from datrial.config.study import load_study
from datrial.config.tables import staging_tables
from datrial.extracts.inbox import unread_files
from datrial.simulate.services import make_service
from datrial.simulate.services import restart_comparison as other
from datrial.simulate.services import restart_margins as printed

Row = dict[str, Any]
KNOWN_LEVELS = ("standard", "moderate", "high")
POINTS = {
    "significant_improvement": 2, "slight_improvement": 1, "no_change": 0,
    "slight_deterioration": -1, "significant_deterioration": -2,
}  # fmt: skip


@cache
def sheets(seed: int = 1, scale: int = 1) -> dict[tuple[str, str], list[Row]]:
    """Return the replica's rows by file (and its sheet)."""
    service = make_service(load_study("restart"), seed, scale)
    found = {}
    for layout, records in service.pairs:
        names = list(records)
        rows = zip(*(records[name] for name in names), strict=True)
        found[layout.file, layout.sheet or ""] = [
            dict(zip(names, row, strict=True)) for row in rows
        ]
    return found


def referrals(scale: int = 1) -> list[Row]:
    return sheets(scale=scale)["restart_clients.xlsx", "Referrals"]


def per_cent(count: int, of: int) -> int:
    """Return a per cent as reports print it, a half upwards."""
    return int((Decimal(100 * count) / of).quantize(Decimal(1), rounding=ROUND_HALF_UP))


def printing(target: int, of: int) -> list[int]:
    """Return the counts of so many that a report prints as this per cent."""
    return [count for count in range(of + 1) if per_cent(count, of) == target]


def test_referrals_by_borough_and_period_are_those_of_table_2() -> None:
    ends = [dt.date(2022, 4, 1), dt.date(2022, 7, 1), dt.date(2022, 10, 1), dt.date(2023, 1, 1)]
    found = Counter(
        (row["site"], next(n for n, end in enumerate(ends) if row["referred_on"] < end))
        for row in referrals()
    )
    assert {
        borough: tuple(found[borough, period] for period in range(4))
        for borough in printed.BOROUGHS
    } == printed.REFERRALS
    columns = [sum(of[n] for of in printed.REFERRALS.values()) for n in range(4)]
    rows = [sum(of) for of in printed.REFERRALS.values()]
    # The printed sums follow from the printed cells, in both directions.
    assert (columns, rows, sum(rows)) == ([43, 33, 45, 19], [38, 33, 25, 23, 21], 140)
    assert [per_cent(row, 140) for row in rows] == [27, 24, 18, 16, 15]
    assert sum(columns[:2]) == 76  # referrals of the interim report, before July 2022


def test_cases_end_as_the_report_counts_them() -> None:
    rows = referrals()
    completed = [row for row in rows if row["completed"] == "yes"]
    assert len(completed) == 79
    assert Counter(row["onward_referral"] for row in completed) == {
        "group_programme": 41, "one_to_one": 16, "none": 22,
    }  # fmt: skip
    assert all(row["onward_referral"] is None for row in rows if row["completed"] != "yes")
    stopped = [row for row in rows if row["closure_reason"] == "stopped_engaging"]
    assert len(stopped) == 34
    assert {(row["engaged"], row["completed"]) for row in stopped} == {("yes", "no")}
    specialist = sheets()["restart_clients.xlsx", "Specialist referrals"]
    assert len(specialist) == 24
    assert {row["client_id"] for row in specialist} <= {row["client_id"] for row in completed}


def test_days_of_a_case_are_in_order_and_within_the_extract() -> None:
    steps = ("referred_on", "accepted_on", "started_on", "closed_on")
    for row in referrals():
        days = [row[step] for step in steps if row[step] is not None]
        assert days == sorted(days) and days[-1] <= dt.date(2022, 12, 31)
        if row["assessed_on"] is not None:
            assert row["accepted_on"] <= row["assessed_on"] <= row["started_on"]
        assert (row["closed_on"] is None) == (row["closure_reason"] is None)


def test_the_accommodation_pathway() -> None:
    rows = referrals()
    sent = [row for row in rows if row["accommodation_referral"] == "yes"]
    assert Counter(row["site"] for row in sent) == printed.ACCOMMODATION
    assert sum(printed.ACCOMMODATION.values()) == 25
    assert Counter(row["accommodation"] for row in sent) - Counter({None: 99}) == printed.MOVED
    assert Counter(row["accommodation_need"] for row in rows) == {"yes": 17, "no": 61, None: 62}
    assert not [row for row in sent if "no" in (row["suitable"], row["accommodation_need"])]


def test_children_and_plans_of_table_7() -> None:
    means = {"camden": 2.2, "croydon": 1.8, "havering": 2.0, "sutton": 1.9, "westminster": 1.8}
    included = {"camden": 34, "croydon": 52, "havering": 40, "sutton": 43, "westminster": 14}
    excluded = {"camden": 46, "croydon": 77, "havering": 63, "sutton": 77, "westminster": 27}
    in_place, known = 0, 0
    for borough in printed.BOROUGHS:
        rows = [row for row in referrals() if row["site"] == borough]
        children = sum(row["children_count"] for row in rows)
        assert children / len(rows) == pytest.approx(means[borough], abs=0.05)
        yes = sum(
            row["child_protection"] in ("child_protection_plan", "child_in_care") for row in rows
        )
        told = sum(row["child_protection"] != "dont_know" for row in rows)
        assert per_cent(yes, len(rows)) == included[borough]
        assert per_cent(yes, told) == excluded[borough]
        in_place, known = in_place + yes, known + told
    assert (per_cent(in_place, 140), per_cent(in_place, known)) == (38, 59)
    assert round(sum(printed.CHILDREN.values()) / 140, 1) == 2.0


def test_ethnic_groups_and_ages_of_appendix_4() -> None:
    rows = referrals()
    assert Counter(row["ethnicity"] for row in rows) == printed.ETHNICITY
    ages = [row["age"] for row in rows if row["age"] is not None]
    for first, last, number in printed.AGES:
        assert sum(first <= age <= last for age in ages) == number
    assert len(ages) == 136
    for row in rows:
        if row["age"] is not None:
            lived = (row["referred_on"] - row["date_of_birth"]).days / 365.25
            assert int(lived) == row["age"]


def test_needs_and_childhood_experiences_of_tables_18_and_19() -> None:
    needs = sheets()["restart_initial_needs.csv", ""]
    childhood = sheets()["restart_ace_questionnaires.csv", ""]
    assert len(needs) == len(childhood) == 78
    for rows, counts in ((needs, printed.NEEDS), (childhood, printed.CHILDHOOD)):
        found = [sum(row[f"item_{n}"] == "yes" for row in rows) for n in range(1, len(counts) + 1)]
        assert found == list(counts)
    assert [per_cent(count, 78) for count in printed.NEEDS[:7]] == [44, 24, 22, 18, 15, 12, 12]
    assert [per_cent(count, 78) for count in printed.CHILDHOOD[:6]] == [27, 15, 14, 13, 12, 8]
    housing = {row["client_id"] for row in needs if row["item_3"] == "yes"}
    assert housing == {
        row["client_id"] for row in referrals() if row["accommodation_need"] == "yes"
    }


def highest(row: Row) -> str:
    known = [row[kind] for kind in printed.TYPES if row[kind] in KNOWN_LEVELS]
    return max(known, key=KNOWN_LEVELS.index) if known else "dont_know"


def test_the_highest_severity_of_the_grids() -> None:
    rows = sheets()["restart_clients.xlsx", "SOAG"]
    for teller, counts in printed.SEVERITY.items():
        assert Counter(highest(row) for row in rows if row["told_by"] == teller) == counts
    keys = [(row["client_id"], row["time_point"], row["read_on"]) for row in rows]
    assert len(set(keys)) == len(keys)


def index_of(row: Row, items: range) -> float | None:
    points = [POINTS[row[f"item_{n}"]] for n in items if row[f"item_{n}"] in POINTS]
    return sum(points) / len(points) if points else None


@pytest.mark.parametrize(
    ("file", "sheet", "items", "cases", "outcomes"),
    [
        ("restart_psw_outcomes.csv", "", 3, 18, printed.VICTIM_OUTCOMES),
        ("restart_vpp_outcomes.xlsx", "Outcomes at closure", 2, 31, printed.SERVICE_USER_OUTCOMES),
        ("childrens_services_da_forms.xlsx", "Closing review", 2, 44, other.OUTCOMES),
    ],
)
def test_ratings_of_change(
    file: str, sheet: str, items: int, cases: int, outcomes: dict[str, tuple[int, int]]
) -> None:
    rows = sheets()[file, sheet]
    every = range(1, items * len(outcomes) + 1)
    assert sum(index_of(row, every) is not None for row in rows) == cases
    for place, (known, improved) in enumerate(outcomes.values()):
        found = [index_of(row, range(place * items + 1, (place + 1) * items + 1)) for row in rows]
        told = [each for each in found if each is not None]
        assert (len(told), sum(each >= 1 for each in told)) == (known, improved)


def test_the_index_of_the_potential_to_continue_is_the_printed_one() -> None:
    rows = sheets()["restart_vpp_outcomes.xlsx", "Outcomes at closure"]
    told = [index for row in rows if (index := index_of(row, range(1, 3))) is not None]
    assert sum(told) == printed.POTENTIAL_SUM and round(sum(told) / len(told), 2) == 1.26


def test_training_of_tables_1_and_5() -> None:
    core = sheets()["safe_and_together_core_register.csv", ""]
    assert len(core) == 429
    came = [row for row in core if row["attended"] == "yes"]
    for borough, (first, second, passed) in printed.CORE.items():
        of = [row for row in came if row["site"] == borough]
        assert Counter(row["round"] for row in of) == {1: first, 2: second}
        assert sum(row["round"] == 2 and row["passed"] == "yes" for row in of) == passed
    assert sum(row["passed"] == "yes" for row in core) == 302
    assert len({row["practitioner_id"] for row in core}) == 429
    marked = [row for row in core if row["score_before"] is not None]
    assert {(row["round"], row["attended"]) for row in marked} == {(2, "yes")}
    for name, mean in (("score_before", 75.6), ("score_after", 87.4)):
        assert all(0 <= row[name] <= 100 for row in marked)
        assert round(sum(row[name] for row in marked) / len(marked), 1) == mean
    lowest = min(row["score_after"] for row in marked if row["passed"] == "yes")
    assert all(row["score_after"] < lowest for row in marked if row["passed"] == "no")
    overview = sheets()["safe_and_together_overview_register.csv", ""]
    assert Counter(row["site"] for row in overview if row["attended"] == "yes") == printed.OVERVIEW
    until_june = [row for row in overview if row["training_date"] < dt.date(2022, 7, 1)]
    assert per_cent(sum(row["attended"] == "yes" for row in until_june), len(until_june)) == 71


def test_consultations_lie_in_the_three_quarters_that_table_1_counts() -> None:
    rows = sheets()["safe_and_together_consultations.csv", ""]
    assert Counter(row["site"] for row in rows) == printed.CONSULTATIONS
    assert all(dt.date(2022, 4, 1) <= row["held_on"] <= dt.date(2022, 12, 31) for row in rows)


def test_copies_are_other_people_in_the_same_numbers() -> None:
    rows = referrals(scale=3)
    assert len(rows) == 420 and len({row["client_id"] for row in rows}) == 420
    assert Counter(row["completed"] for row in rows)["yes"] == 3 * 79
    for (file, sheet), of_one in sheets().items():
        assert len(sheets(scale=3)[file, sheet]) == 3 * len(of_one)
    first, second = (
        sorted(str(row["referred_on"]) for row in part) for part in (rows[:140], rows[140:280])
    )
    assert first != second  # a copy is no repetition


def test_the_same_seed_gives_the_same_files_and_another_seed_others(tmp_path: Path) -> None:
    for name, seed in (("one", 1), ("again", 1), ("two", 2)):
        road.simulated(tmp_path / name, seed=seed)
    of = {
        name: {path.name: path.read_bytes() for path in (tmp_path / name).glob("*.*sv")}
        for name in ("one", "again", "two")
    }
    assert len(of["one"]) == 7
    assert of["one"] == of["again"]
    assert all(of["one"][name] != of["two"][name] for name in of["one"])


def test_every_sheet_has_a_mapping_that_knows_its_columns(tmp_path: Path) -> None:
    """Also the files of the authority without Restart, whose mappings the study does not list."""
    inbox = road.simulated(tmp_path)
    study = load_study("restart")
    unlisted = ("restart/comparison_cases", "restart/comparison_forms")
    assert not set(unlisted) & set(study.sources)
    assert unread_files(load_mappings(study.sources), inbox) == [
        "childrens_services_da_cases.csv", "childrens_services_da_forms.xlsx",
    ]  # fmt: skip
    assert unread_files(load_mappings((*study.sources, *unlisted)), inbox) == []
    # The cohort's forms use the study's own instruments: their items are those of the tables.
    of_study = study.instruments["service_user_outcomes"]
    mapped = load_mappings(unlisted)[1].tables[1]
    assert [name for name in mapped.columns if name.startswith("item_")] == [
        of_study.item_column(item) for item in of_study.items
    ]


def test_a_name_stands_only_in_columns_that_are_withheld(tmp_path: Path) -> None:
    inbox = road.simulated(tmp_path)
    with (inbox / "safe_and_together_core_register.csv").open(newline="") as text:
        header = next(csv.reader(text))
    mapping = next(m for m in load_mappings(("restart/training_core",)))
    table = mapping.tables[0]
    assert set(header) == {*table.columns.values(), *table.withheld, table.site_column}
    kinds = {
        column.kind
        for name in ("referral", "checklist", "outcome_rating", "training")
        for column in staging_tables()[name].columns.values()
    }
    assert "text" not in kinds


# What the report prints and what its own numbers allow.


def test_a_per_cent_that_names_one_count_only() -> None:
    """Severity grids: the counts of 82 and 70 known, and how many were not known."""
    for known, of_known, of_all in (
        (82, (57, 33, 10), (45, 26, 8, 21)),
        (70, (37, 47, 16), (34, 43, 14, 8)),
    ):
        counts = [printing(share, known) for share in of_known]
        solutions = [
            (*found, total - known)
            for found in product(*counts)
            if sum(found) == known
            for total in range(known, 2 * known)
            if all(
                per_cent(count, total) == share
                for count, share in zip((*found, total - known), of_all, strict=True)
            )
        ]
        assert solutions in ([(47, 27, 8, 22)], [(26, 33, 11, 6)])


def test_child_protection_by_borough_has_one_solution_each() -> None:
    shares = {"camden": (34, 46), "croydon": (52, 77), "havering": (40, 63), "sutton": (43, 77),
              "westminster": (14, 27)}  # fmt: skip
    for borough, (included, excluded) in shares.items():
        of = sum(printed.REFERRALS[borough])
        found = [
            (yes, known - yes, of - known)
            for yes in printing(included, of)
            for known in range(yes, of + 1)
            if known and per_cent(yes, known) == excluded
        ]
        assert printed.PROTECTION[borough] in found
        assert {yes for yes, _, _ in found} == {printed.PROTECTION[borough][0]}


def test_ethnic_groups_have_one_solution() -> None:
    found = [
        counts
        for counts in product(*(printing(share, 140) for share in (49, 20, 16, 10, 6)))
        if sum(counts) == 140
    ]
    groups = ({"white_british", "white_other", "white_irish"},
              {"asian_bangladeshi", "asian_other", "asian_indian", "asian_pakistani"},
              {"black_caribbean", "black_african", "black_other"}, {"mixed", "other"},
              {None})  # fmt: skip
    ours = tuple(sum(printed.ETHNICITY[code] for code in group) for group in groups)
    assert found == [ours]
    # 46% are the two groups of Table 16, 49% all who are White: no contradiction.
    assert per_cent(42 + 23, 140) == 46 and per_cent(ours[0], 140) == 49


def test_what_fits_no_count() -> None:
    # 75% of 18 cases is nobody's share; of 16, with an answer in the domain, it is twelve.
    assert printing(75, 18) == [] and printing(75, 16) == [12]
    # 40% of the 57 referred on are 23, not the 16 of paragraph 1.32, which are 28%.
    assert printing(40, 57) == [23] and per_cent(16, 57) == 28
    # 302 of the 429 booked are the printed 70%; of the 355 who came they are 85%.
    assert (per_cent(302, 429), per_cent(302, 355)) == (70, 85)
    # Table 17 adds up to 136; "excluding 5" would be 135, for which its shares are others.
    numbers = [number for _, _, number in printed.AGES]
    shares = [4, 5, 32, 38, 17, 1, 1]
    assert sum(numbers) == 136
    assert [per_cent(number, 136) for number in numbers] == shares
    assert [per_cent(number, 135) for number in numbers] != shares
    # 28 referrals to accommodation are the 20% of the table of outputs, 25 the 18% of Table 3.
    assert (per_cent(28, 140), per_cent(25, 140)) == (20, 18)
    # Paragraph 8.27 prints numbers of Tables 18 and 19 as per cents: of 78 they are others.
    assert [per_cent(number, 78) for number in (19, 17, 14, 9, 6)] == [24, 22, 18, 12, 8]
    # 754 attended: 355 of the CORE training and 399 of the Overview.
    assert sum(first + second for first, second, _ in printed.CORE.values()) == 355
    assert 355 + sum(printed.OVERVIEW.values()) == 754
    # Programmes and specialist services overlap: together they are more than completed.
    assert 41 + 16 + 24 > 79
    # 16% is the ratio of the means of round 2; the 88% and 75% of paragraph 9.29 give 17%.
    assert (round(100 * (87.4 / 75.6 - 1)), round(100 * (88 / 75 - 1))) == (16, 17)
    assert math.isclose(printed.MARKS[0] / 134, 75.6, abs_tol=0.05)
