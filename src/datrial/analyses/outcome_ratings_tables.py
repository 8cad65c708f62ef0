"""Tables of rated outcomes: cases, improved, the index, its distribution, and single items."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from datrial.analyses.cohorts import Cohorts, few
from datrial.analyses.outcome_ratings_cases import ALL_ITEMS, SLIGHT, Rated, Truths
from datrial.analyses.outcome_stars_means import add_means, add_people
from datrial.results.cells import Table

if TYPE_CHECKING:
    from datrial.analyses.outcome_ratings_cases import FloatArray

CATALOGUE = ("R-N1",)


@dataclass(frozen=True)
class Ratings:
    """All instruments of a study with its arms.

    Attributes
    ----------
    improved_at
        The least average of a case that counts as improved.
    reason
        Why nothing is known, where no ratings were received; else empty.
    """

    cohorts: Cohorts
    listed: Sequence[Rated]
    improved_at: float
    reason: str

    def table(self, name: str, title: str, note: str, *, difference: bool = True) -> Table:
        """Return an empty table of this analysis with its columns."""
        table = Table(f"outcome_ratings.{name}", title, note, CATALOGUE)
        if difference:
            table.note += self.cohorts.note
        self.cohorts.name_columns(table, difference=difference)
        return table

    def domains(self) -> Iterator[tuple[Rated, str, str, str]]:
        """Yield (instrument, domain, the begin of its row's key, the begin of its label)."""
        for rated in self.listed:
            for domain, label in rated.domains.items():
                yield rated, domain, f"{rated.key}__{domain}", f"{rated.about.label}: {label}"

    def add(
        self, table: Table, row: tuple[str, str], rated: Rated, has: Truths, of: Truths
    ) -> None:
        """Name a row and add which cases have something, of which cases, by arm."""
        table.row(*row)
        told = {
            arm: (int((has & of & rated.of(arm)).sum()), int((of & rated.of(arm)).sum()))
            for arm in self.cohorts.labels
        }
        self.cohorts.add_shares(table, row[0], told, reason=self.reason)


def cases(ratings: Ratings) -> Table:
    """Return how many clients have a form, and how many a rating on it."""
    table = ratings.table(
        "cases",
        "Cases with rated outcomes",
        "Of all clients. A form: any answer; a rating: an answer other than don't know and not "
        "applicable. Only cases with a rating have an outcome: how the others would have been "
        "rated is not known.",
    )
    for rated in ratings.listed:
        key, label = rated.key, rated.about.label
        given = rated.is_rated(ALL_ITEMS)
        for name, words, has in (("form", "with a form", given | True),
                                 ("of_clients", "with a rating", given)):  # fmt: skip
            table.row(f"{key}__{name}", f"{label}: {words}, of clients")
            told = {arm: (int((has & rated.of(arm)).sum()), rated.clients.get(arm, 0))
                    for arm in ratings.cohorts.labels}  # fmt: skip
            ratings.cohorts.add_shares(table, f"{key}__{name}", told, reason=ratings.reason)
        if rated.not_referred:
            table.note += (
                f" {label}: {rated.not_referred} people with a form were never referred and are "
                "left out."
            )
    return table


def improved(ratings: Ratings) -> Table:
    """Return the shares of cases improved, by each reading of what that means."""
    at = f"{ratings.improved_at:g}"
    table = ratings.table(
        "improved",
        "Cases that improved, by area of outcome",
        f"On average: the mean of the case's ratings in the area is {at} or above (2 significant "
        "improvement, 1 slight improvement, 0 no change, -1 and -2 deterioration; don't know and "
        "not applicable left out). Any item: one of them at least slightly better, which is what "
        "'in one or more of the outcome areas' says in words. With don't knows: those of whom only "
        "don't know was said count as not improved. Interval: Wilson's. n is of the area: a case "
        "without a rating in it is not counted, so that areas of one instrument can differ in n.",
    )
    for rated in ratings.listed:
        in_any = rated.is_rated(ALL_ITEMS) & False
        for domain, label in rated.domains.items():
            average = rated.averages(domain)
            known, better = rated.is_rated(domain), average >= ratings.improved_at
            asked = known | rated.has_dont_know(domain)
            if domain in rated.about.domains:
                in_any |= better
            for name, words, has, of in (
                ("average", "on average", better, known),
                ("any_item", "any item", rated.any_improved(domain), known),
                ("with_dont_know", "on average, with don't knows", better, asked),
            ):
                row = (f"{rated.key}__{domain}__{name}", f"{rated.about.label}: {label}, {words}")
                ratings.add(table, row, rated, has, of)
        if rated.about.domains:
            row = (f"{rated.key}__any_domain", f"{rated.about.label}: one area or more, on average")
            ratings.add(table, row, rated, in_any, rated.is_rated(ALL_ITEMS))
    return table


def index(ratings: Ratings) -> Table:
    """Return the mean of the cases' averages."""
    table = ratings.table(
        "index",
        "Mean index of the outcomes",
        "The mean over cases of the case's own average, from -2 to 2. Interval: Student's t. It "
        "takes the step from no change to slight for as long as that from slight to significant.",
    )
    for rated, domain, row, label in ratings.domains():
        table.row(row, label)
        values = _known(ratings, rated, domain)
        add_people(table, row, values, ratings.reason)
        add_means(ratings.cohorts, table, row, values, "index", ratings.reason)
    return table


def mixture(ratings: Ratings) -> Table:
    """Return the shares of slight and significant improvement that alone would give the index."""
    table = ratings.table(
        "mixture",
        "Slight and significant improvement that alone would give the index",
        "If every case were either slightly or significantly better, an index of 1.26 would be 74% "
        "slightly and 26% significantly. These are no counts of cases: see the distribution for "
        "those. Only for an index of 1 to 2.",
        difference=False,
    )
    for rated, domain, row, label in ratings.domains():
        values = _known(ratings, rated, domain)
        for name, words in (("slight", "slight"), ("significant", "significant")):
            table.row(f"{row}__{name}", f"{label}, {words}")
            add_people(table, f"{row}__{name}", values, ratings.reason)
            for arm in ratings.cohorts.labels:
                own = values[arm]
                mean = float(own.mean()) if len(own) and not ratings.reason else None
                if mean is None or not SLIGHT <= mean <= 2:
                    why = "nobody has a rating" if mean is None else "the index is not 1 to 2"
                    table.absent(f"{row}__{name}", arm, "proportion", ratings.reason or why)
                    continue
                share = mean - 1 if name == "significant" else 2 - mean
                table.add(f"{row}__{name}", arm, "proportion", share, n=len(own),
                          warning=few(len(own)))  # fmt: skip
    return table


def distribution(ratings: Ratings) -> Table:
    """Return how the cases' averages are spread."""
    table = ratings.table(
        "distribution",
        "Averages of the cases, by band",
        "Of cases with a rating in the area. Significant: an average of 2; slight: of 1 to below "
        "2; worse: below 0. An area of one item has no averages: see the items.",
    )
    for rated, domain, row, label in ratings.domains():
        if rated.number_of_items(domain) == 1:
            continue
        average = rated.averages(domain)
        for name, words, has in (
            ("worse", "worse", average < 0),
            ("none", "no change, or less than slight", (average >= 0) & (average < SLIGHT)),
            ("slight", "slight", (average >= SLIGHT) & (average < 2)),
            ("significant", "significant", average >= 2),
        ):
            at = (f"{row}__{name}", f"{label}, {words}")
            ratings.add(table, at, rated, has, rated.is_rated(domain))
    return table


def items(ratings: Ratings) -> Table:
    """Return, item by item, who is at least slightly better and of whom it is not known."""
    table = ratings.table(
        "items",
        "Single items: better, and not known",
        "Better: at least slightly, of the cases with a rating of the item; of several ratings of "
        "a case the best. Don't know: of the cases with a rating or don't know.",
    )
    for rated in ratings.listed:
        for place, (item, label) in enumerate(rated.about.items.items()):
            given = rated.given[:, place] > 0
            unknown = rated.dont_know[:, place] & ~given
            row, words = f"{rated.key}__{item}", f"{rated.about.label}: {label}"
            better = rated.most[:, place] >= SLIGHT
            ratings.add(table, (f"{row}__improved", f"{words}, better"), rated, better, given)
            at = (f"{row}__dont_know", f"{words}, don't know")
            ratings.add(table, at, rated, unknown, given | unknown)
    return table


def _known(ratings: Ratings, rated: Rated, domain: str) -> dict[str, FloatArray]:
    """Return the averages of an arm's cases that have one."""
    average, known = rated.averages(domain), rated.is_rated(domain)
    return {arm: average[known & rated.of(arm)] for arm in ratings.cohorts.labels}
