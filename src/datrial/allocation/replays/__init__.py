"""How a scheme behaves: thousands of replays over the same people (``allocation simulate``)."""

from datrial.allocation.replays.people import drawn_people, people_heard
from datrial.allocation.replays.recorded import RecordedScheme, recorded_scheme
from datrial.allocation.replays.run import simulate
from datrial.allocation.replays.summary import GroupSize, Imbalance, Simulation

__all__ = [
    "GroupSize",
    "Imbalance",
    "RecordedScheme",
    "Simulation",
    "drawn_people",
    "people_heard",
    "recorded_scheme",
    "simulate",
]
