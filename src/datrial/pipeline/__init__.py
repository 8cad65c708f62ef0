"""The stops of a run, one after the other, and the record of how far it came."""
