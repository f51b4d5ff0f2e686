"""A whole tuning run from parts: workload, knobs and meters in, a recommendation out."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bayestuner import _bayestuner, protocols
from bayestuner._bayestuner import InvalidArgument, Problem, Recommendation, Space, Trial
from bayestuner._bayestuner.knob import Knob
from bayestuner._bayestuner.meter import Meter, make_meter
from bayestuner._bayestuner.runner import MeasureOptions, TrialRunner, Workload
from bayestuner.study import Study

POWER_METRICS = {"power_w", "energy_j", "energy_per_item_j"}


@dataclass(frozen=True)
class TuneResult:
    """What tune() found: the study with every trial, the verified recommendation (None: nothing feasible, or no
    verification), why the search stopped, and what there is to say about this machine."""

    study: Study
    recommendation: Recommendation | None
    reason: str
    notes: tuple[str, ...] = ()


def tune(
    workload: Workload | protocols.Workload | Callable[[dict[str, Any]], Any],
    problem: Problem,
    *,
    knobs: Sequence[Knob | protocols.SettableKnob | protocols.PlannedKnob] = (),
    space: Space | None = None,
    constraints: Sequence[str | Callable[[dict[str, Any]], bool]] = (),
    meters: Sequence[str | Meter | protocols.Meter] = ("power", "cpu_time", "memory"),
    allow_estimates: bool = False,
    today: Mapping[str, Any] | None = None,
    n_trials: int | None = 20,
    timeout: float | None = None,
    joules: float | None = None,
    stop_without_gain: bool = False,
    name: str = "study",
    store: str | os.PathLike[str] | None = None,
    seed: int = 0,
    strategy: str | _bayestuner.Strategy | protocols.Strategy | None = None,
    measure: MeasureOptions | None = None,
    timeout_s: float = 120.0,
    cool_down_s: float = 0.0,
    log_directory: str | os.PathLike[str] = "",
    verify: bool = True,
    confidence: float = 0.95,
    callbacks: Iterable[Callable[[Study, Trial], object]] | None = None,
    show_progress_bar: bool = False,
) -> TuneResult:
    """Tune a workload on this machine: the configuration of `today` first, then the search, then verification.

    workload, knobs, meters: those of bayestuner.runner, .knob and .meter, or objects of your own
    (bayestuner.protocols); a meter may be a name of make_meter(). space: default, the parameters of the knobs under
    `constraints`; a parameter without a knob reaches the workload as part of its configuration. allow_estimates: power
    may be estimated from CPU time where there is no sensor. n_trials: finished trials in all, those of a resumed store
    included. timeout_s: seconds of one trial; timeout: seconds of the search. See Study.optimize() and
    Study.recommend() for the rest. The machine is as it was found, whatever ends the run; Ctrl-C raises
    KeyboardInterrupt and the store can be resumed. Raises InvalidArgument (also for a meter that cannot see a knob),
    DeviceError, StoreError.
    """
    made, notes = _meters(meters, problem, allow_estimates)
    runner = TrialRunner(
        workload,
        knobs=list(knobs),
        meters=made,
        measure=measure or MeasureOptions(),
        timeout_s=timeout_s,
        cool_down_s=cool_down_s,
        log_directory=os.fspath(log_directory),
    )
    runner.check(problem)
    if space is None:
        if not knobs:
            raise InvalidArgument("space: without knobs there is nothing to vary; give a space or knobs")
        space = Space(runner.parameters, list(constraints))
    elif constraints:
        raise InvalidArgument("constraints: belong to the space where one is given")
    study = Study(space, problem, name=name, store=store, seed=seed, strategy=strategy, budget=n_trials)
    if today is not None:
        study.enqueue_trial(today)
    reason = "trials"
    left = None if n_trials is None else n_trials - study.finished
    if left is None or left > 0:
        reason = study.optimize(
            runner,
            left,
            timeout,
            callbacks=callbacks,
            show_progress_bar=show_progress_bar,
            joules=joules,
            stop_without_gain=stop_without_gain,
        )
    recommendation = None
    if verify and len(problem.objectives) == 1:
        recommendation = study.recommend(runner, confidence=confidence)
    return TuneResult(study, recommendation, reason, tuple(notes))


def _meters(
    meters: Sequence[str | Meter | protocols.Meter], problem: Problem, allow_estimates: bool
) -> tuple[list[Meter | protocols.Meter], list[str]]:
    made: list[Meter | protocols.Meter] = []
    notes = []
    for item in meters:
        if not isinstance(item, str):
            made.append(item)
            continue
        try:
            meter = make_meter(item, allow_estimates)
        except InvalidArgument as error:
            if item != "power" or POWER_METRICS & set(problem.metrics):
                raise
            notes.append(f"power is not measured: {error}")
            continue
        made.append(meter)
        if item == "power":
            about = meter.describe()
            notes.append(f"power_w: {about.provenance.name} by {meter.name} ({about.source})")
    return made, notes
