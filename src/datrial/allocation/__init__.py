"""Allocation schemes and the ledger of who was allocated to which arm."""
