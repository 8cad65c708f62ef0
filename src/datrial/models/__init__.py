"""Statistical models on arrays and data frames, in the manners of statsmodels.

Everything public is importable from here. Names are resolved on first use, so that
``import datrial.models`` itself loads neither scipy nor pandas.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datrial.models.agreement import weighted_kappa
    from datrial.models.agreement_intraclass import intraclass_correlation
    from datrial.models.agreement_scores import limits_of_agreement
    from datrial.models.contingency import independence_test
    from datrial.models.correlations import correlation
    from datrial.models.count_trends import count_trend
    from datrial.models.counts.linear_effects import fit_linear_random_effects
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
    from datrial.models.medians import median_interval
    from datrial.models.missing.chained import multiple_imputation
    from datrial.models.missing.pooling import fit_imputed, pool
    from datrial.models.missing.rubin import pool_estimates
    from datrial.models.missing.weights import inverse_probability_weights
    from datrial.models.multiplicity import adjust_benjamini_hochberg, adjust_holm
    from datrial.models.ordered_logit.fitting import fit_ordered_logit
    from datrial.models.ordered_logit.partial import fit_partial_proportional_odds
    from datrial.models.ordered_logit.random_intercept import fit_random_intercept_ordered_logit
    from datrial.models.paired.baseline import regression_to_the_mean
    from datrial.models.paired.change import paired_change
    from datrial.models.paired.reduction import paired_reduction, paired_reduction_counts
    from datrial.models.paired.share import single_proportion
    from datrial.models.paired.transitions import paired_transitions
    from datrial.models.randomisation.adjusted import fit_adjusted_difference
    from datrial.models.randomisation.complier import complier_average_effect
    from datrial.models.randomisation.permutation import permutation_test
    from datrial.models.survival.cox import fit_cox
    from datrial.models.survival.kaplan_meier import kaplan_meier
    from datrial.models.survival.log_rank import log_rank
    from datrial.models.survival.mean_function import mean_cumulative_function
    from datrial.models.survival.recurrent import fit_recurrent_events
    from datrial.models.three_steps.bootstrap import resample_classes
    from datrial.models.three_steps.distal import three_step
    from datrial.models.three_steps.regression import three_step_covariates, three_step_outcome
    from datrial.models.trends import linear_trend
    from datrial.models.two_arms.association import cramers_v
    from datrial.models.two_arms.did_pooled import pool_differences
    from datrial.models.two_arms.difference_in_differences import fit_difference_in_differences
    from datrial.models.two_arms.fixed_effects import fit_fixed_effects_difference
    from datrial.models.two_arms.homogeneity import marginal_homogeneity
    from datrial.models.two_arms.means import two_sample_t, two_sample_t_from_summary
    from datrial.models.two_arms.paired import mcnemar, mcnemar_counts
    from datrial.models.two_arms.proportions import compare_proportions

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
    "compare_proportions": "two_arms.proportions",
    "complier_average_effect": "randomisation.complier",
    "correlation": "correlations",
    "count_trend": "count_trends",
    "cramers_v": "two_arms.association",
    "enumerate_latent_classes": "latent_class.enumeration",
    "fit_adjusted_difference": "randomisation.adjusted",
    "fit_cox": "survival.cox",
    "fit_difference_in_differences": "two_arms.difference_in_differences",
    "fit_fixed_effects_difference": "two_arms.fixed_effects",
    "fit_imputed": "missing.pooling",
    "fit_latent_classes": "latent_class.fitting",
    "fit_linear_random_effects": "counts.linear_effects",
    "fit_logit": "logit.binary",
    "fit_multinomial_logit": "logit.multinomial",
    "fit_ordered_logit": "ordered_logit.fitting",
    "fit_partial_proportional_odds": "ordered_logit.partial",
    "fit_random_effects_poisson": "counts.random_effects_poisson",
    "fit_random_intercept_ordered_logit": "ordered_logit.random_intercept",
    "fit_rate": "counts.rates",
    "fit_recurrent_events": "survival.recurrent",
    "independence_test": "contingency",
    "intraclass_correlation": "agreement_intraclass",
    "inverse_probability_weights": "missing.weights",
    "kaplan_meier": "survival.kaplan_meier",
    "limits_of_agreement": "agreement_scores",
    "linear_trend": "trends",
    "log_rank": "survival.log_rank",
    "marginal_homogeneity": "two_arms.homogeneity",
    "mcnemar": "two_arms.paired",
    "mcnemar_counts": "two_arms.paired",
    "mean_cumulative_function": "survival.mean_function",
    "median_interval": "medians",
    "multiple_imputation": "missing.chained",
    "paired_change": "paired.change",
    "paired_reduction": "paired.reduction",
    "paired_reduction_counts": "paired.reduction",
    "paired_transitions": "paired.transitions",
    "permutation_test": "randomisation.permutation",
    "pool": "missing.pooling",
    "pool_differences": "two_arms.did_pooled",
    "pool_estimates": "missing.rubin",
    "regression_to_the_mean": "paired.baseline",
    "resample_classes": "three_steps.bootstrap",
    "single_proportion": "paired.share",
    "three_step": "three_steps.distal",
    "three_step_covariates": "three_steps.regression",
    "three_step_outcome": "three_steps.regression",
    "two_sample_t": "two_arms.means",
    "two_sample_t_from_summary": "two_arms.means",
    "weighted_kappa": "agreement",
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
    "compare_proportions",
    "complier_average_effect",
    "correlation",
    "count_trend",
    "cramers_v",
    "enumerate_latent_classes",
    "fit_adjusted_difference",
    "fit_cox",
    "fit_difference_in_differences",
    "fit_fixed_effects_difference",
    "fit_imputed",
    "fit_latent_classes",
    "fit_linear_random_effects",
    "fit_logit",
    "fit_multinomial_logit",
    "fit_ordered_logit",
    "fit_partial_proportional_odds",
    "fit_random_effects_poisson",
    "fit_random_intercept_ordered_logit",
    "fit_rate",
    "fit_recurrent_events",
    "independence_test",
    "intraclass_correlation",
    "inverse_probability_weights",
    "kaplan_meier",
    "limits_of_agreement",
    "linear_trend",
    "log_rank",
    "marginal_homogeneity",
    "mcnemar",
    "mcnemar_counts",
    "mean_cumulative_function",
    "median_interval",
    "multiple_imputation",
    "paired_change",
    "paired_reduction",
    "paired_reduction_counts",
    "paired_transitions",
    "permutation_test",
    "pool",
    "pool_differences",
    "pool_estimates",
    "regression_to_the_mean",
    "resample_classes",
    "single_proportion",
    "three_step",
    "three_step_covariates",
    "three_step_outcome",
    "two_sample_t",
    "two_sample_t_from_summary",
    "weighted_kappa",
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
