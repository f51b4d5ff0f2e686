#!/usr/bin/env python3
"""Replay Optuna's samplers on recorded tables: the tasks, seeds, budgets and output lines of `bayestuner replay`.

    pip install -r benchmarks/peers/requirements.txt
    python benchmarks/peers/optuna_replay.py --seeds 20 --out optuna.jsonl .../jetson_tx2_dnn/tasks.json ...

An Optuna study stands in as a strategy of `bayestuner.replay`, so that tables, gaps, hypervolumes and JSON are those of
the project itself. What is done for the peer:

* optuna:tpe: multivariate, for several objectives too (its multi-objective TPE), where the library's default takes
  variables one by one and lost more (hypervolume 0.156 against 0.119 on twenty tasks). The first min(10, budget / 2)
  trials are random: the default of 10 would leave nothing of the smallest budgets.
* optuna:nsga2: a population of min(50, max(4, budget / 4)): the default of 50 would be random search. optuna:random: a
  check of this script against `bayestuner replay --strategy random`.
* Numeric knobs are real variables whose range ends half a step beyond the outermost levels, so that every level has its
  whole share; logarithmic where the levels are positive, more than two, and span a factor of 8 (the rule that the
  project applies to itself). Labels, and pairs of levels, are categorical.
* A proposal is snapped to the nearest configuration that the table holds, each knob's range taken as 1, another label
  as 1. A configuration that was measured before costs nothing, and the study is asked again; after 50 of those in a row
  an unmeasured configuration is drawn at random. So no evaluation is ever repeated. NSGA-II is told the known result,
  as the manual's answer on duplicated samples has it; TPE is told to ignore the trial, as it did better so (the same
  point again and again distorts its densities).
* Constraints are given by Trial.set_constraint, on positive thresholds as ln(value / threshold), else as a difference.
* A configuration that failed is told as TrialState.FAIL, as the manual says; samplers do not look at those.
  --failures pruned tells it as a pruned trial instead, which TPE counts among the bad ones.

Runs that are in the output already are not repeated: a killed run goes on where it was.
"""

from __future__ import annotations

import argparse
import json
import math
import multiprocessing
import sys
from pathlib import Path
from typing import Any

import numpy as np
import optuna

import bayestuner as bt

REPEATS_IN_A_ROW = 50


def is_logarithmic(values: list[float]) -> bool:
    return values[0] > 0 and len(values) > 2 and values[-1] / values[0] >= 8


class Axis:
    """A knob as a variable of Optuna, and its levels on the scale that distances are taken on."""

    def __init__(self, parameter: bt.Parameter):
        self.name = parameter.name
        self.values = list(parameter.values)
        self.is_numeric = parameter.is_numeric and len(self.values) > 2
        if not self.is_numeric:
            self.distribution = optuna.distributions.CategoricalDistribution(self.values)
            return
        self.is_log = is_logarithmic(self.values)
        places = self._scaled(self.values)
        low, high = places[0] - (places[1] - places[0]) / 2, places[-1] + (places[-1] - places[-2]) / 2
        ends = (math.exp(low), math.exp(high)) if self.is_log else (low, high)
        self.distribution = optuna.distributions.FloatDistribution(*ends, log=self.is_log)
        self.origin, self.width = places[0], places[-1] - places[0]

    def _scaled(self, values: Any) -> np.ndarray:
        return np.log(values) if self.is_log else np.asarray(values, float)

    def column(self, values: list) -> np.ndarray:
        """Values of this knob in every configuration, as distance() wants them."""
        if self.is_numeric:
            return (self._scaled(values) - self.origin) / self.width
        return np.array([self.values.index(v) for v in values], float)

    def distance(self, column: np.ndarray, value: Any) -> np.ndarray:
        if self.is_numeric:
            return (column - (self._scaled(value) - self.origin) / self.width) ** 2
        return (column != self.values.index(value)).astype(float)


