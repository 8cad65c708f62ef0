"""Where the cost models and indexes of prices lie: ``configs/costs``, ``configs/prices``."""

from __future__ import annotations

from pathlib import Path

from datrial.config.project import project_root
from datrial.errors import UsageError


def cost_models() -> list[str]:
    """Return the names of the cost models."""
    return _names("costs")


def cost_model_path(name: str) -> Path:
    """Return a cost model's file.

    Raises
    ------
    UsageError
        If there is none of this name; the message lists those there are.
    """
    if name not in cost_models():
        raise UsageError(f"There is no cost model {name!r}. Models: {', '.join(cost_models())}.")
    return project_root() / "configs" / "costs" / f"{name}.yaml"


def price_indexes() -> list[str]:
    """Return the names of the indexes of prices."""
    return _names("prices")


def prices_path(name: str) -> Path:
    """Return the file of an index of prices.

    Raises
    ------
    UsageError
        If there is none of this name; the message lists those there are.
    """
    known = _names("prices")
    if name not in known:
        raise UsageError(f"There is no index of prices {name!r}. Indexes: {', '.join(known)}.")
    return project_root() / "configs" / "prices" / f"{name}.yaml"


def _names(folder: str) -> list[str]:
    return sorted(path.stem for path in (project_root() / "configs" / folder).glob("*.yaml"))
