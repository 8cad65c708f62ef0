"""Statistical disclosure control: hides and rounds what could tell of single people."""

from datrial.results.disclosure.earlier import guard_against
from datrial.results.disclosure.guard import Guard, gives_away
from datrial.results.disclosure.protecting import Protected, hidden_note, protect
from datrial.results.disclosure.quantities import CellKey
from datrial.results.disclosure.relations import Relation
from datrial.results.disclosure.sums import numbers_and_sums

__all__ = [
    "CellKey",
    "Guard",
    "Protected",
    "Relation",
    "gives_away",
    "guard_against",
    "hidden_note",
    "numbers_and_sums",
    "protect",
]
