"""Rules that have a simple form as SQL predicates, and that form.

A rule has a form only where SQL and Great Expectations are certain to agree: known
arguments, a column of the kind that the rule is about. Every other rule has none.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from datrial.checks.sql_values import Limits, family, fit, is_share, limits_of, literal
from datrial.checks.suites import MEAN, ROW_COUNT, Rule

Kind = Literal["rows", "unique", "mean", "count"]
#: Patterns that Python and DuckDB read alike: no classes by backslash, dots or look-arounds.
_PLAIN_PATTERN = re.compile(r"\^?[A-Za-z0-9_@:/ \-\[\]{},+*|]+\$?")


@dataclass(frozen=True)
class Form:
    """A rule as SQL over the columns of its rows.

    Attributes
    ----------
    looked_at
        A condition that holds for rows with something to judge; never null.
    failed
        A condition that holds for rows that fail, never null.
    columns
        For ``unique``: the columns that are to differ; for ``mean`` the column.
    limits
        For ``mean`` and ``count``: what the figure may be.
    """

    kind: Kind
    looked_at: str
    failed: str = "false"
    columns: tuple[str, ...] = ()
    limits: Limits = field(default_factory=Limits)
    mostly: float = 1.0


def simple_form(rule: Rule, types: Mapping[str, str]) -> Form | None:
    """Return a rule's form, or None if it has none.

    Parameters
    ----------
    types
        Column -> DuckDB type.
    """
    maker, arguments = _FORMS.get(rule.type, (None, frozenset()))
    mostly = rule.kwargs.get("mostly", 1.0)
    known = arguments if rule.type in (MEAN, ROW_COUNT) else arguments | {"mostly"}
    if maker is None or not set(rule.kwargs) <= known or not is_share(mostly):
        return None
    if any(column not in types for column in rule.columns):
        return None
    form = maker(rule, types)
    return form and replace(form, mostly=float(mostly))


def _null(rule: Rule, types: Mapping[str, str]) -> Form:
    return Form("rows", "true", f'"{rule.kwargs["column"]}" is not null')


def _not_null(rule: Rule, types: Mapping[str, str]) -> Form:
    return Form("rows", "true", f'"{rule.kwargs["column"]}" is null')


def _in_set(rule: Rule, types: Mapping[str, str]) -> Form | None:
    column, values = rule.kwargs["column"], rule.kwargs.get("value_set")
    if not isinstance(values, list) or not values or not fit(values, family(types[column])):
        return None
    member = f'"{column}" in ({", ".join(map(literal, values))})'
    inside = rule.type == "expect_column_values_to_be_in_set"
    filled = f'"{column}" is not null'
    return Form("rows", filled, f"{filled} and {'not ' if inside else ''}({member})")


def _between(rule: Rule, types: Mapping[str, str]) -> Form | None:
    column = rule.kwargs["column"]
    kind = family(types[column])
    limits = limits_of(rule.kwargs, kind)
    if limits is None or kind not in ("number", "day"):
        return None
    filled = f'"{column}" is not null'
    within = limits.condition(f'"{column}"')
    return Form("rows", filled, f"{filled} and not ({within})")


def _lengths(rule: Rule, types: Mapping[str, str]) -> Form | None:
    column = rule.kwargs["column"]
    kwargs = rule.kwargs
    if rule.type == "expect_column_value_lengths_to_equal":
        kwargs = {"min_value": kwargs.get("value"), "max_value": kwargs.get("value")}
    limits = limits_of(kwargs, "number")
    if limits is None or family(types[column]) != "text":
        return None
    filled = f'"{column}" is not null'
    within = limits.condition(f'length("{column}")')
    return Form("rows", filled, f"{filled} and not ({within})")


def _matches(rule: Rule, types: Mapping[str, str]) -> Form | None:
    column, pattern = rule.kwargs["column"], rule.kwargs.get("regex")
    if family(types[column]) != "text" or not isinstance(pattern, str):
        return None
    if not _PLAIN_PATTERN.fullmatch(pattern):
        return None
    # Python's $ also stands before a line break at the end.
    ours = re.sub(r"\$\Z", r"\\n?\\z", pattern)
    found = f'regexp_matches("{column}", {literal(ours)})'
    filled = f'"{column}" is not null'
    wanted = "not " if rule.type == "expect_column_values_to_match_regex" else ""
    return Form("rows", filled, f"{filled} and {wanted}({found})")


def _pair(rule: Rule, types: Mapping[str, str]) -> Form | None:
    a, b = rule.kwargs.get("column_A"), rule.kwargs.get("column_B")
    if a is None or b is None or family(types[a]) != family(types[b]):
        return None
    equal = rule.type == "expect_column_pair_values_to_be_equal"
    or_equal = rule.kwargs.get("or_equal", False)
    if not isinstance(or_equal, bool) or not (equal or family(types[a]) in ("number", "day")):
        return None
    sign = "=" if equal else ">=" if or_equal else ">"
    looked_at = _pair_rows(f'"{a}"', f'"{b}"', rule.kwargs.get("ignore_row_if"))
    return looked_at and Form(
        "rows", looked_at, f'{looked_at} and not coalesce("{a}" {sign} "{b}", false)'
    )


def _pair_rows(a: str, b: str, ignored: Any) -> Any:
    return {
        None: f"({a} is not null or {b} is not null)",
        "both_values_are_missing": f"({a} is not null or {b} is not null)",
        "either_value_is_missing": f"({a} is not null and {b} is not null)",
        "neither": "true",
    }.get(ignored)


def _unique(rule: Rule, types: Mapping[str, str]) -> Form:
    column = rule.kwargs["column"]
    return Form("unique", f'"{column}" is not null', columns=(column,))


def _compound(rule: Rule, types: Mapping[str, str]) -> Form | None:
    columns = rule.columns
    filled = [f'"{column}" is not null' for column in columns]
    looked_at = {
        None: f"({' or '.join(filled)})",
        "all_values_are_missing": f"({' or '.join(filled)})",
        "any_value_is_missing": f"({' and '.join(filled)})",
        "never": "true",
    }.get(rule.kwargs.get("ignore_row_if"))
    if len(columns) < 2 or looked_at is None:
        return None
    return Form("unique", looked_at, columns=columns)


def _mean(rule: Rule, types: Mapping[str, str]) -> Form | None:
    column = rule.kwargs["column"]
    limits = limits_of(rule.kwargs, "number")
    if limits is None or family(types[column]) != "number":
        return None
    return Form("mean", f'"{column}" is not null', columns=(column,), limits=limits)


def _count(rule: Rule, types: Mapping[str, str]) -> Form | None:
    limits = limits_of(rule.kwargs, "number")
    return None if limits is None else Form("count", "true", limits=limits)


_LIMITS = frozenset({"min_value", "max_value", "strict_min", "strict_max"})
_PAIR = frozenset({"column_A", "column_B", "ignore_row_if"})
_FORMS: dict[str, tuple[Callable[..., Form | None], frozenset[str]]] = {
    "expect_column_values_to_be_null": (_null, frozenset({"column"})),
    "expect_column_values_to_not_be_null": (_not_null, frozenset({"column"})),
    "expect_column_values_to_be_in_set": (_in_set, frozenset({"column", "value_set"})),
    "expect_column_values_to_not_be_in_set": (_in_set, frozenset({"column", "value_set"})),
    "expect_column_values_to_be_between": (_between, _LIMITS | {"column"}),
    "expect_column_value_lengths_to_be_between": (
        _lengths, frozenset({"column", "min_value", "max_value"})
    ),
    "expect_column_value_lengths_to_equal": (_lengths, frozenset({"column", "value"})),
    "expect_column_values_to_match_regex": (_matches, frozenset({"column", "regex"})),
    "expect_column_values_to_not_match_regex": (_matches, frozenset({"column", "regex"})),
    "expect_column_pair_values_a_to_be_greater_than_b": (_pair, _PAIR | {"or_equal"}),
    "expect_column_pair_values_to_be_equal": (_pair, _PAIR),
    "expect_column_values_to_be_unique": (_unique, frozenset({"column"})),
    "expect_compound_columns_to_be_unique": (
        _compound, frozenset({"column_list", "ignore_row_if"})
    ),
    MEAN: (_mean, _LIMITS | {"column"}),
    ROW_COUNT: (_count, frozenset({"min_value", "max_value"})),
}  # fmt: skip
