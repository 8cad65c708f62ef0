"""Run certificates: what they computed, and whether it agrees."""

from __future__ import annotations

import re
import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from datrial.verification.certificate import Certificate, Comparison


@dataclass(frozen=True)
class Outcome:
    """A certificate and what came of it.

    Attributes
    ----------
    fault
        Why it could not run to its end; empty if it did. Such a certificate has failed.
    """

    certificate: Certificate
    comparisons: tuple[Comparison, ...]
    fault: str
    seconds: float

    @property
    def agrees(self) -> bool:
        """Return whether it ran to its end, compared something, and all of it agrees."""
        return not self.fault and bool(self.comparisons) and all(c.agrees for c in self.comparisons)


def run_certificate(certificate: Certificate) -> Outcome:
    """Compute a certificate's numbers and compare them; a fault is its outcome, never raised."""
    begun, found, fault = time.perf_counter(), list[Comparison](), ""
    try:
        for comparison in certificate.work():
            found.append(comparison)
    except Exception as error:  # whatever it is: what could not run is not verified
        fault = _fault(error)
    return Outcome(certificate, tuple(found), fault, time.perf_counter() - begun)


def run_certificates(
    chosen: Iterable[Certificate], after_each: Callable[[Outcome], None] | None = None
) -> list[Outcome]:
    """Run certificates one after the other.

    Parameters
    ----------
    after_each
        Called with each outcome as it comes, to show progress.
    """
    outcomes = []
    with _quiet():
        for certificate in chosen:
            outcomes.append(run_certificate(certificate))
            if after_each:
                after_each(outcomes[-1])
    return outcomes


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep back what the other programs warn of on their way to an answer."""
    import numpy as np

    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        yield


def _fault(error: Exception) -> str:
    """Return what stopped a certificate, without a place of this machine."""
    said = str(error).strip().splitlines()
    first = said[0] if said else ""
    kind = type(error).__name__
    return f"{kind}: {first}" if first and not re.search(r"[/\\]", first) else kind
