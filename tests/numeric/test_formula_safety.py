"""A formula holds columns, numbers and known transforms; nothing else of Python is evaluated."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from datrial.models import ModelUsageError, fit_rate

DATA = pd.DataFrame(
    {
        "events": [1.0, 0, 2, 3, 1, 0, 4, 1],
        "x": [0.5, 1, 2, 3, 1.5, 0.1, 4, 2],
        "arm": list("abababab"),
        "two words": [1.0, 2, 3, 1, 2, 3, 1, 2],
    }
)


@pytest.mark.parametrize(
    ("right", "terms"),
    [
        ("x + arm", 2),
        ("x*arm", 3),
        ("np.log(x)", 1),
        ("log(x)", 1),
        ("{x ** 2} + x", 2),
        ("C(arm)", 1),
        ("center(x)", 1),
        ("`two words`", 1),
        ("{x > 1}", 1),
        ("1", 0),
    ],
)
def test_what_a_model_needs_is_allowed(right: str, terms: int) -> None:
    assert len(fit_rate(f"events ~ {right}", DATA).params) == terms + 1


@pytest.mark.parametrize(
    "right",
    [
        "x.to_csv('leak.csv')",
        "{x.to_csv('leak.csv')}",
        "np.f2py.os.getpid()",
        "np.load('a')",
        "np.log(x.to_csv('leak.csv'))",
        "C(arm, contr=x.to_csv('leak.csv'))",
        "{(lambda: 1)()}",
        "{[y for y in (1,)]}",
        "{x.__class__}",
        "__import__('os').getpid()*x",
        "open('leak.csv', 'w')",
        "print(x)",
        "lag(x)",
    ],
)
def test_other_python_is_refused_and_not_run(
    right: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ModelUsageError):
        fit_rate(f"events ~ {right}", DATA)
    assert not list(tmp_path.iterdir())


def test_a_row_with_a_missing_answer_inside_a_transform_is_left_out() -> None:
    gap = DATA.assign(x=DATA["x"].where(DATA.index != 3))
    assert fit_rate("events ~ center(x)", gap).n_left_out == 1


def test_a_log_is_the_log() -> None:
    logged = DATA.assign(lx=np.log(DATA["x"]))
    by_formula = fit_rate("events ~ log(x)", DATA).params.to_numpy()
    assert by_formula == pytest.approx(fit_rate("events ~ lx", logged).params.to_numpy())
