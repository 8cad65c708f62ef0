"""The reports on Prefect's server, to be read and nothing else (see ``flows.server``)."""

from __future__ import annotations

import base64
import hmac
import os
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datrial.pipeline.prefect_settings import LOGIN
from flows.links import PREFIX, SERVED

if TYPE_CHECKING:
    from starlette.applications import Starlette

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Message, Receive, Send], Awaitable[None]]

#: A page brings all that it needs, and may not speak to the server that it came from.
_HEADERS = (
    (
        b"content-security-policy",
        b"default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
        b"img-src data:; form-action 'none'; base-uri 'none'; frame-ancestors 'self'",
    ),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-cache"),
)


def with_pages(prefect: Application, home: Path) -> Application:
    """Return Prefect's application with the pages of ``DATRIAL_HOME`` beside it.

    Files of these folders only, by their names: no listing, and no way out of a folder. Where
    Prefect's server asks for a password, the pages ask for the same.
    """
    pages, prefix = _files(home), f"{PREFIX}/"

    async def answer(scope: Message, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", []), *_HEADERS]
            await send(message)

        if scope["type"] != "http" or not scope["path"].startswith(prefix):
            await prefect(scope, receive, send)
        elif not _may_see(dict(scope["headers"])):
            await _ask_who(send)
        else:
            await pages(scope, receive, send_with_headers)

    return answer


def _files(home: Path) -> Starlette:
    from starlette.applications import Starlette
    from starlette.routing import Mount
    from starlette.staticfiles import StaticFiles

    for part in SERVED:
        (home / part).mkdir(parents=True, exist_ok=True)
    return Starlette(
        routes=[Mount(f"{PREFIX}/{part}", StaticFiles(directory=home / part)) for part in SERVED]
    )


def _may_see(headers: Mapping[bytes, bytes]) -> bool:
    wanted = os.environ.get(LOGIN, "")
    if not wanted:
        return True
    expected = b"Basic " + base64.b64encode(wanted.encode())
    return hmac.compare_digest(headers.get(b"authorization", b""), expected)


async def _ask_who(send: Send) -> None:
    headers = [(b"www-authenticate", b'Basic realm="datrial"'), (b"content-length", b"0")]
    await send({"type": "http.response.start", "status": 401, "headers": headers})
    await send({"type": "http.response.body", "body": b""})
