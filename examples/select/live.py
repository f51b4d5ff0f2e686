"""Chooses among the served networks for each test input, live, and compares with each network and with the oracle.

Before: measure.py has recorded what the choice is learnt from. A ModelSelector learns from the training rows alone, and
a Dispatcher makes the networks and it one: features, choice, answer.
"""

from __future__ import annotations

import csv
import dataclasses
import json
import os
import pathlib
import sys
import warnings

import numpy as np

from bayestuner.dispatcher import Answer, Dispatcher
from bayestuner.selection import ModelSelector, Policy
from inputs import Input, make_inputs
from measure import FIRST, NETWORKS, energy_of, features_of
from servers import serving


@dataclasses.dataclass
class Result:
    """How one way to answer did on the test inputs."""

    name: str
    correct: np.ndarray  # (n,) 0 or 1
    seconds: np.ndarray  # (n,)
    joules: float  # mean of an input
    shares: dict[str, float]  # of the inputs, by network
    overheads: tuple[float, float] | None = None  # medians, seconds: features, choice


def interval(differences: np.ndarray, groups: np.ndarray, rng: np.random.Generator) -> float:
    """Half the width of the 95 % interval of the mean, by drawing groups: pictures of one word are not independent."""
    _, group = np.unique(groups, return_inverse=True)
    sums, sizes = np.bincount(group, differences), np.bincount(group)
    drawn = rng.integers(len(sums), size=(2000, len(sums)))
    low, high = np.quantile(sums[drawn].sum(axis=1) / sizes[drawn].sum(axis=1), [0.025, 0.975])
    return float(high - low) / 2


class Always:
    """One network for every input."""

    def __init__(self, name: str):
        self._name = name

    def predict(self, X: np.ndarray) -> list[str]:
        return [self._name] * len(X)


def oracle(singles: list[Result]) -> Result:
    """The cheapest network that is right on each input; the cheapest of all where none is."""
    order = sorted(singles, key=lambda r: r.joules)
    right = np.array([r.correct for r in order])
    best = np.where(right.any(axis=0), right.argmax(axis=0), 0)
    each = np.arange(right.shape[1])
    seconds = np.array([r.seconds for r in order])[best, each]
    shares = {r.name: float(np.mean(best == j)) for j, r in enumerate(order)}
    return Result("oracle", right[best, each], seconds, float(np.mean([order[j].joules for j in best])), shares)


def live(name: str, selector: object, servers: dict, tested: list[Input], features=features_of, first=None) -> Result:
    """Answers every test input, and measures: seconds of each, joules of all processes together."""
    dispatch = Dispatcher(selector, servers, features=features, first=first)
    answers: list[Answer] = []

    def work() -> None:
        answers.extend(dispatch(each.png) for each in tested)

    pids = [os.getpid(), *(server.pid for server in servers.values())]
    joules = energy_of(work, pids) / len(tested)
    correct = np.array([float(a.label == each.text) for a, each in zip(answers, tested, strict=True)])
    seconds = np.array([a.features_s + a.decision_s + a.models_s for a in answers])
    shares = {n: float(np.mean([a.model == n for a in answers])) for n in NETWORKS}
    overheads = (float(np.median([a.features_s for a in answers])), float(np.median([a.decision_s for a in answers])))
    return Result(name, correct, seconds, joules, shares, overheads)


def learnt(rows: list[dict[str, str]], task: dict, policy: Policy) -> ModelSelector:
    """A selector for one of the tasks of measure.py: the paper's cascade for Policy.optimum(), else a mix."""
    cascade = policy.kind == "optimum"
    selector = ModelSelector("cascade" if cascade else "mix", policy=policy, order="cost", costs=task["cost_per_call"])
    warnings.filterwarnings("ignore", "feature .* is constant")  # these pictures are grey: seven hues, and more
    features = np.array([[float(row[name]) for name in task["features"]] for row in rows])
    return selector.fit(features, {name: [int(row[f"m_correct_{name}"]) for row in rows] for name in NETWORKS})


def main(output: pathlib.Path) -> None:
    with open(output / "table.csv", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["split"] == "train"]
    costs = json.loads((output / "costs.json").read_text())
    picture, after = json.loads((output / "tasks.json").read_text())["tasks"]
    tested = [each for each in make_inputs() if each.split == "test"]
    groups = np.array([e.text if e.kind == "print" else f"#{i}" for i, e in enumerate(tested)])
    best_single = max(NETWORKS, key=lambda name: sum(int(row[f"m_correct_{name}"]) for row in rows))
    budget = 0.7 * costs[best_single]["energy_j"]
    ways = [
        ("cascade of the paper", learnt(rows, picture, Policy.optimum()), None),
        ("picture, 70 % energy", learnt(rows, picture, Policy.max_score(budget)), None),
        ("first, 70 % energy", learnt(rows, after, Policy.max_score(budget)), FIRST),
        ("first, 98 % score", learnt(rows, after, Policy.min_cost(0.98)), FIRST),
    ]
    with serving(NETWORKS) as servers:
        for server in servers.values():
            for each in tested[:20]:
                server(each.png)
        results = [live(n, Always(n), servers, tested, features=lambda _: [0.0]) for n in NETWORKS]
        results.append(oracle(results))
        results += [live(name, selector, servers, tested, first=first) for name, selector, first in ways]
    text = report(results, groups, best_single, costs[best_single]["provenance"])
    (output / "report.txt").write_text(text)
    print(text, end="")


def report(results: list[Result], groups: np.ndarray, best_single: str, provenance: str) -> str:
    rng = np.random.default_rng(1)
    reference = next(r for r in results if r.name == best_single)
    lines = [
        f"{len(groups)} test inputs; joules are {provenance}, idle power taken off; +-: 95 % intervals\n",
        f"{'':20} {'right':>14} {'to the best single':>19} {'ms':>6} {'J':>7} {'features, choice ms':>20}  networks\n",
    ]
    for r in results:
        right = f"{r.correct.mean():.3f} +- {interval(r.correct, groups, rng):.3f}"
        gap = r.correct - reference.correct
        more = "" if r is reference else f"{gap.mean():+.3f} +- {interval(gap, groups, rng):.3f}"
        overheads = (
            " + ".join(f"{1e3 * s:.2f}" for s in r.overheads) if r.overheads and r.shares.get(r.name) != 1 else ""
        )
        shares = ", ".join(f"{name} {share:.0%}" for name, share in r.shares.items() if share > 0 and share < 1)
        lines.append(
            f"{r.name:20} {right:>14} {more:>19} {1e3 * r.seconds.mean():6.1f} {r.joules:7.4f} "
            f"{overheads:>20}  {shares}\n"
        )
    return "".join(lines)


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
