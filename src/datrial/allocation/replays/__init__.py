"""How a scheme behaves: thousands of replays over the same people (``allocation simulate``)."""

from datrial.allocation.replays.people import drawn_people, people_heard
from datrial.allocation.replays.run import simulate
from datrial.allocation.replays.summary import GroupSize, Imbalance, Simulation

__all__ = ["GroupSize", "Imbalance", "Simulation", "drawn_people", "people_heard", "simulate"]
