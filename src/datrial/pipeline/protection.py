"""Protecting the tables of a run, also beside what was stored or released before."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from datrial.config.disclosure import load_profile
from datrial.config.project import home
from datrial.config.study import Study
from datrial.pipeline.job import Job
from datrial.pipeline.stored_job import StoredJob
from datrial.results.cells import Table
from datrial.results.disclosure import (
    CellKey,
    Guard,
    Protected,
    gives_away,
    guard_against,
    numbers_and_sums,
    protect,
)
from datrial.results.earlier_tables import runs_on_snapshot
from datrial.results.folder import MANIFEST, read_manifest
from datrial.results.guard_file import encode_guard, read_guard

Pair = tuple[str, Table]
Earlier = Mapping[str, Sequence[Pair]]


@dataclass(frozen=True)
class Kept:
    """Tables as they may be stored or released.

    Attributes
    ----------
    guard
        What was heeded of earlier tables; empty where that changed nothing.
    besides
        How many cells are hidden for the sake of the earlier tables alone.
    """

    protected: Protected
    guard: Guard
    besides: int
    profile: dict[str, Any]

    def record(self) -> dict[str, Any]:
        """Return what a manifest says of it.

        Of the run as a whole only: how many cells of one table are small counts, and how many
        their partners, would tell more than the table does.
        """
        hidden = {name: told for name, told in self.protected.summary.items() if name != "tables"}
        if self.guard:
            hidden = {**hidden, "besides": self.besides, "besides_for": list(self.guard.sources)}
        return {**self.profile, "hidden": hidden}

    def file(self) -> dict[str, Any] | None:
        """Return the content of the run's ``protection.json``, if it needs one."""
        return encode_guard(self.guard) if self.guard else None


def protect_run(
    tables: Sequence[Pair],
    study: Study,
    *,
    guard: Guard | None = None,
    earlier: Callable[[], Earlier] = dict,
) -> Kept:
    """Protect a run's tables.

    Tables that, protected by themselves, give nothing away beside the earlier ones are left
    at that: a run that repeats another is equal to it.

    Parameters
    ----------
    guard
        What to heed of earlier tables, where that is known already.
    earlier
        Gives earlier tables of the study, to be heeded as well.
    """
    from datrial.analyses.known_sums import known_sums, resting_on_hidden

    profile = load_profile(study.disclosure)
    sums = known_sums((table for _, table in tables), study)
    settings = profile.model_dump(mode="json")

    def protected_with(also: Collection[CellKey], **heeded: Any) -> Protected:
        """Protect the tables, and hide besides what rests on a number that is then hidden."""
        told = {"relations": sums, "preferred": study.primary_outcomes, **heeded}
        found = protect(tables, profile, also_hide=also, **told)
        resting = resting_on_hidden(
            (table for _, table in tables), found.hidden,
            are_rounded=profile.round_to > 1, few=profile.threshold,
        )  # fmt: skip
        if resting <= found.hidden:
            return found
        return protect(tables, profile, also_hide={*also, *resting}, **told)

    alone = protected_with(())
    heeded = guard or Guard()
    others = earlier()
    if others and profile.threshold:
        found, known = numbers_and_sums(tables, profile, sums)
        more = guard_against(tables, profile, others, found, known)
        if guard or gives_away(more, alone.tables):
            heeded = heeded.with_(more)
    if not heeded:
        return Kept(alone, Guard(), 0, settings)
    protected = protected_with(heeded.close, still_hidden=heeded.hidden, shown=heeded.shown)
    return Kept(protected, heeded, len(protected.hidden - alone.hidden), settings)


def protect_for_store(job: Job, study: Study, snapshot: str, run: str, tables: list[Pair]) -> Kept:
    """Protect a run's tables as they are to be stored, beside other runs on its snapshot.

    A run that is stored already, or repeated, heeds what it heeded then: the same run is
    the same to the byte, whatever was stored since.
    """
    known = job.guard if isinstance(job, StoredJob) else _stored(home() / "results" / run)
    if known is not None:
        return protect_run(tables, study, guard=known)
    wanted = {table.id for _, table in tables}
    return protect_run(
        tables, study,
        earlier=lambda: runs_on_snapshot(home(), study.study, snapshot, run, wanted),
    )  # fmt: skip


def _stored(folder: Path) -> Guard | None:
    """Return what a stored run heeded; none if it is not there, or will be made anew."""
    if not (folder / MANIFEST).is_file() or read_manifest(folder).failed:
        return None
    return read_guard(folder)
