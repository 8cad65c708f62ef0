"""Two arms with costs and effects: the cost-effectiveness plane and the acceptability curve."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from datrial.economics.values import Array


@dataclass(frozen=True)
class CostEffectiveness:
    """Draws of what an intervention costs and does more than its comparison.

    Attributes
    ----------
    costs, effects
        Incremental, per person, one for each draw; a good effect is positive.
    """

    costs: Array
    effects: Array

    def ratio(self) -> float | None:
        """Return the incremental cost-effectiveness ratio; None where the mean effect is not > 0.

        A ratio of a negative effect reads like a bargain and is none.
        """
        effect = float(self.effects.mean())
        return float(self.costs.mean()) / effect if effect > 0 else None

    def quadrants(self) -> dict[str, float]:
        """Return the share of draws in each quadrant of the plane."""
        dearer, better = self.costs > 0, self.effects > 0
        return {
            "dearer_and_better": float(np.mean(dearer & better)),
            "cheaper_and_better": float(np.mean(~dearer & better)),
            "dearer_and_worse": float(np.mean(dearer & ~better)),
            "cheaper_and_worse": float(np.mean(~dearer & ~better)),
        }

    def acceptability(self, worth: npt.ArrayLike) -> Array:
        """Return the share of draws with a gain, for each worth of one unit of effect.

        Net benefit = worth x effect - cost (Briggs et al. 2006, chapter 5).
        """
        each = np.asarray(worth, dtype=float)
        found: Array = np.array([np.mean(value * self.effects - self.costs > 0) for value in each])
        return found


def cost_effectiveness(
    costs: dict[str, Array], effects: dict[str, Array], intervention: str, comparison: str
) -> CostEffectiveness:
    """Return the plane of two arms from each arm's draws (bootstrap or probabilistic).

    Parameters
    ----------
    costs, effects
        Arm -> draws of its mean cost and mean effect; draw i of both arms, and of costs
        and effects, belong together.

    Raises
    ------
    ValueError
        If the draws are not as many, or not all finite.
    """
    arrays = [costs[intervention], costs[comparison], effects[intervention], effects[comparison]]
    if len({array.shape for array in arrays}) != 1:
        raise ValueError("the arms have not as many draws")
    if not all(np.isfinite(array).all() for array in arrays):
        raise ValueError("a draw is not finite")
    return CostEffectiveness(arrays[0] - arrays[1], arrays[2] - arrays[3])
