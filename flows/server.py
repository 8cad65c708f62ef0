"""A Prefect server that ends with the process that started it (see ``flows.serve``)."""

from __future__ import annotations

import os
import sys
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from datrial.pipeline.processes import end_with_parent

Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Message, Callable[[], Awaitable[Message]], Send], Awaitable[None]]


def main() -> None:
    """Serve Prefect's page and interface where the settings say."""
    end_with_parent(int(sys.argv[1]))
    import uvicorn
    from prefect.server.api.server import create_app

    host = os.environ["PREFECT_SERVER_API_HOST"]
    port = int(os.environ["PREFECT_SERVER_API_PORT"])
    page = kept_at_home(create_app(final=True), f"{host}:{port}")
    uvicorn.run(page, host=host, port=port, log_level="warning")


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

    async def answer(scope: Message, receive: Callable[[], Awaitable[Message]], send: Send) -> None:
        async def send_with_policy(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", []), header]
            await send(message)

        await page(scope, receive, send_with_policy)

    return answer


if __name__ == "__main__":
    main()
