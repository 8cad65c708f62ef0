"""Seconds that `datrial verify` takes, and on what (run this file with python)."""

from __future__ import annotations

import time

BEGUN = time.perf_counter()  # the libraries are part of what the user waits for

from datrial.verification.registry import CHAPTERS, certificates  # noqa: E402
from datrial.verification.running import run_certificates  # noqa: E402


def main() -> None:
    """Print the seconds of every chapter, the slowest certificates, and all together."""
    outcomes = run_certificates(certificates())
    for chapter in CHAPTERS:
        own = [each for each in outcomes if each.certificate in chapter.certificates]
        seconds = sum(each.seconds for each in own)
        print(f"{chapter.id:<16} {len(own):>3} certificates {seconds:7.2f} s")
    for each in sorted(outcomes, key=lambda each: -each.seconds)[:5]:
        print(f"  {each.certificate.id:<30} {each.seconds:7.2f} s")
    print(
        f"{len(outcomes)} certificates: {time.perf_counter() - BEGUN:.1f} s by the clock, "
        f"{time.process_time():.1f} s of processor time"
    )


if __name__ == "__main__":
    main()
