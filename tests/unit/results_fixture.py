"""A run with every table of the report, its numbers written by hand near the published ones."""

from __future__ import annotations

from typing import Any

from datrial.results.cells import State, Table

RUN_ID = "run-0a1b2c3d4e5f"
PERIODS = {
    "before": "Six months before",
    "during": "During",
    "after_0_6": "0-6 months after",
    "after_6_12": "6-12 months after",
    "after_12": "More than 12 months after",
}
ARMS = {"intervention": "Drive", "control": "Control"}
TIME_POINTS = {"intake": "Intake", "midpoint": "Midpoint", "closure": "Case closure"}
LEVELS = {"none": "None", "standard": "Standard", "moderate": "Moderate", "high": "High"}
BEHAVIOURS = {
    "physical": "Physical abuse",
    "sexual": "Sexual abuse",
    "harassment_stalking": "Harassment and stalking",
    "jealous_controlling": "Jealous and controlling behaviour",
}
PREDICTORS = (
    "time_point + age + living_arrangement + relationship + direct_contact + "
    "domestic_abuse_charges + idva_engaged + cyps_involvement + ccj_involvement"
)
NEEDS = {
    "housing": "Housing",
    "employment": "Employment",
    "alcohol_misuse": "Alcohol misuse",
    "relationship_with_children": "Relationship with children",
    "parenting_capacity": "Parenting capacity",
    "mental_health": "Mental health",
    "drugs_misuse": "Drugs misuse",
    "relationship_with_family": "Relationship with family members",
    "financial": "Financial",
    "social_community_ties": "Social and community ties",
    "physical_health": "Physical health",
    "other_addictions": "Other addictions",
}


PARAMETERS: dict[str, dict[str, Any]] = {
    "extracts_received": {},
    "participant_flow": {},
    "needs": {"time_point": "midpoint", "dont_know": "missing"},
    "needs_classes": {
        "time_point": "midpoint",
        "classes": [2, 3, 4, 5, 6],
        "profile_of": 6,
        "zero_class": True,
    },
    "needs_behaviour": {"time_point": "midpoint", "outcome": "any"},
    "behaviour_change": {
        "outcomes": ["physical", "sexual", "harassment_stalking", "jealous_controlling"],
        "formula": PREDICTORS,
        "only": {},
        "references": {},
        "dont_know": "missing",
    },
    "risk_score": {
        "formula": "time_point + site",
        "effect": "gamma",
        "only": {},
        "references": {},
    },
    "marac_follow_up": {"sites": ["site_2"]},
}


def manifest(**changes: Any) -> dict[str, Any]:
    """Return a manifest as the pipeline gives it."""
    return {
        "run_id": RUN_ID,
        "snapshot_id": "7f3a9c21d0e4",
        "study": "drive",
        "title": "Drive: high-risk, high-harm perpetrators of domestic abuse",
        "seeds": {"study": 20160401},
        "parameters": PARAMETERS,
        "primary_outcomes": ["marac_follow_up", "behaviour_change"],
        "code_version": "9d2f41c07b3e8a15",
        "simulated": True,
        "data_until": "2019-09-30",
        "analyses": [{"id": name, "state": "done"} for name in PARAMETERS],
        "start": "2026-11-22T02:00:00+00:00",
        "end": "2026-11-22T02:02:31+00:00",
        "who": "nightly",
    } | changes


def tables() -> list[tuple[str, Table]]:
    """Return every table of the report with its analysis."""
    made = [
        *_extracts(),
        _flow(),
        _prevalence(),
        _enumeration(),
        _sizes(),
        _profile(),
        _forms(),
        _predictions(),
        _odds_ratios(),
        _dash_ratios(),
        _dash_means(),
        _reappearance(),
        _marac_ratios(),
        _appearances(),
        _serial(),
        _serial_periods(),
    ]
    return [(table.id.partition(".")[0], table) for table in made]


