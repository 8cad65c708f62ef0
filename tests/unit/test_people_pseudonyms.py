"""Pseudonyms: one person, one pseudonym; and the key is shown nowhere."""

from __future__ import annotations

import hashlib
import hmac
import pickle
import traceback
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from datrial.allocation.entries import PSEUDONYM
from datrial.errors import DataError, DatrialError, UsageError
from datrial.people.pseudonyms import (
    DEMONSTRATION_KEY,
    KEY_FILE_VARIABLE,
    KEY_VARIABLE,
    Pseudonymiser,
    load_pseudonymiser,
    normalise_reference,
)

KEY = "0123456789abcdef0123456789abcdef"
OTHER_KEY = "fedcba9876543210fedcba9876543210"


@pytest.fixture(autouse=True)
def _no_key_from_outside(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv(KEY_VARIABLE, raising=False)
    monkeypatch.delenv(KEY_FILE_VARIABLE, raising=False)
    monkeypatch.setenv("DATRIAL_HOME", str(tmp_path / "data"))


def key_file(path: Path, content: bytes, mode: int = 0o600) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    path.chmod(mode)
    return path


@pytest.mark.parametrize(
    "written",
    ["MC 1024", " mc 1024 ", "mc\t 1024\n", "mc\u00a01024", "Mc\u2003 1024", "ｍｃ 1024"],
)
def test_the_same_reference_written_differently_is_the_same_person(written: str) -> None:
    pseudonymiser = Pseudonymiser(KEY)
    assert normalise_reference(written) == "MC 1024"
    assert pseudonymiser.pseudonym("perpetrator", written) == pseudonymiser.pseudonym(
        "perpetrator", "MC 1024"
    )


@pytest.mark.parametrize("other", ["MC1024", "MC 1025", "MC 01024", "MC-1024"])
def test_other_references_are_other_people(other: str) -> None:
    pseudonymiser = Pseudonymiser(KEY)
    assert pseudonymiser.pseudonym("perpetrator", other) != pseudonymiser.pseudonym(
        "perpetrator", "MC 1024"
    )


def test_the_pseudonym_is_the_keyed_hash_that_the_module_states() -> None:
    expected = hmac.new(KEY.encode(), b"perpetrator:MC 1024", hashlib.sha256).hexdigest()[:20]
    assert Pseudonymiser(KEY).pseudonym("perpetrator", "mc 1024") == f"p_{expected}"


def test_the_ledger_takes_our_pseudonyms_and_no_references() -> None:
    assert PSEUDONYM.fullmatch(Pseudonymiser(KEY).pseudonym("perpetrator", "MC 1024"))
    assert not PSEUDONYM.fullmatch("MC 1024")


def test_kinds_do_not_collide() -> None:
    """Also not where two kinds begin with the same letter, or hold the dividing colon."""
    pseudonymiser = Pseudonymiser(KEY)
    kinds = ["perpetrator", "police_officer", "victim", "incident"]
    assert len({pseudonymiser.pseudonym(kind, "1024") for kind in kinds}) == len(kinds)
    for kind in ("", "perpetrator:x", "Perpetrator", "1"):
        with pytest.raises(ValueError, match="kind"):
            pseudonymiser.pseudonym(kind, "1024")


def test_another_key_gives_other_pseudonyms_and_another_fingerprint() -> None:
    one, other = Pseudonymiser(KEY), Pseudonymiser(OTHER_KEY)
    assert one.pseudonym("victim", "1024") != other.pseudonym("victim", "1024")
    assert one.fingerprint != other.fingerprint
    assert one.fingerprint == Pseudonymiser(KEY).fingerprint


def test_pseudonyms_of_many_references() -> None:
    pseudonymiser = Pseudonymiser(KEY)
    many = pseudonymiser.pseudonyms("victim", ["a 1", "A  1", "b", "b"])
    assert set(many) == {"a 1", "A  1", "b"}
    assert many["a 1"] == many["A  1"] == pseudonymiser.pseudonym("victim", "A 1") != many["b"]


def test_a_space_holds_other_people_than_the_shared_references() -> None:
    """Also where a kind and a space together read like another kind."""
    pseudonymiser = Pseudonymiser(KEY)
    spaces = [None, "north", "south", "north_2"]
    assert len({pseudonymiser.pseudonym("victim", "1024", space) for space in spaces}) == 4
    expected = hmac.new(KEY.encode(), b"victim@north:MC 1024", hashlib.sha256).hexdigest()[:20]
    assert pseudonymiser.pseudonym("victim", "mc 1024", "north") == f"v_{expected}"
    for space in ("", "North", "a:b", "a@b", "1"):
        with pytest.raises(ValueError, match="space"):
            pseudonymiser.pseudonym("victim", "1024", space)


some_text = st.text(
    st.one_of(
        st.characters(codec="ascii"),
        st.sampled_from("\x00\x1c\x85\xa0\u2003\u3000éßıİſKﬁｍΣς\ud7a3\U0001d7d9"),
        st.characters(codec="utf-8"),
    ),
    max_size=12,
)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.one_of(st.none(), some_text), max_size=20),
    st.sampled_from([None, "north"]),
    st.sampled_from([KEY, "k" * 64, "k" * 65, "schlüssel" * 9]),
)
@example([" mc\t 17 ", "MC 17", None, "ｍｃ 17", "a\x0bb", "\x1fa\x7f"], None, KEY)
def test_a_column_of_references_has_the_pseudonyms_of_each(
    references: list[str | None], space: str | None, key: str
) -> None:
    """The quick way (a database in memory) and the plain way are one."""
    pseudonymiser = Pseudonymiser(key)
    named = [None if text is None or not normalise_reference(text) else text for text in references]
    found = pseudonymiser.column("victim", pa.array(named, pa.string()), space)
    assert found.to_pylist() == [
        None if text is None else pseudonymiser.pseudonym("victim", text, space) for text in named
    ]
    if named != references:
        with pytest.raises(DataError, match="empty reference to a victim"):
            pseudonymiser.column("victim", pa.array(references, pa.string()), space)


