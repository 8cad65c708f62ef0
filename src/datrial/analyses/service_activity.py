"""What a service did in each month: requests to closures by strand, reasons, meetings, trends."""

from __future__ import annotations

from pydantic import Field, field_validator

from datrial.analyses.base import Analysis, Context, Parameters
from datrial.analyses.cohorts import terms
from datrial.analyses.service_activity_data import NOT_RECORDED, Service, service_months
from datrial.analyses.service_activity_reasons import Reasons, reason_tables
from datrial.analyses.service_activity_tables import (
    definitions_table,
    month_tables,
    set_aside_table,
)
from datrial.analyses.service_activity_trends import trend_tables
from datrial.analyses.service_activity_work import work_tables
from datrial.results.cells import Table


class ServiceActivityParameters(Parameters):
    """Parameters of the tables of a service's months.

    Attributes
    ----------
    external_closure_reasons
        Codes of ``closure_reason`` that lie outside the service (a client who moved away): left
        out of the shares of reasons, and counted beside them.
    """

    external_closure_reasons: tuple[str, ...] = Field(default=())

    @field_validator("external_closure_reasons")
    @classmethod
    def _each_once(cls, codes: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(codes)) < len(codes):
            raise ValueError("external_closure_reasons names a reason twice")
        return codes


def run(context: Context, parameters: ServiceActivityParameters) -> list[Table]:
    """Return the numbers of each month, their trends, the reasons and the activities."""
    service = service_months(context)
    activities = terms(context.study, "activity", service.codes("activity"))
    return [
        *month_tables(service),
        definitions_table(service),
        *trend_tables(service, activities),
        *reason_tables(service, _not_taken_on(context, service)),
        *reason_tables(service, _closures(context, service, parameters)),
        *work_tables(service, activities),
        set_aside_table(service, _set_aside(context, service)),
    ]


def _not_taken_on(context: Context, service: Service) -> Reasons:
    return Reasons(
        "not_taken_on", "not_taken_on_months", "turned_down", "Assessed and not taken on",
        "Cases that were assessed and never taken on, and that were closed or have a reason, by "
        "the day of closure, else of the assessment.",
        _labels(context, service, "not_taken_on_reason", "turned_down"),
    )  # fmt: skip


def _closures(context: Context, service: Service, parameters: ServiceActivityParameters) -> Reasons:
    labels = _labels(context, service, "closure_reason", "closure")
    external = parameters.external_closure_reasons
    return Reasons(
        "closure_reasons", "closure_reason_months", "closure", "Cases closed",
        "Cases that had been taken on, by the day of closure.",
        {code: label for code, label in labels.items() if code not in external}, external,
    )  # fmt: skip


def _labels(context: Context, service: Service, vocabulary: str, kind: str) -> dict[str, str]:
    found = [code for code in service.codes(kind) if code != NOT_RECORDED]
    return terms(context.study, vocabulary, found)


def _set_aside(context: Context, service: Service) -> dict[str, dict[str, tuple[int, int]]]:
    """Return row -> arm -> (referrals that are so, all)."""
    rows = context.connection.execute(
        """
        select arm, count(*), count(*) filter (where is_out_of_order),
            count(*) filter (where taken_on is null and closure_reason is not null),
            count(*) filter (where strand is null)
        from marts.service_case where arm is not null group by arm
        """
    ).fetchall()
    names = ("out_of_order", "not_taken_on_but_closed", "no_strand")
    counts: dict[str, dict[str, tuple[int, int]]] = {name: {} for name in names}
    for arm, n, *numbers in rows:
        for name, number in zip(names, numbers, strict=True):
            counts[name][arm] = (number, n)
    return counts


ANALYSIS = Analysis(
    id="service_activity",
    title="Activity by month",
    chapter="Referrals and activity",
    question="How many requests, assessments, clients taken on, waiting and on the caseload, and "
    "closures did the service have in each month; do they rise or fall; why were people not taken "
    "on, and why were cases closed; and what was done in meetings, supervisions and signposting?",
    population="Referrals and activities of the reporting period: the calendar months that the "
    "sites' days of recruitment touch. Clients taken on before it are on the caseload if they "
    "were sent.",
    rules="Events count in the month of their own day. A client is taken on on the day of "
    "acceptance; one who started without any, on the day of the assessment (else of the start); "
    "where a service records no acceptance at all, whoever is assessed and not turned down is "
    "taken on at the assessment. Awaiting intervention: taken on, and at the end of the month's "
    "last day neither started nor closed. Live caseload: clients awaiting or receiving the "
    "intervention at any point in the month; they are removed from the month after the one in "
    "which the case was closed. A client counts once in a month and strand, and again after a "
    "new referral. Both are also given the other way round: waiting at any point, and the "
    "caseload at the end of the month. A case whose days are out of order is in neither, and "
    "is counted as set aside. No row of a month means 0 only within the days that the extract "
    "covers: a month without any day received is not available, one received in part is shown "
    "with a warning and is in no mean and no trend; clients are counted in whole months only. "
    "Reasons: external ones (a parameter) are left out of shares.",
    model="Trend: log-linear regression of the monthly counts, quasi-Poisson, Student's t with "
    "the months' degrees of freedom; beside it the least-squares line that reports draw. Trust "
    "the first: counts of a month vary by chance alone, more so the larger they are, and a line "
    "read off without its interval makes a trend of that. Stata: glm count month, family(poisson) "
    "scale(x2); regress count month. R: glm(count ~ month, quasipoisson); lm(count ~ month). "
    "Shares with Wilson's interval; between cohorts Newcombe's.",
    references=(
        "Elmore Community Services (2023), evaluation of Family Solutions Plus, Figures 1 to 13.",
        "McCullagh and Nelder (1989), Generalized Linear Models, 2nd ed., section 6.2.",
    ),
    limits=(
        "A few months cannot show a slow trend, and a trend in them need not go on.",
        "Clients on the caseload are those that were sent: where the extract does not hold cases "
        "from before its first day, the first months have too few.",
        "Neighbouring months share clients awaiting and on the caseload, so that the intervals of "
        "their trends are too narrow.",
        "Where sites begin at different times, numbers rise with them.",
        "Printed percentages and totals of a report need not follow from its other numbers: some "
        "sums were printed of rounded parts, and some shares of fewer cases than their text says.",
    ),
    catalogue=("F-F1", "F-F3", "F-F11"),
    parameters=ServiceActivityParameters,
    run=run,
)
