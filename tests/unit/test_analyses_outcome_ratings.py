"""Rated outcomes: averages of cases, the readings of "improved", don't knows, and protection."""

from __future__ import annotations

import pytest
from outcomes_given import Form, compared, house_of, released, tables_of, value

from datrial.analyses.outcome_ratings import ANALYSIS
from datrial.results.cells import State, Table

DAY, LATER = "2022-06-01", "2022-09-01"
#: Risk is of the first two answers, health of the third.
FORMS: list[Form] = [
    ("a", DAY, (2, 1, 1)),  # risk 1.5
    ("b", DAY, (2, 0, "?")),  # risk 1.0; health unknown
    ("c", DAY, (1, 0, 0)),  # risk 0.5, though one item is better
    ("d", DAY, (1, "?", -2)),  # risk 1.0 of the one that is known
    ("e", DAY, ("?", "?", "?")),  # nothing known
    ("f", DAY, ("n", None, 1)),  # risk does not apply
    ("g", DAY, ("n", "n", "n")),  # nothing applies
]


def made(rows: list[Form], profile: str = "open", **parameters: object) -> dict[str, Table]:
    """Return the tables as a profile releases them."""
    return released("outcome_ratings", house_of(forms=rows), profile, **parameters)


def share(table: Table, row: str) -> tuple[float | None, int | None]:
    cell = table.get(row, "intervention", "count")
    return cell.value, cell.n


def test_a_case_is_improved_when_the_mean_of_its_known_answers_is_one_or_more() -> None:
    table = made(FORMS)["improved"]
    assert share(table, "forms__risk__average") == (3, 4)  # a, b and d; not c
    assert share(table, "forms__health__average") == (2, 4)  # a and f, of a, c, d and f
    assert value(table, "forms__risk__average", "share") == 0.75


def test_one_item_improved_is_another_reading_and_stands_beside_it() -> None:
    table = made(FORMS)["improved"]
    assert share(table, "forms__risk__any_item") == (4, 4)
    assert share(table, "forms__any_domain") == (4, 5)  # a, b, d by risk, f by health; not c
    assert "one or more of the outcome areas" in table.note


def test_dont_knows_in_the_denominator_make_the_share_lower() -> None:
    table = made(FORMS)["improved"]
    assert share(table, "forms__risk__with_dont_know") == (
        3,
        5,
    )  # with e, of whom nothing is known
    assert share(table, "forms__health__with_dont_know") == (2, 6)  # with b and e


def test_the_least_average_is_a_setting() -> None:
    table = made(FORMS, improved_at=1.5)["improved"]
    assert share(table, "forms__risk__average") == (1, 4)
    assert share(table, "forms__risk__any_item") == (4, 4)
    assert "is 1.5 or above" in table.note


def test_a_form_and_a_rating_are_counted_of_all_clients() -> None:
    house = house_of(forms=FORMS, clients=dict.fromkeys("abcdefghij", "r"))
    table = tables_of("outcome_ratings", house)["cases"]
    assert share(table, "forms__form") == (7, 10)
    assert share(table, "forms__of_clients") == (5, 10)


def test_the_index_is_the_mean_of_the_cases_averages() -> None:
    tables = made(FORMS)
    assert value(tables["index"], "forms__risk", "index") == pytest.approx(4 / 4)
    assert value(tables["index"], "forms__risk", "people") == 4
    assert value(tables["index"], "forms__health", "index") == 0
    assert value(tables["index"], "forms__all_items", "index") == pytest.approx(
        (4 / 3 + 1 + 1 / 3 - 1 / 2 + 1) / 5
    )


def test_the_mixture_is_only_of_an_index_from_slight_to_significant() -> None:
    table = made([("a", DAY, (2, 1, 1)), ("b", DAY, (1, 1, 0))])["mixture"]
    assert value(table, "forms__risk__slight", "proportion") == 0.75
    assert value(table, "forms__risk__significant", "proportion") == 0.25
    assert value(table, "forms__health__slight", "proportion") is None
    assert "no counts of cases" in table.note


def test_bands_and_items() -> None:
    tables = made(FORMS)
    bands = [share(tables["distribution"], f"forms__risk__{band}")[0]
             for band in ("worse", "none", "slight", "significant")]  # fmt: skip
    assert bands == [0, 1, 3, 0]
    assert "forms__health__worse" not in tables["distribution"].row_labels  # one item
    assert share(tables["items"], "forms__calm__improved") == (4, 4)
    assert share(tables["items"], "forms__sober__dont_know") == (2, 5)
    assert share(tables["items"], "forms__sleep__improved") == (2, 4)


