"""Hand the one setting of where repeated work is done (``DATRIAL_WORKERS``) to the models."""

from __future__ import annotations

from datrial.config.workers import workers


def spread_replicates() -> None:
    """Let bootstraps, permutations and imputations go where ``DATRIAL_WORKERS`` says.

    Starts nothing: workers start with the first work that is worth it.

    Raises
    ------
    UsageError
        If the setting is not understood.
    """
    from datrial.models.replicates import use

    chosen = workers()
    use(chosen.kind, number=chosen.number, address=chosen.address)
