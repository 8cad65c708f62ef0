"""The tables of inference from the randomisation: replays, adjusted differences, compliers."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from datrial.analyses.arms import WITHHELD, contrast, is_coded
from datrial.analyses.follow_up_randomisation_data import (
    RATE,
    RECEIVED,
    SIDE,
    STRATUM,
    Allocated,
    warnings_of,
)
from datrial.analyses.follow_up_rates_data import WHOM
from datrial.results.cells import Table

if TYPE_CHECKING:
    from datrial.analyses.base import Context

REPLAYED = ("difference", "p_value", "ci_low", "ci_high", "monte_carlo_error", "replays", "strata")
ADJUSTED = ("difference", "bse", "p_value", "ci_low", "ci_high")
MEAN = ("mean", "ci_low", "ci_high")
COMPLIERS = ("difference", "p_value", "ci_low", "ci_high")
_ONE = "estimate"
_TWO = {"unadjusted": "Unadjusted", "adjusted": "Adjusted for the baseline"}
_ERRORS = {
    "adjusted_hc3": "Adjusted, HC3 errors",
    "adjusted_within_strata": "Adjusted, errors within meetings",
}
_EFFECTS = {
    "intention_to_treat": "Of the allocation",
    "compliers": "Of contact, among compliers",
    "anderson_rubin": "The same, Anderson and Rubin's interval",
}


@dataclass
class Tables:
    """The tables of all outcomes, filled one outcome at a time.

    Attributes
    ----------
    months
        From the allocation, of which the outcome is the rate.
    replays
        How often the draw is held again.
    """

    context: Context
    months: int
    replays: int
    catalogue: tuple[str, ...]
    replayed: Table = field(init=False)
    means: Table = field(init=False)
    adjusted: Table = field(init=False)
    contact: Table = field(init=False)
    effects: Table = field(init=False)

    def __post_init__(self) -> None:
        study = self.context.study
        name = contrast(study)
        self.replayed = self._table(
            "permutation", f"Would the lots alone have told the arms apart: {name}",
            f"The places of each site and meeting are drawn again {self.replays:,} times among "
            "those who were drawn there; the p-value is the share of draws that tell the arms "
            "apart at least as much (studentised). The interval holds the constant effects that "
            "the same test does not reject. Strata: meetings with both arms.",
        )  # fmt: skip
        self.means = self._table(
            "means", "Mean events per year, by arm",
            "At everybody's mean baseline, people weighted by one over the chance of their arm.",
        )  # fmt: skip
        self.adjusted = self._table(
            "differences", f"Difference of the mean events per year: {name}",
            "Least squares with the arm, the centred covariates (events per year before, site) "
            "and their products (Lin 2013), HC2 errors, people weighted by one over the share of "
            "their arm at their meeting. Variance ratio: adjusted over unadjusted.",
        )  # fmt: skip
        self.contact = self._table(
            "contact", "Who had direct contact with a case manager, by arm",
            "Whoever has none recorded had none. The difference of the shares is what the "
            "allocation moved (first stage); with an F below 10 it is weak.",
        )  # fmt: skip
        self.effects = self._table(
            "contact_effect", f"Effect of contact on the events per year: {name}",
            "Two-stage least squares, the arm as instrument. It rests on what data cannot show: "
            "that the allocation works through contact alone (an intervention also works with "
            "agencies behind the perpetrator's back, so this is in doubt), that it keeps nobody "
            "from contact, and that one person's arm changes nobody else's outcome.",
        )  # fmt: skip
        for table in (self.means, self.contact):
            for arm, about in study.arms.items():
                table.column(arm, about.label)
        for column, label in _TWO.items():
            self.replayed.column(column, label)
        for column, label in (_TWO | _ERRORS).items():
            self.adjusted.column(column, label)
        self.contact.column(_ONE, f"Difference, {name}")
        for column, label in _EFFECTS.items():
            self.effects.column(column, label)

    @property
    def all(self) -> list[Table]:
        """The tables in order."""
        return [self.replayed, self.means, self.adjusted, self.contact, self.effects]

    def _table(self, name: str, title: str, note: str) -> Table:
        since = f"Events per year observed in the first {self.months} months after the allocation."
        return Table(
            f"follow_up_randomisation.{name}", title, f"{WHOM} {since} {note}", self.catalogue
        )

    def add(self, of: Allocated, seed: int) -> None:
        """Add an outcome."""
        for table in self.all:
            table.row(of.of.name, of.of.outcome.label)
        self._add_replays(of, seed)
        self._add_differences(of)
        self._add_contact(of)

    def _add_replays(self, of: Allocated, seed: int) -> None:
        """Add the permutation tests."""
        from datrial.models import permutation_test

        for column in _TWO:
            covariates = " + ".join(of.covariates) if column == "adjusted" else None
            test = _told(
                of, permutation_test, RATE, SIDE, data=of.people, strata=STRATUM,
                covariates=covariates or None, missing_covariates="fill", n=self.replays,
                seed=seed, reference=of.reference,
            )  # fmt: skip
            if isinstance(test, str):
                self.replayed.absent_all([of.of.name], [column], REPLAYED, test)
                continue
            values = (
                test.estimate, test.p_value, test.ci_low, test.ci_high, test.mc_error,
                test.n_replays, test.n_strata,
            )  # fmt: skip
            _add(self.replayed, (of, column), zip(REPLAYED, values, strict=True), test)

    def _add_differences(self, of: Allocated) -> None:
        """Add Lin's difference with its errors, and the arms' means."""
        from datrial.models import fit_adjusted_difference

        row, arms = of.of.name, list(self.context.study.arms)
        fit = _told(
            of, fit_adjusted_difference, RATE, SIDE, " + ".join(of.covariates) or None,
            of.people, strata=STRATUM, missing_covariates="fill", reference=of.reference,
        )  # fmt: skip
        if isinstance(fit, str):
            self.adjusted.absent_all([row], self.adjusted.column_labels, ADJUSTED, fit)
            self.adjusted.absent(row, "adjusted", "variance_ratio", fit)
            self.means.absent_all([row], arms, MEAN, fit)
            return
        found = fit.table().rename(columns={"estimate": "difference"}).to_dict("index")
        for column in self.adjusted.column_labels:
            if column not in found:
                reason = "no meeting tells an error of its own"
                self.adjusted.absent_all([row], [column], ADJUSTED, reason)
                continue
            values = [(name, found[column][name]) for name in ADJUSTED]
            _add(self.adjusted, (of, column), values, fit)
        self.adjusted.add(row, "adjusted", "variance_ratio", fit.variance_ratio, n=fit.n)
        means = fit.means.to_dict("index")
        sides = of.people.groupby("arm")[SIDE].first()
        for arm in arms:
            at = means[sides[arm]]
            _add(self.means, (of, arm), [(name, at[name]) for name in MEAN], fit)

    def _add_contact(self, of: Allocated) -> None:
        """Add who had contact, and its effect; withheld while arms are coded."""
        from datrial.models import complier_average_effect

        row, arms = of.of.name, list(self.context.study.arms)
        shares, first = ("count", "share"), ("share_difference", "ci_low", "ci_high", "f_statistic")
        known = of.people[of.people[RECEIVED].notna()]
        fit: Any = WITHHELD if is_coded(self.context.study) else ""
        if not fit and not of.nothing and known.empty:
            fit = "no case-management data tell who had contact"
        fit = fit or _told(
            of, complier_average_effect, RATE, SIDE, RECEIVED, of.people, strata=STRATUM,
            covariates=" + ".join(of.covariates) or None, missing_covariates="fill",
            reference=of.reference,
        )  # fmt: skip
        if isinstance(fit, str):
            self.contact.absent_all([row], arms, shares, fit)
            self.contact.absent_all([row], [_ONE], first, fit)
            self.effects.absent_all([row], _EFFECTS, COMPLIERS, fit)
            return
        for arm in arms:
            of_arm = known[known["arm"] == arm]
            self.contact.add(row, arm, "count", float(of_arm[RECEIVED].sum()), n=len(of_arm))
            share = float(of_arm[RECEIVED].mean()) if len(of_arm) else None
            self.contact.add(row, arm, "share", share, n=len(of_arm), reason="nobody is known")
        moved = fit.first_stage
        values = (moved.estimate, moved.ci_low, moved.ci_high, fit.first_stage_f)
        _add(self.contact, (of, _ONE), zip(first, values, strict=True), fit)
        whole, ratio = fit.intention_to_treat, fit.anderson_rubin
        for column, each in (("intention_to_treat", whole), ("compliers", fit)):
            values = (each.estimate, each.p_value, each.ci_low, each.ci_high)
            _add(self.effects, (of, column), zip(COMPLIERS, values, strict=True), fit)
        if ratio.shape != "interval":
            reason = "contact hardly differs between the arms: the interval has no ends"
            self.effects.absent_all([row], ["anderson_rubin"], COMPLIERS, reason)
            return
        values = (fit.estimate, whole.p_value, ratio.ci_low, ratio.ci_high)
        _add(self.effects, (of, "anderson_rubin"), zip(COMPLIERS, values, strict=True), fit)


def _told(of: Allocated, fit: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
    """Return what a model finds, or the sentence why it cannot."""
    from datrial.models import ModelDataError

    if of.nothing:
        return of.nothing
    try:
        return fit(*arguments, **options)
    except ModelDataError as error:
        return str(error)


def _add(
    table: Table, at: tuple[Allocated, str], values: Iterable[tuple[str, float]], fit: Any
) -> None:
    """Add numbers with the people that they rest on and what to know of them."""
    of, column = at
    warning = "; ".join(filter(None, (of.warning, *warnings_of(fit))))
    for statistic, value in values:
        table.add(
            of.of.name, column, statistic, value, n=fit.n, warning=warning,
            reason="there is no such end" if statistic.startswith("ci_") else "",
        )  # fmt: skip
