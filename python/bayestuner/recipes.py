"""Say the goal, not the algorithm."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any

from bayestuner._bayestuner import Problem, Recommendation, Space, Trial
from bayestuner.study import Study, Values


def minimize_power(
    measure: Callable[[Trial], Values],
    space: Space,
    *,
    min_throughput: float | str | None = None,
    max_latency_p99_s: float | None = None,
    today: Mapping[str, Any] | None = None,
    n_trials: int = 20,
    store: str | os.PathLike[str] | None = None,
    seed: int = 0,
    confidence: float = 0.95,
) -> Recommendation | None:
    """Least `power_w` such that `throughput` and `latency_p99_s` keep their bounds.

    min_throughput: a number, or text such as "0.95 * baseline", which refers to the configuration `today`.
    measure(trial) returns a dict with the metrics named above. The winner is measured again before it is recommended;
    None if nothing keeps the bounds.
    """
    problem = Problem().minimize("power_w")
    if min_throughput is not None:
        problem.subject_to(f"throughput >= {min_throughput}")
    if max_latency_p99_s is not None:
        problem.subject_to(f"latency_p99_s <= {max_latency_p99_s}")
    return _tune(measure, space, problem, today, n_trials, store, seed, confidence)


def maximize_throughput(
    measure: Callable[[Trial], Values],
    space: Space,
    *,
    max_power_w: float | str | None = None,
    max_latency_p99_s: float | None = None,
    today: Mapping[str, Any] | None = None,
    n_trials: int = 20,
    store: str | os.PathLike[str] | None = None,
    seed: int = 0,
    confidence: float = 0.95,
) -> Recommendation | None:
    """Most `throughput` under a power cap and a bound on `latency_p99_s`; see minimize_power()."""
    problem = Problem().maximize("throughput")
    if max_power_w is not None:
        problem.subject_to(f"power_w <= {max_power_w}")
    if max_latency_p99_s is not None:
        problem.subject_to(f"latency_p99_s <= {max_latency_p99_s}")
    return _tune(measure, space, problem, today, n_trials, store, seed, confidence)


def _tune(
    measure: Callable[[Trial], Values],
    space: Space,
    problem: Problem,
    today: Mapping[str, Any] | None,
    n_trials: int,
    store: str | os.PathLike[str] | None,
    seed: int,
    confidence: float,
) -> Recommendation | None:
    study = Study(space, problem, store=store, seed=seed, budget=n_trials)
    if today is not None:
        study.enqueue_trial(today)
    finished = sum(t.finished_s > 0 for t in study.trials)
    if finished < n_trials:
        study.optimize(measure, n_trials=n_trials - finished)
    return study.recommend(measure, confidence=confidence)
