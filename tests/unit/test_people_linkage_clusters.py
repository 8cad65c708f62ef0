"""Given links with weights, expect people: the strongest first, and no conflict in silence."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datrial.config.study import Linkage
from datrial.people.clusters import (
    DECIDED,
    SAME_SPACE,
    TOO_LARGE,
    People,
    identities,
)
from datrial.people.linkage import PAIR_COLUMNS, Links

Pair = tuple[str, str, float] | tuple[str, str, float, str]


def links(pairs: list[Pair], **settings: Any) -> Links:
    """Return links among references; what stands before ``_`` is the space, ``s`` is shared."""
    rows = [
        ("perpetrator", min(p[0], p[1]), max(p[0], p[1]), p[2], p[3] if len(p) > 3 else "")
        for p in pairs
    ]
    names = sorted({name for row in rows for name in row[1:3]})
    space = ["" if name[0] == "s" else name.partition("_")[0] for name in names]
    return Links(
        pd.DataFrame(rows, columns=list(PAIR_COLUMNS)),
        pd.DataFrame({"of": "perpetrator", "reference_id": names, "space": space}),
        (),
        Linkage(match_weight=5, review_from=0, review_to=8, **settings),
    )


def people(made: People) -> list[set[str]]:
    return sorted(
        (set(group["reference_id"]) for _, group in made.identity.groupby("person_id")), key=min
    )


def reasons(made: People) -> dict[tuple[str, str], str]:
    rows = made.links.itertuples(index=False, name=None)
    return {(left, right): reason for _, left, right, reason in rows if reason}


def test_links_from_the_cut_on_are_made() -> None:
    found = links([("a_1", "b_1", 5.0), ("a_2", "b_2", 4.99)])
    assert people(identities(found, 5.0)) == [{"a_1", "b_1"}]
    assert people(identities(found, 4.0)) == [{"a_1", "b_1"}, {"a_2", "b_2"}]
    assert people(identities(found, 9.0)) == []


def test_people_grow_by_links_over_spaces() -> None:
    found = links([("a_1", "b_1", 9.0), ("b_1", "c_1", 7.0)])
    assert people(identities(found, 5.0)) == [{"a_1", "b_1", "c_1"}]


def test_the_stronger_link_stands_and_the_weaker_is_a_conflict() -> None:
    found = links([("a_1", "b_1", 7.0), ("a_2", "b_1", 9.0)])
    made = identities(found, 5.0)
    assert people(made) == [{"a_2", "b_1"}]
    assert reasons(made) == {("a_1", "b_1"): SAME_SPACE}


def test_a_conflict_through_a_third_reference_is_found() -> None:
    found = links([("a_1", "b_1", 9.0), ("b_1", "c_1", 8.0), ("a_2", "c_1", 7.0)])
    made = identities(found, 5.0)
    assert people(made) == [{"a_1", "b_1", "c_1"}]
    assert reasons(made) == {("a_2", "c_1"): SAME_SPACE}


def test_within_space_lets_an_agency_have_two_references_of_a_person() -> None:
    found = links([("a_1", "a_2", 9.0), ("s_1", "s_2", 9.0)], within_space=True)
    assert people(identities(found, 5.0)) == [{"a_1", "a_2"}, {"s_1", "s_2"}]


def test_two_allocated_perpetrators_can_be_one_under_the_first_ones_id() -> None:
    found = links([("s_1", "s_2", 20.0), ("s_1", "s_3", 9.0)], within_space=True)
    for first, second in (("s_1", "s_2"), ("s_2", "s_1")):
        made = identities(found, 5.0, preferred=[first, second])
        assert people(made) == [{"s_1", "s_2", "s_3"}]
        assert set(made.identity["person_id"]) == {first}
        assert reasons(made) == {}


def test_two_allocated_perpetrators_of_one_space_are_two_where_an_agency_errs_not() -> None:
    found = links([("s_1", "s_2", 20.0), ("s_3", "s_4", 20.0, "different")])
    made = identities(found, 5.0, preferred=["s_1", "s_2", "s_3", "s_4"])
    assert people(made) == []
    assert reasons(made) == {("s_1", "s_2"): SAME_SPACE}


def test_decisions_come_before_weights() -> None:
    found = links(
        [
            ("a_1", "b_1", -3.0, "same"),
            ("a_1", "b_2", 20.0),
            ("a_3", "b_3", 20.0, "different"),
            ("a_4", "b_4", 20.0, "unsure"),
        ]
    )
    made = identities(found, 5.0)
    assert people(made) == [{"a_1", "b_1"}, {"a_4", "b_4"}]
    assert reasons(made) == {("a_1", "b_2"): SAME_SPACE}


def test_a_decided_pair_without_a_weight_is_linked() -> None:
    found = links([("a_1", "b_1", float("nan"), "same")])
    assert people(identities(found, 5.0)) == [{"a_1", "b_1"}]


def test_different_people_do_not_meet_through_a_third() -> None:
    found = links([("a_1", "c_1", 9.0), ("b_1", "c_1", 8.0), ("a_1", "b_1", 20.0, "different")])
    made = identities(found, 5.0)
    assert people(made) == [{"a_1", "c_1"}]
    assert reasons(made) == {("b_1", "c_1"): DECIDED}


def test_a_cluster_too_large_falls_apart_at_its_weakest_links() -> None:
    pairs: list[Pair] = [
        ("a_1", "b_1", 12.0), ("b_1", "c_1", 11.0), ("d_1", "e_1", 12.0), ("c_1", "d_1", 6.0),
    ]  # fmt: skip
    made = identities(links(pairs, largest_cluster=3), 5.0)
    assert people(made) == [{"a_1", "b_1", "c_1"}, {"d_1", "e_1"}]
    assert reasons(made) == {("c_1", "d_1"): TOO_LARGE}
    assert people(identities(links(pairs, largest_cluster=5), 5.0)) == [
        {"a_1", "b_1", "c_1", "d_1", "e_1"}
    ]


def test_equally_weak_links_are_all_left_out_and_weaker_ones_join_nothing_to_them() -> None:
    pairs: list[Pair] = [("a_0", f"{space}_1", 6.0) for space in "bcdefg"]
    pairs.append(("a_0", "h_1", 5.5))
    made = identities(links(pairs, largest_cluster=4), 5.0)
    assert people(made) == []
    assert set(reasons(made).values()) == {TOO_LARGE}
    assert len(reasons(made)) == 7


def test_what_a_person_decided_stays_together_however_large() -> None:
    pairs: list[Pair] = [("a_0", f"{space}_1", 6.0, "same") for space in "bcde"]
    made = identities(links(pairs, largest_cluster=2), 5.0)
    assert people(made) == [{"a_0", "b_1", "c_1", "d_1", "e_1"}]


@pytest.mark.parametrize(("preferred", "expect"), [([], "s_2"), (["a_1"], "a_1"), (["s_3"], "s_3")])
def test_the_id_is_of_the_allocated_then_the_shared_then_the_smallest(
    preferred: list[str], expect: str
) -> None:
    pairs: list[Pair] = [("a_1", "s_2", 9.0), ("s_2", "s_3", 9.0)]
    made = identities(links(pairs, within_space=True), 5.0, preferred=preferred)
    assert set(made.identity["person_id"]) == {expect}
    assert set(made.identity["reference_id"]) == {"a_1", "s_2", "s_3"}


def test_the_id_stays_when_a_reference_joins() -> None:
    before = identities(links([("b_1", "s_1", 9.0)]), 5.0)
    after = identities(links([("b_1", "s_1", 9.0), ("a_1", "s_1", 9.0)]), 5.0)
    assert set(before.identity["person_id"]) == set(after.identity["person_id"]) == {"s_1"}


REFERENCES = [f"{space}_{number}" for space in "abs" for number in range(4)]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(REFERENCES),
            st.sampled_from(REFERENCES),
            st.sampled_from([4.0, 5.0, 6.0, 7.0, 8.0]),
            st.sampled_from(["", "", "", "same", "different"]),
        ).filter(lambda pair: pair[0] != pair[1]),
        max_size=25,
        unique_by=lambda pair: frozenset(pair[:2]),
    ),
    st.booleans(),
    st.integers(2, 6),
    st.lists(st.sampled_from(REFERENCES), max_size=4, unique=True),
)
def test_no_promise_is_broken_whatever_the_links(
    pairs: list[Pair], within_space: bool, largest: int, allocated: list[str]
) -> None:
    if not pairs:
        return
    found = links(pairs, within_space=within_space, largest_cluster=largest)
    made = identities(found, 5.0, preferred=allocated)
    decided_same = any(pair[3] == "same" for pair in pairs if len(pair) > 3)
    person = dict(zip(made.identity["reference_id"], made.identity["person_id"], strict=True))
    for members in people(made):
        if not decided_same:
            assert len(members) <= largest
            if not within_space:
                assert len({name[0] for name in members}) == len(members)
        first = [reference for reference in allocated if reference in members][:1]
        if first:
            assert {person[member] for member in members} == set(first)
    for left, right, _, decision in (pair for pair in pairs if len(pair) > 3):
        if decision == "different":
            assert person.get(left, left) != person.get(right, right)
    # Every pair at the cut is accounted for, and a link made joins its two references.
    wanted = {
        (min(p[0], p[1]), max(p[0], p[1]))
        for p in pairs
        if p[3] == "same" or (p[2] >= 5.0 and p[3] != "different")  # type: ignore[misc]
    }
    rows = list(made.links.itertuples(index=False, name=None))
    assert {row[1:3] for row in rows} == wanted
    for _, left, right, reason in rows:
        if not reason:
            assert person[left] == person[right]
