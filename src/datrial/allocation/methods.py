"""The method of allocation that a study file names, and the refusal of another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datrial.errors import UsageError

if TYPE_CHECKING:
    from datrial.config.study import Study


def check_method(study: Study, method: str) -> None:
    """Refuse the other road: two ways of allocating must not meet in one study."""
    if study.randomisation.method != method:
        raise UsageError(
            f"Study {study.study} is allocated by {study.randomisation.method!r}, not {method!r} "
            "(allocation: method in its study file)."
        )
