"""The study file and the mapping files as typed objects."""
