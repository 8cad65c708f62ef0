"""Tables of Outcome Stars: change, ratio, who improved, and what these may rest on."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from outcomes_given import (
    Reading,
    compared,
    harbour,
    house_of,
    pairs,
    released,
    tables_of,
    value,
)

from datrial.analyses.outcome_stars import ANALYSIS
from datrial.errors import UsageError
from datrial.results.cells import State, Table

#: Totals 2, 4, 5, 6, 4, 8 to 6, 8, 6, 6, 3, 10.
SIX = (((1, 1), (3, 3)), ((2, 2), (4, 4)), ((3, 2), (3, 3)), ((3, 3), (2, 4)), ((2, 2), (2, 1)),
       ((4, 4), (5, 5)))  # fmt: skip


def made(rows: list[Reading], profile: str = "open", **parameters: object) -> dict[str, Table]:
    """Return the tables as a profile releases them."""
    return released("outcome_stars", house_of(stars=rows), profile, **parameters)


def test_means_changes_and_ratios_of_the_same_clients() -> None:
    tables = made(pairs(SIX))
    assert value(tables["areas"], "star__total__first", "mean") == pytest.approx(29 / 6)
    assert value(tables["areas"], "star__total__last", "mean") == pytest.approx(39 / 6)
    assert value(tables["changes"], "star__total", "change") == pytest.approx(10 / 6)
    assert value(tables["changes"], "star__total", "people") == 6
    assert value(tables["ratios"], "star__total", "ratio_of_means") == pytest.approx(39 / 29)
    low, high = (value(tables["changes"], "star__total", f"exact_{end}") for end in ("low", "high"))
    assert low is not None
    assert high is not None
    assert -1 <= low < 10 / 6 < high <= 4
    note = tables["areas"].get("star__total__first", "intervention", "mean").note
    assert note == "mean date 1 February 2022"


def test_who_became_better_stayed_and_became_worse() -> None:
    table = made(pairs(SIX))["improved"]
    counts = [value(table, f"star__{name}", "count") for name in ("improved", "unchanged", "worse")]
    assert counts == [4, 1, 1]
    assert value(table, "star__improved", "share") == pytest.approx(4 / 6)
    assert value(table, "star__improved", "ci_low") == pytest.approx(0.3000, abs=1e-4)  # Wilson's


def test_a_lower_score_can_be_the_better_one() -> None:
    about = harbour().instruments["star"].model_dump()
    study = harbour(instruments={"star": about | {"better": "lower"}})
    tables = tables_of("outcome_stars", house_of(stars=pairs(SIX), study=study))
    assert value(tables["improved"], "star__improved", "count") == 1
    assert value(tables["improved"], "star__worse", "count") == 4
    assert value(tables["changes"], "star__total", "change") == pytest.approx(10 / 6)
    assert value(tables["ceiling"], "star__safety__first", "count") == 1  # the best end is 1
    expected = value(tables["regression"], "star__r60", "expected")
    assert expected == pytest.approx(0.4 * (1 - 29 / 12))


def test_least_and_greatest_are_of_one_person_and_shown_only_in_the_open() -> None:
    tables = made(pairs(SIX))
    assert value(tables["range"], "star__least", "minimum") == -25
    assert value(tables["range"], "star__greatest", "maximum") == 200
    assert tables["range"].get("star__least", "intervention", "minimum").n == 1
    hidden = made(pairs(SIX), "counts_below_5")["range"]
    assert {cell.state for cell in hidden.cells} == {State.SUPPRESSED}
    assert all("hidden to protect people" in cell.note for cell in hidden.cells)


def test_what_many_share_is_nobodys_own_and_extremes_are_hidden_where_the_profile_says_so() -> None:
    alike = pairs([((2, 2), (3, 3))] * 12)
    table = made(alike, "counts_below_5")["range"]
    assert value(table, "star__least", "minimum") == 50
    assert table.get("star__least", "intervention", "minimum").n == 12
    assert {cell.state for cell in made(alike, "counts_below_10")["range"].cells} == {
        State.SUPPRESSED
    }


def test_few_worse_hide_who_improved_and_no_other_table_gives_them_back() -> None:
    rows = pairs([((2, 2), (3, 4))] * 13 + [((3, 3), (2, 2))])
    tables = made(rows, "counts_below_5")
    assert tables["improved"].get("star__worse", "intervention", "count").state is State.SUPPRESSED
    assert tables["improved"].get("star__improved", "intervention", "count").value is None
    assert value(tables["changes"], "star__total", "change") is not None


def test_few_at_the_end_of_the_scale_do_not_hide_the_change_of_everybody() -> None:
    tables = made(pairs([((2, 2), (3, 4))] * 13 + [((3, 3), (5, 5))]), "counts_below_5")
    ends = tables["ceiling"]
    assert ends.get("star__safety__last", "intervention", "count").state is State.SUPPRESSED
    assert value(tables["changes"], "star__safety", "change") is not None
    assert value(tables["ratios"], "star__safety", "ratio_of_means") is not None


def test_one_reading_only_is_counted_and_compared_by_its_first_total() -> None:
    rows = pairs(SIX) + [(f"q{n}", "2022-02-01", "client", (1, 1 + n % 2)) for n in range(4)]
    tables = made(rows)
    assert value(tables["readings"], "star__any", "count") == 10
    assert value(tables["readings"], "star__one_only", "share") == 0.4
    assert value(tables["one_reading"], "star__one_only", "mean") == 2.5
    less = value(tables["one_reading"], "star__less", "difference")
    assert less == pytest.approx(2.5 - 29 / 6)  # those with one began lower


def test_the_end_of_the_scale_and_regression_to_the_mean_have_their_sizes() -> None:
    tables = made(pairs(SIX))
    assert value(tables["ceiling"], "star__safety__last", "count") == 1
    assert value(tables["ceiling"], "star__total__last", "count") == 1
    assert value(tables["ceiling"], "star__total__first", "count") == 0
    table, first, change = tables["regression"], 29 / 12, 10 / 12
    assert value(table, "star__r80", "expected") == pytest.approx(0.2 * (5 - first))
    assert value(table, "star__r80", "beyond") == pytest.approx(change - 0.2 * (5 - first))
    assert value(table, "star__r80", "tipping") == pytest.approx(first + change / 0.2)
    known = made(pairs(SIX), population_mean={"star": 3.0})["regression"]
    assert value(known, "star__r80", "expected") == pytest.approx(0.2 * (3 - first))


def test_change_that_grows_with_time_is_seen_and_called_confounded() -> None:
    rows: list[Reading] = []
    for n in range(8):
        rows += [(f"p{n}", "2022-01-01", "client", (1, 1)),
                 (f"p{n}", f"2022-0{n + 2}-01", "client", (1 + n // 2, 1))]  # fmt: skip
    table = made(rows)["time"]
    pearson, spearman = (value(table, f"star__{name}", "correlation")
                         for name in ("pearson", "spearman"))  # fmt: skip
    assert pearson == pytest.approx(0.976, abs=0.01)
    assert spearman == pytest.approx(0.976, abs=0.01)
    assert "also stayed for longer" in table.note


@pytest.mark.parametrize(
    "rows",
    [
        [],
        [("a", "2022-02-01", "client", (2, 2))],
        [(person, "2022-02-01", "client", (2, 2)) for person in "abc"],
        pairs([((2, 2), (2, 2))]),
        pairs([((2, 2), (3, 3))] * 5),
        pairs([((2, None), (3, 3))] * 5),
    ],
    ids=["none", "one person", "one reading each", "one pair", "all alike", "no total"],
)
@pytest.mark.parametrize("profile", ["open", "counts_below_5", "rounded_to_5"])
def test_few_or_alike_readings_are_told_and_never_fail(rows: list[Reading], profile: str) -> None:
    tables = made(rows, profile)
    assert len(tables) == 10
    for table in tables.values():
        assert table.cells
        assert all(cell.note for cell in table.cells if cell.value is None)


def test_all_alike_have_a_change_and_no_interval() -> None:
    tables = made(pairs([((2, 2), (3, 3))] * 8))
    assert value(tables["changes"], "star__total", "change") == 2
    assert value(tables["changes"], "star__total", "ci_low") is None
    assert value(tables["time"], "star__pearson", "correlation") is None
    assert value(tables["regression"], "star__r80", "expected") is None


@pytest.mark.parametrize(("people", "has_exact"), [(30, True), (31, False)])
def test_exact_intervals_are_for_few(people: int, has_exact: bool) -> None:
    table = made(pairs([((1, 1), (1 + n % 3, 2)) for n in range(people)]))["changes"]
    names = {cell.statistic for cell in table.cells if cell.row == "star__total"}
    assert ("exact_low" in names) is has_exact
    assert value(table, "star__total", "ci_low") is not None


def test_a_second_cohort_stands_beside_the_first_with_the_difference() -> None:
    others = pairs([((2, 2), (2, 3)), ((3, 3), (3, 3)), ((1, 2), (2, 2))], prefix="o")
    rows = pairs(SIX) + others
    clients: Mapping[str, str] = {row[0]: "o" if row[0].startswith("o") else "r" for row in rows}
    tables = tables_of("outcome_stars", house_of(stars=rows, clients=clients, study=compared()))
    changes = tables["changes"]
    assert list(changes.column_labels) == ["intervention", "others", "difference"]
    assert value(changes, "star__total", "change", "others") == pytest.approx(2 / 3)
    assert value(changes, "star__total", "difference", "difference") == pytest.approx(1)
    better = value(tables["improved"], "star__improved", "share_difference", "difference")
    assert better == pytest.approx(0, abs=1e-9)
    assert "not drawn by chance" in changes.note
    assert value(tables["areas"], "star__total__first", "mean", "others") == pytest.approx(13 / 3)
    assert changes.column_labels["difference"] == "Harbour less Others"


def test_nothing_sent_is_not_available_and_never_zero() -> None:
    tables = tables_of("outcome_stars", house_of(sent=()))
    for table in tables.values():
        assert {cell.state for cell in table.cells} == {State.NOT_AVAILABLE}
        assert {cell.note for cell in table.cells} == {"no star reading data were received"}


def test_an_unknown_instrument_is_refused_by_name() -> None:
    house = house_of(stars=pairs(SIX))
    with pytest.raises(UsageError, match="names forms: no instrument of star_reading"):
        tables_of("outcome_stars", house, instruments=["forms"])
    with pytest.raises(UsageError, match="names moon"):
        tables_of("outcome_stars", house, population_mean={"moon": 3})
    assert set(tables_of("outcome_stars", house, instruments=["star"])) == {
        "readings", "areas", "changes", "ratios", "improved", "range", "time", "one_reading",
        "regression", "ceiling",
    }  # fmt: skip


def test_the_limits_name_what_the_change_may_rest_on() -> None:
    told = " ".join(ANALYSIS.limits)
    for word in ("one reading", "regression to the mean", "Longer support", "end of the scale"):
        assert word in told
