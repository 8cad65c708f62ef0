"""Disclosure profiles: which numbers of the results are hidden or rounded to protect people."""

from __future__ import annotations

from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from datrial.config.load import parse, read_yaml
from datrial.config.project import project_root
from datrial.errors import UsageError


class Profile(BaseModel):
    """How results are protected, as a file in ``configs/disclosure`` states it.

    Attributes
    ----------
    threshold
        Counts of 1 to ``threshold - 1`` are hidden; 0 hides none.
    round_to
        Counts are rounded to the nearest multiple of this; 1 leaves them as they are.
    hide_extremes
        Whether minimum and maximum are hidden: each is the value of a single person.
    complements
        Whether those left of a base (n less the count) are a small count as well.
    steps
        Whether what a running count (those with an event by month 3, 6, 9) gains from one time
        to the next is one as well.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    profile: str = Field(pattern=r"^[a-z0-9_]+$")
    title: str = Field(min_length=1)
    description: str = Field(min_length=1)
    threshold: int = Field(ge=0, le=1000)
    round_to: int = Field(default=1, ge=1, le=1000)
    hide_extremes: bool = False
    complements: bool = True
    steps: bool = True

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        problems = []
        if self.threshold == 1:
            problems.append("a threshold of 1 hides nothing: write 0, or 2 or more")
        if self.round_to > 1 and self.threshold < self.round_to:
            problems.append(
                "with rounding, the threshold must be the rounding base or more: a small count "
                "would be shown as 0, which stands for nobody"
            )
        if problems:
            raise ValueError("\n".join(problems))
        return self

    @property
    def protects(self) -> bool:
        """Whether it changes anything."""
        return self.threshold > 0 or self.round_to > 1 or self.hide_extremes

    def is_small(self, count: float) -> bool:
        """Tell whether a count is too small to be shown; zero is not."""
        return 0 < count < self.threshold


def profiles() -> list[str]:
    """Return the names of the profiles in ``configs/disclosure``."""
    return sorted(path.stem for path in (project_root() / "configs" / "disclosure").glob("*.yaml"))


def load_profile(name: str) -> Profile:
    """Read ``configs/disclosure/<name>.yaml``.

    Raises
    ------
    UsageError
        If there is no such profile (the message lists those there are), or with
        all the file's errors.
    """
    if name not in profiles():
        raise UsageError(
            f"There is no disclosure profile {name!r}. Profiles: {', '.join(profiles())}."
        )
    file = f"configs/disclosure/{name}.yaml"
    found = parse(Profile, read_yaml(project_root() / file), file)
    if found.profile != name:
        raise UsageError(f"{file}: `profile` must be the file's name, {name}.")
    return found
