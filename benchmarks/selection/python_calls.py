"""Seconds of a choice from Python: python python_calls.py [rows] (default 100000), with bayestuner on PYTHONPATH.

Seven features, uniform in the cube, two models, the paper's cascade with K = 5. One call for one input, each of 20 000
timed; then 10 000 inputs in one call. With few rows the decision costs little and what is left is Python's own part.
"""

from __future__ import annotations

import sys
import time

import numpy as np

from bayestuner.selection import ModelSelector, Policy


def main(rows: int) -> None:
    rng = np.random.default_rng(0)
    x = rng.random((rows, 7))
    scores = np.column_stack([x[:, 0] > 0.4, x[:, 0] < 0.6]).astype(float)
    selector = ModelSelector("cascade", policy=Policy.optimum(), costs=[1.0, 2.0]).fit(x, scores)
    inputs = list(rng.random((20_000, 7)))
    for name, call in (("choose", selector.choose), ("select", selector.select)):
        seconds = []
        for one in inputs:
            begin = time.perf_counter()
            call(one)
            seconds.append(time.perf_counter() - begin)
        middle, high = np.percentile(seconds, [50, 99]) * 1e6
        print(f"{name}(x), {rows} rows: median {middle:.1f} us, p99 {high:.1f} us")
    batch = np.array(inputs[:10_000])
    begin = time.perf_counter()
    selector.select_rows(batch)
    print(f"select_rows(X), {rows} rows: {(time.perf_counter() - begin) / len(batch) * 1e6:.1f} us an input")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
