"""Where notifications go: one setting, ``DATRIAL_NOTIFY`` or a file that holds the same words.

Addresses stand apart by white space. None, which is the default: nothing is sent.
An address may hold a secret (a webhook's path, a mail server's password), so no
error, log or ``repr`` repeats one.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import Literal
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from datrial.config.project import home
from datrial.errors import UsageError

VARIABLE = "DATRIAL_NOTIFY"
FILE_VARIABLE = "DATRIAL_NOTIFY_FILE"
_LONGEST = 10_000
_MAIL_OPTIONS = ("smtp", "from", "tls", "user", "password")
_PORTS = {"starttls": 587, "yes": 465, "no": 25}

Tls = Literal["starttls", "yes", "no"]


@dataclass(frozen=True)
class Webhook:
    """An address that is sent JSON by POST."""

    url: str = field(repr=False)

    def __str__(self) -> str:
        """Return the address without its path, which may be a secret."""
        return f"webhook at {urlsplit(self.url).hostname}"


@dataclass(frozen=True)
class Mail:
    """People who are sent a mail, and the server that takes it."""

    to: tuple[str, ...]
    sender: str
    host: str
    port: int
    tls: Tls
    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)

    def __str__(self) -> str:
        """Return to whom, and by which server."""
        return f"mail to {', '.join(self.to)} by {self.host}:{self.port}"


Address = Webhook | Mail


def is_configured() -> bool:
    """Tell whether anybody is to be told of anything."""
    return any(os.environ.get(name, "").strip() for name in (VARIABLE, FILE_VARIABLE))


def addresses() -> tuple[Address, ...]:
    """Return the addresses of the setting; none if there is no setting.

    Raises
    ------
    UsageError
        If the setting's file cannot be used, or an address cannot; all
        problems of all addresses are told at once.
    """
    if not is_configured():
        return ()
    words, place = os.environ.get(VARIABLE, ""), VARIABLE
    if not words.strip():
        words = _read(Path(os.environ[FILE_VARIABLE].strip()))
        place = f"the file named by {FILE_VARIABLE}"
    found: list[Address] = []
    problems: list[str] = []
    for number, word in enumerate(words.split(), start=1):
        answer = _address(word)
        if isinstance(answer, list):
            problems += [f"address {number}: {problem}" for problem in answer]
        else:
            found.append(answer)
    if problems:
        raise UsageError(f"{place} cannot be used: {'; '.join(problems)}.")
    return tuple(found)


def is_loopback(host: str) -> bool:
    """Tell whether a host is this machine."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _read(path: Path) -> str:
    name = f"The file named by {FILE_VARIABLE}"
    if path.resolve().is_relative_to(home().resolve()):
        raise UsageError(f"{name} lies in the data folder: move it elsewhere.")
    try:
        with path.open(encoding="utf-8") as file:
            if os.fstat(file.fileno()).st_mode & (stat.S_IRWXG | stat.S_IRWXO):
                raise UsageError(f"{name} can be read by others: chmod 600 it.")
            words = file.read(_LONGEST).strip()
    except OSError as error:
        raise UsageError(f"{name} cannot be read ({error.strerror}).") from error
    except UnicodeDecodeError:  # without the cause: its text holds the file's bytes
        raise UsageError(f"{name} is not UTF-8 text.") from None
    if not words:
        raise UsageError(f"{name} is empty.")
    return words


def _address(word: str) -> Address | list[str]:
    """Return the address that a word says, or what is wrong with it."""
    try:
        parts = urlsplit(word)
        _ = parts.port  # raises if it is no number
    except ValueError:
        return ["no address that can be read"]
    kinds: dict[str, Callable[[str, SplitResult], Address | list[str]]] = {
        "https": _webhook,
        "http": _webhook,
        "mailto": _mail,
    }
    if parts.scheme not in kinds:
        return ["begin it with https:// (a webhook) or mailto: (e-mail)"]
    return kinds[parts.scheme](word, parts)


def _webhook(word: str, parts: SplitResult) -> Address | list[str]:
    if not parts.hostname:
        return ["https:// is followed by no host"]
    problems = []
    if parts.scheme == "http" and not is_loopback(parts.hostname):
        problems.append("http:// sends the message in the clear; use https://")
    if parts.username or parts.password:
        problems.append("a name or password before the host is not sent; put the token in the path")
    return problems or Webhook(word)


def _mail(word: str, parts: SplitResult) -> Address | list[str]:
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    options = dict(pairs)
    people = tuple(unquote(one) for one in parts.path.split(",") if one)
    server = urlsplit(f"//{options.get('smtp', '')}")
    tls = options.get("tls") or ("yes" if _port(server) == 465 else "starttls")
    problems = [
        *_unusable_people(people, options.get("from")),
        *(f"{name!r} is no option of an e-mail address; there are {', '.join(_MAIL_OPTIONS)}"
          for name in options if name not in _MAIL_OPTIONS),
    ]  # fmt: skip
    if len(options) < len(pairs):
        problems.append("an option is given twice")
    if not server.hostname or _port(server) is None:
        problems.append("name the mail server: ?smtp=host or ?smtp=host:port")
    if tls not in _PORTS:
        problems.append(f"tls= is one of {', '.join(_PORTS)}")
    if bool(options.get("user")) != bool(options.get("password")):
        problems.append("user= and password= go together")
    if options.get("password") and tls == "no" and not is_loopback(server.hostname or ""):
        problems.append("tls=no would send the password in the clear")
    if problems:
        return problems
    return Mail(
        to=people,
        sender=options.get("from") or people[0],
        host=server.hostname or "",
        port=_port(server) or _PORTS[tls],
        tls="yes" if tls == "yes" else "no" if tls == "no" else "starttls",
        user=options.get("user", ""),
        password=options.get("password", ""),
    )


def _port(server: SplitResult) -> int | None:
    """Return the port that is named; 0 if none is, none if it is no port."""
    try:
        return server.port or 0
    except ValueError:
        return None


def _unusable_people(people: tuple[str, ...], sender: str | None) -> Iterator[str]:
    if not people:
        yield "mailto: is followed by nobody"
    for one in (*people, *([sender] if sender else [])):
        name, _, host = one.rpartition("@")
        if not (name and host) or any(sign in one for sign in '<>,;\r\n\t" '):
            yield "write each person as name@host"
            return
