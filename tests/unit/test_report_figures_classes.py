"""Figures of latent classes: every number told, the fixed class left out, nothing cut off."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import results_fixture as given

from datrial.report.figures_classes import class_indices, class_profile, class_sizes
from datrial.results.cells import PublishedValue, State, Table
from datrial.results.read import RunTable


def _entry(
    table: Table, published: dict[tuple[str, str, str], PublishedValue] | None = None
) -> RunTable:
    return RunTable("needs_classes", table, published or {})


def _given(table_id: str) -> Table:
    return next(table for _, table in given.tables() if table.id == table_id)


def _texts(svg: str) -> list[str]:
    return [
        "".join(element.itertext()).strip()
        for element in ET.fromstring(svg).iter()
        if element.tag.endswith("text")
    ]


def _profile() -> Table:
    """Return two needs in a fixed class, one with intervals, one on the boundary."""
    table = Table("needs_classes.profile", "Probability of each need", "")
    for key, label in (("class_1", "Class 1: no needs, fixed"), ("class_2", "Class 2: housing")):
        table.column(key, label)
    for row, label, p in (("housing", "Housing", 1.0), ("financial", "Financial", 0.2)):
        table.row(row, label)
        table.add(row, "class_1", "probability", 0.0, n=470)
        for end in ("ci_low", "ci_high"):
            table.absent(row, "class_1", end, "fixed", state=State.NOT_APPLICABLE)
        table.add(row, "class_2", "probability", p, n=470)
        table.add(row, "class_2", "ci_low", 0.12 if p < 1 else None)
        table.add(row, "class_2", "ci_high", 0.31 if p < 1 else None)
    return table


def test_the_profile_draws_the_free_classes_and_tells_their_intervals() -> None:
    sizes = Table("needs_classes.sizes", "Sizes", "")
    sizes.column("share", "Share")
    sizes.row("class_2", "Class 2: housing")
    sizes.add("class_2", "share", "share", 0.3)
    figure = class_profile(_entry(_profile()), _entry(sizes))
    assert figure is not None
    assert (
        figure.title == "Probability of each need in each class (% of people in the class; n = 470)"
    )
    assert figure.alt == (
        "Dot plots with intervals. Class 2: housing (30%): Housing 100.0%, "
        "Financial 20.0%, interval 12.0% to 31.0%."
    )
    assert "fixed at no needs is not drawn" in figure.caption
    texts = _texts(figure.svg)
    assert "Class 2: housing (30%)" in texts
    assert not any("Class 1" in text for text in texts)
    assert class_profile(_entry(_profile()), _entry(sizes)) == figure  # the same bytes


def test_a_profile_without_a_fixed_class_draws_them_all() -> None:
    figure = class_profile(_entry(_given("needs_classes.profile")), None)
    assert figure is not None
    heads = [text for text in _texts(figure.svg) if re.match(r"(Class|No needs)", text)]
    assert len(heads) == 6
    assert "not drawn" not in figure.caption


def test_sizes_show_intervals_and_the_published_share() -> None:
    published = {("class_1", "share", "share"): PublishedValue(0.95, "Figure 4")}
    table = _given("needs_classes.sizes")
    figure = class_sizes(_entry(table, published))
    assert figure is not None
    assert "(published 95.0%), interval 31.3% to 38.3%" in figure.alt
    assert re.search(r"Class 6 7\.4%\.$", figure.alt)  # an interval without an end is not told
    assert "Hollow diamonds" in figure.caption
    ticks = [int(text[:-1]) for text in _texts(figure.svg) if re.fullmatch(r"\d+%", text)]
    assert max(ticks) >= 80
    assert class_sizes(_entry(table)).caption == ""  # type: ignore[union-attr]


def test_published_indices_are_joined_to_their_curve() -> None:
    table = _given("needs_classes.enumeration")
    published = {
        (f"classes_{k}", "bic", "value"): PublishedValue(4500.0 + k, "Table A3.1") for k in (2, 3)
    }
    plain, beside = class_indices(_entry(table)), class_indices(_entry(table, published))
    assert plain is not None
    assert beside is not None
    assert "stroke-dasharray" in beside.svg
    assert "BIC 4,568.5 (published 4,503.0)" in beside.alt
    assert plain.caption == ""


def test_nothing_is_drawn_of_a_model_that_could_not_be_fitted() -> None:
    for draw, table, statistic in (
        (class_sizes, _given("needs_classes.sizes"), "share"),
        (class_indices, _given("needs_classes.enumeration"), "value"),
        (lambda entry: class_profile(entry, None), _given("needs_classes.profile"), "probability"),
    ):
        empty = Table(table.id, "", "", (), table.row_labels, table.column_labels)
        empty.absent_all(table.row_labels, table.column_labels, [statistic], "no data")
        assert draw(_entry(empty)) is None  # type: ignore[operator]
