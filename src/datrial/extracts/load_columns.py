"""SQL for the columns of ``raw`` and ``mapped``, from a batch that the desk has decoded."""

from __future__ import annotations

from datrial.config.mapping import SourceMapping, TableMapping
from datrial.config.tables import Column, staging_tables
from datrial.errors import UsageError
from datrial.extracts.decoding import literal
from datrial.extracts.load_desk import site_contract

#: The type of each kind of column in the warehouse.
SQL_TYPES = {
    "reference": "varchar using compression uncompressed",  # keyed hashes: trying takes long
    "date": "date",
    "integer": "bigint",
    "code": "varchar",
    "text": "varchar",
}
#: The problem of a row in which two references that never are one person are one.
SAME_PERSON = "same_person: {} is {}"


def raw_columns(extract: str, mapping: SourceMapping, table: TableMapping) -> str:
    """Return SQL for the columns of ``raw``; a reference's text is its pseudonym."""
    texts = [extract, "row_number", "row_kind"]
    texts.append("site_text" if table.site_column else literal(mapping.site or ""))
    for name, column in staging_tables()[table.table].columns.items():
        text = name if column.of else f"{name}_text"
        texts.append(f'"{text}"' if name in table.columns else "null")
    return ", ".join(texts)


def mapped_columns(extract: str, mapping: SourceMapping, table: TableMapping) -> str:
    """Return SQL for the columns of ``mapped``, with the problems of each row.

    A problem is ``<column>: <kind>``; rows that are not data have none. A required
    column without a value always has one (``empty``).
    """
    contract = staging_tables()[table.table].columns
    values, problems = [extract, "row_number", "row_kind"], []
    for name, column in {"site": site_contract(table), **contract}.items():
        value, problem = _value(name, column, mapping, table)
        values.append(value)
        if column.required:
            empty = f"case when {value} is null then '{name}: empty' end"
            problem = f"coalesce({problem}, {empty})" if problem else empty
        if problem:
            problems.append(problem)
        if column.differs_from in table.columns and name in table.columns:
            text = literal(SAME_PERSON.format(name, column.differs_from))
            problems.append(f'case when "{name}_same" then {text} end')
    every = ", ".join(problems)
    found = f"list_filter([{every}], lambda problem: problem is not null)"
    return (
        f"{', '.join(values)}, "
        f"case when row_kind <> 'data' or coalesce({every}) is null then [] else {found} end"
    )


def _value(
    name: str, column: Column, mapping: SourceMapping, table: TableMapping
) -> tuple[str, str]:
    """Return SQL for a column's value, and for its problem if it can have one."""
    if name in table.constants:
        return _constant(name, column, mapping, table), ""
    if name == "site" and not table.site_column:
        return literal(mapping.site or ""), ""
    if name != "site" and name not in table.columns:
        return "null", ""
    return f'"{name}"', f"'{name}: ' || \"{name}_problem\""


def _constant(name: str, column: Column, mapping: SourceMapping, table: TableMapping) -> str:
    """Return SQL for a column that has one code in all of a file's rows.

    Raises
    ------
    UsageError
        If it is not a code of ours.
    """
    code = table.constants[name]
    if code not in column.codes_in((code,)):
        raise UsageError(
            f"configs/sources/{mapping.key}.yaml: constant {name!r} is {code!r}, not a code of "
            f"{table.table}.{name}. Use one of: {', '.join(column.codes) or 'none, map a column'}."
        )
    return literal(code)
