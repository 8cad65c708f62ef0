"""How numbers are written: shares as per cent, small p-values as < 0.001, and so on."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum

MINUS = "\u2212"


class Style(Enum):
    """A way of writing a number."""

    COUNT = "count"
    SHARE = "share"
    RATIO = "ratio"
    MEAN = "mean"
    INDEX = "index"
    P_VALUE = "p_value"
    OBSERVED = "observed"


_STYLES = {
    "share": Style.SHARE,
    "reduction": Style.SHARE,
    "share_difference": Style.SHARE,
    "probability": Style.SHARE,
    "effect": Style.SHARE,
    "fmi": Style.SHARE,
    "p_value": Style.P_VALUE,
    "p_sign": Style.P_VALUE,
    "p_symmetry": Style.P_VALUE,
    "p_margins": Style.P_VALUE,
    "p_value_adjusted": Style.P_VALUE,
    "mean": Style.MEAN,
    "sd": Style.MEAN,
    "minimum": Style.OBSERVED,
    "maximum": Style.OBSERVED,
    "rate_ratio": Style.RATIO,
    "odds_ratio": Style.RATIO,
    "hazard_ratio": Style.RATIO,
    "log_error": Style.RATIO,
    "monte_carlo_error": Style.RATIO,
    "bse": Style.RATIO,
    "rate": Style.RATIO,
    "smd": Style.RATIO,
    "smd_within_sites": Style.RATIO,
    "smd_within_meetings": Style.RATIO,
    "person_years": Style.INDEX,
    "amount": Style.RATIO,
    "set_to": Style.RATIO,
}
_STYLES |= dict.fromkeys(
    (
        "count", "people", "appearances", "answered", "observed", "total", "rows", "df", "at_risk",
        "with_event", "entered_late", "replays", "strata", "cost",
        "events",
    ),
    Style.COUNT,
)  # fmt: skip
#: Columns of model indices, whose statistic is simply "value".
_COLUMN_STYLES = {
    "aic": Style.INDEX, "bic": Style.INDEX, "sabic": Style.INDEX, "llf": Style.INDEX,
    "entropy": Style.RATIO, "parameters": Style.COUNT,
    "smallest_class": Style.SHARE, "best_start_share": Style.SHARE,
}  # fmt: skip

#: Columns of probabilities, in which a difference is one of probabilities; else it is of means.
_PROBABILITIES = ("none", "standard", "moderate", "high")

#: The statistic that an interval belongs to.
_POINTS = (
    "share", "reduction", "share_difference", "probability", "effect", "rate_ratio", "odds_ratio",
    "hazard_ratio", "mean", "rate", "cost", "amount",
)  # fmt: skip

STATISTIC_LABELS = {
    "count": "Number", "share": "Share", "probability": "Probability", "mean": "Mean",
    "sd": "SD", "bse": "Standard error", "p_value": "p-value",
    "p_value_adjusted": "p-value, adjusted",
    "chi_squared": "Chi-squared", "chi2": "Chi-squared", "df": "Degrees of freedom",
    "fmi": "Missing information", "effect": "Difference",
    "r_squared": "McFadden's R-squared", "rate_ratio": "Rate ratio",
    "odds_ratio": "Odds ratio", "people": "People", "appearances": "Appearances",
    "observed": "People observed", "person_years": "Person-years",
    "rate": "Appearances per person-year", "answered": "Answered", "value": "Value",
    "ci": "95% interval", "share_of_observed": "Share of observed",
    "share_of_observed_any_day": "Share of those observed on any day",
    "smd": "Standardised mean difference", "smd_within_sites": "SMD within sites",
    "smd_within_meetings": "SMD within meetings", "log_error": "Standard error of the logarithm",
    "share_intake": "At intake", "share_exit": "At exit", "p_sign": "p, direction",
    "p_symmetry": "p, symmetry", "p_margins": "p, margins", "icc": "ICC", "icc_low": "ICC, low",
    "icc_high": "ICC, high", "monte_carlo_error": "Monte Carlo error", "cost": "Pounds",
    "amount": "Value",
}  # fmt: skip


def style_of(statistic: str, column: str, beside: Iterable[str] = ()) -> Style:
    """Return how a statistic is written.

    Parameters
    ----------
    beside
        The other statistics of the same column: an interval is written like the
        number that it belongs to.
    """
    if statistic in ("ci_low", "ci_high"):
        others = set(beside)
        point = next((name for name in _POINTS if name in others), None)
        if point:
            return _STYLES[point]
        return style_of("difference", column) if "difference" in others else Style.MEAN
    if statistic == "difference":
        return Style.SHARE if column in _PROBABILITIES else Style.MEAN
    if statistic == "value":
        return _COLUMN_STYLES.get(column, Style.MEAN)
    if statistic.startswith("share"):
        return Style.SHARE
    return _STYLES.get(statistic, Style.MEAN)


def label_of(statistic: str) -> str:
    """Return a statistic's name for people."""
    return STATISTIC_LABELS.get(statistic, statistic.replace("_", " ").capitalize())