def _table(
    table_id: str, title: str, note: str, rows: dict[str, str], columns: dict[str, str]
) -> Table:
    return Table(table_id, title, note, ("D-T1",), dict(rows), dict(columns))


def _extracts() -> list[Table]:
    counts = {
        "marac_case__marac_site_1": ("marac case (marac site 1)", 2140, 2131),
        "marac_case__marac_site_2": ("marac case (marac site 2)", 4622, 4590),
        "police_incident__police_site_2": ("police incident (police site 2)", 6571, 6398),
        "insights_intake__insights": ("insights intake (insights)", 812, 806),
        "cms_need__cms": ("cms need (cms)", 1510, 1502),
        "cms_risk_item__cms": ("cms risk item (cms)", 1511, 1509),
    }
    rows = _table(
        "extracts_received.rows",
        "Rows received, staged and quarantined",
        "Every row of every file. Received = staged + quarantined.",
        {key: label for key, (label, _, _) in counts.items()},
        {"received": "Received", "staged": "Staged", "quarantined": "Quarantined"},
    )
    for key, (_, received, staged) in counts.items():
        for column, count in zip(
            rows.column_labels, (received, staged, received - staged), strict=True
        ):
            rows.add(key, column, "count", count)
    reasons = _table(
        "extracts_received.reasons",
        "Why rows were quarantined",
        "The first reason.",
        {
            "marac_case__blank_row": "marac case: blank row",
            "police_incident__no_usable_date": "police incident: no usable incident_date",
        },
        {"rows": "Rows"},
    )
    reasons.add("marac_case__blank_row", "rows", "count", 41)
    reasons.add("police_incident__no_usable_date", "rows", "count", 173)
    checks = _table(
        "extracts_received.checks",
        "Rules checked",
        "Every rule of every suite.",
        {"marac_case__key": "marac case: one row per perpetrator, victim and hearing"},
        {"looked_at": "Rows looked at", "failed": "Rows failed"},
    )
    checks.add("marac_case__key", "looked_at", "count", 6721)
    checks.add("marac_case__key", "failed", "count", 0, note="passed")
    return [rows, reasons, checks]


def _flow() -> Table:
    numbers: dict[str, tuple[str, tuple[int | None, ...]]] = {
        "heard": ("Heard at MARAC", (2731, None, None)),
        "excluded_outside_recruitment": (
            "Not allocated: heard outside recruitment",
            (96, None, None),
        ),
        "excluded_under_age": ("Not allocated: under age", (13, None, None)),
        "excluded_no_places": ("Not allocated: no places at the meeting", (28, None, None)),
        "allocated": ("Allocated", (2594, 509, 2085)),
        "completed": ("Completed the intervention", (506, 506, None)),
        "cms_forms": ("With a case-management record", (506, 506, None)),
        "insights_intake": ("Victims-survivors with an IDVA intake form", (806, 196, 610)),
        "insights_both": ("... and an exit form", (457, 104, 353)),
        "marac_site_2": ("Allocated, Site 2", (1323, 184, 1139)),
        "police_record_site_1": ("With a police record, Site 1", (311, 155, 156)),
        "police_record_site_2": ("With a police record, Site 2", (320, 148, 172)),
    }
    table = _table(
        "participant_flow.flow",
        "Participant flow",
        "Perpetrators; IDVA rows count victims-survivors.",
        {key: label for key, (label, _) in numbers.items()},
        {"all": "All", **ARMS},
    )
    for key, (_, counts) in numbers.items():
        for column, count in zip(table.column_labels, counts, strict=True):
            if count is not None:
                table.add(key, column, "count", count)
            elif key in ("completed", "cms_forms"):
                table.absent(
                    key,
                    column,
                    "count",
                    "controls have no case manager",
                    state=State.NOT_APPLICABLE,
                )
    return table


