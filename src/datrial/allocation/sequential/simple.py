"""Simple randomisation."""

from __future__ import annotations

from datrial.allocation.sequential.parts import Candidate, History, Scheme, Stream, by_ratio


class Simple(Scheme):
    """Every perpetrator is drawn by the ratio, whatever came before: a coin, or a die.

    Nothing can be foretold but the ratio, and nothing keeps the arms equal: with
    two equal arms and n people, the expected difference is about sqrt(2 n / pi).

    References
    ----------
    Rosenberger and Lachin (2015), Randomization in Clinical Trials, 2nd ed.,
    chapter 3 (complete randomization).
    """

    name = "simple"
    version = "1"

    def chances(self, history: History, candidate: Candidate, stream: Stream) -> dict[str, float]:
        """Return each arm's share of the ratio."""
        del history, candidate, stream
        return by_ratio(self.ratio)
