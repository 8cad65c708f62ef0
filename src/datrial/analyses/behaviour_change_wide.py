"""Behaviour forms of a service user side by side, for multiple imputation and back to forms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from datrial.analyses.levels import BEHAVIOURS

if TYPE_CHECKING:
    import pandas as pd

    from datrial.models.missing.imputations import Imputations

#: Rounds over the columns before an imputation is taken (the default of R's mice).
ROUNDS = 5


@dataclass(frozen=True)
class WideForms:
    """One row a service user: the behaviours at every time point, and the predictors once.

    Attributes
    ----------
    people
        ``person_id`` (a number), the predictors, and a column ``<behaviour>__<time_point>`` for
        each form.
    predictors
        Columns that are the same on all forms of a service user.
    time_points
        Those that some form has, the reference first.
    known
        Behaviours by time point whose answers differ: the others say nothing of what a missing
        answer might be, and stay missing.
    """

    people: pd.DataFrame = field(repr=False)  # holds rows, which no log may show
    predictors: tuple[str, ...]
    time_points: tuple[str, ...]
    known: tuple[str, ...]

    @classmethod
    def of(cls, rows: pd.DataFrame, predictors: Sequence[str]) -> WideForms:
        """Put the forms of each service user side by side.

        Parameters
        ----------
        rows
            Forms, one for a service user and time point, as ``model_rows`` gives them.
        predictors
            Columns of the models; behaviours and the time point among them are no predictors
            of a person and are taken from the forms.
        """
        once = tuple(p for p in predictors if p not in BEHAVIOURS and p != "time_point")
        people = rows.drop_duplicates("person_id").set_index("person_id")[list(once)]
        order = list(rows["time_point"].cat.categories)
        known = []
        for time_point in order:
            forms = rows[rows["time_point"] == time_point].set_index("person_id")
            for behaviour in BEHAVIOURS:
                name = f"{behaviour}__{time_point}"
                people[name] = forms[behaviour].reindex(people.index)
                if people[name].nunique() > 1:
                    known.append(name)
        # A number in place of the id: the models only ask whose rows belong together, and what
        # they are fitted to may be sent to other machines.
        people = people.reset_index()
        people["person_id"] = range(len(people))
        return cls(people, once, tuple(order), tuple(known))

    def imputed(self, m: int, seed: int) -> Imputations:
        """Draw the missing answers of all service users ``m`` times, all columns at once.

        A behaviour is drawn from the other behaviours of its time point, from itself at the
        other time points and from all predictors; a predictor from everything.
        """
        from datrial.models import multiple_imputation

        nominal = {
            name: "multinomial"
            for name in self.predictors
            if str(self.people[name].dtype) in ("category", "object", "str")
            and self.people[name].nunique() > 2
        }
        return multiple_imputation(
            self.people,
            [*self.predictors, *self.known],
            m=m,
            iterations=ROUNDS,
            seed=seed,
            methods=nominal,
            predictors={name: self._predictors_of(name) for name in self.known},
            ordered_predictors="scores",
        )

    def forms(self, completed: pd.DataFrame) -> pd.DataFrame:
        """Return the rows of a completed data set: a form for every person and time point."""
        import pandas as pd

        parts = []
        for at in self.time_points:
            part = completed[["person_id", *self.predictors]].copy()
            part["time_point"] = pd.Categorical([at] * len(part), list(self.time_points), True)
            for behaviour in BEHAVIOURS:
                part[behaviour] = completed[f"{behaviour}__{at}"]
            parts.append(part)
        return pd.concat(parts, ignore_index=True)

    @property
    def unknown(self) -> tuple[str, ...]:
        """Behaviours by time point that have missing answers and cannot be imputed."""
        return tuple(
            name
            for name in self.people.columns
            if name.partition("__")[0] in BEHAVIOURS
            and name not in self.known
            and bool(self.people[name].isna().any())
        )

    def _predictors_of(self, name: str) -> list[str]:
        behaviour, _, time_point = name.partition("__")
        return [
            *self.predictors,
            *(
                other
                for other in self.known
                if other != name
                and (other.startswith(f"{behaviour}__") or other.endswith(f"__{time_point}"))
            ),
        ]
