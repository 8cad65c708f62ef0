"""Prefect's settings here: quiet, private, offline, and with its state in ``DATRIAL_HOME``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from datrial.config.project import home
from datrial.errors import UsageError
from datrial.pipeline.notify_setting import is_loopback
from datrial.pipeline.processes import Process, is_alive

#: What nobody may switch on by accident: nothing leaves the machine.
_PRIVATE = {
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_SERVER_UI_V2_ENABLED": "false",  # its page calls another host
    "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
    "PREFECT_CLOUD_ENABLE_ORCHESTRATION_TELEMETRY": "false",
    "PREFECT_TELEMETRY_ENABLE_RESOURCE_METRICS": "false",
    # Results would be pickled to disk, rows included; we keep our own.
    "PREFECT_RESULTS_PERSIST_BY_DEFAULT": "false",
    "PREFECT_TASKS_DEFAULT_NO_CACHE": "true",
}
_LEASES_IN_FILES = "prefect.server.concurrency.lease_storage.filesystem"
#: What a person may set otherwise.
_DEFAULTS = {
    "PREFECT_SERVER_EPHEMERAL_ENABLED": "true",
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
    "PREFECT_SERVER_API_HOST": "127.0.0.1",
    "PREFECT_SERVER_API_PORT": "4200",
    "PREFECT_SERVER_UI_API_URL": "/api",  # by whatever name or proxy the page was reached
    "PREFECT_LOGGING_LEVEL": "INFO",
    "PREFECT_LOGGING_COLORS": "false",
    "PREFECT_CLI_PROMPT": "false",
    "PREFECT_CLIENT_MAX_RETRIES": "3",  # a run outlives its server, and need not wait for it
    "PREFECT_RUNNER_POLL_FREQUENCY": "5",
    # A server that dies with a run must know afterwards whose slot it was.
    "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": _LEASES_IN_FILES,
}
#: Not needed by a Prefect server, and best not seen by it.
SECRETS = ("DATRIAL_PSEUDONYM_KEY", "DATRIAL_PSEUDONYM_KEY_FILE")


#: Prefect's names of the login (``user:password``): what its server asks for, what is told it.
LOGIN, OUR_LOGIN = "PREFECT_SERVER_API_AUTH_STRING", "PREFECT_API_AUTH_STRING"
#: Says that something in front of the server asks who comes.
WITHOUT_LOGIN = "DATRIAL_SERVE_WITHOUT_LOGIN"


class RunningServer(Process):
    """The server that ``make ui`` started, as it wrote itself down.

    Attributes
    ----------
    login
        Whether it asks for a login.
    """

    api_url: str
    login: bool = False


def prefect_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Return an environment with the settings for Prefect, and make its folder.

    A ``PREFECT_API_URL`` that a person set is respected; without one, the server
    of ``make ui`` is used if it runs; without that, Prefect starts its own for
    the length of the flow.

    Raises
    ------
    UsageError
        If the server of ``make ui`` asks for a login and the environment has none.
    """
    folder = home() / "prefect"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    settings = {**_DEFAULTS, "PREFECT_HOME": str(folder), **environment, **_PRIVATE}
    if login := settings.get(LOGIN):
        settings.setdefault(OUR_LOGIN, login)
    if "PREFECT_API_URL" not in settings and (server := running_server()):
        settings["PREFECT_API_URL"] = server.api_url
        if server.login and not settings.get(OUR_LOGIN):
            raise UsageError(
                f"The server of `make ui` asks for a login: set {OUR_LOGIN} to the words that it "
                f"was started with ({LOGIN})."
            )
    return settings


def check_exposure(host: str, environment: Mapping[str, str]) -> None:
    """Refuse to serve other machines without a login.

    Raises
    ------
    UsageError
        If the host can be reached from elsewhere and nobody would be asked who
        they are, or the login is not of the form that Prefect and browsers use.
    """
    login = environment.get(LOGIN, "")
    if login and not all(login.partition(":")):
        raise UsageError(f"{LOGIN}: write user:password.")
    if not (login or is_loopback(host) or environment.get(WITHOUT_LOGIN) == "yes"):
        raise UsageError(
            f"PREFECT_SERVER_API_HOST={host} would let everybody in the network start runs and "
            f"read results. Set {LOGIN} to user:password, or, if a proxy in front of it asks who "
            f"comes, {WITHOUT_LOGIN}=yes."
        )


def running_server() -> RunningServer | None:
    """Return the server that serves this ``DATRIAL_HOME``, if it runs on this machine."""
    try:
        server = RunningServer.model_validate(json.loads(server_file().read_bytes()))
    except (OSError, ValueError):
        return None
    return server if is_alive(server) else None


def server_file() -> Path:
    """Return the file in which ``make ui`` writes where its server is."""
    return home() / "prefect" / "server.json"
