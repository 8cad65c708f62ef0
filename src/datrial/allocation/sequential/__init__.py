"""Schemes that allocate perpetrators one by one: simple, permuted blocks, minimisation."""
