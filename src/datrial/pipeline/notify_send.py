"""Sending one message to one address. Nothing is sent to anywhere else: no redirect is followed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from datrial.pipeline.notify_setting import Address, Mail, Webhook

if TYPE_CHECKING:
    import smtplib

_SECONDS = 15


@dataclass(frozen=True)
class Message:
    """What people are told: a line, a text, and the same as facts for machines."""

    subject: str
    text: str
    facts: dict[str, Any]


def send(message: Message, address: Address) -> None:
    """Send a message.

    Raises
    ------
    OSError
        If the address cannot be reached or does not take it (``URLError`` and
        ``SMTPException`` are OSErrors).
    """
    if isinstance(address, Webhook):
        _post(message, address)
    else:
        _mail(message, address)


def _post(message: Message, address: Webhook) -> None:
    import urllib.request

    class Stay(urllib.request.HTTPRedirectHandler):
        """Follows no redirect: the message is for the address that was set."""

        def redirect_request(self, *about: Any) -> None:
            return None

    # "text" is what the usual chat services show.
    content = {"text": f"{message.subject}\n\n{message.text}", **message.facts}
    request = urllib.request.Request(  # noqa: S310 (https, or this machine: see the setting)
        address.url,
        data=json.dumps(content).encode(),
        headers={"Content-Type": "application/json", "User-Agent": "datrial"},
        method="POST",
    )
    with urllib.request.build_opener(Stay).open(request, timeout=_SECONDS):
        return


def _mail(message: Message, address: Mail) -> None:
    import smtplib
    import ssl
    from email.message import EmailMessage
    from email.utils import format_datetime, make_msgid

    from datrial.pipeline.record import now

    letter = EmailMessage()
    letter["Subject"] = message.subject
    letter["From"] = address.sender
    letter["To"] = ", ".join(address.to)
    letter["Date"] = format_datetime(now())
    letter["Message-ID"] = make_msgid(domain=address.sender.rpartition("@")[2])
    letter["Auto-Submitted"] = "auto-generated"  # no answer from an absent person's server
    letter.set_content(message.text)
    server: smtplib.SMTP
    if address.tls == "yes":
        context = ssl.create_default_context()
        server = smtplib.SMTP_SSL(address.host, address.port, timeout=_SECONDS, context=context)
    else:
        server = smtplib.SMTP(address.host, address.port, timeout=_SECONDS)
    with server:
        if address.tls == "starttls":
            server.starttls(context=ssl.create_default_context())
        if address.user:
            server.login(address.user, address.password)
        server.send_message(letter)
