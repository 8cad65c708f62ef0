"""People who were allocated under several references, as counts."""

from __future__ import annotations

from collections.abc import Sequence

from datrial.analyses.base import Context
from datrial.results.cells import Table


def allocated_twice_table(context: Context, kinds: Sequence[str]) -> Table:
    """Return how many people were allocated under several references, by site."""
    table = Table(
        "linkage.allocated_twice",
        "People allocated under several references",
        "Perpetrators whom the linkage found to be one person after they were allocated one by "
        "one, by the site of the first allocation, which stands: they are analysed in its arm. "
        "The ledger keeps every allocation. Which they are: datrial allocation conflicts.",
    )
    for key, label in (
        ("people", "People"), ("same_arm", "In the same arm"), ("different_arms", "In two arms"),
        ("joined", "Allocations that fall away"),
    ):  # fmt: skip
        table.column(key, label)
    if not kinds:
        return table
    rows = context.connection.execute(
        """
        select
            first.site, count(*), count(*) filter (first.same_arm),
            cast(sum(later.allocations) as bigint)
        from ledger.merged as first
        inner join (
            select merged.person_id, count(*) as allocations
            from ledger.merged as merged
            where not merged.stands
            group by merged.person_id
        ) as later on first.person_id = later.person_id
        where first.stands
        group by first.site
        """
    ).fetchall()
    sites = {key: about.label for key, about in context.study.sites.items()}
    for site, label in {"all": "All sites", **sites}.items():
        own = [counts for where, *counts in rows if site in ("all", where)]
        people, same, joined = (sum(counts[i] for counts in own) for i in range(3))
        table.row(site, label)
        table.add(site, "people", "count", people)
        table.add(site, "same_arm", "count", same, n=people)
        table.add(
            site, "different_arms", "count", people - same, n=people,
            warning="allocated to different arms: the first stands" if people > same else "",
        )  # fmt: skip
        table.add(site, "joined", "count", joined)
    return table