def _prevalence() -> Table:
    shares = (0.22, 0.19, 0.18, 0.17, 0.16, 0.15, 0.14, 0.14, 0.06, 0.07, 0.05, 0.01)
    table = _table(
        "needs.prevalence",
        "Service users with each need",
        "Of those answered.",
        {"any_answer": "Forms with an answered need", **NEEDS},
        TIME_POINTS,
    )
    for column, rise, n in (
        ("intake", 0.0, 440),
        ("midpoint", 0.051, 466),
        ("closure", 0.044, 477),
    ):
        table.add("any_answer", column, "count", n + 21)
        for position, (need, share) in enumerate(zip(NEEDS, shares, strict=True)):
            table.add(need, column, "answered", n + position)
            table.add(need, column, "share", share + rise, n=n + position)
    return table


def _enumeration() -> Table:
    values = {
        2: (-2330.1, 13, 4686.2, 4740.6, 4699.4, 0.892, 0.351, 1.0),
        3: (-2203.8, 26, 4459.6, 4568.5, 4486.0, 0.741, 0.183, 0.985),
        4: (-2120.0, 39, 4318.0, 4481.3, 4357.5, 0.806, 0.121, 0.61),
        5: (-2090.9, 52, 4285.8, 4503.6, 4338.5, 0.787, 0.09, 0.44),
        6: (-2071.2, 65, 4272.4, 4544.6, 4338.3, 0.776, 0.071, 0.035),
    }
    columns = {
        "llf": "Log-likelihood",
        "parameters": "Parameters",
        "aic": "AIC",
        "bic": "BIC",
        "sabic": "SABIC",
        "entropy": "Entropy",
        "smallest_class": "Smallest class",
        "best_start_share": "Best start share",
    }
    table = _table(
        "needs_classes.enumeration",
        "Fit of latent class models of needs",
        "Service users with an answered need at midpoint, n = 487.",
        {f"classes_{k}": f"{k} classes" for k in values},
        columns,
    )
    for k, row in values.items():
        for column, value in zip(columns, row, strict=True):
            warning = "the best likelihood was found again from few starts" if k == 6 else ""
            table.add(f"classes_{k}", column, "value", value, n=487, warning=warning)
    return table


def _classes() -> dict[str, str]:
    return {"class_1": "No needs (fixed)"} | {f"class_{k}": f"Class {k}" for k in range(2, 7)}


def _sizes() -> Table:
    table = _table(
        "needs_classes.sizes",
        "Sizes of the six classes",
        "Estimated shares.",
        _classes(),
        {"share": "Share"},
    )
    for key, share in zip(_classes(), (0.343, 0.281, 0.103, 0.101, 0.098, 0.074), strict=True):
        table.add(key, "share", "share", share, n=487)
        table.add(key, "share", "ci_low", share - 0.03, n=487)
        if key == "class_6":
            table.absent(key, "share", "ci_high", "no standard error: on a boundary", n=487)
        else:
            table.add(key, "share", "ci_high", share + 0.04, n=487)
    return table


def _profile() -> Table:
    table = _table(
        "needs_classes.profile",
        "Probability of each need within each class",
        "n = 487.",
        NEEDS,
        _classes(),
    )
    for y, need in enumerate(NEEDS):
        for x, key in enumerate(_classes()):
            table.add(need, key, "probability", 0.0 if x == 0 else ((7 * y + 5 * x) % 19) / 19)
    return table


def _forms() -> Table:
    rows = {"received": "Forms", "left_out": "Left out", "used": "In the model", "people": "People"}
    table = _table(
        "behaviour_change.forms",
        "Forms in each model of behaviour",
        "All forms received.",
        rows,
        BEHAVIOURS,
    )
    for row, count in zip(rows, (1497, 186, 1311, 462), strict=True):
        for column in BEHAVIOURS:
            table.add(row, column, "count", count)
    return table


