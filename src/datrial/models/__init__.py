"""Statistical models on arrays and data frames, in the manners of statsmodels.

Everything public is importable from here. Names are resolved on first use, so that
``import datrial.models`` itself loads neither scipy nor pandas.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datrial.models.contingency import independence_test
    from datrial.models.counts.random_effects_poisson import fit_random_effects_poisson
    from datrial.models.counts.rates import fit_rate
    from datrial.models.errors import ModelDataError, ModelUsageError
    from datrial.models.latent_class.advice import advise_number_of_classes
    from datrial.models.latent_class.bootstrap import bootstrap_likelihood_ratio
    from datrial.models.latent_class.diagnostics import (
        bivariate_residuals,
        class_separation,
        classification_errors,
        classification_table,
    )
    from datrial.models.latent_class.enumeration import (
        compare_latent_classes,
        enumerate_latent_classes,
    )
    from datrial.models.latent_class.fitting import fit_latent_classes
    from datrial.models.logit.binary import fit_logit
    from datrial.models.logit.multinomial import fit_multinomial_logit
    from datrial.models.multiplicity import adjust_benjamini_hochberg, adjust_holm
    from datrial.models.ordered_logit.fitting import fit_ordered_logit
    from datrial.models.three_steps.bootstrap import resample_classes
    from datrial.models.three_steps.distal import three_step
    from datrial.models.three_steps.regression import three_step_covariates, three_step_outcome

_HOME = {
    "ModelDataError": "errors",
    "ModelUsageError": "errors",
    "adjust_benjamini_hochberg": "multiplicity",
    "adjust_holm": "multiplicity",
    "advise_number_of_classes": "latent_class.advice",
    "bivariate_residuals": "latent_class.diagnostics",
    "bootstrap_likelihood_ratio": "latent_class.bootstrap",
    "class_separation": "latent_class.diagnostics",
    "classification_errors": "latent_class.diagnostics",
    "classification_table": "latent_class.diagnostics",
    "compare_latent_classes": "latent_class.enumeration",
    "enumerate_latent_classes": "latent_class.enumeration",
    "fit_latent_classes": "latent_class.fitting",
    "fit_logit": "logit.binary",
    "fit_multinomial_logit": "logit.multinomial",
    "fit_ordered_logit": "ordered_logit.fitting",
    "fit_random_effects_poisson": "counts.random_effects_poisson",
    "fit_rate": "counts.rates",
    "independence_test": "contingency",
    "resample_classes": "three_steps.bootstrap",
    "three_step": "three_steps.distal",
    "three_step_covariates": "three_steps.regression",
    "three_step_outcome": "three_steps.regression",
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
