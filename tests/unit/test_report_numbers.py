"""How the report writes numbers."""

from __future__ import annotations

import pytest

from datrial.report.numbers import (
    Style,
    style_of,
    write_difference,
    write_interval,
    write_number,
    write_printed,
)


@pytest.mark.parametrize(
    ("value", "style", "text"),
    [
        (0, Style.COUNT, "0"),
        (2085, Style.COUNT, "2,085"),
        (0, Style.SHARE, "0.0%"),
        (0.2714, Style.SHARE, "27.1%"),
        (0.907, Style.RATIO, "0.91"),
        (0.0391, Style.RATIO, "0.039"),
        (0.00004, Style.RATIO, "4.0e-05"),
        (0.00004, Style.P_VALUE, "< 0.001"),
        (0.2701, Style.P_VALUE, "0.270"),
        (0.99999, Style.P_VALUE, "> 0.999"),
        (-2330.14, Style.INDEX, "−2,330.1"),
    ],
)
def test_a_number_is_written_in_its_style(value: float, style: Style, text: str) -> None:
    assert write_number(value, style) == text


@pytest.mark.parametrize(
    ("value", "printed", "style", "text"),
    [
        (0.29, "", Style.SHARE, "29%"),
        (0.07, "", Style.SHARE, "7%"),
        (0.9, "0.90", Style.RATIO, "0.90"),
        (0.0, "0.00", Style.P_VALUE, "0.00"),
        (4679.3, "", Style.INDEX, "4679.3"),
        (2085, "", Style.COUNT, "2,085"),
        (2.7, "", Style.MEAN, "2.7"),
    ],
)
def test_a_published_number_keeps_the_decimals_it_was_printed_with(
    value: float, printed: str, style: Style, text: str
) -> None:
    assert write_printed(value, printed, style) == text


@pytest.mark.parametrize(
    ("ours", "published", "style", "text"),
    [
        (0.437, 0.45, Style.SHARE, "−1.3"),
        (0.384, 0.38, Style.SHARE, "+0.4"),
        (509, 509, Style.COUNT, "0"),
        (0.8201, 0.82, Style.RATIO, "0.00"),
        (0.8199, 0.82, Style.RATIO, "0.00"),
        (4686.2, 4679.3, Style.INDEX, "+6.9"),
    ],
)
def test_a_difference_is_ours_minus_published(
    ours: float, published: float, style: Style, text: str
) -> None:
    assert write_difference(ours, published, style) == text


def test_an_interval_is_written_like_its_number_with_equal_decimals() -> None:
    assert style_of("ci_low", "estimate", ["odds_ratio", "ci_low"]) is Style.RATIO
    assert style_of("ci_low", "none", ["probability", "ci_low"]) is Style.SHARE
    assert style_of("ci_low", "predicted", ["mean", "ci_low"]) is Style.MEAN
    assert write_interval(0.07, 0.118, Style.RATIO) == "0.070 to 0.118"
    assert write_interval(0.87, 1.06, Style.RATIO) == "0.87 to 1.06"


def test_a_difference_is_written_as_what_it_is_of() -> None:
    for column, beside, style in (
        ("high", ["difference", "ci_low"], Style.SHARE),
        ("welch", ["difference", "ci_low"], Style.MEAN),
        ("binary", ["effect", "ci_low"], Style.SHARE),
    ):
        assert style_of(beside[0], column) is style
        assert style_of("ci_low", column, beside) is style


def test_an_index_is_written_by_its_column() -> None:
    assert style_of("value", "entropy") is Style.RATIO
    assert style_of("value", "smallest_class") is Style.SHARE
    assert style_of("value", "parameters") is Style.COUNT
    assert style_of("share_of_observed", "control") is Style.SHARE


def test_the_least_and_the_most_are_written_as_they_were_observed() -> None:
    assert style_of("minimum", "intervention") is style_of("maximum", "control") is Style.OBSERVED
    assert write_number(1308.0, Style.OBSERVED) == "1,308"
    assert write_number(0.82, Style.OBSERVED) == "0.82"
