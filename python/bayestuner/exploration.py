"""Design-space exploration: the trade-off of two or three objectives, against random sampling of the same size."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from bayestuner import _bayestuner
from bayestuner._bayestuner import Exploration, InvalidArgument, Problem, Space, Trial
from bayestuner._bayestuner.runner import TrialRunner
from bayestuner.protocols import Values
from bayestuner.study import Study


@dataclass(frozen=True)
class ExploreResult:
    """What explore() found: the study with every trial, its front, why it stopped, and the same of the study it is
    compared with. Both explorations are over one reference point."""

    study: Study
    exploration: Exploration
    reason: str
    against_study: Study | None = None
    against: Exploration | None = None

    @property
    def front(self) -> list[Trial]:
        """Trials that none dominates, by the first objective; metrics carry their standard errors."""
        return self.exploration.front

    @property
    def knee(self) -> Trial | None:
        """Trial where the front bends most; None without a front."""
        return self.exploration.knee

    @property
    def hypervolume(self) -> float:
        """Between front and reference point, product of the objectives' units."""
        return self.exploration.hypervolume

    @property
    def _all(self) -> list[Exploration]:
        return [self.exploration] if self.against is None else [self.exploration, self.against]

    def report(self) -> str:
        """The fronts as tables."""
        return _bayestuner.explorations_text(self._all)

    def to_json(self) -> str:
        """The explorations as JSON text, an object each."""
        return _bayestuner.explorations_json(self._all)

    def to_csv(self) -> str:
        """The measured configurations as CSV text."""
        return _bayestuner.explorations_csv(self._all)

    def html_report(self) -> str:
        """One self-contained page with the fronts, the history of their volumes and every trial."""
        return self.study.html_report(self.against_study)

    def __str__(self) -> str:
        return self.report()


def explorations(*studies: Study, reference_rule: str = "worst") -> list[Exploration]:
    """One Exploration a study, over the same reference point, so that volumes may be compared.

    reference_rule, for objectives whose problem states no reference: a tenth of the range beyond the worst value that
    any of the studies measured ("worst"), or beyond the worst on the front of all of them ("nadir"). Raises
    InvalidArgument for one objective, or where the studies have different ones.
    """
    if not studies:
        return []
    return studies[0]._core.explorations([s._core for s in studies[1:]], reference_rule)


def explore(
    func: Callable[[Trial], Values] | TrialRunner,
    problem: Problem,
    *,
    space: Space | None = None,
    today: Mapping[str, Any] | None = None,
    n_initial: int = 10,
    n_guided: int = 30,
    criterion: str = "ehvi",
    strategy: str = "bo",
    against: str | None = None,
    reference_rule: str = "worst",
    name: str = "study",
    store: str | os.PathLike[str] | None = None,
    seed: int = 0,
    callbacks: Iterable[Callable[[Study, Trial], object]] | None = None,
    show_progress_bar: bool = False,
) -> ExploreResult:
    """Explore two or three objectives: a Latin hypercube of n_initial points, then n_guided that a model asks for.

    func: as in Study.optimize(): a function of a trial that returns metrics, or a TrialRunner, which measures on this
    machine. space: default, the parameters of the runner's knobs. today: the configuration in force, first of the
    initial points. criterion: ehvi, hvpoi (the Jetson exploration's) or poi. strategy: bo, bo:forest and the like, or
    any other name, which then decides alone. against: a strategy, "random" as a rule, that is measured with as many
    trials as study "<name>-<strategy>". A resumed store goes on. For reference_rule see explorations(), for the rest
    Study.optimize(). Raises InvalidArgument, StoreError.
    """
    _bayestuner.require_explorable(problem)
    if space is None:
        if not isinstance(func, TrialRunner) or not func.parameters:
            raise InvalidArgument("space: is needed, unless func is a TrialRunner with knobs")
        space = Space(func.parameters)
    ours = _bayestuner.exploration_strategy(n_initial, n_guided, criterion, strategy)
    theirs = None if against is None else _bayestuner.Strategy(against)

    def run(title: str, chosen: _bayestuner.Strategy) -> tuple[Study, str]:
        study = Study(space, problem, name=title, store=store, seed=seed, strategy=chosen)
        if today is not None:
            study.enqueue_trial(today)
        left = n_initial + n_guided - study.finished
        if left <= 0:
            return study, "trials"
        return study, study.optimize(func, left, callbacks=callbacks, show_progress_bar=show_progress_bar)

    study, reason = run(name, ours)
    if theirs is None or reason == "stopped":
        return ExploreResult(study, explorations(study, reference_rule=reference_rule)[0], reason)
    other, _ = run(f"{name}-{against}", theirs)
    found, compared = explorations(study, other, reference_rule=reference_rule)
    return ExploreResult(study, found, reason, other, compared)