def sampler(name: str, budget: int, seed: int) -> optuna.samplers.BaseSampler:
    if name == "tpe":
        return optuna.samplers.TPESampler(n_startup_trials=min(10, budget // 2), multivariate=True, seed=seed)
    if name == "nsga2":
        return optuna.samplers.NSGAIISampler(population_size=min(50, max(4, budget // 4)), seed=seed)
    return optuna.samplers.RandomSampler(seed=seed)


class Run:
    """One study of Optuna on one table."""

    def __init__(self, history: dict, name: str, failures: optuna.trial.TrialState):
        self._space, self._failures, self._tell_repeats = history["space"], failures, name == "nsga2"
        self._rows = [self._space[i] for i in range(len(self._space))]
        self._axes = [Axis(p) for p in self._space.parameters if len(p.values) > 1]
        self._columns = [axis.column([row[axis.name] for row in self._rows]) for axis in self._axes]
        self._objectives, self._constraints = history["objectives"], history["constraints"]
        self._known: dict[int, dict[str, float] | None] = {}  # by row: its metrics; None: failed
        self._pending: tuple[optuna.trial.Trial, int] | None = None
        self._random = np.random.default_rng(history["seed"])
        self._study = optuna.create_study(
            directions=[direction for _, direction in self._objectives],
            sampler=sampler(name, history["budget"], history["seed"]),
        )

    def suggest(self, history: dict) -> dict | None:
        if self._pending:
            last = history["trials"][-1]
            trial, row = self._pending
            self._known[row] = last["values"] if last["state"] == "complete" else None
            self._tell(trial, row)
        if len(self._known) == len(self._rows):
            return None
        distributions = {axis.name: axis.distribution for axis in self._axes}
        for _ in range(REPEATS_IN_A_ROW):
            trial = self._study.ask(distributions)
            row = self._nearest(trial.params)
            if row not in self._known:
                break
            if self._tell_repeats:
                self._tell(trial, row)
            else:
                self._study.tell(trial, state=optuna.trial.TrialState.FAIL)
        else:
            row = int(self._random.choice([r for r in range(len(self._rows)) if r not in self._known]))
            self._study.enqueue_trial({axis.name: self._rows[row][axis.name] for axis in self._axes})
            trial = self._study.ask(distributions)
        self._pending = trial, row
        return self._rows[row]

    def _nearest(self, params: dict) -> int:
        pairs = zip(self._axes, self._columns, strict=True)
        return int(np.argmin(sum(axis.distance(column, params[axis.name]) for axis, column in pairs)))

    def _tell(self, trial: optuna.trial.Trial, row: int) -> None:
        values = self._known[row]
        if values is None:
            self._study.tell(trial, state=self._failures)
            return
        for metric, bound, threshold in self._constraints:
            value = values[metric]
            excess = math.log(value / threshold) if value > 0 and threshold > 0 else value - threshold
            trial.set_constraint(f"{metric} {bound}", excess if bound == "<=" else -excess)
        self._study.tell(trial, [values[metric] for metric, _ in self._objectives])


class Sampler:
    """A sampler of Optuna as a strategy; runs one after another."""

    def __init__(self, name: str, failures: optuna.trial.TrialState):
        self._name, self._failures = name, failures

    def suggest(self, history: dict) -> dict | None:
        if not history["trials"]:
            self._run = Run(history, self._name, self._failures)
        return self._run.suggest(history)


def replay(job: tuple[Path, str, str, argparse.Namespace]) -> dict:
    path, task, strategy, options = job
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    failures = optuna.trial.TrialState.PRUNED if options.failures == "pruned" else optuna.trial.TrialState.FAIL
    own = {strategy: Sampler(strategy.removeprefix("optuna:"), failures)}
    return bt.replay(path, ids=[task], strategies=own, seeds=options.seeds, first_seed=options.first_seed)[0]


def jobs_of(options: argparse.Namespace) -> list[tuple[Path, str, str, argparse.Namespace]]:
    """What is to be run and not in the output yet, small tasks first."""
    done = set()
    if options.out.exists():
        done = {(line["task"], line["strategy"]) for line in map(json.loads, options.out.read_text().splitlines())}
    jobs = []
    for path in options.tasks:
        for task in json.loads(path.read_text())["tasks"]:
            if task["type"] not in (options.type or ("single", "constrained", "pareto")):
                continue
            if task.get("n_configs", 0) < options.least or (options.task and task["id"] not in options.task):
                continue
            names = options.strategy or ["optuna:tpe"] + ["optuna:nsga2"] * (task["type"] == "pareto")
            jobs += [(task, (path, task["id"], s, options)) for s in names if (task["id"], s) not in done]
    return [job for _, job in sorted(jobs, key=lambda pair: pair[0].get("budget") or 0)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tasks", nargs="+", type=Path, metavar="TASKS.json")
    parser.add_argument("--task", action="append", help="only this task (may be repeated)")
    parser.add_argument("--type", action="append", help="only tasks of this type (may be repeated)")
    parser.add_argument(
        "--strategy",
        action="append",
        choices=("optuna:tpe", "optuna:nsga2", "optuna:random"),
        help="may be repeated [optuna:tpe, and optuna:nsga2 for several objectives]",
    )
    parser.add_argument("--least", type=int, default=16, help="tasks with fewer configurations are left out [16]")
    parser.add_argument("--seeds", type=int, default=20, help="runs of each [20]")
    parser.add_argument("--first-seed", type=int, default=0, help="seed of the first run [0]")
    parser.add_argument("--failures", choices=("fail", "pruned"), default="fail", help="how they are told [fail]")
    parser.add_argument("--jobs", type=int, default=1, help="processes [1]")
    parser.add_argument("--out", type=Path, required=True, help="JSON lines, appended to")
    options = parser.parse_args()
    jobs = jobs_of(options)
    with multiprocessing.Pool(options.jobs) as pool, open(options.out, "a") as out:
        for result in pool.imap_unordered(replay, jobs):
            if "error" in result:
                print(f"{result['task']}: {result['error']}", file=sys.stderr)
                continue
            print(json.dumps(result), file=out, flush=True)


if __name__ == "__main__":
    main()
