"""Say the goal, not the algorithm."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from bayestuner._bayestuner import InvalidArgument, Problem, Recommendation, Space, Trial
from bayestuner._bayestuner.runner import TrialRunner
from bayestuner.protocols import Values
from bayestuner.study import Study

Measure = Callable[[Trial], Values] | TrialRunner
Callbacks = Iterable[Callable[[Study, Trial], object]] | None


def minimize_power(
    measure: Measure,
    space: Space,
    *,
    min_throughput: float | str | None = None,
    max_latency_p99_s: float | str | None = None,
    today: Mapping[str, Any] | None = None,
    n_trials: int = 20,
    store: str | os.PathLike[str] | None = None,
    seed: int = 0,
    confidence: float = 0.95,
    callbacks: Callbacks = None,
    show_progress_bar: bool = False,
) -> Recommendation | None:
    """Least `power_w` such that `throughput` and `latency_p99_s` keep their bounds.

    measure(trial) returns a dict with the metrics named above, or is a TrialRunner. Bounds: a number (items/s,
    seconds), or text such as "0.95 * baseline", which refers to the configuration `today`. n_trials: finished trials in
    all, those of a resumed `store` included. The winner is measured again before it is recommended; None if nothing
    keeps the bounds. Raises InvalidArgument, StoreError.
    """
    problem = Problem().minimize("power_w")
    _bound(problem, "throughput >=", min_throughput)
    _bound(problem, "latency_p99_s <=", max_latency_p99_s)
    study = _search(measure, space, problem, today, n_trials, store, seed, callbacks, show_progress_bar)
    return study.recommend(measure, confidence=confidence)


def maximize_throughput(
    measure: Measure,
    space: Space,
    *,
    max_power_w: float | str | None = None,
    max_latency_p99_s: float | str | None = None,
    today: Mapping[str, Any] | None = None,
    n_trials: int = 20,
    store: str | os.PathLike[str] | None = None,
    seed: int = 0,
    confidence: float = 0.95,
    callbacks: Callbacks = None,
    show_progress_bar: bool = False,
) -> Recommendation | None:
    """Most `throughput` under a power cap (W) and a bound on `latency_p99_s` (s); see minimize_power()."""
    problem = Problem().maximize("throughput")
    _bound(problem, "power_w <=", max_power_w)
    _bound(problem, "latency_p99_s <=", max_latency_p99_s)
    study = _search(measure, space, problem, today, n_trials, store, seed, callbacks, show_progress_bar)
    return study.recommend(measure, confidence=confidence)


def pareto(
    measure: Measure,
    space: Space,
    first: str,
    second: str,
    *,
    subject_to: Iterable[str] = (),
    today: Mapping[str, Any] | None = None,
    n_trials: int = 40,
    store: str | os.PathLike[str] | None = None,
    seed: int = 0,
    callbacks: Callbacks = None,
    show_progress_bar: bool = False,
) -> Study:
    """The trade-off of two metrics, both minimised; with a plus sign ("+throughput") maximised. The study: its
    best_trials are the front, plots.plot_pareto_front() draws it. subject_to: constraints on any metric; for the rest
    see minimize_power(). Raises InvalidArgument, StoreError."""
    problem = Problem()
    for metric in (first, second):
        if metric.startswith("+"):
            problem.maximize(metric[1:])
        else:
            problem.minimize(metric)
    for constraint in subject_to:
        problem.subject_to(constraint)
    return _search(measure, space, problem, today, n_trials, store, seed, callbacks, show_progress_bar)


def _bound(problem: Problem, left: str, right: float | str | None) -> None:
    if right is not None:
        problem.subject_to(f"{left} {right}")


def _search(
    measure: Measure,
    space: Space,
    problem: Problem,
    today: Mapping[str, Any] | None,
    n_trials: int,
    store: str | os.PathLike[str] | None,
    seed: int,
    callbacks: Callbacks,
    show_progress_bar: bool,
) -> Study:
    if n_trials < 1:
        raise InvalidArgument(f"n_trials: {n_trials} must be at least 1")
    study = Study(space, problem, store=store, seed=seed, budget=n_trials)
    if today is not None:
        study.enqueue_trial(today)
    left = n_trials - study.finished
    if left > 0:
        study.optimize(measure, left, callbacks=callbacks, show_progress_bar=show_progress_bar)
    return study
