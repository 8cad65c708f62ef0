"""Balance: the arms at the meeting of the allocation, side by side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from datrial.allocation.schemes import CONTROL
from datrial.analyses.balance_statistics import difference
from datrial.analyses.base import Analysis, Context, Parameters
from datrial.config.tables import staging_tables
from datrial.results.cells import Table

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

_NUMBERS = {"age": "Age (years)", "children": "Children"}
_CODES = {"referral_agency": "Referral agency", "repeat_case": "Repeat case"}
_MISSING = "missing"
_NO_SEX = "MARAC case lists do not tell the sex; case management knows its service users' only"
_ONE_VALUE = "needs two people or more in both arms, and any spread"
_STATISTICS = {
    "smd": "crude",
    "smd_within_sites": "within_sites",
    "smd_within_meetings": "within_meetings",
}


_NOTE = (
    "Everyone allocated, as allocated; from the cases heard at the index meeting: the lowest known "
    "age, the most children, repeat if one case was, of several referral agencies the first in the "
    "alphabet. Means are of known values; shares are of everyone in the arm, and don't know and "
    "missing are rows of their own. SMD: the standardised mean difference from the controls. Its "
    "plain form is not weighted: where places differ between meetings, so do the chances of an "
    "arm, and arms may differ by site and time without any fault of the draw. The forms within "
    "sites and within meetings compare only those who were drawn together."
)


class BalanceParameters(Parameters):
    """The balance table has no parameters."""


def run(context: Context, parameters: BalanceParameters) -> list[Table]:
    """Return the characteristics by arm, with standardised mean differences."""
    del parameters
    arms = {key: about.label for key, about in context.study.arms.items()}
    controls = [key for key, about in context.study.arms.items() if about.role == CONTROL]
    means = Table("balance.means", "Age and children at the index meeting, by arm", _NOTE)
    shares = Table("balance.shares", "Who was allocated: characteristics by arm", _NOTE)
    for table in (means, shares):
        for arm, label in arms.items():
            table.column(arm, label)
        for arm in arms:
            if controls and arm != controls[0]:
                table.column(_against(arm), f"{arms[arm]} against {arms[controls[0]].lower()}")
    control = controls[0] if controls else None
    filler = _Filler(means, shares, _people(context), list(arms), control)
    filler.people()
    for name, label in _NUMBERS.items():
        filler.number(name, label)
    _add_sex(filler)
    for name, label in _CODES.items():
        codes = staging_tables()["marac_case"].columns[name].codes or ()
        filler.codes(name, label, list(codes))
    sites = {key: about.label for key, about in context.study.sites.items()}
    filler.codes("site", "Site", list(sites), labels=sites, within=False)
    return [means, shares]


@dataclass
class _Filler:
    """Adds rows to the table of means and to that of shares.

    Attributes
    ----------
    control
        The arm with which the others are compared; none in a study without one.
    """

    means: Table
    shares: Table
    of: pd.DataFrame
    arms: list[str]
    control: str | None

    def people(self) -> None:
        """Add how many people there are."""
        self.shares.row("people", "People allocated")
        for arm in self.arms:
            self.shares.add("people", arm, "count", int((self.of["arm"] == arm).sum()))

    def number(self, name: str, label: str) -> None:
        """Add a number's mean and standard deviation, and how often it is missing."""
        self.means.row(name, label)
        for arm in self.arms:
            values = self.of.loc[self.of["arm"] == arm, name].dropna()
            reason = "nobody has a known value"
            self.means.add(name, arm, "mean", values.mean(), n=len(values), reason=reason)
            reason = "needs two known values or more"
            self.means.add(name, arm, "sd", values.std(), n=len(values), reason=reason)
        self._differences(self.means, name, self.of[name])
        self._share(f"{name}__{_MISSING}", f"{label}: missing", self.of[name].isna())

    def codes(
        self,
        name: str,
        label: str,
        codes: list[str],
        *,
        labels: dict[str, str] | None = None,
        within: bool = True,
    ) -> None:
        """Add the share of every code, of don't know and of missing answers."""
        for code in codes:
            words = (labels or {}).get(code) or _words(code)
            self._share(f"{name}__{code}", f"{label}: {words}", self.of[name] == code, within)
        if within:
            missing = self.of[name].isna()
            self._share(f"{name}__{_MISSING}", f"{label}: missing", missing)

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

    def _share(self, row: str, label: str, holds: pd.Series, within: bool = True) -> None:
        self.shares.row(row, label)
        for arm in self.arms:
            own = holds[self.of["arm"] == arm]
            self.shares.add(row, arm, "count", int(own.sum()), n=len(own))
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
                    table.add(row, _against(arm), statistic, number, n=known, reason=_ONE_VALUE)

    def _treated(self, both: pd.Series, arm: str) -> NDArray[np.bool_]:
        treated: NDArray[np.bool_] = (self.of["arm"][both] == arm).to_numpy()
        return treated


def _add_sex(filler: _Filler) -> None:
    marac, cms = (staging_tables()[name].columns for name in ("marac_case", "cms_service_user"))
    if "sex" in marac:
        filler.codes("sex", "Sex", list(marac["sex"].codes or ()))
    else:
        filler.codes_of_some("sex", "Sex", list(cms["sex"].codes or ()), _NO_SEX)


def _people(context: Context) -> pd.DataFrame:
    """Return everyone allocated, with what was known of him at his index meeting."""
    in_marac = "sex" in staging_tables()["marac_case"].columns
    sex = "min(heard.sex)" if in_marac else "any_value(service_user.sex)"
    return context.connection.execute(
        f"""
        select
            member.person_id, member.arm, member.site,
            concat(member.site, '|', member.index_date) as meeting,
            cast(any_value(member.age_at_index) as double) as age,
            cast(max(heard.children_count) as double) as children,
            min(heard.referral_agency) as referral_agency,
            case
                when bool_or(heard.repeat_case = 'yes') then 'yes'
                when bool_or(heard.repeat_case = 'no') then 'no'
                else min(heard.repeat_case)
            end as repeat_case,
            {sex} as sex
        from cohort.member as member
        left join staging.marac_case as heard
            on heard.perpetrator_id = member.person_id
            and heard.hearing_date = member.index_date
        left join staging.cms_service_user as service_user
            on service_user.perpetrator_id = member.person_id
        group by member.person_id, member.arm, member.site, member.index_date
        order by member.person_id
        """  # noqa: S608 (the column's name is ours)
    ).df()


def _against(arm: str) -> str:
    return f"difference_{arm}"


def _words(code: str) -> str:
    return code.replace("dont_know", "don't know").replace("_", " ")


ANALYSIS = Analysis(
    id="balance",
    title="Balance of the arms",
    question="Were the arms alike at the meeting of the allocation?",
    population="Every allocated perpetrator, as allocated.",
    rules="What was known at the index meeting, and nothing later. Missing and don't know are "
    "rows of their own; means and their differences rest on known values. No test is made: a "
    "difference between randomised arms is chance by construction, and what matters is its size.",
    model="Standardised mean differences: the difference of means or shares over the root of the "
    "arms' mean variance; beyond about .1 a difference is worth a look. Within sites and within "
    "meetings: the differences of the strata, weighted by n1 n0 / (n1 + n0), over the same root. "
    "R: tableone, cobalt::bal.tab. Stata: stddiff.",
    references=(
        "Austin (2009), Statistics in Medicine 28(25), 3083-3107.",
        "Senn (1994), Statistics in Medicine 13(17), 1715-1726.",
    ),
    catalogue=(),
    parameters=BalanceParameters,
    run=run,
)
