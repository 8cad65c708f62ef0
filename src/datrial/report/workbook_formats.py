"""How numbers show in a spreadsheet: as in the report, with every digit kept beneath."""

from __future__ import annotations

from dataclasses import dataclass

from datrial.report.numbers import Style, write_number, write_printed

_MOST_DECIMALS = 6


@dataclass(frozen=True)
class NumberFormat:
    """A way of showing a number.

    Attributes
    ----------
    is_p_value
        Below 0.001 and above 0.999 the number shows as just that.
    """

    decimals: int = 0
    is_share: bool = False
    is_scientific: bool = False
    is_p_value: bool = False

    @property
    def excel(self) -> str:
        """The format as Excel writes it."""
        digits = "0" + ("." + "0" * self.decimals if self.decimals else "")
        if self.is_p_value:
            return f'[<0.001]"< 0.001";[>0.999]"> 0.999";{digits}'
        if self.is_share:
            return f"{digits}%"
        return f"{digits}E+00" if self.is_scientific else f"#,##{digits}"

    def show(self, value: float) -> str:
        """Return the number as a spreadsheet shows it."""
        if self.is_p_value and not 0.001 <= value <= 0.999:
            return "< 0.001" if value < 0.001 else "> 0.999"
        if self.is_share:
            return f"{100 * value:.{self.decimals}f}%"
        if self.is_scientific:
            return f"{value:.{self.decimals}E}"
        return f"{value:,.{self.decimals}f}"


def format_of(value: float, style: Style) -> NumberFormat:
    """Return the format in which a number shows as the report writes it."""
    if style is Style.P_VALUE:
        return NumberFormat(3, is_p_value=True)
    text = write_number(value, style)
    return NumberFormat(
        _decimals(text), is_share=text.endswith("%"), is_scientific="e" in text.lower()
    )


def format_of_printed(value: float, printed: str, style: Style) -> NumberFormat:
    """Return the format in which a published number shows as it was printed."""
    text = write_printed(value, printed, style)
    decimals = min(_decimals(text), _MOST_DECIMALS)
    return NumberFormat(decimals, is_share=text.endswith("%"))


def _decimals(text: str) -> int:
    """Return how many decimals a written number has."""
    digits = text.lower().partition("e")[0].partition(".")[2]
    return sum(map(str.isdigit, digits))
