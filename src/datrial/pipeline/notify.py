"""Telling people that a run failed: by webhook or e-mail, once, and never a row's value.

Off unless ``DATRIAL_NOTIFY`` is set. Whoever notices first tells: the
supervisor of ``datrial run``, a flow that Prefect started, the automation of
the Prefect server, or the next run, which finds that one was killed. A mark
beside the attempt's record, made before anything is sent, keeps it to once.

A critical check that fails ends its run with exit code 3, so it needs no
notification of its own.
"""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from datrial.config.project import home
from datrial.errors import DatrialError
from datrial.pipeline.failure import IN_PART
from datrial.pipeline.notify_send import Message, send
from datrial.pipeline.notify_setting import Address, addresses, is_configured
from datrial.pipeline.record import Attempt, FlowName, attempts, log_path, now

_TOLD = ("failed", "crashed")
_WHY = {
    1: "could not be finished",
    2: "could not be begun as it was asked for",
    3: "stopped at the data: a critical check failed, or a file cannot be used",
    4: "found another run at work for too long",
}


def notify_end(attempt: Attempt) -> None:
    """Tell of an attempt that has ended badly, unless that was done; never raises.

    Does nothing without the setting. What goes wrong costs the run nothing and
    is logged by the error's class alone.
    """
    if attempt.state not in _TOLD or not is_configured():
        return
    try:
        if _claim(attempt.id):
            _tell(message_of(attempt), attempt.id)
    except Exception as error:
        _log(attempt.id, f"nobody could be told ({type(error).__name__})")


@contextmanager
def told_if_refused(flow: FlowName, study: str) -> Iterator[None]:
    """Tell of a run that could not even be begun: the lock is held, or no disk takes its record."""
    try:
        yield
    except DatrialError as error:
        if is_configured():
            facts = {
                "study": study,
                "flow": flow,
                "state": "not begun",
                "exit_code": error.exit_code,
                "sentence": _at_home(str(error)),
                "host": socket.gethostname(),
            }
            _tell(_message(f"{flow} of study {study} could not be begun", facts), "not-begun")
        raise


def notify_flow_run(flow_run_id: str, flow: str, state: str) -> None:
    """Tell of a run of which Prefect says that it failed (see ``flows.notify``); never raises.

    Its attempt's record knows more. Of a run that has none, or whose record
    still says that it runs, Prefect's state is told, and not its message, which
    may quote a parameter.
    """
    if not is_configured():
        return
    try:
        known = [one for one in attempts() if one.flow_run_id == flow_run_id]
        if known and known[-1].state in _TOLD:
            notify_end(known[-1])
        elif _claim(flow_run_id):  # "running" in our record still: its process is gone
            _tell(_message_of_flow_run(flow_run_id, flow, state, known), flow_run_id)
            for one in known:
                _claim(one.id)
    except Exception as error:
        _log(flow_run_id, f"nobody could be told ({type(error).__name__})")


def try_out() -> list[tuple[Address, str]]:
    """Send a trial message to every address; return for each the class of what went wrong.

    Raises
    ------
    UsageError
        If the setting cannot be used.
    """
    trial = Message(
        subject="datrial: a trial notification",
        text="This is a trial. Runs that fail will be told here.",
        facts={"trial": True},
    )
    return [(one, _sent(trial, one)) for one in addresses()]


def faults() -> str:
    """Return what is wrong with the setting; empty if it can be used or there is none."""
    try:
        addresses()
    except DatrialError as error:
        return str(error)
    return ""


def message_of(attempt: Attempt) -> Message:
    """Return what people are told of an attempt: counts, ids and our own sentence."""
    left = [stop.name for stop in attempt.stops]
    failed = [stop.name for stop in attempt.stops if stop.state == "failed"]
    if attempt.state == "crashed":
        why, stop = "was killed or crashed", f"after {left[-1]}" if left else "before the first"
    else:
        why = _WHY.get(attempt.exit_code or 1, _WHY[1])
        stop = ", ".join(failed) or (f"after {left[-1]}" if left else "before the first")
    if attempt.error == IN_PART:
        why = "is published in part"
    elif attempt.error == "Stopped":
        why = "was stopped before it had ended"
    facts = {
        "study": attempt.study,
        "flow": attempt.flow,
        "state": attempt.state,
        "attempt": attempt.id,
        "stop": stop,
        "exit_code": attempt.exit_code,
        "run": attempt.run_id,
        "sentence": _at_home(attempt.message or ""),
        "host": attempt.host,
        "started": attempt.started.isoformat(),
        "ended": attempt.ended.isoformat() if attempt.ended else None,
        "log": f"logs/{attempt.id}.log",
    }
    return _message(f"{attempt.flow} of study {attempt.study} {why}", facts)


def _message_of_flow_run(flow_run_id: str, flow: str, state: str, known: list[Attempt]) -> Message:
    facts = {
        "study": known[-1].study if known else None,
        "flow": flow,
        "state": state,
        "attempt": known[-1].id if known else None,
        "flow_run": flow_run_id,
        "sentence": "The run ended without a word of its own; the last good snapshot stays "
        "current. Its page in Prefect says more.",
        "log": "logs/prefect-server.log",
    }
    return _message(f"{flow}: Prefect says {state}", facts)


def _message(subject: str, facts: Mapping[str, object]) -> Message:
    lines = [
        f"{name.replace('_', ' ')}: {value}"
        for name, value in facts.items()
        if name != "sentence" and value is not None
    ]
    if "log" in facts:
        lines += ["", "The log's place is told from DATRIAL_HOME."]
    text = "\n".join([str(facts["sentence"]), "", *lines])
    return Message(" ".join(f"datrial: {subject}".split()), text, dict(facts))


def _tell(message: Message, of: str) -> None:
    try:
        everybody = addresses()
    except DatrialError as error:  # the sentence says what is wrong and repeats no address
        _log(of, f"nobody was told. {error}")
        return
    for number, address in enumerate(everybody, start=1):
        if wrong := _sent(message, address):
            _log(of, f"address {number} could not be told ({wrong})")


def _sent(message: Message, address: Address) -> str:
    """Send; return the class of what went wrong, or nothing."""
    try:
        send(message, address)
    except Exception as error:
        return type(error).__name__
    return ""


def told_path(name: str) -> Path:
    """Return the mark that people were told of an attempt, or of a run that only Prefect knows."""
    return home() / "attempts" / f"{name}.told"


def _claim(name: str) -> bool:
    """Tell whether we are the first to tell of this, and let nobody else be it after us."""
    try:
        told_path(name).parent.mkdir(parents=True, exist_ok=True)
        told_path(name).touch(exist_ok=False)
    except FileExistsError:
        return False
    except OSError:  # a full or read-only disk: rather twice than never
        return True
    return True


def _at_home(sentence: str) -> str:
    """Return a sentence without the place of the state on this machine."""
    return sentence.replace(str(home()), "DATRIAL_HOME")


def _log(of: str, what: str) -> None:
    line = f"{now():%Y-%m-%d %H:%M:%S} UTC, notification: {what}\n"
    sys.stderr.write(line)
    try:
        log = log_path(of)
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("a", encoding="utf-8") as file:
            file.write(line)
    except OSError:
        return
