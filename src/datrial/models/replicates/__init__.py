"""Repeat a calculation many times, in this process or spread over others: the same numbers.

A replicate is a function of what all replicates share and of its own item, which holds its
own seed or stream. No replicate knows of another, of how many workers there are, or of which
worker it is on, so the answers are the same to the last bit wherever they are worked out. On
machines with different processors the last digits of a sum may differ; see `same_code`.

What leaves this process is what is shared and the items: arrays of answers and of model
columns, without the ids of people. Nobody's values stand in an error or in a log line.
"""

from datrial.models.replicates.mapping import close, map_replicates, use

__all__ = ["close", "map_replicates", "use"]
