"""The one setting of where repeated work is done."""

from __future__ import annotations

import pytest

from datrial.config.workers import Workers, workers
from datrial.errors import UsageError
from datrial.models.replicates import mapping, use
from datrial.pipeline.replicate_workers import spread_replicates


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("", Workers()),
        ("1", Workers()),
        ("processes:1", Workers()),
        (" 4 ", Workers("processes", 4)),
        ("processes:2", Workers("processes", 2)),
        ("dask:tcp://host:8786", Workers("dask", address="tcp://host:8786")),
        ("dask:tls://10.0.0.1:8786", Workers("dask", address="tls://10.0.0.1:8786")),
        ("ray:auto", Workers("ray", address="auto")),
        ("ray:ray://host:10001", Workers("ray", address="ray://host:10001")),
        ("ray:host:6379", Workers("ray", address="host:6379")),
    ],
)
def test_the_ways_to_write_it(monkeypatch: pytest.MonkeyPatch, text: str, meant: Workers) -> None:
    monkeypatch.setenv("DATRIAL_WORKERS", text)
    assert workers() == meant


def test_unset_is_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATRIAL_WORKERS", raising=False)
    assert workers() == Workers()


@pytest.mark.parametrize(
    "text",
    ["0", "-2", "two", "processes", "processes:", "processes:many", "processes:9999", "²",
     "dask", "dask:", "dask:host", "dask:http://host:1", "ray:", "ray:http://x", "spark:host:1"],
)  # fmt: skip
def test_another_is_refused_in_a_sentence(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("DATRIAL_WORKERS", text)
    with pytest.raises(UsageError, match=r"^DATRIAL_WORKERS is not understood: .*processes:4"):
        workers()


def test_the_setting_reaches_the_models(monkeypatch: pytest.MonkeyPatch) -> None:
    try:
        monkeypatch.setenv("DATRIAL_WORKERS", "3")
        spread_replicates()
        assert mapping._asked == ("processes", 3, "")
        monkeypatch.delenv("DATRIAL_WORKERS")
        spread_replicates()
        assert mapping._asked == ("here", 1, "")
    finally:
        use("here")