def _predictions() -> Table:
    values = {
        "physical": ((0.384, 0.072, 0.107, 0.437), (0.866, 0.033, 0.034, 0.067),
                     (0.937, 0.017, 0.018, 0.028)),
        "sexual": ((0.97, 0.008, 0.009, 0.013), (0.989, 0.003, 0.003, 0.005),
                   (0.995, 0.001, 0.002, 0.002)),
        "harassment_stalking": ((0.58, 0.11, 0.19, 0.12), (0.87, 0.05, 0.05, 0.03),
                                (0.94, 0.02, 0.025, 0.015)),
        "jealous_controlling": ((0.59, 0.08, 0.1, 0.23), (0.84, 0.04, 0.05, 0.07),
                                (0.93, 0.02, 0.02, 0.03)),
    }  # fmt: skip
    rows = {
        f"{behaviour}__{time_point}": f"{label}: {when.lower()}"
        for behaviour, label in BEHAVIOURS.items()
        for time_point, when in TIME_POINTS.items()
    }
    table = _table(
        "behaviour_change.predictions",
        "Adjusted probability of each severity of each behaviour",
        "Average adjusted predictions.",
        rows,
        LEVELS,
    )
    for behaviour, at_times in values.items():
        for time_point, numbers in zip(TIME_POINTS, at_times, strict=True):
            row = f"{behaviour}__{time_point}"
            for column, value in zip(LEVELS, numbers, strict=True):
                table.add(row, column, "probability", value, n=1311)
                table.add(row, column, "ci_low", 0.9 * value, n=1311)
                table.add(row, column, "ci_high", min(1.1 * value, 0.999), n=1311)
    return table


def _ratio_rows(table: Table, statistic: str, rows: dict[str, tuple[float, ...]], n: int) -> Table:
    for row, numbers in rows.items():
        for name, value in zip(
            (statistic, "bse", "p_value", "ci_low", "ci_high"), numbers, strict=True
        ):
            for column in table.column_labels:
                table.add(row, column, name, value, n=n)
    return table


def _odds_ratios() -> Table:
    rows = {
        "time_point[T.midpoint]": (0.091, 0.012, 1e-9, 0.07, 0.118),
        "time_point[T.closure]": (0.039, 0.007, 1e-9, 0.028, 0.055),
        "age": (0.994, 0.005, 0.214, 0.985, 1.003),
        "ccj_involvement[T.yes]": (1.61, 0.24, 0.0014, 1.2, 2.16),
    }
    labels = (
        "Time point: midpoint",
        "Time point: case closure",
        "Age at intake (years)",
        "Criminal or civil justice involved: yes",
    )
    table = _table(
        "behaviour_change.odds_ratios",
        "Odds ratios of more severe behaviour",
        "Below 1 means less severe.",
        dict(zip(rows, labels, strict=True)),
        BEHAVIOURS,
    )
    return _ratio_rows(table, "odds_ratio", rows, 1311)


def _dash_ratios() -> Table:
    rows = {
        "midpoint": (0.907, 0.021, 0.00002, 0.867, 0.949),
        "closure": (0.829, 0.02, 1e-12, 0.791, 0.869),
        "site_2": (0.961, 0.046, 0.405, 0.875, 1.055),
        "site_3": (1.078, 0.053, 0.127, 0.979, 1.187),
    }
    labels = ("Midpoint", "Case closure", "Site 2", "Site 3")
    table = _table(
        "risk_score.rate_ratios",
        "Drive-DASH score: incidence-rate ratios",
        "Reference: intake, Site 1.",
        dict(zip(rows, labels, strict=True)),
        {"estimate": "Rate ratio"},
    )
    return _ratio_rows(table, "rate_ratio", rows, 469)


def _dash_means() -> Table:
    table = _table(
        "risk_score.means",
        "Mean Drive-DASH score by time point",
        "Score 0 to 20.",
        TIME_POINTS,
        {"observed": "Observed", "predicted": "Predicted"},
    )
    for row, mean, n in (("intake", 9.6, 386), ("midpoint", 8.7, 421), ("closure", 7.9, 432)):
        table.add(row, "observed", "mean", mean + 0.1, n=n)
        table.add(row, "observed", "sd", 3.4, n=n)
        table.add(row, "predicted", "mean", mean, n=1239)
        table.add(row, "predicted", "ci_low", mean - 0.3, n=1239)
        table.add(row, "predicted", "ci_high", mean + 0.3, n=1239)
    return table


