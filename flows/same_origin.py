"""Keeps other web sites from using the server through a visitor's browser.

A server that listens on this machine only is still within reach of every page
that its user has open. A browser says from which page a call comes; Prefect
itself does not look.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from urllib.parse import urlsplit

from datrial.pipeline.notify_setting import is_loopback
from datrial.pipeline.prefect_settings import LOGIN, WITHOUT_LOGIN
from flows.pages import Application, Message, Receive, Send


def from_own_pages(application: Application) -> Application:
    """Return the application, closed to calls that a browser makes for another site's page.

    Without a login its name must also be one of this machine's: a site may
    otherwise have its own name lead here.
    """
    any_name = bool(os.environ.get(LOGIN)) or os.environ.get(WITHOUT_LOGIN) == "yes"

    async def answer(scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan" or _is_own(scope.get("headers", ()), any_name):
            await application(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            headers = [(b"content-type", b"text/plain; charset=utf-8")]
            await send({"type": "http.response.start", "status": 403, "headers": headers})
            await send({"type": "http.response.body", "body": b"Not from another site.\n"})

    return answer


def _is_own(headers: Iterable[tuple[bytes, bytes]], any_name: bool) -> bool:
    said = {name.lower(): value.decode("latin-1") for name, value in headers}
    host = said.get(b"host", "")
    origin = said.get(b"origin")
    if not any_name and not is_loopback(_name(f"//{host}")):
        return False
    return origin is None or urlsplit(origin).netloc == host


def _name(address: str) -> str:
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""
