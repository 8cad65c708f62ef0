"""Randomised-trial evaluation of domestic-abuse perpetrator programmes."""

__version__ = "0.1.0"
