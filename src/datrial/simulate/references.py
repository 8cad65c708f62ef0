"""References that agencies do not share, and which person each belongs to."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from datrial.simulate.agencies import Agency
from datrial.simulate.people import draw_references
from datrial.simulate.randomness import Array, generator


class References:
    """The references of every agency, and the true one behind each.

    Parameters
    ----------
    index_days
        True reference of each perpetrator -> his index day, or NaT.
    first_of
        Of perpetrators who are in truth somebody else: whose reference is the true one.
    """

    def __init__(
        self,
        seed: int,
        index_days: dict[str, np.datetime64],
        first_of: Mapping[str, str] | None = None,
    ) -> None:
        self.first_of = dict(first_of or {})
        self._seed = seed
        self._index_days = index_days
        self._own: dict[tuple[str, str], dict[str, tuple[str, ...]]] = {}
        self._true: dict[tuple[str, str, str], str] = {}

    def links(self) -> list[tuple[str, str, str, str]]:
        """Return kind of person, space, reference, true reference of all that was written."""
        return sorted((*key, true) for key, true in self._true.items())

    def written(self, agency: Agency, of: str, true: Array, days: Array) -> Array:
        """Return the references that stand in an agency's rows about these people.

        Parameters
        ----------
        true, days
            True reference and day of each row.
        """
        rng = generator(self._seed, "references", agency.layout.file, agency.layout.table, of)
        if agency.space is not None:
            result = self._of_its_own(rng, agency, agency.space, of, true)
        elif of == "perpetrator" and agency.new_reference:
            result = self._renewed(rng, agency, true, days)
        else:
            result = true
        for own, person in zip(result, true, strict=True):
            self._true[of, agency.space or "", own] = self.first_of.get(person, person)
        return result

    def _of_its_own(
        self, rng: np.random.Generator, agency: Agency, space: str, of: str, true: Array
    ) -> Array:
        """Return one of the agency's one or two references to each person.

        Sheets of one agency have the same references; the first names everybody.
        """
        if (space, of) not in self._own:
            people = np.unique(true.astype(str))
            first, second = (
                draw_references(rng, agency.prefixes[of], 2 * len(people)).reshape(2, -1).tolist()
            )
            two = rng.random(len(people)) < agency.second_reference
            self._own[space, of] = {
                str(person): (one, other) if has_two else (one,)
                for person, one, other, has_two in zip(people, first, second, two, strict=True)
            }
        own = self._own[space, of]
        which = rng.random(len(true))
        return np.array(
            [own[who][int(at * len(own[who]))] for who, at in zip(true, which, strict=True)],
            dtype=object,
        )

    def _renewed(self, rng: np.random.Generator, agency: Agency, true: Array, days: Array) -> Array:
        """Return references of which some change at a hearing after the index hearing.

        For those never allocated: after the first hearing. The allocation list
        and case management know a person by the reference of the index hearing.
        """
        result = true.copy()
        people = np.unique(true.astype(str))
        drawn = draw_references(rng, agency.prefixes["perpetrator"], 2 * len(people))
        unused = iter(drawn[~np.isin(drawn, list(self._index_days))])
        order = np.argsort(true.astype(str), kind="stable")
        for rows in np.split(order, np.searchsorted(true[order].astype(str), people[1:])):
            index = self._index_days[true[rows[0]]]
            start = days[rows].min() if np.isnat(index) else index
            later = np.unique(days[rows][days[rows] > start])
            renewed, at = rng.random() < agency.new_reference, rng.random()
            if len(later) and renewed:
                from_day = later[int(at * len(later))]
                result[rows[days[rows] >= from_day]] = next(unused)
        return result
