"""The pooled models of all outcomes together: terms, values, and what is said of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from datrial.analyses.behaviour_change_fits import Fitted, Forms, merged
from datrial.analyses.levels import BEHAVIOURS, level_label, reference_levels
from datrial.analyses.regression import in_order

if TYPE_CHECKING:
    import pandas as pd

#: Row of a table of terms where the formula has none.
NO_PREDICTOR = "no_predictor"


@dataclass(frozen=True)
class Models:
    """The pooled models of all outcomes, and what is said of them.

    Attributes
    ----------
    forms
        Behaviour -> its forms; empty where nothing was received.
    fits
        Behaviour -> its model, or why there is none.
    values
        Coded or text column of the forms -> its values and labels, the reference first.
    note
        Whose forms, and the rules for missing answers.
    """

    forms: Mapping[str, Forms]
    fits: Mapping[str, Fitted | str]
    values: Mapping[str, Mapping[str, str]]
    note: str
    nothing: str

    @property
    def outcomes(self) -> list[str]:
        """The behaviours, in their order."""
        return list(self.fits)

    @property
    def fitted(self) -> dict[str, Fitted]:
        """The models that could be fitted."""
        return {name: fit for name, fit in self.fits.items() if not isinstance(fit, str)}

    @property
    def factors(self) -> list[str]:
        """Predictors with values that can be listed, in the order of the columns."""
        return [name for name in self.variables if name in self.values]

    @property
    def variables(self) -> list[str]:
        """Columns that the formula uses."""
        return merged(forms.variables for forms in self.forms.values())

    @property
    def terms(self) -> list[str]:
        """Terms of the models; where none could be fitted those of its main effects."""
        if self.fitted:
            return merged(fit.terms for fit in self.fitted.values()) or [NO_PREDICTOR]
        return [
            term
            for name in self.variables
            for term in (
                [f"{name}[T.{code}]" for code in list(self.values[name])[1:]]
                if name in self.values
                else [name]
            )
        ] or [NO_PREDICTOR]

    def reason(self, behaviour: str, otherwise: str) -> str:
        """Return why a number of a behaviour is not there."""
        fit = self.fits[behaviour]
        return fit if isinstance(fit, str) else otherwise

    def said(self) -> str:
        """Return the size and method of each model, in sentences."""
        return " ".join(f"{BEHAVIOURS[name]}: {fit.said}" for name, fit in self.fitted.items())

    def penalised(self) -> str:
        """Return in a sentence which models have a penalty; mostly nothing."""
        names = [BEHAVIOURS[name].lower() for name, fit in self.fitted.items() if fit.method]
        if not names:
            return ""
        return f"Penalised likelihood, see the odds ratios for the reasons: {', '.join(names)}. "

    def references(self) -> str:
        """Return the reference levels of the models, in a sentence."""
        found = dict.fromkeys(
            reference_levels(fit.result.design.frame) for fit in self.fitted.values()
        )
        told = "; in another model: ".join(filter(None, found))
        return f"Reference: {told}." if told else ""


def values_of(
    rows: pd.DataFrame, references: Mapping[str, str], levels: Mapping[str, Mapping[str, str]]
) -> dict[str, dict[str, str]]:
    """Return coded or text column -> its values and their labels, the reference first."""
    import pandas as pd

    values: dict[str, dict[str, str]] = {}
    for name in rows.columns:
        if name in levels:
            codes = in_order(list(levels[name]), references.get(name))
            values[name] = {code: levels[name][code] for code in codes}
        elif not pd.api.types.is_numeric_dtype(rows[name]):
            found = sorted(map(str, rows[name].dropna().unique()))
            values[name] = {code: level_label(name, code) for code in found}
    return values
