"""Compare choosing a model for each input with scikit-learn: times of a decision, and scores at the same budget.

    pip install -r benchmarks/peers/requirements.txt
    python benchmarks/peers/selection.py --bench build/release/benchmarks/bench_selection
    python benchmarks/peers/selection.py DATA --command build/release/bin/bayestuner

Times: five nearest of N rows x 7 columns, one row a call and 10 000 rows a call, one thread, in one run; ours from the
benchmark program (a whole decision in C++: scaling, search, votes), scikit-learn's from its Python interface (its
search alone, and its classifier of one label). Scores: DATA holds frugalml and routellm; both sides learn on the
training rows and choose on the test rows at the task's mean cost. scikit-learn has no costs: its probabilities of
success are put into argmax p - lambda * cost, lambda the least that keeps the budget on the test rows' predictions.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import json
import os
import pathlib
import statistics
import subprocess
import time

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"  # before NumPy starts its threads

import numpy as np  # noqa: E402
from sklearn.compose import make_column_transformer  # noqa: E402
from sklearn.ensemble import RandomForestClassifier  # noqa: E402
from sklearn.linear_model import LogisticRegression  # noqa: E402
from sklearn.neighbors import KNeighborsClassifier, NearestNeighbors  # noqa: E402
from sklearn.pipeline import make_pipeline  # noqa: E402
from sklearn.preprocessing import FunctionTransformer, MinMaxScaler, OneHotEncoder  # noqa: E402

SIZES = (5_000, 100_000)
KINDS = ("uniform", "correlated")


def points(kind: str, n: int, seed: int) -> np.ndarray:
    """Rows as benchmarks/selection makes them: in the unit cube, or of three factors with noise, scaled to [0, 1]."""
    random = np.random.default_rng(seed)
    if kind == "uniform":
        return random.random((n, 7))
    x = random.normal(size=(n, 3)) @ np.random.default_rng(1).normal(size=(3, 7)) + 0.3 * random.normal(size=(n, 7))
    return (x - x.min(0)) / (x.max(0) - x.min(0))


def median_us(call, rows: np.ndarray) -> float:
    """Median time of a call with one row."""
    times = []
    for row in rows:
        start = time.perf_counter()
        call(row[None])
        times.append(time.perf_counter() - start)
    return 1e6 * statistics.median(times)


def least_us(call, rows: np.ndarray, runs: int = 3) -> float:
    """Time a row of a call with all rows, least of several."""
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        call(rows)
        times.append(time.perf_counter() - start)
    return 1e6 * min(times) / len(rows)


def shown(value: float, digits: int) -> str:
    return "-" if np.isnan(value) else f"{value:.{digits}f}"


def ours(bench: pathlib.Path) -> dict[tuple[str, int], tuple[float, float]]:
    """Microseconds of a decision alone and of one in 10 000, by (kind, rows)."""
    text = subprocess.run(
        [bench, "--benchmark_filter=BM_Decide/|BM_Batch/.*/10000", "--benchmark_format=json"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    single, batch = {}, {}
    for b in json.loads(text)["benchmarks"]:
        parts = b["name"].split("/")
        if parts[0] == "BM_Decide":
            single[b["label"], int(parts[2])] = b["median_us"]
        else:
            batch[b["label"], 100_000] = 1e6 / b["items_per_second"]
    return {key: (value, batch.get(key, float("nan"))) for key, value in single.items()}


def print_times(bench: pathlib.Path) -> None:
    figures = ours(bench)
    print("| points | rows | | one row, us | times slower | row of 10 000, us | times slower |")
    print("|---|---|---|---|---|---|---|")
    for kind in KINDS:
        for n in SIZES:
            x, queries = points(kind, n, 3), points(kind, 10_000, 4)
            label = np.random.default_rng(5).integers(0, 3, n)
            one, many = figures[kind, n]
            print(f"| {kind} | {n} | bayestuner, whole decision | {one:.2f} | 1 | {shown(many, 2)} | 1 |")
            peers = {}
            for algorithm in ("kd_tree", "brute"):
                peers[f"NearestNeighbors, {algorithm}"] = NearestNeighbors(n_neighbors=5, algorithm=algorithm).fit(x)
                classifier = KNeighborsClassifier(5, algorithm=algorithm).fit(x, label)
                peers[f"KNeighborsClassifier, {algorithm}"] = classifier
            for name, model in peers.items():
                call = model.predict if hasattr(model, "predict") else model.kneighbors
                single = median_us(call, queries[:300])
                batch = least_us(call, queries if "kd_tree" in name else queries[:1000])
                slower = shown(batch / many, 0)
                print(
                    f"| {kind} | {n} | {name} | {single:.0f} | {single / one:.0f} | {batch:.1f} | {slower} |",
                    flush=True,
                )


class Task:
    """A table: features, which are categories, whether each model is right, costs, and the split."""

    def __init__(self, folder: pathlib.Path, task: dict) -> None:
        file = folder / task["file"]
        with gzip.open(file, "rt") if file.suffix == ".gz" else open(file, newline="") as stream:
            rows = list(csv.DictReader(stream))
        self.name, self.budget = task["id"], task["max_mean_cost"]
        names = task.get("features") or [c for c in rows[0] if c.startswith("f_")]
        self.category = [not number(rows[0][f]) or "pred" in f for f in names]
        self.x = np.array(
            [[r[f] if c else float(r[f]) for f, c in zip(names, self.category, strict=True)] for r in rows], object
        )
        self.y = np.array(
            [[float(r[task["score_columns"].replace("<model>", m)]) for m in task["models"]] for r in rows]
        )
        self.cost = np.array([task["cost_per_call"][m] for m in task["models"]])
        self.train = np.array([r[task["split_column"]] == "train" for r in rows])


def number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def signed_log(x):
    x = x.astype(float)
    return np.sign(x) * np.log1p(np.abs(x))


def coder(task: Task):
    places = np.arange(len(task.category))
    category = places[task.category]
    numbers = make_pipeline(FunctionTransformer(signed_log), MinMaxScaler())
    return make_column_transformer(
        (numbers, places[~np.array(task.category)]), (OneHotEncoder(handle_unknown="ignore"), category)
    )


PEERS = {
    "KNeighborsClassifier(5)": lambda: KNeighborsClassifier(5),
    "KNeighborsClassifier(50)": lambda: KNeighborsClassifier(50),
    "LogisticRegression": lambda: LogisticRegression(max_iter=2000),
    "RandomForestClassifier(100)": lambda: RandomForestClassifier(100, min_samples_leaf=5, random_state=0),
}


def choose(p: np.ndarray, cost: np.ndarray, budget: float) -> np.ndarray:
    """Choices argmax p - lambda * cost at the least lambda whose mean cost is within the budget."""
    low, high = 0.0, 10.0
    if cost[np.argmax(p, 1)].mean() <= budget:
        return np.argmax(p, 1)
    for _ in range(60):
        middle = 0.5 * (low + high)
        if cost[np.argmax(p - middle * cost, 1)].mean() > budget:
            low = middle
        else:
            high = middle
    return np.argmax(p - high * cost, 1)


def score(task: Task, make) -> tuple[float, float]:
    """Mean test score and mean cost of a scikit-learn chooser: a classifier of being right for every model."""
    p = []
    for j in range(task.y.shape[1]):
        model = make_pipeline(coder(task), make()).fit(task.x[task.train], task.y[task.train, j] >= 0.5)
        p.append(model.predict_proba(task.x[~task.train])[:, list(model.classes_).index(True)])
    chosen = choose(np.column_stack(p), task.cost, task.budget)
    return task.y[~task.train][np.arange(len(chosen)), chosen].mean(), task.cost[chosen].mean()


def print_scores(data: pathlib.Path, command: pathlib.Path) -> None:
    print("| task | budget | | score | mean cost |\n|---|---|---|---|---|")
    for folder in ("frugalml", "routellm"):
        tasks = data / folder / "tasks.json"
        for entry in json.loads(tasks.read_text())["tasks"]:
            task = Task(tasks.parent, entry)
            line = [command, "select", "evaluate", tasks, "--task", task.name, "--format", "json"]
            line += ["--method", "knn,logistic,forest,mix"]
            for text in subprocess.run(line, check=True, capture_output=True, text=True).stdout.splitlines():
                r = json.loads(text)
                value = f"{r['score']:.4f} ± {1.96 * r['score_se']:.4f}"
                print(f"| {task.name} | {task.budget:g} | bayestuner {r['method']} | {value} | {r['cost']:.3f} |")
            for name, make in PEERS.items():
                value, cost = score(task, make)
                print(f"| {task.name} | {task.budget:g} | {name} | {value:.4f} | {cost:.3f} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", nargs="?", type=pathlib.Path, help="folder of recorded tables: scores")
    parser.add_argument("--command", type=pathlib.Path, default="build/release/bin/bayestuner")
    parser.add_argument("--bench", type=pathlib.Path, help="the built bench_selection: times")
    options = parser.parse_args()
    if options.bench:
        print_times(options.bench)
    if options.data:
        print_scores(options.data, options.command)
    if not options.bench and not options.data:
        parser.error("nothing to compare: give DATA or --bench")


if __name__ == "__main__":
    main()
