"""Recorded tables and runs on them, sample by sample, for the two papers' scripts."""

from __future__ import annotations

import dataclasses
import json
import pathlib
from typing import Any

import bayestuner as bt


@dataclasses.dataclass
class Table:
    """A task with all that was measured. values: by index of `space`; None: failed."""

    name: str
    space: bt.Space
    problem: bt.Problem
    objectives: list[tuple[str, str]]
    constraints: list[tuple[str, str, float]]
    values: list[dict[str, float] | None]

    def is_feasible(self, row: int) -> bool:
        values = self.values[row]
        if values is None:
            return False
        return all(values[m] <= v if op == "<=" else values[m] >= v for m, op, v in self.constraints)

    def objective(self, row: int) -> float:
        return self.values[row][self.objectives[0][0]]

    def best(self, rows: Any) -> int | None:
        """Feasible row of the best (first) objective among `rows`."""
        pick = max if self.objectives[0][1] == "maximize" else min
        return pick((row for row in rows if self.is_feasible(row)), key=self.objective, default=None)

    @property
    def optimum(self) -> float:
        return self.objective(self.best(range(len(self.values))))


class _Reader:
    """A strategy that measures the configuration of its seed alone: n of its runs read a table of n, with the very
    rules of `bayestuner replay` for filters, repeats and failures."""

    def __init__(self) -> None:
        self.history: dict = {}
        self.values: dict[int, dict[str, float] | None] = {}

    def suggest(self, history: dict) -> dict | None:
        self.history = history
        if not history["trials"]:
            return history["space"][history["seed"]] if history["seed"] < len(history["space"]) else None
        trial = history["trials"][0]
        self.values[history["seed"]] = trial["values"] if trial["state"] == "complete" else None
        return None


def read(tasks: pathlib.Path, name: str) -> Table:
    """A task of a tasks.json. Raises what bayestuner.replay raises."""
    reader = _Reader()
    bt.replay(tasks, ids=[name], strategies={"read": reader}, budget=2)
    rows = len(reader.history["space"])
    bt.replay(tasks, ids=[name], strategies={"read": reader}, budget=2, seeds=rows)
    objectives, constraints = reader.history["objectives"], reader.history["constraints"]
    problem = bt.Problem()
    for metric, direction in objectives:
        problem = problem.minimize(metric) if direction == "minimize" else problem.maximize(metric)
    for metric, op, value in constraints:
        problem = problem.subject_to(f"{metric} {op} {value!r}")
    space = reader.history["space"]
    return Table(name, space, problem, objectives, constraints, [reader.values[row] for row in range(rows)])


def names(tasks: pathlib.Path, wanted: Any, least: int) -> list[str]:
    """Ids of the tasks with `least` configurations or more for which wanted(task) holds."""
    return [t["id"] for t in json.loads(tasks.read_text())["tasks"] if t.get("n_configs", 0) >= least and wanted(t)]


def run(table: Table, strategy: Any, seed: int, samples: int) -> list[int]:
    """The rows that a strategy measures, in order."""
    study = bt.Study(table.space, table.problem, seed=seed, strategy=strategy, budget=samples)
    rows: list[int] = []
    while len(rows) < samples and (trial := study.ask()) is not None:
        row = table.space.index_of(trial.params)
        rows.append(row)
        if table.values[row] is None:
            study.tell(trial, state=bt.TrialState.FAIL)
        else:
            study.tell(trial, table.values[row])
    return rows
