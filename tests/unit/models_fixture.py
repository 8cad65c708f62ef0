"""Small result tables of the models of behaviour and of victims-survivors, made by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from datrial.results.cells import PublishedValue, Table
from datrial.results.read import RunTable

BEHAVIOURS = {
    "physical": "Physical abuse",
    "sexual": "Sexual abuse",
    "harassment_stalking": "Harassment and stalking",
    "jealous_controlling": "Jealous and controlling behaviour",
}
TIMES = {"intake": "Intake", "midpoint": "Midpoint", "closure": "Case closure"}
LEVELS = {"none": "None", "standard": "Standard", "moderate": "Moderate", "high": "High"}
ARMS = {"intervention": "Drive", "control": "Control"}
EXPOSURES = {
    "contact": "Making and sustaining contact",
    "direct_support": "Direct support",
    "behaviour_change": "Behaviour-change work",
}
MODELS = {"binary": "Binary logit", "ordered": "Ordered logit", "imputed": "Imputed",
          "weighted": "Weighted"}  # fmt: skip
SHARES = {
    "intake": (0.384, 0.072, 0.107, 0.437),
    "midpoint": (0.866, 0.033, 0.034, 0.067),
    "closure": (0.937, 0.017, 0.018, 0.028),
}
Key = tuple[str, str]
Changes = Mapping[Key, float | None]


def entry(table: Table, published: Mapping[tuple[str, str, str], float] | None = None) -> RunTable:
    """Return a stored table with these published numbers beside it."""
    beside = {key: PublishedValue(value, "Text") for key, value in (published or {}).items()}
    return RunTable(table.id.partition(".")[0], table, beside)


def filled(
    table_id: str,
    rows: Mapping[str, str],
    columns: Mapping[str, str],
    numbers: Sequence[tuple[str, float]],
    changes: Changes | None = None,
    n: int = 1311,
) -> Table:
    """Return a table whose every cell has these statistics.

    Parameters
    ----------
    changes
        (row, column) -> the first statistic instead; the interval keeps its proportions,
        and all are absent where it is None.
    """
    table = Table(table_id, "Title", "Note.", (), dict(rows), dict(columns))
    for row in rows:
        for column in columns:
            usual = numbers[0][1]
            value = (changes or {}).get((row, column), usual)
            for statistic, number in numbers:
                if value is None:
                    table.absent(row, column, statistic, "not fitted")
                    continue
                moved = number if statistic.startswith("p_") else number * value / usual
                table.add(row, column, statistic, moved, n=n)
    return table


def probabilities(table_id: str, rows: Mapping[str, str], columns: Mapping[str, str],
                  changes: Changes | None = None) -> Table:  # fmt: skip
    """Return probabilities with intervals: 10%, 7% to 14%."""
    numbers = [("probability", 0.1), ("ci_low", 0.07), ("ci_high", 0.14)]
    return filled(table_id, rows, columns, numbers, changes)


def odds(table_id: str, rows: Mapping[str, str], columns: Mapping[str, str],
         changes: Changes | None = None) -> Table:  # fmt: skip
    """Return odds ratios of 0.8 (0.5 to 1.3)."""
    numbers = [("odds_ratio", 0.8), ("ci_low", 0.5), ("ci_high", 1.3), ("p_value", 0.3),
               ("p_value_adjusted", 0.6)]  # fmt: skip
    return filled(table_id, rows, columns, numbers, changes)


def predictions(changes: Changes | None = None) -> Table:
    """Return behaviour_change.predictions: the same of every behaviour but what is changed."""
    rows = {f"{b}__{t}": f"{label}: {when.lower()}" for b, label in BEHAVIOURS.items()
            for t, when in TIMES.items()}  # fmt: skip
    usual = {
        (f"{b}__{time}", level): share
        for b in BEHAVIOURS
        for time, shares in SHARES.items()
        for level, share in zip(LEVELS, shares, strict=True)
    }
    return probabilities("behaviour_change.predictions", rows, LEVELS, {**usual, **(changes or {})})


def factor_tests(p_values: Mapping[Key, float | None]) -> Table:
    """Return behaviour_change.factor_tests: p-values of 0.4 but where another is given."""
    rows = {"time_point": "Time point", "relationship": "Relationship",
            "ccj_involvement": "Criminal or civil justice involved"}  # fmt: skip
    table = Table("behaviour_change.factor_tests", "T", "N", (), rows, dict(BEHAVIOURS))
    for row in rows:
        for behaviour in BEHAVIOURS:
            p_value = p_values.get((row, behaviour), 0.4)
            for name in ("p_value", "p_value_adjusted"):
                table.add(row, behaviour, name, p_value, n=1311, reason="not fitted")
    return table


def factor_predictions(changes: Changes | None = None) -> Table:
    """Return behaviour_change.factor_predictions of two factors."""
    values = {
        "relationship": ("Relationship", {"current_partner": "current intimate partner",
                                          "ex_partner": "ex-intimate partner",
                                          "family_member": "family member"}),
        "ccj_involvement": ("Criminal or civil justice involved", {"no": "no", "yes": "yes"}),
    }  # fmt: skip
    rows = {
        f"{b}__{factor}__{value}": f"{label}, {name.lower()}: {words}"
        for b, label in BEHAVIOURS.items()
        for factor, (name, answers) in values.items()
        for value, words in answers.items()
    }
    return probabilities("behaviour_change.factor_predictions", rows, LEVELS, changes)


TERMS = {
    "time_point[T.midpoint]": "Time point: midpoint",
    "time_point[T.closure]": "Time point: case closure",
    "age": "Age at intake (years)",
    "relationship[T.family_member]": "Relationship: family member",
}


def work_probabilities(changes: Changes | None = None) -> Table:
    """Return direct_work.probabilities."""
    rows = {
        f"{e}__{b}__{had}__{model}": f"{work}: {label.lower()}, {had}, {model}"
        for e, work in EXPOSURES.items()
        for b, label in BEHAVIOURS.items()
        for had in ("yes", "no")
        for model in ("unadjusted", "adjusted")
    }
    return probabilities("direct_work.probabilities", rows, LEVELS, changes)


def work_odds(table: str, columns: Mapping[str, str], changes: Changes | None = None) -> Table:
    """Return direct_work.odds_ratios or direct_work.change."""
    rows = {f"{e}__{b}": f"{work}: {label.lower()}" for e, work in EXPOSURES.items()
            for b, label in BEHAVIOURS.items()}  # fmt: skip
    return odds(f"direct_work.{table}", rows, columns, changes)


def arm_cells(changes: Changes | None = None) -> Table:
    """Return victim_differences.cells."""
    rows = {f"{b}__{t}": f"{label}: {t}" for b, label in BEHAVIOURS.items()
            for t in ("intake", "exit")}  # fmt: skip
    usual: dict[Key, float | None] = {
        (row, arm): (0.7 if row.endswith("intake") else 0.15) + 0.05 * number
        for row in rows
        for number, arm in enumerate(ARMS)
    }
    return probabilities("victim_differences.cells", rows, ARMS, {**usual, **(changes or {})})


def effects(changes: Changes | None = None) -> Table:
    """Return victim_differences.effects."""
    return odds("victim_differences.effects", BEHAVIOURS, MODELS, changes)


def balance(changes: Changes | None = None) -> Table:
    """Return victim_differences.balance."""
    rows = {"age": "Age", "site": "Site 2", "children": "Children present"}
    return filled("victim_differences.balance", rows, {"before": "Before", "after": "After"},
                  [("smd", 0.12)], changes)  # fmt: skip
