"""What an object of your own needs to stand in for a part of bayestuner. Nothing has to be inherited: having the
methods is enough, and a type checker can tell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, TypedDict

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bayestuner._bayestuner import Metric, Parameter, Posterior, Space
from bayestuner._bayestuner.knob import Plan, PrimitiveWrite
from bayestuner._bayestuner.meter import Target
from bayestuner._bayestuner.runner import LoadStart, Slice, Start

Array = NDArray[np.float64]
"""A float64 array."""

Values = float | tuple[float, float] | Metric | Sequence[Any] | Mapping[str, Any]
"""What a trial reports: a number, (mean, standard error), a Metric, or a dict of those by metric. For a problem with
several metrics also a list of them in the order of Problem.metrics."""


class HistoryTrial(TypedDict):
    """One trial as a strategy sees it: params, state ("complete", "fail" or "running"), values by metric."""

    params: dict[str, Any]
    state: str
    values: dict[str, float]


class History(TypedDict):
    """All that a strategy may look at, trials in the order of telling.

    objectives: (metric, "minimize" or "maximize"). constraints: (metric, "<=" or ">=", threshold). budget: trials
    planned in all, or None.
    """

    space: Space
    objectives: list[tuple[str, str]]
    constraints: list[tuple[str, str, float]]
    trials: list[HistoryTrial]
    seed: int
    budget: int | None


class Surrogate(Protocol):
    """Learns a metric from measured points and says what it believes elsewhere. A class or function that makes it goes
    to BayesianOptimisation(surrogate=...)."""

    def fit(self, x: Array, y: Array, noise: Array) -> object:
        """Learn rows x (n, d), targets y (n,), known variances noise (n,) or (0,). Replaces what was learnt; n may be
        0."""

    def predict(self, x: Array) -> tuple[ArrayLike, ArrayLike]:
        """Mean (m,) and standard deviation (m,) >= 0 of the noise-free target at rows x (m, d): finite, same order."""
        ...


class Acquisition(Protocol):
    """Scores candidates. A class or function of the incumbent that makes it goes to
    BayesianOptimisation(acquisition=...)."""

    def __call__(self, posterior: Posterior) -> ArrayLike:
        """Scores (n,), no NaN, for a posterior of n points; the highest is measured first. Smaller targets are
        better."""
        ...


class Strategy(Protocol):
    """Proposes what to measure next; goes to Study(strategy=...)."""

    def suggest(self, history: History) -> Mapping[str, Any] | None:
        """A configuration of history["space"] that is neither measured nor running; None once there is no such one. A
        function of the history alone: only then does a resumed study go on as the first one."""


class SettableKnob(Protocol):
    """A knob that sets its value in this process. reset(), if it has one, follows each trial."""

    @property
    def parameter(self) -> Parameter:
        """The values that can be set; its name is the knob's."""
        ...

    def set(self, value: Any) -> object:
        """Set it; an exception makes the trial fail as knob_refused."""


class PlannedKnob(Protocol):
    """A knob whose writes are journalled before they happen, read back, and undone after the trial."""

    @property
    def parameter(self) -> Parameter:
        """The values that can be set; its name is the knob's."""
        ...

    def plan(self, value: Any) -> Plan | Sequence[PrimitiveWrite]:
        """The writes that set it to `value`; touches nothing."""
        ...


class Meter(Protocol):
    """Measures a window. Optional: sample() in between, name, describe(), availability() -> None or why not."""

    def begin(self, target: Target) -> object:
        """Begin a window for the processes of `target`."""

    def end(self) -> Mapping[str, float | tuple[float, float] | Metric]:
        """End the window: metrics by name, SI units. A metric that could not be had is absent, never 0."""
        ...


class Workload(Protocol):
    """What a trial runs. Optional: start(start: Start), wait_ready(until_s), finish(), stop(), is_process, pid. What is
    a process needs the last two, and Start.launch() to start it under the knobs."""

    def run(self, until_s: float) -> Slice | float | Mapping[str, float] | None:
        """Serve until about `until_s` (time.monotonic()); a Slice, the items processed, or metrics."""


class Load(Protocol):
    """Who asks a ProcessWorkload for work. Optional: begin(start: LoadStart), finish(), end()."""

    def run(self, until_s: float) -> Slice | float | Mapping[str, float] | None:
        """Ask until about `until_s` (time.monotonic()); a Slice, the items processed, or metrics."""


__all__ = [
    "Acquisition",
    "Array",
    "History",
    "HistoryTrial",
    "Load",
    "LoadStart",
    "Meter",
    "PlannedKnob",
    "SettableKnob",
    "Start",
    "Strategy",
    "Surrogate",
    "Values",
    "Workload",
]
