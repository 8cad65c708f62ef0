"""Prefect flows: parameters in, ids out. The work is done by ``datrial.pipeline.stops``."""
