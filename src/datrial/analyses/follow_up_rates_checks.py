"""Whether counts of follow-up are more spread, or more often zero, than their models say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datrial.analyses.follow_up_rates_fits import Fit

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from datrial.models.counts.rates import RateResult

CHECKS = (
    "dispersion", "alpha", "p_value", "share_zero", "share_zero_poisson",
    "share_zero_negative_binomial",
)  # fmt: skip
#: A share of zeros further from the model's than this is said.
_APART = 0.05


def checks_of(poisson: Fit, binomial: Fit | str) -> tuple[dict[str, float | None], str]:
    """Return the checks of a spell's models by name, and what they say.

    ``dispersion`` is Pearson's chi-squared over its degrees of freedom, 1 under Poisson;
    ``alpha`` the negative binomial's (variance = mean + alpha mean squared), and
    ``p_value`` tests it against 0 (Self and Liang 1987: half a chi-squared with one
    degree of freedom). The shares of people without an event are the observed one and those
    that the two models expect.
    """
    import numpy as np

    result = poisson.result
    y, mean = result.counts.y, _expected(result)
    pearson = float(((y - mean) ** 2 / mean).sum()) / max(len(y) - len(result.params), 1)
    found: dict[str, float | None] = dict.fromkeys(CHECKS)
    found |= {
        "dispersion": pearson,
        "share_zero": float((y == 0).mean()),
        "share_zero_poisson": float(np.exp(-mean).mean()),
    }
    if isinstance(binomial, str):
        return found, f"no negative binomial model: {binomial}"
    alpha, wide = binomial.result.alpha or 0.0, _expected(binomial.result)
    if alpha:
        zeros = float(((1 + alpha * wide) ** (-1 / alpha)).mean())
    else:
        zeros = float(np.exp(-wide).mean())
    found |= {
        "alpha": alpha,
        "p_value": _boundary(2 * (binomial.result.llf - result.llf)),
        "share_zero_negative_binomial": zeros,
    }
    return found, _said(found, zeros)


def _expected(result: RateResult) -> NDArray[np.float64]:
    return result.counts.expected(result.params.to_numpy(dtype=float))


def _boundary(gain: float) -> float:
    """Return the p-value of a likelihood ratio at the boundary."""
    from scipy.special import chdtrc

    return 1.0 if gain <= 0 else float(chdtrc(1, gain)) / 2


def _said(found: dict[str, float | None], zeros: float) -> str:
    told = []
    p = found["p_value"]
    if p is not None and p < 0.05:
        told.append("counts are more spread than Poisson: read robust or negative binomial errors")
    excess = (found["share_zero"] or 0.0) - zeros
    if abs(excess) > _APART:
        which = "more" if excess > 0 else "fewer"
        told.append(f"{which} people without an event than the negative binomial model expects")
    return "; ".join(told)
