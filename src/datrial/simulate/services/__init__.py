"""Services with one programme each: replicas of their extracts, with the printed margins."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from datrial.errors import UsageError

if TYPE_CHECKING:
    from datrial.config.study import Study
    from datrial.simulate.services.service import Service

#: The studies whose extracts a module of this package writes.
SERVICES = ("early_intervention", "family_solutions_plus", "restart")


def make_service(study: Study, seed: int, scale: int) -> Service:
    """Return a service's records, and how its files look.

    Parameters
    ----------
    scale
        Copies of the service's people, under references of their own.

    Raises
    ------
    UsageError
        If there is no replica of the study.
    """
    if study.study not in SERVICES:
        raise UsageError(f"There is no replica of the extracts of study {study.study!r}.")
    module = import_module(f"datrial.simulate.services.{study.study}")
    made: Service = module.make(study, seed, scale)
    return made
