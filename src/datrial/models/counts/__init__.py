"""Counts: rates, and Poisson regression with random effects."""
