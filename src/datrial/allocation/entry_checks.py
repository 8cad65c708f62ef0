"""What is looked at before anything enters the ledger: nothing can be taken out again."""

from __future__ import annotations

from collections.abc import Sequence

from datrial.allocation.entries import PSEUDONYM, Allocation, Event, Kind
from datrial.errors import DataError, UsageError

#: A reason is a sentence for an auditor, not a file.
LONGEST_REASON = 500


def check_allocations(allocations: Sequence[Allocation]) -> None:
    """Refuse allocations of someone who is named by a reference, or of nobody's making.

    Raises
    ------
    DataError, UsageError
        With the number of those at fault.
    """
    bare = sum(PSEUDONYM.fullmatch(each.person_id) is None for each in allocations)
    if bare:
        raise DataError(
            f"{bare} of {len(allocations)} allocations have a person_id that is not a pseudonym; "
            "nothing was recorded. What enters the ledger can never be taken out: pseudonymise "
            "the references first."
        )
    for operator in {each.operator for each in allocations}:
        check_operator(operator)


def check_event(event: Event) -> None:
    """Refuse an entry that names a person by a reference, or of nobody's making.

    ``persons`` in the body, if there is such a list, holds people too.

    Raises
    ------
    DataError, UsageError
        With the number of those at fault.
    ValueError
        If it is an allocation.
    """
    if event.kind == Kind.ALLOCATION:
        raise ValueError("allocations enter by Ledger.append")
    check_operator(event.operator)
    people = [*event.body.get("persons", ()), *([event.person_id] if event.person_id else ())]
    bare = sum(PSEUDONYM.fullmatch(str(person)) is None for person in people)
    if bare:
        raise DataError(
            f"{bare} of {len(people)} people in the entry have no pseudonym; nothing was recorded. "
            "What enters the ledger can never be taken out: pseudonymise the references first."
        )


def check_operator(operator: str) -> None:
    """Refuse an entry of nobody's making.

    Raises
    ------
    UsageError
        If the operator is empty.
    """
    if not operator.strip():
        raise UsageError("An allocation needs an operator: say who records it.")


def checked_reason(reason: str) -> str:
    """Return a reason without the white space around it.

    Raises
    ------
    UsageError
        If it is empty or too long.
    """
    reason = reason.strip()
    if not reason:
        raise UsageError("Say why: the ledger records the reason (in words that name nobody).")
    if len(reason) > LONGEST_REASON:
        raise UsageError(
            f"The reason has {len(reason)} characters; {LONGEST_REASON} at most fit in the ledger."
        )
    return reason
