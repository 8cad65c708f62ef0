"""The Prefect server of ``make ui`` (see ``flows.serve``), which ends with it.

By itself, ``python -m flows.server`` is a shared server (see ``configs/service``).
"""

from __future__ import annotations

import os
import sys

from datrial.config.project import home
from datrial.errors import DatrialError
from datrial.pipeline.prefect_settings import check_exposure, prefect_environment
from datrial.pipeline.processes import end_with_parent
from flows.pages import Application, Message, Receive, Send, with_pages
from flows.same_origin import from_own_pages


def main() -> None:
    """Serve Prefect's page and interface, and the reports, where the settings say."""
    if len(sys.argv) > 1:
        end_with_parent(int(sys.argv[1]))
    else:  # a shared server, by itself
        os.environ.update(prefect_environment(os.environ))
        check_exposure(os.environ["PREFECT_SERVER_API_HOST"], os.environ)
    import uvicorn
    from prefect.server.api import collections
    from prefect.server.api.server import create_app

    from flows import notify  # noqa: F401 (its block is what the automation calls)

    # Prefect asks another host for lists of worker types; it keeps a copy of this one.
    collections.KNOWN_VIEWS = {"aggregate-worker-metadata": "its own copy"}
    host = os.environ["PREFECT_SERVER_API_HOST"]
    port = int(os.environ["PREFECT_SERVER_API_PORT"])
    page = kept_at_home(with_pages(create_app(final=True), home()), f"{host}:{port}")
    uvicorn.run(from_own_pages(page), host=host, port=port, log_level="warning")


def kept_at_home(page: Application, address: str) -> Application:
    """Return the page with a policy by which browsers let it speak to this server only.

    Prefect's second-generation page (``/v2``, a link in the first) calls
    another host even when it is switched off in the settings.
    """
    policy = (
        "default-src 'self' data: blob: 'unsafe-inline' 'unsafe-eval'; "
        f"connect-src 'self' http://{address} ws://{address}"
    )
    header = (b"content-security-policy", policy.encode())

    async def answer(scope: Message, receive: Receive, send: Send) -> None:
        async def send_with_policy(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", []), header]
            await send(message)

        await page(scope, receive, send_with_policy)

    return answer


if __name__ == "__main__":
    try:
        main()
    except DatrialError as error:
        sys.exit(f"datrial: {error}")
