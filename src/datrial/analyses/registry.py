"""All analyses by id; each module is imported only when its analysis is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module

from datrial.analyses.base import Analysis

_MODULES = (
    "extracts_received",
    "linkage",
    "participant_flow",
    "participant_profile",
    "client_profile",
    "training",
    "follow_up_availability",
    "balance",
    "contamination",
    "police_request",
    "referral_pathway",
    "service_activity",
    "waiting_times",
    "needs",
    "needs_classes",
    "needs_class_behaviour",
    "needs_behaviour",
    "interventions",
    "behaviours",
    "behaviour_change",
    "direct_work",
    "risk_score",
    "victim_behaviours",
    "victim_differences",
    "victim_support",
    "victim_risk",
    "definitions",
    "marac_follow_up",
    "police_follow_up",
    "police_perpetrators",
    "follow_up_rates",
    "follow_up_times",
    "follow_up_randomisation",
    "cost_model",
    "linkage_sensitivity",
    "outcome_stars",
    "outcome_ratings",
    "severity_grid",
    "needs_matrix",
    "outcome_families",
)


class _Registry(Mapping[str, Analysis]):
    """Id -> analysis."""

    def __getitem__(self, name: str) -> Analysis:
        if name not in _MODULES:
            raise KeyError(name)
        analysis = import_module(f"datrial.analyses.{name}").ANALYSIS
        assert isinstance(analysis, Analysis)  # noqa: S101
        return analysis

    def __iter__(self) -> Iterator[str]:
        return iter(_MODULES)

    def __len__(self) -> int:
        return len(_MODULES)


ANALYSES: Mapping[str, Analysis] = _Registry()
