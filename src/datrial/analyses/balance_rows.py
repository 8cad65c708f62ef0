"""The rows of the balance tables: numbers and codes by arm, with standardised differences."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from datrial.analyses.balance_statistics import difference
from datrial.results.cells import Table

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

_MISSING = "missing"
_ONE_VALUE = "needs two people or more in both arms, and any spread"
_STATISTICS = {
    "smd": "crude",
    "smd_within_sites": "within_sites",
    "smd_within_meetings": "within_meetings",
}


@dataclass
class BalanceRows:
    """Adds rows to the table of means and to that of shares.

    Attributes
    ----------
    control
        The arm with which the others are compared; none in a study without one.
    missing
        What of the MARAC lists was not received, for a warning.
    """

    means: Table
    shares: Table
    of: pd.DataFrame
    arms: list[str]
    control: str | None
    missing: str

    def people(self) -> None:
        """Add how many people there are."""
        self.shares.row("people", "People allocated")
        for arm in self.arms:
            self.shares.add("people", arm, "count", int((self.of["arm"] == arm).sum()))

    def number(self, name: str, label: str, nothing: str) -> None:
        """Add a number's mean and standard deviation, and how often it is missing.

        Where nothing can be known of it (``nothing`` says why) nobody's is missing: there
        is no number.
        """
        self.means.row(name, label)
        if nothing:
            self.means.absent_all([name], self.arms, ["mean", "sd"], nothing)
            self._no_differences(self.means, name, nothing)
            self._nothing(f"{name}__{_MISSING}", f"{label}: missing", nothing)
            return
        for arm in self.arms:
            values = self.of.loc[self.of["arm"] == arm, name].dropna()
            reason = "nobody has a known value"
            self.means.add(name, arm, "mean", values.mean(), n=len(values), reason=reason)
            reason = "needs two known values or more"
            self.means.add(name, arm, "sd", values.std(), n=len(values), reason=reason)
        self._differences(self.means, name, self.of[name])
        missing = self.of[name].isna()
        self._share(f"{name}__{_MISSING}", f"{label}: missing", missing, warning=self.missing)

    def codes(
        self,
        name: str,
        label: str,
        codes: list[str],
        *,
        labels: dict[str, str] | None = None,
        within: bool = True,
        nothing: str = "",
    ) -> None:
        """Add the share of every code, of don't know and of missing answers."""
        if nothing:
            for code in [*codes, _MISSING]:
                self._nothing(f"{name}__{code}", f"{label}: {_words(code)}", nothing)
            return
        for code in codes:
            words = (labels or {}).get(code) or _words(code)
            self._share(f"{name}__{code}", f"{label}: {words}", self.of[name] == code, within)
        if within:
            missing = self.of[name].isna()
            self._share(f"{name}__{_MISSING}", f"{label}: missing", missing, warning=self.missing)

    def codes_of_some(self, name: str, label: str, codes: list[str], reason: str) -> None:
        """Add the share of every code in the arms where it is known of anybody at all."""
        for code in [*codes, _MISSING]:
            row = f"{name}__{code}"
            self.shares.row(row, f"{label}: {_words(code)}")
            for arm in self.arms:
                own = self.of.loc[self.of["arm"] == arm, name]
                if own.notna().any():
                    holds = own.isna() if code == _MISSING else own == code
                    self.shares.add(row, arm, "count", int(holds.sum()), n=len(own))
                    self.shares.add(row, arm, "share", holds.mean(), n=len(own))
                else:
                    self.shares.absent_all([row], [arm], ["count", "share"], reason)

    def _nothing(self, row: str, label: str, reason: str) -> None:
        """Add a row of which nothing is known."""
        self.shares.row(row, label)
        self.shares.absent_all([row], self.arms, ["count", "share"], reason)
        self._no_differences(self.shares, row, reason)

    def _no_differences(self, table: Table, row: str, reason: str) -> None:
        others = [arm for arm in self.arms if self.control is not None and arm != self.control]
        table.absent_all([row], map(against_reference, others), _STATISTICS, reason)

    def _share(
        self, row: str, label: str, holds: pd.Series, within: bool = True, *, warning: str = ""
    ) -> None:
        self.shares.row(row, label)
        for arm in self.arms:
            own = holds[self.of["arm"] == arm]
            self.shares.add(row, arm, "count", int(own.sum()), n=len(own), warning=warning)
            reason = "nobody is in this arm"
            self.shares.add(row, arm, "share", own.mean(), n=len(own), reason=reason)
        self._differences(self.shares, row, holds.astype(float), within)

    def _differences(self, table: Table, row: str, values: pd.Series, within: bool = True) -> None:
        for arm in self.arms:
            if self.control is None or arm == self.control:
                continue
            both = self.of["arm"].isin([arm, self.control])
            found = difference(
                values[both], self._treated(both, arm), self.of["site"][both],
                self.of["meeting"][both],
            )  # fmt: skip
            known = int(values[both].notna().sum())
            for statistic, field in _STATISTICS.items():
                # Of a site's own share nothing is left to compare within sites.
                if within or field == "crude":
                    number = getattr(found, field)
                    table.add(
                        row, against_reference(arm), statistic, number, n=known, reason=_ONE_VALUE
                    )

    def _treated(self, both: pd.Series, arm: str) -> NDArray[np.bool_]:
        treated: NDArray[np.bool_] = (self.of["arm"][both] == arm).to_numpy()
        return treated


def against_reference(arm: str) -> str:
    """Return the key of the column in which an arm is compared with the reference."""
    return f"difference_{arm}"


def _words(code: str) -> str:
    return code.replace("dont_know", "don't know").replace("_", " ")
