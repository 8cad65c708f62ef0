"""The probabilistic analysis of the printed Drive cost model; the peer loops over the draws.

    python tests/benchmarks/bench_cost.py [--draws 100000]

Target: 100,000 draws in under 5 seconds.
"""

from __future__ import annotations

import argparse
import time

import numpy as np

from datrial.config.costs import cost_model_path
from datrial.economics.draws import draw_quantities
from datrial.economics.reading import read_model
from datrial.economics.sensitivity import probabilistic
from datrial.economics.values import Values


def main() -> None:
    """Time both and show that they agree."""
    options = argparse.ArgumentParser()
    options.add_argument("--draws", type=int, default=100_000)
    draws = options.parse_args().draws
    model = read_model(cost_model_path("drive_cost_per_case"))
    start = time.perf_counter()
    found = probabilistic(model, ["total"], draws=draws, seed=1)["total"]
    print(f"{draws:,} draws: {time.perf_counter() - start:.2f} s, mean {found.mean:,.0f}")
    few = 200
    drawn = draw_quantities(model, draws, seed=1)
    start = time.perf_counter()
    one_by_one = [
        model.evaluate(
            {
                name: Values(values.array[:, at : at + 1], values.index, values.entries)
                for name, values in drawn.items()
            }
        )["total"].array.item()
        for at in range(few)
    ]
    seconds = (time.perf_counter() - start) * draws / few
    print(f"one draw at a time: {seconds:.0f} s ({few} draws timed)")
    assert np.allclose(one_by_one, found.draws[:few])


if __name__ == "__main__":
    main()
