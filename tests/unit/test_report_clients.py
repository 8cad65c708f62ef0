"""Figures and sentences of clients and training: every number is told, what is hidden is marked."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from client_profile_fixture import (
    house_of,
    profile,
    service,
    some_checklists,
    some_people,
    some_training,
    trained,
)

from datrial.pipeline.protection import protect_run
from datrial.report.figures import figure_for
from datrial.report.summary_clients import CLIENT_SENTENCES
from datrial.results.cells import PublishedValue, State, Table
from datrial.results.read import RunTable

DRAWN = (
    "client_profile.age_bands", "client_profile.area", "client_profile.checklists",
    "client_profile.child_protection", "client_profile.ethnicity", "client_profile.sex",
    "training.attendance", "training.scores",
)  # fmt: skip


def tables(disclosure: str = "open", number: int = 60, **settings: bool) -> dict[str, Table]:
    """Return the tables of an invented service as they are released."""
    study = service(disclosure=disclosure, **settings)
    people = some_people(4, number, both="two_arms" in settings)
    if "strands" not in settings:
        people = [(*row[:4], None, *row[5:]) for row in people]
    house = house_of(study, *people)
    some_checklists(house, 4, number // 2)
    some_training(house, 4, number)
    raw = [*profile(house).values(), *trained(house).values()]
    kept = protect_run([(table.id.partition(".")[0], table) for table in raw], study)
    return {table.id: table for _, table in kept.protected.tables}


def figure(table: Table, published: dict[Any, Any] | None = None) -> Any:
    """Draw a table."""
    entry = RunTable(table.id.partition(".")[0], table, published or {})
    return figure_for(SimpleNamespace(table=lambda _: None), entry)  # type: ignore[arg-type]


@pytest.mark.parametrize("settings", [{}, {"strands": True, "two_arms": True}])
def test_every_figure_is_drawn_and_says_its_numbers(settings: dict[str, bool]) -> None:
    found = tables(**settings)
    for name in DRAWN:
        drawn = figure(found[name])
        assert drawn is not None, name
        assert "%" in drawn.alt or name == "training.scores"
        assert "95% intervals" in drawn.caption
    assert ("Strand one" in figure(found["client_profile.sex"]).alt) == bool(settings)


def test_a_hidden_share_has_its_mark_and_no_bar() -> None:
    table = tables("counts_below_5", number=25)["client_profile.ethnicity"]
    hidden = [
        cell for cell in table.cells if cell.state is State.SUPPRESSED and cell.statistic == "share"
    ]
    drawn = figure(table)
    assert hidden
    assert "[c]" in drawn.svg
    assert "hidden to protect people" in drawn.caption


def test_without_people_nothing_is_drawn() -> None:
    found = tables(number=0)
    assert [name for name in DRAWN if figure(found[name]) is not None] == []


def test_where_only_shares_of_all_are_published_those_are_drawn() -> None:
    table = tables()["client_profile.ethnicity"]
    key = ("red", "intervention", "share_of_all")
    drawn = figure(table, {key: PublishedValue(0.4, "Table 1")})
    assert "% of all clients" in drawn.title
    assert "published 40.0%" in drawn.alt
    assert "% of clients of whom it is known" in figure(table).title


def test_the_summary_tells_how_many_how_old_and_who_passed() -> None:
    found = tables()
    run: Any = SimpleNamespace(
        table=lambda name: RunTable("a", found[name], {}) if name in found else None
    )
    told = [sentence for say in CLIENT_SENTENCES.values() for sentence in say(run)]
    assert told[0].startswith("Service: 60 people, mean age ")
    assert any(sentence.startswith("Needs: most often ") for sentence in told)
    assert any("of those with a known result passed" in sentence for sentence in told)
    assert any("test scores changed by" in sentence for sentence in told)


def test_the_summary_says_what_is_hidden_and_what_was_not_sent() -> None:
    for number, words in ((3, "is hidden to protect people"), (0, "is not available")):
        found = tables("counts_below_5", number=number)
        run: Any = SimpleNamespace(
            table=lambda name, found=found: (
                RunTable("a", found[name], {}) if name in found else None
            )
        )
        told = list(CLIENT_SENTENCES["client_profile"](run))
        assert words in told[0]
