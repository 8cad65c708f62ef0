"""Make people of linked references: links by falling weight, as far as they agree.

A link is not made (a conflict, counted with its reason) where it would join

- two references of one space, unless ``within_space``: an agency's two references
  are two people;
- two references that clerical review found to be different people.

The stronger link is made, the weaker one is the conflict. A person of more
references than ``largest_cluster`` is never made in silence: such a cluster falls
apart at its weakest links, until its parts are small enough; equally weak links
are all left out together, so that a name like "Unknown" joins nobody. What a
person decided to be the same stays together.

Two allocated perpetrators can be one person. His id is then the reference of his
first allocation, which stands (``datrial.allocation.merging``).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from datrial.people.linkage import Links

SAME_SPACE = "two references of one space"
DECIDED = "decided to be different people"
TOO_LARGE = "the cluster would be too large"
REASONS = (SAME_SPACE, DECIDED, TOO_LARGE)
_Link = tuple[float, str, str]


@dataclass(frozen=True)
class People:
    """Which references are one person.

    Attributes
    ----------
    identity
        ``reference_id, of, person_id`` of every reference that shares its person
        with another, by of and reference.
    links
        ``of, left_id, right_id, reason`` of every pair at or above the cut (or
        decided to be the same); the reason is empty where the link was made.
    weight
        The cut.
    """

    identity: pd.DataFrame
    links: pd.DataFrame
    weight: float


def identities(links: Links, weight: float, *, preferred: Sequence[str] = ()) -> People:
    """Return the people that the links of this weight or more make.

    A person's id is that of the first member that is ``preferred``, else of one in
    the space that all agencies share, else of any; of several the smallest. So it
    stays the same when references are added, unless a better member comes in: one
    allocated, or allocated earlier, one of the shared space, or a smaller one.

    Parameters
    ----------
    preferred
        The allocated perpetrators, the first allocated first.
    """
    place = {reference: number for number, reference in enumerate(dict.fromkeys(preferred))}
    identity: list[tuple[str, str, str]] = []
    outcome: list[tuple[str, str, str, str]] = []
    for of in sorted(set(links.references["of"])):
        of_kind = links.references[links.references["of"] == of]
        spaces = dict(zip(of_kind["reference_id"], of_kind["space"], strict=True))
        pairs = links.pairs[links.pairs["of"] == of]
        separate = pairs.loc[pairs["decision"] == "different", ["left_id", "right_id"]]
        clusters = _Clusters(
            spaces,
            set(separate.itertuples(index=False, name=None)),
            links.settings.within_space,
        )
        wanted = _wanted(pairs, weight)
        made = []
        for link in wanted:
            reason = clusters.join(link)
            if reason:
                outcome.append((of, link[1], link[2], reason))
            else:
                made.append(link)
        members, left_out = _cut_to_size(made, links.settings.largest_cluster)
        outcome += [(of, *link[1:], TOO_LARGE if link in left_out else "") for link in made]
        for cluster in members:
            person = min(cluster, key=lambda r: (place.get(r, len(place)), spaces[r] != "", r))
            identity += [(reference, of, person) for reference in cluster]
    return People(
        _frame(identity, ("reference_id", "of", "person_id"), ["of", "reference_id"]),
        _frame(outcome, ("of", "left_id", "right_id", "reason"), ["of", "left_id", "right_id"]),
        weight,
    )


class _Clusters:
    """Union-find that refuses to join what must not be one person."""

    def __init__(
        self,
        spaces: dict[str, str],
        separate: set[tuple[str, ...]],
        within_space: bool,
    ) -> None:
        self._parent: dict[str, str] = {}
        self._members: dict[str, list[str]] = {}
        self._spaces = spaces
        self._within_space = within_space
        self._apart: dict[str, set[str]] = {}
        for left, right in separate:
            self._apart.setdefault(left, set()).add(right)
            self._apart.setdefault(right, set()).add(left)

    def join(self, link: _Link) -> str:
        """Join two references; return why not, or nothing."""
        weight, left, right = link
        one, other = find(self._parent, left), find(self._parent, right)
        if one == other:
            return ""
        first, second = self._members.get(one, [one]), self._members.get(other, [other])
        if self._apart and self._found_apart(first, second):
            return DECIDED
        if not self._within_space and not math.isinf(weight):
            spaces = {self._spaces[reference] for reference in first}
            if any(self._spaces[reference] in spaces for reference in second):
                return SAME_SPACE
        if len(first) < len(second):
            one, other, first, second = other, one, second, first
        self._parent[other] = one
        self._members[one] = first
        first.extend(second)
        self._members.pop(other, None)
        return ""

    def _found_apart(self, first: list[str], second: list[str]) -> bool:
        return any(not self._apart.get(member, set()).isdisjoint(second) for member in first)


def find(parent: dict[str, str], member: str) -> str:
    """Return the root of a member of a union-find forest, shortening the way to it."""
    root = member
    while root in parent:
        root = parent[root]
    while member != root:
        parent[member], member = root, parent[member]
    return root


def _wanted(pairs: pd.DataFrame, weight: float) -> list[_Link]:
    """Return the links to make, the strongest first; a decision is stronger than all."""
    same = pairs["decision"] == "same"
    chosen = pairs[same | ((pairs["match_weight"] >= weight) & (pairs["decision"] != "different"))]
    weights = chosen["match_weight"].where(~same[chosen.index], math.inf)
    links = zip(weights.astype(float), chosen["left_id"], chosen["right_id"], strict=True)
    return sorted(links, key=lambda link: (-link[0], link[1], link[2]))


def _cut_to_size(made: list[_Link], largest: int) -> tuple[list[list[str]], set[_Link]]:
    """Return the clusters, none of them too large, and the links left out for that.

    The links come by falling weight. Those of one weight are taken together: if
    they join more than ``largest`` references, none of them is made, and no weaker
    link joins these references either.
    """
    parent: dict[str, str] = {}
    size: dict[str, int] = {}
    closed: set[str] = set()
    left_out: set[_Link] = set()
    for weight, group in groupby(made, key=lambda link: link[0]):
        links = list(group)
        joined: dict[str, str] = {}  # the clusters that this weight's links join
        roots = [(find(parent, left), find(parent, right)) for _, left, right in links]
        for one, other in roots:
            one, other = find(joined, one), find(joined, other)
            if one != other:
                joined[other] = one
        together: dict[str, set[str]] = {}
        for pair in roots:
            for root in pair:
                together.setdefault(find(joined, root), set()).add(root)
        for parts in together.values():
            total = sum(size.get(part, 1) for part in parts)
            if len(parts) == 1:
                continue
            if not math.isinf(weight) and (total > largest or parts & closed):
                closed |= parts
                left_out.update(
                    link for link, (one, other) in zip(links, roots, strict=True)
                    if one in parts and one != other
                )  # fmt: skip
                continue
            whole = min(parts)
            size[whole] = total
            for part in parts - {whole}:
                parent[part] = whole
            if parts & closed:
                closed.add(whole)
    members: dict[str, list[str]] = {}
    for reference in sorted({r for _, left, right in made for r in (left, right)}):
        members.setdefault(find(parent, reference), []).append(reference)
    return [cluster for _, cluster in sorted(members.items()) if len(cluster) > 1], left_out


def _frame(
    rows: Sequence[tuple[str, ...]], columns: tuple[str, ...], order: list[str]
) -> pd.DataFrame:
    import pandas as pd

    made = pd.DataFrame(rows, columns=list(columns), dtype=object)
    return made.sort_values(order, ignore_index=True)
