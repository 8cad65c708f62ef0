"""Where the cost models lie: ``configs/costs/<name>.yaml``."""

from __future__ import annotations

from pathlib import Path

from datrial.config.project import project_root
from datrial.errors import UsageError


def cost_models() -> list[str]:
    """Return the names of the cost models."""
    return sorted(path.stem for path in (project_root() / "configs" / "costs").glob("*.yaml"))


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
