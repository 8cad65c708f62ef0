"""What a replica of a service's extracts is made of."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from datrial.simulate.truth import csv_file

if TYPE_CHECKING:
    from datrial.simulate.layouts import Layout
    from datrial.simulate.mess import Count
    from datrial.simulate.randomness import Array

Records = dict[str, "Array"]

_README = """# What was true of these extracts

Nobody in them exists. Margins are those that the service's evaluation prints; what it does not
print was invented, and `parameters.yaml` says what. `mess.csv` counts what was done to the files
to make them as untidy as real ones.
"""


@dataclass(frozen=True)
class Service:
    """A service's records, each beside how its file looks.

    Attributes
    ----------
    pairs
        The sheets: how each looks, and its rows in our columns and codes (None: an empty cell).
    truth
        What the replica was made with: printed margins, and what was invented.
    """

    pairs: list[tuple[Layout, Records]]
    truth: dict[str, Any] = field(default_factory=dict)

    def truth_files(self, counts: list[Count]) -> dict[str, bytes]:
        """Return the files of the truth folder by name."""
        import yaml

        rows = ((count.file, count.table, count.kind, count.rows) for count in counts)
        return {
            "mess.csv": csv_file(("file", "table", "kind", "rows"), rows),
            "parameters.yaml": yaml.safe_dump(self.truth, sort_keys=False).encode(),
            "README.md": _README.encode(),
        }
