"""The tables of tests and regressions of times: log-rank, hazard ratios, their proportionality."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from datrial.analyses.arms import contrast
from datrial.analyses.follow_up_rates_data import DAYS_PER_YEAR, WHOM
from datrial.analyses.follow_up_times_data import COMPARED, Times
from datrial.results.cells import Table

if TYPE_CHECKING:
    from datrial.analyses.base import Context
    from datrial.models.survival.cox_result import CoxResult

RATIO = ("hazard_ratio", "bse", "p_value", "ci_low", "ci_high")
TEST = ("chi2", "df", "p_value")
PEOPLE = ("people", "observed", "entered_late", "person_years", "with_event", "count")
MODELS = {"first": "First event (Cox)", "recurrent": "All events (Andersen-Gill)"}
#: Under it a test of proportionality is said beside the ratio.
NOT_PROPORTIONAL = 0.05
_ONE = "estimate"


@dataclass
class Regressions:
    """The tables beside the curves, filled one outcome at a time."""

    context: Context
    catalogue: tuple[str, ...]
    people: Table = field(init=False)
    log_rank: Table = field(init=False)
    ratios: Table = field(init=False)
    proportional: Table = field(init=False)

    def __post_init__(self) -> None:
        name = contrast(self.context.study)
        first = name.partition(" against ")[0]
        self.people = self._table(
            "people", "Who was observed after the allocation, and for how long, by arm",
            "People: of whom the source could tell. Entered late: whose data begin after the "
            "allocation. Person-years: all that were observed, gaps left out.",
        )  # fmt: skip
        self.log_rank = self._table(
            "log_rank", f"Whether first events come at another pace: {name}",
            "Log-rank test, stratified by site where there are several.",
        )  # fmt: skip
        self.ratios = self._table(
            "hazard_ratios", f"Hazard ratios of repeated abuse: {name}",
            f"Ratios below 1 favour {first}. Each site has a baseline of its own where there are "
            "several; errors are robust, by person; events of one day by Efron's method. The "
            "ratio of all events is that of the arms' rates.",
        )  # fmt: skip
        self.proportional = self._table(
            "proportionality", "Whether the hazard ratios stay the same over time",
            "Grambsch and Therneau's test. Where it speaks against it, the ratio is an average "
            "over the time observed: read the shares by month and the mean days beside it.",
        )  # fmt: skip
        for arm, about in self.context.study.arms.items():
            self.people.column(arm, about.label)
        self.log_rank.column(_ONE, name[:1].upper() + name[1:])
        for table in (self.ratios, self.proportional):
            for model, label in MODELS.items():
                table.column(model, label)

    @property
    def all(self) -> list[Table]:
        """The tables in order."""
        return [self.people, self.log_rank, self.ratios, self.proportional]

    def _table(self, name: str, title: str, note: str) -> Table:
        return Table(f"follow_up_times.{name}", title, f"{WHOM} {note}", self.catalogue)

    def add(self, times: Times) -> None:
        """Add an outcome."""
        for table in self.all:
            table.row(times.of.name, times.of.outcome.label)
        self._add_people(times)
        self._add_log_rank(times)
        fault = times.nothing or self._without_event(times)
        for model in MODELS:
            self._add_ratio(times, model, fault or _fit(times, model))

    def _without_event(self, times: Times) -> str:
        """Return in which arm there is no event, so that no ratio is finite."""
        for arm, about in self.context.study.arms.items():
            if not times.all.loc[times.all["arm"] == arm, "event"].any():
                return f"no event in the arm {about.label}"
        return ""

    def _add_people(self, times: Times) -> None:
        row = times.of.name
        for arm in self.people.column_labels:
            if times.of.nothing:
                self.people.absent_all([row], [arm], PEOPLE, times.of.nothing)
                continue
            rows = times.all[times.all["arm"] == arm]
            begins = rows.groupby("person_id")["start"].min()
            everyone = int((times.of.people["arm"] == arm).sum())
            values = (
                everyone, len(begins), int((begins > 0).sum()),
                float((rows["stop"] - rows["start"]).sum()) / DAYS_PER_YEAR,
                int(rows.loc[rows["event"] > 0, "person_id"].nunique()), float(rows["count"].sum()),
            )  # fmt: skip
            for statistic, value in zip(PEOPLE, values, strict=True):
                if statistic in PEOPLE[2:] and begins.empty:
                    self.people.absent(row, arm, statistic, "nobody of this arm was observed")
                    continue
                self.people.add(row, arm, statistic, value, n=everyone, warning=times.of.warning)

    def _add_log_rank(self, times: Times) -> None:
        from datrial.models import log_rank

        row, rows = times.of.name, times.first
        if times.nothing:
            self.log_rank.absent_all([row], [_ONE], TEST, times.nothing)
            return
        test = log_rank(
            rows["stop"], rows["event"], rows[COMPARED], entry=rows["start"],
            strata=rows["site"] if times.several_sites else None,
        )  # fmt: skip
        warning = " ".join(filter(None, (times.of.warning, *test.notes)))
        for statistic, value in zip(TEST, (test.statistic, test.df, test.p_value), strict=True):
            self.log_rank.add(
                row, _ONE, statistic, value, n=int(rows["person_id"].nunique()), warning=warning,
                reason="the arms are never at risk together",
            )  # fmt: skip

    def _add_ratio(self, times: Times, model: str, fit: CoxResult | str) -> None:
        row = times.of.name
        if isinstance(fit, str):
            self.ratios.absent_all([row], [model], RATIO, fit)
            self.proportional.absent_all([row], [model], TEST, fit)
            return
        test = fit.proportionality_test().to_dict("index")[COMPARED]
        told = [times.of.warning, *fit.notes]
        if test["p_value"] < NOT_PROPORTIONAL:
            told.append("The ratio changes with time: it is an average over the time observed.")
        found = fit.hazard_ratios().to_dict("index")[COMPARED]
        warning, n = " ".join(filter(None, told)), int(times.all["person_id"].nunique())
        for statistic in RATIO:
            self.ratios.add(
                row, model, statistic, found[statistic], n=n, warning=warning,
                reason="the ratio has no finite estimate",
            )  # fmt: skip
        for statistic in TEST:
            self.proportional.add(
                row,
                model,
                statistic,
                test[statistic],
                n=n,
                reason="the test has no variance",
            )


def _fit(times: Times, model: str) -> CoxResult | str:
    """Fit a model of first or of all events; a sentence where it cannot be fitted."""
    from datrial.models import ModelDataError, fit_cox, fit_recurrent_events

    strata = "site" if times.several_sites else None
    try:
        if model == "first":
            return fit_cox(
                COMPARED, times.first, duration="stop", event="event", entry="start",
                strata=strata, cluster="person_id",
            )  # fmt: skip
        return fit_recurrent_events(
            COMPARED, times.all, start="start", stop="stop", event="count", person="person_id",
            strata=strata,
        )  # fmt: skip
    except ModelDataError as error:
        return str(error)