def _reappearance() -> Table:
    people = {"intervention": (52, 45, 16, 11, 19), "control": (301, 310, 148, 112, 0)}
    allocated = {"intervention": 184, "control": 1139}
    table = _table(
        "marac_follow_up.reappearance",
        "Perpetrators who appeared at MARAC",
        "Site 2.",
        PERIODS,
        ARMS,
    )
    for arm, counts in people.items():
        n = allocated[arm]
        for period, count in zip(PERIODS, counts, strict=True):
            if period == "before" and arm == "control":
                for name in ("people", "share", "appearances", "person_years", "rate"):
                    table.absent(
                        period, arm, name, "no MARAC data were received for this period", n=0
                    )
                continue
            table.add(period, arm, "people", count, n=n)
            table.add(period, arm, "share", count / n, n=n)
            table.add(period, arm, "appearances", count * 1.4 // 1, n=n)
            table.add(period, arm, "person_years", n * 0.5, n=n)
            table.add(period, arm, "rate", count * 1.4 / (n * 0.5), n=n)
    return table


def _marac_ratios() -> Table:
    rows = {
        "before": (1.06, 0.13, 0.63, 0.83, 1.35),
        "during": (0.84, 0.1, 0.14, 0.67, 1.06),
        "after_0_6": (0.66, 0.13, 0.034, 0.45, 0.97),
        "after_6_12": (0.61, 0.16, 0.06, 0.36, 1.02),
    }
    table = _table(
        "marac_follow_up.rate_ratios",
        "Rate of appearing at MARAC",
        "Poisson regression.",
        PERIODS,
        {"estimate": "Rate ratio"},
    )
    _ratio_rows(table, "rate_ratio", rows, 1323)
    for name in ("rate_ratio", "bse", "p_value", "ci_low", "ci_high"):
        table.absent("after_12", "estimate", name, "no appearance in the arm Control", n=1323)
    return table


def _appearances() -> Table:
    table = _table(
        "marac_follow_up.appearances",
        "Appearances at MARAC per perpetrator",
        "All.",
        {**ARMS, "difference": "Intervention against control"},
        {"appearances": "Appearances"},
    )
    for arm, people, mean, sd in (("intervention", 184, 2.74, 1.9), ("control", 1139, 3.26, 2.4)):
        table.add(arm, "appearances", "people", people)
        table.add(arm, "appearances", "mean", mean, n=people)
        table.add(arm, "appearances", "sd", sd, n=people)
    table.add("difference", "appearances", "rate_ratio", 0.84, n=1323)
    table.add("difference", "appearances", "p_value", 0.0004, n=1323)
    return table


def _serial() -> Table:
    table = _table(
        "marac_follow_up.serial",
        "Serial perpetrators at MARAC",
        "Two or more victims.",
        {"all": "All", **ARMS},
        {"serial": "Serial"},
    )
    for row, count, n in (("all", 383, 1323), ("intervention", 41, 184), ("control", 342, 1139)):
        table.add(row, "serial", "count", count, n=n)
        table.add(row, "serial", "share", count / n, n=n)
    return table


def _serial_periods() -> Table:
    table = _table(
        "marac_follow_up.serial_periods",
        "Serial perpetrators who appeared at MARAC",
        "Of the serial perpetrators.",
        PERIODS,
        ARMS,
    )
    people = {"intervention": (17, 20, 7, 3, 4), "control": (101, 122, 55, 60, 66)}
    for arm, n in (("intervention", 41), ("control", 342)):
        for period, count in zip(PERIODS, people[arm], strict=True):
            if arm == "intervention" and period == "after_6_12":
                for name in ("people", "share"):
                    table.absent(period, arm, name, "small number", state=State.SUPPRESSED, n=n)
                continue
            table.add(period, arm, "people", count, n=n)
            table.add(period, arm, "share", count / n, n=n)
    return table
