"""Statistical models on arrays and data frames, in the manners of statsmodels.

Everything public is importable from here. Names are resolved on first use, so that
``import datrial.models`` itself loads neither scipy nor pandas.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datrial.models.contingency import independence_test
    from datrial.models.errors import ModelDataError, ModelUsageError
    from datrial.models.latent_class_advice import advise_number_of_classes
    from datrial.models.latent_class_bootstrap import bootstrap_likelihood_ratio
    from datrial.models.latent_class_diagnostics import (
        bivariate_residuals,
        class_separation,
        classification_errors,
        classification_table,
    )
    from datrial.models.latent_class_enumeration import (
        compare_latent_classes,
        enumerate_latent_classes,
    )
    from datrial.models.latent_classes import fit_latent_classes
    from datrial.models.logit import fit_logit
    from datrial.models.multinomial_logit import fit_multinomial_logit
    from datrial.models.multiplicity import adjust_benjamini_hochberg, adjust_holm
    from datrial.models.ordered_logit import fit_ordered_logit
    from datrial.models.random_effects_poisson import fit_random_effects_poisson
    from datrial.models.rates import fit_rate
    from datrial.models.three_step_bootstrap import resample_classes
    from datrial.models.three_step_distal import three_step
    from datrial.models.three_step_regression import three_step_covariates, three_step_outcome

_HOME = {
    "ModelDataError": "errors",
    "ModelUsageError": "errors",
    "adjust_benjamini_hochberg": "multiplicity",
    "adjust_holm": "multiplicity",
    "advise_number_of_classes": "latent_class_advice",
    "bivariate_residuals": "latent_class_diagnostics",
    "bootstrap_likelihood_ratio": "latent_class_bootstrap",
    "class_separation": "latent_class_diagnostics",
    "classification_errors": "latent_class_diagnostics",
    "classification_table": "latent_class_diagnostics",
    "compare_latent_classes": "latent_class_enumeration",
    "enumerate_latent_classes": "latent_class_enumeration",
    "fit_latent_classes": "latent_classes",
    "fit_logit": "logit",
    "fit_multinomial_logit": "multinomial_logit",
    "fit_ordered_logit": "ordered_logit",
    "fit_random_effects_poisson": "random_effects_poisson",
    "fit_rate": "rates",
    "independence_test": "contingency",
    "resample_classes": "three_step_bootstrap",
    "three_step": "three_step_distal",
    "three_step_covariates": "three_step_regression",
    "three_step_outcome": "three_step_regression",
}

__all__ = [
    "ModelDataError",
    "ModelUsageError",
    "adjust_benjamini_hochberg",
    "adjust_holm",
    "advise_number_of_classes",
    "bivariate_residuals",
    "bootstrap_likelihood_ratio",
    "class_separation",
    "classification_errors",
    "classification_table",
    "compare_latent_classes",
    "enumerate_latent_classes",
    "fit_latent_classes",
    "fit_logit",
    "fit_multinomial_logit",
    "fit_ordered_logit",
    "fit_random_effects_poisson",
    "fit_rate",
    "independence_test",
    "resample_classes",
    "three_step",
    "three_step_covariates",
    "three_step_outcome",
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
