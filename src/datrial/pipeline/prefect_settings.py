"""Prefect's settings here: quiet, private, offline, and with its state in ``DATRIAL_HOME``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from datrial.config.project import home
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
#: What a person may set otherwise.
_DEFAULTS = {
    "PREFECT_SERVER_EPHEMERAL_ENABLED": "true",
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
    "PREFECT_SERVER_API_HOST": "127.0.0.1",
    "PREFECT_SERVER_API_PORT": "4200",
    "PREFECT_LOGGING_LEVEL": "INFO",
    "PREFECT_LOGGING_COLORS": "false",
    "PREFECT_CLI_PROMPT": "false",
    "PREFECT_RUNNER_POLL_FREQUENCY": "5",
}
#: Not needed by a Prefect server, and best not seen by it.
SECRETS = ("DATRIAL_PSEUDONYM_KEY", "DATRIAL_PSEUDONYM_KEY_FILE")


class RunningServer(Process):
    """The server that ``make ui`` started, as it wrote itself down."""

    api_url: str


def prefect_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Return an environment with the settings for Prefect, and make its folder.

    A ``PREFECT_API_URL`` that a person set is respected; without one, the server
    of ``make ui`` is used if it runs; without that, Prefect starts its own for
    the length of the flow.
    """
    folder = home() / "prefect"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    settings = {**_DEFAULTS, "PREFECT_HOME": str(folder), **environment, **_PRIVATE}
    if "PREFECT_API_URL" not in settings and (server := running_server()):
        settings["PREFECT_API_URL"] = server.api_url
    return settings


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
