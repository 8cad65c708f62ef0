"""Latent class analysis of yes/no items: fitting, enumeration, tests, diagnostics."""
