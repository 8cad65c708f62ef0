"""Ordered (proportional-odds) logit."""
