"""Receivers of notifications on this machine: a webhook, and a mail server."""

from __future__ import annotations

import base64
import json
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, cast


@dataclass
class Hook:
    """A webhook: what it was sent, and how it answers."""

    port: int
    got: list[dict[str, Any]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    status: int = 200
    sends_to: str = ""
    scheme: str = "http"

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}/a-secret-path"


@contextmanager
def webhook(certificate: Path | None = None) -> Iterator[Hook]:
    """Take what is posted; with a certificate (and its key in the same file) by https."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            hook.paths.append(f"{self.command} {self.path}")
            hook.got.append(json.loads(body))
            self.send_response(hook.status)
            if hook.sends_to:
                self.send_header("location", hook.sends_to)
            self.end_headers()

        def do_GET(self) -> None:
            hook.paths.append(f"{self.command} {self.path}")
            self.send_response(200)
            self.end_headers()

        def log_message(self, *about: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hook = Hook(server.server_address[1])
    if certificate:
        hook.scheme = "https"
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield hook
    server.shutdown()
    server.server_close()


@dataclass
class Post:
    """A mail server: the letters it took, for whom, and the login it was told."""

    port: int
    letters: list[EmailMessage] = field(default_factory=list)
    people: list[str] = field(default_factory=list)
    login: str = ""


@contextmanager
def mail_server() -> Iterator[Post]:
    """Speak as much of SMTP as a sender needs; no STARTTLS."""

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.say("220 here")
            while line := self.rfile.readline().strip():
                word, _, rest = line.decode().partition(" ")
                if word in ("ehlo", "EHLO"):
                    self.say("250-here", "250 AUTH PLAIN")
                elif word == "AUTH":
                    post.login = base64.b64decode(rest.split()[1]).decode()
                    self.say("235 welcome")
                elif word.upper() == "DATA":
                    self.say("354 go on")
                    self.take()
                elif word.upper() == "QUIT":
                    self.say("221 bye")
                    return
                else:
                    if rest.upper().startswith("TO:"):
                        post.people.append(rest[3:].strip("<>"))
                    self.say("250 good")

        def take(self) -> None:
            lines = []
            while (line := self.rfile.readline()) != b".\r\n":
                lines.append(line)
            letter = message_from_bytes(b"".join(lines), policy=policy.default)
            post.letters.append(cast(EmailMessage, letter))
            self.say("250 taken")

        def say(self, *lines: str) -> None:
            self.wfile.write("".join(f"{line}\r\n" for line in lines).encode())

    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    post = Post(server.server_address[1])
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield post
    server.shutdown()
    server.server_close()
