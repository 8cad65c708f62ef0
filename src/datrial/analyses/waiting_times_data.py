"""How long each referral took from one step of the way to the next, or has waited so far."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from datrial.analyses.cohorts import Cohorts, cohorts
from datrial.analyses.service_activity_data import ALL, NOT_RECORDED, strands_of
from datrial.analyses.service_activity_months import (
    Known,
    known_months,
    last_days,
    reporting_months,
)

if TYPE_CHECKING:
    import pandas as pd

    from datrial.analyses.base import Context

#: Step -> its label, the day it begins, and the day on which it is reached.
STEPS = {
    "request_to_assessment": ("Request to assessment", "requested_on", "assessed_on"),
    "assessment_to_start": ("Assessment to start", "assessed_on", "started_on"),
    "request_to_start": ("Request to start", "requested_on", "started_on"),
}
REACHED, WAITING, CLOSED, OUT_OF_ORDER, UNKNOWN = (
    "reached", "waiting", "closed", "out_of_order", "unknown_end",
)  # fmt: skip
#: What became of whoever began a step -> what people read.
ENDS = {
    REACHED: "Got there",
    WAITING: "Still waiting on the last day of the data",
    CLOSED: "Closed or turned down before",
    OUT_OF_ORDER: "Set aside: days out of order",
    UNKNOWN: "Set aside: closed or turned down on an unknown day",
}


@dataclass(frozen=True)
class Waits:
    """The steps that began, or were reached, in the reporting period.

    Attributes
    ----------
    frame
        One row per referral and step: arm, strand, step, end (of `ENDS`), days (until it was
        reached, else until the case was closed or the data end; none of those set aside),
        began_in_period, reached_in_period.
    reasons
        Arm -> why nothing is known of it; nothing where something is.
    warnings
        Arm -> what is missing of its data.
    """

    cohorts: Cohorts
    strands: Mapping[str, str]
    frame: pd.DataFrame
    reasons: Mapping[str, str]
    warnings: Mapping[str, str]

    @property
    def reason(self) -> str:
        """Return why nothing is known of any arm; nothing where something is of one."""
        reasons = set(self.reasons.values())
        return "" if "" in reasons else "; ".join(sorted(reasons))

    def begun(self) -> Iterator[tuple[str, str, pd.DataFrame]]:
        """Yield each step and strand with its label and what began of it in the period."""
        return self._rows(self.frame[self.frame["began_in_period"]])

    def reached(self) -> Iterator[tuple[str, str, pd.DataFrame]]:
        """Yield each step and strand with its label and who got there in the period."""
        there = self.frame["reached_in_period"] & (self.frame["end"] == REACHED)
        return self._rows(self.frame[there])

    def _rows(self, frame: pd.DataFrame) -> Iterator[tuple[str, str, pd.DataFrame]]:
        for step, (label, _, _) in STEPS.items():
            of_step = frame[frame["step"] == step]
            for strand, name in self.strands.items():
                several = len(self.strands) > 1
                rows = of_step if strand == ALL else of_step[of_step["strand"] == strand]
                yield f"{step}__{strand}", f"{label}: {name}" if several else label, rows


def waits(context: Context) -> Waits:
    """Return how long every step took that began, or was reached, in the reporting period."""
    import pandas as pd

    strands = strands_of(context)
    parts = [_of_step(context, step, begins, until) for step, (_, begins, until) in STEPS.items()]
    frame = pd.concat(parts, ignore_index=True)
    frame["strand"] = frame["strand"].where(frame["strand"].isin(list(strands)), NOT_RECORDED)
    months = reporting_months(context.study)
    known = known_months(context, "referral", months)
    reasons, warnings = {}, {}
    for arm in context.study.arms:
        states = [known[arm, month.key] for month in months]
        reasons[arm] = "" if any(not state.reason for state in states) else states[0].reason
        warnings[arm] = _missing(states)
    return Waits(cohorts(context.study), strands, frame, reasons, warnings)


def _missing(states: list[Known]) -> str:
    lost = sum(bool(state.reason) for state in states)
    part = sum("received" in state.part for state in states)
    told = [f"the data of {lost} of {len(states)} months were not received"] if lost else []
    told += [f"{part} of {len(states)} months were received in part"] if part else []
    told += sorted({state.silent for state in states} - {""})
    return "; ".join(told)


def _of_step(context: Context, step: str, begins: str, until: str) -> pd.DataFrame:
    """Return the step of every referral that began it or got there in the reporting period.

    Whoever was closed after the data's last day waits on it still.
    """
    months = reporting_months(context.study)
    ends = last_days(context, "referral")
    values = ", ".join(f"($arm_{i}, cast($day_{i} as date))" for i in range(len(ends)))
    values = values or "(null, cast(null as date))"
    return context.connection.execute(
        f"""
        with last_day as (select * from (values {values}) as given (arm, day)),
        begun as (
            select service_case.*, {begins} as begun_on, {until} as reached_on,
                last_day.day as data_end,
                {begins} between $first and $last as began_in_period,
                coalesce({until} between $first and $last, false) as reached_in_period
            from marts.service_case as service_case
            inner join last_day on service_case.arm = last_day.arm
            where {begins} is not null
        ),
        judged as (
            select *,
                case
                    when is_out_of_order then '{OUT_OF_ORDER}'
                    when reached_on is not null then '{REACHED}'
                    when ended_on is null and (not_taken_on_reason is not null
                        or closure_reason is not null) then '{UNKNOWN}'
                    when ended_on <= data_end then '{CLOSED}'
                    else '{WAITING}'
                end as "end"
            from begun
        )
        select arm, strand, '{step}' as step, "end",
            case "end"
                when '{REACHED}' then reached_on - begun_on
                when '{CLOSED}' then ended_on - begun_on
                when '{WAITING}' then greatest(data_end - begun_on, 0)
            end as days,
            began_in_period, reached_in_period
        from judged
        where began_in_period or reached_in_period
        order by arm, person_id, requested_on
        """,  # noqa: S608 (names of our own columns and codes)
        {
            "first": months[0].first,
            "last": months[-1].last,
            **{f"arm_{i}": arm for i, arm in enumerate(ends)},
            **{f"day_{i}": day for i, day in enumerate(ends.values())},
        },
    ).df()
