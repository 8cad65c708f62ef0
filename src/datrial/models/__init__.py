"""Statistical models on arrays and data frames, in the manners of statsmodels.

Everything public is importable from here. Names are resolved on first use, so that
``import datrial.models`` itself loads neither scipy nor pandas.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datrial.models.errors import ModelDataError, ModelUsageError
    from datrial.models.latent_class_enumeration import (
        advise_number_of_classes,
        enumerate_latent_classes,
    )
    from datrial.models.latent_classes import fit_latent_classes
    from datrial.models.ordered_logit import fit_ordered_logit
    from datrial.models.random_effects_poisson import fit_random_effects_poisson
    from datrial.models.rates import fit_rate

_HOME = {
    "ModelDataError": "errors",
    "ModelUsageError": "errors",
    "advise_number_of_classes": "latent_class_enumeration",
    "enumerate_latent_classes": "latent_class_enumeration",
    "fit_latent_classes": "latent_classes",
    "fit_ordered_logit": "ordered_logit",
    "fit_random_effects_poisson": "random_effects_poisson",
    "fit_rate": "rates",
}

__all__ = [
    "ModelDataError",
    "ModelUsageError",
    "advise_number_of_classes",
    "enumerate_latent_classes",
    "fit_latent_classes",
    "fit_ordered_logit",
    "fit_random_effects_poisson",
    "fit_rate",
]


def __getattr__(name: str) -> object:
    """Load the module that holds a public name when it is first asked for."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names, loaded or not."""
    return sorted(__all__)
