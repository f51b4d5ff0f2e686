"""Compare the surrogates with scikit-learn's at equal settings: error and time, in one run, on recorded tables.

    pip install -r benchmarks/peers/requirements.txt
    python benchmarks/peers/surrogates.py .../jetson_tx2_dnn/tasks.json .../packrat_cpu/tasks.json:resnet...

Every argument is a tasks.json, its largest task taken, or tasks.json:ID. The target is the task's objective, or
--metric COLUMN. Errors are those of repeated 5-fold cross-validation, the same folds for both sides; times are the
least of several runs, on one thread.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import json
import os
import time
from pathlib import Path

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"  # before NumPy starts its threads

import numpy as np  # noqa: E402
from sklearn.ensemble import GradientBoostingRegressor, RandomForestRegressor  # noqa: E402
from sklearn.neighbors import KNeighborsRegressor  # noqa: E402

import bayestuner as bt  # noqa: E402

PAIRS = {
    "GradientBoosting": (
        lambda seed: bt.GradientBoosting(100, rate=0.1, max_depth=3, members=0, seed=seed),
        lambda seed: GradientBoostingRegressor(n_estimators=100, learning_rate=0.1, max_depth=3, random_state=seed),
    ),
    "GradientBoosting, huber": (
        lambda seed: bt.GradientBoosting(100, loss="huber", members=0, seed=seed),
        lambda seed: GradientBoostingRegressor(loss="huber", random_state=seed),
    ),
    "GradientBoosting, half of the rows": (
        lambda seed: bt.GradientBoosting(100, subsample=0.5, members=0, seed=seed),
        lambda seed: GradientBoostingRegressor(subsample=0.5, random_state=seed),
    ),
    "RandomForest": (
        lambda seed: bt.RandomForest(100, seed=seed),
        lambda seed: RandomForestRegressor(n_estimators=100, random_state=seed),
    ),
    "NearestNeighbours": (
        lambda seed: bt.NearestNeighbours(5, scale_inputs=False),
        lambda seed: KNeighborsRegressor(5, weights="distance", algorithm="brute"),
    ),
}


def read_table(argument: str, metric: str | None) -> tuple[str, np.ndarray, np.ndarray]:
    """Name, knobs (n, d) and target (n,) of a task; labels become their rank, failed rows are left out."""
    path, _, wanted = argument.partition(".json:")
    path = Path(path if argument.endswith(".json") else path + ".json")
    tasks = json.loads(path.read_text())["tasks"]
    task = (
        next(t for t in tasks if t["id"] == wanted)
        if wanted
        else max((t for t in tasks if "objective" in t), key=lambda t: t["n_configs"])
    )
    file = path.parent / task["file"]
    with gzip.open(file, "rt") if file.suffix == ".gz" else open(file, newline="") as stream:
        rows = [r for r in csv.DictReader(stream) if all(r[k] == str(v) for k, v in task.get("filter", {}).items())]

    def number(text: str) -> float:
        try:
            return float(text)
        except ValueError:
            return np.nan

    target = np.array([number(r[metric or task["objective"]["column"]]) for r in rows])
    columns = []
    for knob in task["knobs"]:
        texts = [r[knob] for r in rows]
        values = np.array([number(t) for t in texts])
        columns.append(np.unique(texts, return_inverse=True)[1].astype(float) if np.isnan(values).any() else values)
    known = np.isfinite(target)
    return task["id"], np.column_stack(columns)[known], target[known]


def folds(n: int, seed: int, count: int = 5):
    order = np.random.default_rng(seed).permutation(n)
    for k in range(count):
        yield np.delete(order, np.s_[k::count]), order[k::count]


def mean_of(model, x: np.ndarray) -> np.ndarray:
    if hasattr(model, "predict_mean"):
        return model.predict_mean(x)
    answer = model.predict(x)
    return answer.mean if hasattr(answer, "stddev") else answer


def error(make, x: np.ndarray, y: np.ndarray, repeats: int) -> float:
    squares = []
    for seed in range(repeats):
        for train, test in folds(len(y), seed):
            model = make(seed)
            model.fit(x[train], y[train])
            squares.append((mean_of(model, x[test]) - y[test]) ** 2)
    return float(np.sqrt(np.concatenate(squares).mean()))


def least_time(call, runs: int) -> float:
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return min(times)


def times(make, x: np.ndarray, y: np.ndarray, runs: int) -> tuple[float, float]:
    """Least seconds to fit and to predict all rows."""
    fit = least_time(lambda: make(0).fit(x, y), runs)
    model = make(0)
    model.fit(x, y)
    return fit, least_time(lambda: mean_of(model, x), runs)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tasks", nargs="+", metavar="TASKS.json[:ID]")
    parser.add_argument("--metric", help="column to learn instead of the objective")
    parser.add_argument("--repeats", type=int, default=5, help="cross-validations [5]")
    parser.add_argument("--runs", type=int, default=7, help="timed runs [7]")
    parser.add_argument("--model", choices=PAIRS, help="this one alone")
    parser.add_argument("--no-error", action="store_true", help="times alone")
    options = parser.parse_args()
    print(
        "| table | rows x knobs | model | RMSE, scikit-learn | RMSE, bayestuner | ratio | fit, times faster | fit ms |"
        " predict, times faster | predict ms |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|")
    for argument in options.tasks:
        name, x, y = read_table(argument, options.metric)
        x = np.ascontiguousarray(x)
        for label, (ours, theirs) in PAIRS.items():
            if options.model not in (None, label):
                continue
            errors = [np.nan, np.nan] if options.no_error else [error(m, x, y, options.repeats) for m in (theirs, ours)]
            fit, predict = zip(*(times(make, x, y, options.runs) for make in (theirs, ours)), strict=True)
            print(
                f"| {name} | {len(y)} x {x.shape[1]} | {label} | {errors[0]:.4g} | {errors[1]:.4g} |"
                f" {errors[1] / errors[0]:.3f} | {fit[0] / fit[1]:.1f} | {1e3 * fit[1]:.2f} |"
                f" {predict[0] / predict[1]:.1f} | {1e3 * predict[1]:.3f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
