"""Permuted blocks, of one size or of random sizes, within strata."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence

from datrial.allocation.sequential.parts import EVERYONE, Candidate, History, Scheme, Stream


class PermutedBlocks(Scheme):
    """Within each stratum, blocks that keep the ratio, in random order within the block.

    Every order of a block is equally likely: the chance of an arm is its share of
    the places left in the block. The size of each block is drawn with equal chances
    from the sizes given, so that who knows the arms so far cannot tell where a block
    ends. At the end of each block the arms of a stratum stand in the ratio.

    Parameters
    ----------
    ratio
        See :class:`datrial.allocation.sequential.parts.Scheme`.
    sizes
        Block sizes, each a multiple of the ratio's sum.
    stratify_by
        Factors; a stratum is a combination of their levels.

    References
    ----------
    Matts and Lachin (1988), Controlled Clinical Trials 9(4), 327-344;
    Rosenberger and Lachin (2015), chapter 3 (random block design).
    Stata: ralloc, nsubj() strata() osize() init(); R: blockrand::blockrand.
    """

    name = "permuted_blocks"
    version = "1"

    def __init__(
        self, ratio: Mapping[str, int], sizes: Sequence[int], stratify_by: Sequence[str] = ()
    ) -> None:
        super().__init__(ratio)
        self.whole = sum(self.ratio.values())
        if not sizes or any(size < 1 or size % self.whole for size in sizes):
            raise ValueError("block sizes are multiples of the sum of the ratio")
        self.sizes = tuple(sorted(sizes))
        self.stratify_by = tuple(sorted(stratify_by))
        self._ends: dict[tuple[Stream, str], list[int]] = {}

    def stratum(self, candidate: Candidate) -> str:
        """Return the levels of the factors: ``age=under_25|site=site_1``."""
        levels = (f"{factor}={candidate.levels[factor]}" for factor in self.stratify_by)
        return "|".join(levels) or EVERYONE

    def chances(self, history: History, candidate: Candidate, stream: Stream) -> dict[str, float]:
        """Return each arm's share of the places left in the block."""
        stratum = self.stratum(candidate)
        before = history.arms_in(stratum)
        start, size = self._block(stratum, len(before), stream)
        in_block = before[start:]
        places = {
            arm: size * part // self.whole - in_block.count(arm) for arm, part in self.ratio.items()
        }
        left = sum(places.values())
        return {arm: place / left for arm, place in places.items()}

    def _block(self, stratum: str, before: int, stream: Stream) -> tuple[int, int]:
        """Return where the block starts in which the next one stands, and its size."""
        # Where blocks end is kept, since it never changes: they would be drawn again for everyone.
        ends = self._ends.setdefault((stream, stratum), [0])
        while ends[-1] <= before:
            step = stratum, "block", len(ends) - 1
            ends.append(ends[-1] + int(stream.generator(*step).choice(self.sizes)))
        number = bisect_right(ends, before)
        return ends[number - 1], ends[number] - ends[number - 1]