def test_a_long_column_keeps_its_order() -> None:
    pseudonymiser = Pseudonymiser(KEY)
    references = [f"C{number}" for number in range(300_000)]
    found = pseudonymiser.column("incident", pa.array(references))
    for place in range(0, 300_000, 7_919):
        assert found[place].as_py() == pseudonymiser.pseudonym("incident", references[place])


def test_a_fault_while_hashing_tells_neither_key_nor_reference(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        "datrial.people.pseudonyms._HASH",
        "select place, error(received || $letter || $prefix || $digits || hex($inner) "
        "|| hex($outer)) from given",
    )
    with pytest.raises(DatrialError) as caught:
        Pseudonymiser(KEY).column("victim", pa.array(["CANARY"]))
    assert str(caught.value) == "Pseudonyms: hashing failed (InvalidInputException)."
    text = "".join(traceback.format_exception(caught.value))
    assert "CANARY" not in text.replace('pa.array(["CANARY"])', "")


@pytest.mark.parametrize("empty", ["", "  ", "\u00a0\t"])
def test_an_empty_reference_is_nobody(empty: str) -> None:
    with pytest.raises(DataError, match="empty reference to a victim"):
        Pseudonymiser(KEY).pseudonyms("victim", ["a", empty])


def test_a_short_key_is_refused() -> None:
    Pseudonymiser("k" * 32)
    with pytest.raises(UsageError, match="32 characters") as caught:
        Pseudonymiser("secret" + "k" * 25)
    assert "secret" not in str(caught.value)


def test_the_key_is_shown_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    pseudonymiser = Pseudonymiser(KEY)
    shown = [repr(pseudonymiser), str(pseudonymiser), f"{pseudonymiser}", pseudonymiser.fingerprint]
    assert not any(KEY in text for text in shown)
    assert pseudonymiser.fingerprint in repr(pseudonymiser)
    with pytest.raises(TypeError, match="not pickled") as caught:
        pickle.dumps(pseudonymiser)
    assert KEY not in str(caught.value)
    monkeypatch.setenv(KEY_VARIABLE, KEY[:31])
    try:
        load_pseudonymiser()
    except UsageError as error:
        assert KEY[:31] not in "".join(traceback.format_exception(error))
    else:
        pytest.fail("a key of 31 characters was taken")


def test_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    for value in (None, "", "  "):
        if value is not None:
            monkeypatch.setenv(KEY_VARIABLE, value)
        with pytest.raises(UsageError, match=f"Set {KEY_VARIABLE}"):
            load_pseudonymiser()


def test_the_demonstration_key_is_for_simulated_extracts_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert load_pseudonymiser(demonstration=True).is_demonstration
    monkeypatch.setenv(KEY_VARIABLE, DEMONSTRATION_KEY)
    assert load_pseudonymiser(demonstration=True).is_demonstration
    with pytest.raises(UsageError, match="public and protects nobody"):
        load_pseudonymiser()


def test_a_key_of_ones_own_comes_before_the_demonstration_key(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(KEY_VARIABLE, KEY)
    loaded = load_pseudonymiser(demonstration=True)
    assert not loaded.is_demonstration
    assert loaded.fingerprint == Pseudonymiser(KEY).fingerprint


def test_white_space_around_the_key_makes_no_other_key(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(KEY_VARIABLE, f"{KEY}\n")
    assert load_pseudonymiser().fingerprint == Pseudonymiser(KEY).fingerprint
    monkeypatch.delenv(KEY_VARIABLE)
    monkeypatch.setenv(
        KEY_FILE_VARIABLE, str(key_file(tmp_path / "keys" / "key", f"{KEY}\r\n".encode()))
    )
    assert load_pseudonymiser().fingerprint == Pseudonymiser(KEY).fingerprint


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o620])
def test_a_key_file_that_others_can_open_is_refused(
    mode: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = key_file(tmp_path / "key", KEY.encode(), mode)
    monkeypatch.setenv(KEY_FILE_VARIABLE, str(path))
    with pytest.raises(UsageError, match="chmod 600") as caught:
        load_pseudonymiser()
    assert KEY not in str(caught.value)


def test_a_key_file_in_the_data_folder_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = key_file(tmp_path / "data" / "keys" / "key", KEY.encode())
    link = tmp_path / "link"
    link.symlink_to(path)
    for named in (path, link):
        monkeypatch.setenv(KEY_FILE_VARIABLE, str(named))
        with pytest.raises(UsageError, match="data folder"):
            load_pseudonymiser()


@pytest.mark.parametrize(
    ("content", "message"),
    [(None, "cannot be read"), (b"", "is empty"), (b"\xff" * 40, "not UTF-8"), (b"k", "too short")],
)
def test_a_faulty_key_file_never_falls_back(
    content: bytes | None, message: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Not to the demonstration key either: that would make other people of everyone."""
    path = tmp_path / "key"
    if content is not None:
        key_file(path, content)
    monkeypatch.setenv(KEY_FILE_VARIABLE, str(path))
    with pytest.raises(UsageError, match=message):
        load_pseudonymiser(demonstration=True)
