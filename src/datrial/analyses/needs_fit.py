"""The class model of needs, fitted alike wherever an analysis uses it.

Classes are compared and described in one analysis and related to behaviour in another. Both
must speak of the same classes, so the random stream of a fit depends on the study's seed and
the number of classes only, not on the analysis that asks for it.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Literal

from datrial.analyses.received import received

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from datrial.analyses.base import Context
    from datrial.models.latent_class.result import LatentClassResult

Engine = Literal["native", "stepmix"]

#: The step whose name, with the study's seed, gives the stream of every class model.
STEP = "needs_classes"


def class_stream(context: Context, number: int) -> np.random.Generator:
    """Return the generator of the starts of a model with this number of classes."""
    import numpy as np

    step = int.from_bytes(hashlib.sha256(STEP.encode()).digest()[:8], "big")
    base = int(np.random.default_rng([context.study.seed, step]).integers(0, 2**63))
    return np.random.default_rng([base, number])


def fit_classes(
    context: Context,
    items: pd.DataFrame,
    number: int,
    *,
    zero_class: bool,
    starts: int,
    engine: Engine = "native",
) -> tuple[LatentClassResult | None, str]:
    """Fit one number of classes.

    Returns
    -------
    tuple
        The fit and an empty string, or None and why it could not be fitted.
    """
    from datrial.models import ModelDataError, fit_latent_classes

    try:
        fit = fit_latent_classes(
            items, number, zero_class=zero_class, n_starts=starts,
            seed=class_stream(context, number), engine=engine,
        )  # fmt: skip
    except ModelDataError as error:
        nothing = received(context, "cms").reason()
        return None, nothing or f"the model could not be fitted: {error}"
    return fit, ""
