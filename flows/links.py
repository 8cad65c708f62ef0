"""Addresses of a run's pages that work by a click from Prefect's page."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import quote

from datrial.config.project import home
from datrial.pipeline.prefect_settings import running_server

#: The folders of ``DATRIAL_HOME`` that the server of ``make ui`` shows, and where.
SERVED = ("reports", "comparisons", "verification")
PREFIX = "/datrial"
#: Where somebody else serves these folders: ``https://trial.example/datrial``.
PAGES_URL = "DATRIAL_PAGES_URL"


def link_to(page: Path) -> str:
    """Return the address of a page of ``DATRIAL_HOME``.

    A browser refuses to go from Prefect's page to a file. So it is an address on the server
    of ``make ui`` if the flow runs on that one: without a host, which may be another behind a
    proxy. On a server of somebody else's it is below ``DATRIAL_PAGES_URL``; without that, and
    without a server, it is the file.
    """
    base = os.environ.get(PAGES_URL, "").rstrip("/") or (PREFIX if _on_our_server() else "")
    if not base or not page.is_relative_to(home()):
        return page.absolute().as_uri()
    return f"{base}/{quote(page.relative_to(home()).as_posix())}"


def _on_our_server() -> bool:
    server = running_server()
    return server is not None and os.environ.get("PREFECT_API_URL") == server.api_url
