"""The tables of rates of follow-up: events, ratios by model, changes from before, checks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from datrial.analyses.arms import below_one_favours, contrast
from datrial.analyses.follow_up_rates_checks import CHECKS, checks_of
from datrial.analyses.follow_up_rates_data import WHOM, Followed
from datrial.analyses.follow_up_rates_fits import (
    MODELS,
    RATIO,
    Estimate,
    Fit,
    add_estimate,
    fit_change,
    fit_spell,
    not_estimable,
    weighted_ratio,
)
from datrial.results.cells import State, Table

if TYPE_CHECKING:
    import pandas as pd

    from datrial.analyses.base import Context

EVENTS = ("people", "observed", "count", "person_years", "rate_per_year", "share")
_ONE = "estimate"
_NO_BASELINE = "no period of the study ends with the index date"
_JOINT = ("chi2", "df", "p_value")


@dataclass
class Tables:
    """The tables of all outcomes, filled one outcome at a time.

    Attributes
    ----------
    spells
        Scheme -> spell -> label.
    baseline
        The study's period before the allocation, if there is one.
    """

    context: Context
    spells: dict[str, dict[str, str]]
    baseline: str | None
    catalogue: tuple[str, ...]
    events: Table = field(init=False)
    ratios: Table = field(init=False)
    change: Table = field(init=False)
    precision: Table = field(init=False)
    checks: Table = field(init=False)

    def __post_init__(self) -> None:
        study = self.context.study
        name, favours = contrast(study), below_one_favours(study)
        windows = (
            "Periods end with the intervention, which is constructed for controls; fixed windows "
            "are counted from the allocation in both arms."
        )
        self.events = self._table(
            "events", "Events and time observed after the allocation, by arm",
            f"{windows} People: of whom the source could tell. Observed: on at least one day of "
            "the spell; only these have time and events, those without an event included. Rate: "
            "events per person-year observed. Share: of those observed, with any event.",
        )  # fmt: skip
        self.ratios = self._table(
            "rate_ratios", f"Rate ratios of repeated abuse: {name}, by spell and model",
            f"{favours} {windows} Time observed is the exposure, sites are a factor. Adjusted for "
            "the baseline: by the logarithm of 1 plus the events per year in the period before. "
            "Weighted: by one over the chance of a person's own arm at his site and meeting, "
            "since places for the intervention differed between meetings. In the period before, "
            "a ratio away from 1 is chance or selection, not an effect.",
        )  # fmt: skip
        self.change = self._table(
            "change", f"Whether the rate ratio differs from before: {name}",
            "One Poisson model of all spells of a scheme (arm by spell, sites as a factor, errors "
            "clustered by person): the ratio of a spell's rate ratio to that of the period "
            "before. All: the joint test that none differs.",
        )  # fmt: skip
        self.precision = self._table(
            "precision", "What adjusting for the baseline gains in precision",
            "The error of the logarithm of the rate ratio in each model. Variance ratio: of the "
            "adjusted negative binomial model against the one without; 0.8 is worth a quarter "
            "more people. Both from the people who were observed before.",
        )  # fmt: skip
        self.checks = self._table(
            "checks", "Whether the counts are as the models say: spread and zeros",
            "Dispersion: Pearson's chi-squared over its degrees of freedom, 1 under Poisson. "
            "Alpha: variance = mean + alpha x mean squared in the negative binomial model; its "
            "test is at the boundary (half a chi-squared with one degree of freedom). Zeros: the "
            "share of people observed without an event, and as the models expect it.",
        )  # fmt: skip
        for arm, about in study.arms.items():
            self.events.column(arm, about.label)
        for model, label in MODELS.items():
            self.ratios.column(model, label)
        self.change.column(_ONE, f"Ratio of rate ratios, {name}")
        for key, label in (("negative_binomial", "Unadjusted"), ("ancova", "Adjusted")):
            self.precision.column(key, label)
        self.checks.column(_ONE, "Counts and models")

    @property
    def all(self) -> list[Table]:
        """The tables in order."""
        return [self.events, self.ratios, self.change, self.precision, self.checks]

    @property
    def _arms(self) -> dict[str, str]:
        return {arm: about.label for arm, about in self.context.study.arms.items()}

    def _table(self, name: str, title: str, note: str) -> Table:
        return Table(f"follow_up_rates.{name}", title, f"{WHOM} {note}", self.catalogue)

    def add(self, of: Followed, rows: pd.DataFrame) -> None:
        """Add an outcome; rows: its spells, with log_baseline."""
        for scheme, labels in self.spells.items():
            of_scheme = rows[rows["scheme"] == scheme]
            for spell, label in labels.items():
                row, words = f"{of.name}__{spell}", f"{of.outcome.label}, {label}"
                for table in (self.events, self.ratios, self.checks):
                    table.row(row, words)
                of_spell = of_scheme[of_scheme["spell"] == spell]
                self._add_events(row, of, of_spell)
                self._add_models(row, spell, of, of_spell, words)
            self._add_change(scheme, of, rows)

    def _add_events(self, row: str, of: Followed, rows: pd.DataFrame) -> None:
        for arm in self.events.column_labels:
            if of.nothing:
                self.events.absent_all([row], [arm], EVENTS, of.nothing)
                continue
            of_arm, people = rows[rows["arm"] == arm], int((of.people["arm"] == arm).sum())
            n, years = len(of_arm), float(of_arm["years"].sum())
            self.events.add(row, arm, "people", people, warning=of.warning)
            self.events.add(row, arm, "observed", n, n=people)
            if not n:
                reason = "nobody of this arm was observed in this spell"
                self.events.absent_all([row], [arm], EVENTS[2:], reason)
                continue
            total = float(of_arm["count"].sum())
            share = float((of_arm["count"] > 0).mean())
            for name, value in zip(EVENTS[2:], (total, years, total / years, share), strict=True):
                self.events.add(row, arm, name, value, n=n, warning=of.warning)

    def _add_models(
        self, row: str, spell: str, of: Followed, rows: pd.DataFrame, words: str
    ) -> None:
        """Add the ratios of a spell by model, their precision and the checks."""
        fault = of.nothing or not_estimable(rows, self._arms)
        fits: dict[str, Fit | str] = {
            model: fault or fit_spell(rows, model, warning=of.warning)
            for model in ("poisson", "negative_binomial")
        }
        estimates: dict[str, Estimate | str] = {
            model: fit if isinstance(fit, str) else fit.estimate for model, fit in fits.items()
        }
        estimates["weighted"] = fault or weighted_ratio(rows, of.people, warning=of.warning)
        is_later = spell != self.baseline and self.baseline is not None
        if is_later:
            both = self._adjusted(of, rows, fits["negative_binomial"])
            estimates["ancova"] = both["ancova"]
            self.precision.row(row, words)
            self._add_precision(row, both)
        for model in MODELS:
            if model == "ancova" and not is_later:
                self._not_applicable(row)
                continue
            add_estimate(self.ratios, row, model, estimates[model])
        self._add_checks(row, fits)

    def _adjusted(
        self, of: Followed, rows: pd.DataFrame, plain: Fit | str
    ) -> dict[str, Estimate | str]:
        """Return the estimates without and with the baseline, of those observed before."""
        before = rows[rows["log_baseline"].notna()]
        fault = of.nothing or not_estimable(before, self._arms)
        if fault:
            return dict.fromkeys(("negative_binomial", "ancova"), fault)
        fits = {
            "negative_binomial": plain
            if len(before) == len(rows)
            else fit_spell(before, "negative_binomial", warning=of.warning),
            "ancova": fit_spell(rows, "ancova", warning=of.warning),
        }
        return {model: fit if isinstance(fit, str) else fit.estimate for model, fit in fits.items()}

    def _not_applicable(self, row: str) -> None:
        reason = "this is the baseline" if self.baseline else _NO_BASELINE
        for statistic in RATIO:
            self.ratios.absent(row, "ancova", statistic, reason, state=State.NOT_APPLICABLE)

    def _add_precision(self, row: str, both: dict[str, Estimate | str]) -> None:
        errors: dict[str, float] = {}
        for model, estimate in both.items():
            if isinstance(estimate, str):
                self.precision.absent(row, model, "log_error", estimate)
            else:
                errors[model] = estimate.bse_log
                self.precision.add(row, model, "log_error", estimate.bse_log, n=estimate.n)
        if len(errors) == len(both):
            ratio = (errors["ancova"] / errors["negative_binomial"]) ** 2
            self.precision.add(row, "ancova", "variance_ratio", ratio)
        else:
            reason = next(each for each in both.values() if isinstance(each, str))
            self.precision.absent(row, "ancova", "variance_ratio", reason)

    def _add_checks(self, row: str, fits: dict[str, Fit | str]) -> None:
        poisson = fits["poisson"]
        if isinstance(poisson, str):
            self.checks.absent_all([row], [_ONE], CHECKS, poisson)
            return
        found, said = checks_of(poisson, fits["negative_binomial"])
        for name, value in found.items():
            self.checks.add(row, _ONE, name, value, n=poisson.estimate.n, warning=said, reason=said)

    def _add_change(self, scheme: str, of: Followed, rows: pd.DataFrame) -> None:
        """Add the ratios of rate ratios of a scheme's spells, against the period before."""
        later = {key: label for key, label in self.spells[scheme].items() if key != self.baseline}
        before = (rows["scheme"] == "period") & (rows["spell"] == self.baseline)
        rows = rows[before | (rows["scheme"] == scheme)]
        faults = {
            spell: of.nothing or not_estimable(rows[rows["spell"] == spell], self._arms)
            for spell in (self.baseline or "", *later)
        }
        usable = [spell for spell in later if not faults[spell]]
        whole = of.nothing
        if not whole and faults[self.baseline or ""]:
            whole = f"the period before the allocation: {faults[self.baseline or '']}"
        if not whole and not usable:
            whole = "no later spell can be compared"
        found = whole or fit_change(rows, self.baseline or "", usable, warning=of.warning)
        joint = f"{of.name}__{scheme}__all"
        for spell, label in later.items():
            row = f"{of.name}__{spell}"
            self.change.row(row, f"{of.outcome.label}, {label}")
            told = found if isinstance(found, str) else faults[spell] or found[0][spell]
            add_estimate(self.change, row, _ONE, told)
        which = "periods" if scheme == "period" else "fixed windows"
        self.change.row(joint, f"{of.outcome.label}, all {which}")
        if isinstance(found, str):
            self.change.absent_all([joint], [_ONE], _JOINT, found)
            return
        for name, value in found[1].items():
            reason = "the errors of the ratios tell no joint test"
            self.change.add(joint, _ONE, name, value, n=found[2], reason=reason)
