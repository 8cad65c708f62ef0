"""Pseudonyms and linkage."""
