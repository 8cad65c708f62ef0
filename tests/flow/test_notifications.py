"""Telling people of failed runs: off by default, once, to the address that was set, no values."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from receivers import Hook, mail_server, webhook
from typer.testing import CliRunner

from datrial.errors import DatrialError, LockedError, UsageError
from datrial.pipeline.attempt import open_attempt
from datrial.pipeline.job import Job
from datrial.pipeline.lock import take_lock
from datrial.pipeline.notify import message_of, notify_end, notify_flow_run
from datrial.pipeline.notify_setting import FILE_VARIABLE, VARIABLE, Mail, Webhook, addresses
from datrial.pipeline.processes import started_process
from datrial.pipeline.record import (
    Attempt,
    FinishedStop,
    log_path,
    new_attempt,
    now,
    write_attempt,
)
from datrial.pipeline.supervise import supervise
from datrial.pipeline.sweep import sweep

CANARY = "Zebedee Canary-Person"
JOB = Job(study="drive", label=f"label of {CANARY}")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DATRIAL_HOME", str(tmp_path / "home"))
    for name in ("DATRIAL_ATTEMPT", VARIABLE, FILE_VARIABLE):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "home"


@pytest.fixture
def hook(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hook]:
    with webhook() as hook:
        monkeypatch.setenv(VARIABLE, hook.url)
        yield hook


def ended(**changes: Any) -> Attempt:
    """Return a nightly attempt whose build failed a critical check."""
    stops = [
        FinishedStop(name=name, state=state, ended=now(), seconds=1.0, summary=f"{name}: 3 rows")
        for name, state in (("receive", "done"), ("build", "failed"))
    ]
    usual = {
        "state": "failed", "error": "DataError", "exit_code": 3, "ended": now(),
        "stops": tuple(stops),
        "message": "marac_site_1.csv, column hearing_date: 12 rows. Correct and send again.",
    }  # fmt: skip
    attempt = new_attempt("nightly", JOB).model_copy(update=usual | changes)
    write_attempt(attempt)
    return attempt


def test_by_default_nothing_is_sent(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def connect(*about: Any) -> None:
        raise AssertionError("a connection was tried")

    monkeypatch.setattr(socket.socket, "connect", connect)
    monkeypatch.setattr(socket, "getaddrinfo", connect)
    attempt = ended()
    notify_end(attempt)
    notify_flow_run("1234", "nightly", "Crashed")
    assert not log_path(attempt.id).exists()
    assert {one.name for one in (home / "attempts").iterdir()} == {f"{attempt.id}.json"}
    monkeypatch.setenv(VARIABLE, "https://house.example/hook")
    notify_end(attempt)  # the watch is awake: this one tries, and is logged by class alone
    assert "AssertionError" in log_path(attempt.id).read_text()


def test_a_failed_check_is_told_with_its_sentence_and_without_values(
    home: Path, hook: Hook
) -> None:
    attempt = ended()
    notify_end(attempt)
    (told,) = hook.got
    assert hook.paths == ["POST /a-secret-path"]
    assert {name: told[name] for name in ("study", "flow", "state", "stop", "exit_code")} == {
        "study": "drive", "flow": "nightly", "state": "failed", "stop": "build", "exit_code": 3,
    }  # fmt: skip
    assert told["attempt"] == attempt.id and told["log"] == f"logs/{attempt.id}.log"
    assert told["sentence"] == attempt.message
    assert "stopped at the data: a critical check failed" in told["text"]
    everything = json.dumps(told)
    assert CANARY not in everything and str(home) not in everything


def test_each_end_is_told_once_whoever_notices_it(hook: Hook) -> None:
    attempt = ended(flow_run_id="the-flow-run")
    notify_end(attempt)
    notify_end(attempt)
    notify_flow_run("the-flow-run", "nightly", "Failed")
    assert len(hook.got) == 1
    other = ended(flow_run_id="another", state="running")  # its process is gone, say Prefect's eyes
    notify_flow_run("another", "nightly", "Crashed")
    notify_end(other.model_copy(update={"state": "crashed"}))  # the next run's sweep
    assert len(hook.got) == 2 and hook.got[1]["state"] == "Crashed"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"state": "crashed", "error": "Crash"}, "was killed or crashed"),
        ({"error": "FailedInPart", "exit_code": 1, "run_id": "abc"}, "is published in part"),
        ({"error": "Stopped", "exit_code": 1}, "was stopped before it had ended"),
        ({"error": "LockedError", "exit_code": 4, "stops": ()}, "another run at work"),
        ({"error": "KeyError", "exit_code": 1}, "could not be finished"),
        ({"message": "two\nlines"}, "stopped at the data"),
    ],
)
def test_the_subject_says_how_it_ended(changes: dict[str, Any], said: str) -> None:
    message = message_of(ended(**changes))
    assert said in message.subject and "\n" not in message.subject


def test_good_ends_are_not_told(hook: Hook) -> None:
    for state in ("done", "running", "waiting"):
        notify_end(ended(state=state))
    assert hook.got == []


def test_the_place_of_the_state_is_not_told(home: Path, hook: Hook) -> None:
    notify_end(ended(message=f"The folder {home}/results cannot be written."))
    assert hook.got[0]["sentence"] == "The folder DATRIAL_HOME/results cannot be written."


def test_a_run_that_was_killed_is_told_by_the_next_one(hook: Hook) -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    dead = started_process(child.pid)
    child.communicate(b"\n")
    attempt = ended(state="running", owner=dead, error=None, exit_code=None)
    for _ in range(2):
        lock = take_lock()
        sweep()
        lock.release()
    (told,) = hook.got
    assert (told["attempt"], told["state"], told["exit_code"]) == (attempt.id, "crashed", 1)


def test_a_run_that_could_not_be_begun_is_told(hook: Hook) -> None:
    lock = take_lock()
    with pytest.raises(LockedError):
        supervise(JOB, quiet=True)
    lock.release()
    (told,) = hook.got
    assert (told["state"], told["exit_code"]) == ("not begun", 4)
    assert "holds the lock" in told["sentence"] and "log" not in told


def test_a_flow_that_prefect_started_tells_and_a_command_by_hand_does_not(hook: Hook) -> None:
    for flow_run in (None, "a-flow-run"):
        with pytest.raises(ValueError), open_attempt("nightly", JOB, flow_run_id=flow_run):
            raise ValueError(CANARY)
    (told,) = hook.got
    assert CANARY not in json.dumps(told) and told["exit_code"] == 1


def test_mail_reaches_everybody_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with mail_server() as post:
        monkeypatch.setenv(
            VARIABLE,
            f"mailto:one@house.example,two@house.example?smtp=127.0.0.1:{post.port}&tls=no"
            "&from=datrial@house.example&user=me&password=p%26w",
        )
        attempt = ended()
        notify_end(attempt)
    assert post.people == ["one@house.example", "two@house.example"]
    assert post.login == "\0me\0p&w"
    (letter,) = post.letters
    assert (
        letter["from"] == "datrial@house.example" and "nightly of study drive" in letter["subject"]
    )
    text = letter.get_content()
    assert str(attempt.message) in text and "exit code: 3" in text and CANARY not in text


def test_a_mail_server_without_tls_is_told_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    with mail_server() as post:
        monkeypatch.setenv(VARIABLE, f"mailto:one@house.example?smtp=127.0.0.1:{post.port}")
        attempt = ended()
        notify_end(attempt)
    assert post.letters == []
    assert "SMTPNotSupportedError" in log_path(attempt.id).read_text()


@pytest.mark.parametrize("fault", ["nobody listens", "server error", "sent elsewhere"])
def test_what_goes_wrong_costs_nothing_and_is_logged_by_class_alone(
    fault: str, hook: Hook, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with webhook() as other:
        if fault == "nobody listens":
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", 0))
                free = probe.getsockname()[1]
            monkeypatch.setenv(VARIABLE, f"http://127.0.0.1:{free}/a-secret-path {other.url}")
        elif fault == "server error":
            hook.status = 500
        else:
            hook.status, hook.sends_to = 302, other.url
        attempt = ended()
        notify_end(attempt)
        log = log_path(attempt.id).read_text()
        expected = "URLError" if fault == "nobody listens" else "HTTPError"
        assert f"address 1 could not be told ({expected})" in log
        assert "a-secret-path" not in log + capsys.readouterr().err
        assert len(other.paths) == (1 if fault == "nobody listens" else 0)  # no redirect followed


@pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl to make a certificate")
def test_a_server_without_a_trusted_certificate_is_told_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate, key = tmp_path / "certificate", tmp_path / "key"
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj"]
    more = ["/CN=here", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out"]
    subprocess.run([*made, *more, certificate], check=True, capture_output=True)
    both = tmp_path / "both"
    both.write_bytes(key.read_bytes() + certificate.read_bytes())
    with webhook(both) as hook:
        monkeypatch.setenv(VARIABLE, hook.url)
        attempt = ended()
        notify_end(attempt)
        assert hook.got == [] and "(URLError)" in log_path(attempt.id).read_text()
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))  # as the house would install its own
        notify_end(ended())
        assert len(hook.got) == 1


def test_a_faulty_setting_costs_nothing_either(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "ftp://a-secret-path")
    attempt = ended()
    notify_end(attempt)
    log = log_path(attempt.id).read_text()
    assert "begin it with https://" in log and "a-secret-path" not in log


def test_all_problems_of_the_setting_are_told_at_once_and_no_address_is_repeated(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    words = [
        "http://house.example/sec-ret", "ftp://sec-ret", "https://", "https://me:sec-ret@house.example/",
        "mailto:?smtp=house.example", "mailto:one@house.example", "mailto:one?smtp=house.example",
        "mailto:one@house.example?smtp=house.example&tls=no&user=me&password=sec-ret",
        "mailto:one@house.example?smtp=house.example&user=me&tsl=no",
        "mailto:one@house.example?smtp=house.example:port", "https://house.example:port/sec-ret",
        "mailto:one@house.example%0d%0aBcc:sec-ret@x?smtp=house.example",
    ]  # fmt: skip
    monkeypatch.setenv(VARIABLE, " ".join(words))
    with pytest.raises(UsageError) as refused:
        addresses()
    said = str(refused.value)
    assert all(f"address {number}: " in said for number in range(1, len(words) + 1))
    for part in ("in the clear; use https://", "nobody", "name the mail server", "'tsl'",
                 "go together", "password in the clear", "no host"):  # fmt: skip
        assert part in said
    assert "sec-ret" not in said


def test_the_setting_may_lie_in_a_file_that_only_its_owner_can_read(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "notify"
    file.write_text("https://house.example/sec-ret\nmailto:a@b.example?smtp=b.example:465\n")
    monkeypatch.setenv(FILE_VARIABLE, str(file))
    file.chmod(0o640)
    with pytest.raises(UsageError, match="can be read by others"):
        addresses()
    file.chmod(0o600)
    hook, mail = addresses()
    assert hook == Webhook("https://house.example/sec-ret") and "sec-ret" not in f"{hook} {hook!r}"
    assert mail == Mail(("a@b.example",), "a@b.example", "b.example", 465, "yes")
    home.mkdir()
    inside = home / "notify"
    inside.write_text("https://house.example/sec-ret")
    for name, words in ((str(inside), "data folder"), (str(tmp_path / "none"), "cannot be read")):
        monkeypatch.setenv(FILE_VARIABLE, name)
        with pytest.raises(UsageError, match=words):
            addresses()


def test_the_command_tells_who_is_told_and_tries_it(hook: Hook, monkeypatch: Any) -> None:
    from datrial.cli import app

    run = CliRunner()
    shown = run.invoke(app, ["notify"])
    assert shown.output == "webhook at 127.0.0.1: set\n" and hook.got == []
    tried = run.invoke(app, ["notify", "--test"])
    assert tried.output == "webhook at 127.0.0.1: sent\n" and hook.got[0]["trial"] is True
    hook.status = 500
    tried = run.invoke(app, ["notify", "--test", "--json"])
    assert isinstance(tried.exception, DatrialError)
    (told,) = json.loads(tried.output)["addresses"]
    assert told == {"address": "webhook at 127.0.0.1", "sent": False, "error": "HTTPError"}
    monkeypatch.delenv(VARIABLE)
    assert "Nobody is told" in run.invoke(app, ["notify", "--test"]).output