def write_number(value: float, style: Style) -> str:
    """Return a number as text; 0.2714 as a share is 27.1%."""
    if style is Style.COUNT:
        text = f"{value:,.0f}"
    elif style is Style.SHARE:
        text = f"{100 * value:.1f}%"
    elif style is Style.P_VALUE:
        return _p_value(value)
    elif style is Style.RATIO:
        text = _ratio(value)
    elif style is Style.MEAN or (style is Style.OBSERVED and not value.is_integer()):
        text = f"{value:,.2f}"
    elif style is Style.OBSERVED:
        text = f"{value:,.0f}"
    else:
        text = f"{value:,.1f}"
    return _sign(text)


def whole_percent(share: float) -> str:
    """Return a share in whole per cent, halves up as reports print them: 0.125 is 13%."""
    return f"{int(100 * share + 0.5)}%"


def write_interval(low: float, high: float, style: Style) -> str:
    """Return an interval, both ends with the same decimals."""
    if style is Style.RATIO and 0.001 <= min(abs(low), abs(high)) < 0.1 and abs(high) < 1:
        return _sign(f"{low:.3f}") + f" to {high:.3f}"
    return f"{write_number(low, style)} to {write_number(high, style)}"


def write_printed(value: float, printed: str, style: Style) -> str:
    """Return a published number as it was printed."""
    if printed:
        return _sign(printed)
    if style is Style.SHARE:
        return f"{_shortest(100 * value)}%"
    if style is Style.COUNT:
        return f"{value:,.0f}"
    return _sign(_shortest(value))


def write_difference(ours: float, published: float, style: Style) -> str:
    """Return ours minus published with its sign; of shares in percentage points."""
    difference = ours - published
    if style is Style.COUNT:
        text = f"{difference:+,.0f}"
    elif style is Style.SHARE:
        text = f"{100 * difference:+.1f}"
    elif style is Style.INDEX:
        text = f"{difference:+,.1f}"
    else:
        text = f"{difference:+,.2f}"
    return _sign(_plain_zero(text))


def _p_value(value: float) -> str:
    if value < 0.001:
        return "< 0.001"
    return "> 0.999" if value > 0.999 else f"{value:.3f}"


def _ratio(value: float) -> str:
    """Two decimals, more for small ratios, whole numbers for large ones."""
    size = abs(value)
    if size and size < 0.1:
        return f"{value:.3f}" if size >= 0.001 else f"{value:.1e}"
    return f"{value:.2f}" if size < 100 else f"{value:,.0f}"


def _shortest(value: float) -> str:
    """Return a number without the noise of binary fractions: 29, 2.7, 4679.3."""
    return f"{round(value, 6):.6f}".rstrip("0").rstrip(".")


def _plain_zero(text: str) -> str:
    """Return +0.00 and -0.00 without a sign: the two numbers agree."""
    return text.lstrip("+-") if float(text.replace(",", "")) == 0 else text


def _sign(text: str) -> str:
    return text.replace("-", MINUS, 1) if text.startswith("-") else text