def test_several_forms_are_averaged_or_the_last_one_counts() -> None:
    twice: list[Form] = [("a", DAY, (0, 0, 0)), ("a", LATER, (2, 2, "?"))]
    both = made(twice)
    assert value(both["index"], "forms__risk", "index") == 1
    assert share(both["improved"], "forms__risk__average") == (1, 1)
    assert value(both["index"], "forms__health", "index") == 0
    last = made(twice, forms="last")
    assert value(last["index"], "forms__risk", "index") == 2
    assert value(last["index"], "forms__health", "index") is None
    assert share(last["improved"], "forms__health__with_dont_know") == (0, 1)


def test_averages_of_whole_ratings_meet_one_exactly() -> None:
    forms: list[Form] = [
        ("a", DAY, (1, 1, 1)),
        ("a", LATER, (1, 1, 1)),
        ("a", "2022-10-01", (1, 1, 1)),
    ]
    assert share(made(forms)["improved"], "forms__all_items__average") == (1, 1)


def test_a_printed_share_of_cases_must_be_a_whole_number_of_some_cases() -> None:
    def fitting(percent: int, most: int) -> set[tuple[int, int]]:
        return {(count, of) for of in range(1, most + 1) for count in range(of + 1)
                if round(100 * count / of) == percent}  # fmt: skip

    assert fitting(75, 18) == {(3, 4), (6, 8), (9, 12), (12, 16)}
    assert not [of for _, of in fitting(75, 18) if of in (17, 18)]
    assert (26, 31) in fitting(84, 31)
    assert (25, 31) in fitting(81, 31)
    assert any("13.5" in limit and "12 of 16" in limit for limit in ANALYSIS.limits)


def test_few_not_improved_hide_the_share_wherever_it_stands() -> None:
    forms: list[Form] = [(f"p{n}", DAY, (2 if n < 6 else 1, 1, 0)) for n in range(12)]
    forms += [(f"q{n}", DAY, (0, 0, 1)) for n in range(4)]
    forms += [(f"u{n}", DAY, ("?", "?", 1)) for n in range(8)]
    tables = made(forms, "counts_below_5")
    improved, bands = tables["improved"], tables["distribution"]
    assert improved.get("forms__risk__average", "intervention", "count").state is State.SUPPRESSED
    # 12 of 24 with the don't knows is the same 12, of which 4 of 16 would follow.
    beside = improved.get("forms__risk__with_dont_know", "intervention", "count")
    assert beside.state is State.SUPPRESSED
    told = [share(bands, f"forms__risk__{band}")[0] for band in ("slight", "significant")]
    assert None in told
    assert value(tables["index"], "forms__risk", "index") is not None


def test_an_area_of_one_item_is_hidden_as_that_item_too() -> None:
    forms: list[Form] = [(f"p{n}", DAY, (0, 0, 1 if n < 12 else 0)) for n in range(16)]
    tables = made(forms, "counts_below_5")
    for reading in ("average", "any_item", "with_dont_know"):
        cell = tables["improved"].get(f"forms__health__{reading}", "intervention", "count")
        assert cell.state is State.SUPPRESSED, reading
    cell = tables["items"].get("forms__sleep__improved", "intervention", "count")
    assert cell.state is State.SUPPRESSED


@pytest.mark.parametrize("profile", ["open", "counts_below_5", "rounded_to_5"])
@pytest.mark.parametrize(
    "forms",
    [[], [("a", DAY, ("?", "?", "?"))], [("a", DAY, (1, 1, 1))],
     [(f"p{n}", DAY, (1, 1, 1)) for n in range(9)]],
    ids=["none", "only don't know", "one case", "all alike"],
)  # fmt: skip
def test_few_or_alike_cases_are_told_and_never_fail(forms: list[Form], profile: str) -> None:
    tables = made(forms, profile)
    assert len(tables) == 6
    for table in tables.values():
        assert all(cell.note for cell in table.cells if cell.value is None)


def test_a_second_cohort_stands_beside_the_first_with_the_difference() -> None:
    forms = [*FORMS, *[(f"o{n}", DAY, (1, 1, n % 2)) for n in range(4)]]
    clients = {form[0]: "o" if form[0].startswith("o") else "r" for form in forms}
    tables = tables_of("outcome_ratings", house_of(forms=forms, clients=clients, study=compared()))
    table = tables["improved"]
    assert value(table, "forms__risk__average", "share", "others") == 1
    assert value(table, "forms__risk__average", "share_difference", "difference") == pytest.approx(
        -0.25
    )
    assert value(tables["index"], "forms__health", "difference", "difference") == pytest.approx(
        -0.5
    )
    assert "not drawn by chance" in table.note


def test_nothing_sent_is_not_available_and_who_was_never_referred_is_said() -> None:
    for table in tables_of("outcome_ratings", house_of(sent=())).values():
        assert {cell.state for cell in table.cells} == {State.NOT_AVAILABLE}
        assert {cell.note for cell in table.cells} == {"no outcome rating data were received"}
    house = house_of(forms=FORMS, clients={"a": "r"})
    cases = tables_of("outcome_ratings", house)["cases"]
    assert "6 people with a form were never referred" in cases.note
    assert share(cases, "forms__form") == (1, 1)
