"""The sequential scheme that a study has chosen, and its stream of random numbers."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from datrial.allocation.sequential.minimisation import Minimisation
from datrial.allocation.sequential.parts import Scheme, Stream
from datrial.allocation.sequential.permuted_blocks import PermutedBlocks
from datrial.allocation.sequential.simple import Simple

if TYPE_CHECKING:
    from datrial.config.allocation import Allocation

#: By name, as it stands in the study file and in the ledger.
SCHEMES: dict[str, type[Scheme]] = {
    each.name: each for each in (Simple, PermutedBlocks, Minimisation)
}


def scheme_of(allocation: Allocation, arms: Collection[str]) -> Scheme:
    """Return the scheme of an ``allocation`` section.

    Raises
    ------
    ValueError
        If its method is not a sequential one.
    """
    ratio = allocation.ratio or dict.fromkeys(arms, 1)
    if allocation.method == Simple.name:
        return Simple(ratio)
    if allocation.method == PermutedBlocks.name:
        return PermutedBlocks(ratio, allocation.block_sizes, allocation.stratify_by)
    chosen = allocation.minimisation
    if allocation.method == Minimisation.name and chosen is not None:
        return Minimisation(
            ratio,
            chosen.factors,
            measure=chosen.measure,
            preferred_probability=chosen.preferred_probability,
        )
    raise ValueError(f"{allocation.method} is not a sequential scheme")


def stream_of(scheme: Scheme, seed: int, study: str, settings_sha256: str) -> Stream:
    """Return the random numbers of a study under its settings.

    An amendment of the settings starts other ones, since the sequences of the
    strata start anew with it: the same numbers would give the same arms again.
    """
    return Stream(seed, scheme.name, scheme.version, study, settings_sha256)
