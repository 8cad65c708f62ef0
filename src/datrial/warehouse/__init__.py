"""Build a snapshot from ``sql/`` in dependency order; publish it; open it."""
