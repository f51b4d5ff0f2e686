"""Studies in the shape that users of Optuna know: ask, tell, optimize, enqueue_trial, best_trial, trials_dataframe."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, overload

from bayestuner import _bayestuner
from bayestuner._bayestuner import Error, InvalidArgument, Metric, Problem, Recommendation, Space, Trial, TrialState
from bayestuner._bayestuner.runner import TrialRunner
from bayestuner.protocols import Strategy, Values

if TYPE_CHECKING:
    import pandas

FINISHED = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL)
ATTRS: tuple[str, ...] = (
    "number",
    "value",
    "datetime_start",
    "datetime_complete",
    "duration",
    "params",
    "user_attrs",
    "system_attrs",
)
ATTRS += ("state", "metrics", "sem", "constraints", "feasible", "energy_j", "reason")


class TrialFailed(Error):
    """Raise it in an objective: the trial is recorded as failed and the study goes on.

    reason: out_of_memory, timed_out, crashed, knob_refused, not_steady, invalid; "cancelled" puts the trial back in the
    queue and stops the study. metrics: what was measured before it failed.
    """

    def __init__(
        self, message: str = "", reason: str = "invalid", metrics: Mapping[str, float | Metric] | None = None
    ) -> None:
        super().__init__(message)
        self.reason = reason
        self.metrics = dict(metrics or {})


class Study:
    """Space, problem, seed and the log of trials. Thread-safe.

    store: an SQLite file; the study is resumed where it has one. Several processes may share it.
    strategy: "bo", "bo:forest" (or boosting, polynomial, knn), "annealing", "local", "binary", "random", "exhaustive",
        "lhs", "sobol", a Strategy, or any object with suggest(history).
    budget: trials planned in all, which shapes the initial design.
    Raises InvalidArgument, and StoreError for a file that cannot be used or holds another space under this name.
    """

    def __init__(
        self,
        space: Space,
        problem: Problem,
        *,
        name: str = "study",
        store: str | os.PathLike[str] | None = None,
        seed: int = 0,
        strategy: str | _bayestuner.Strategy | Strategy | None = None,
        budget: int | None = None,
    ) -> None:
        path = "" if store is None else os.fspath(store)
        self._core = _bayestuner.Study(space, problem, name, path, seed, strategy, budget)

    @classmethod
    def open(
        cls,
        path: str | os.PathLike[str],
        name: str = "",
        *,
        strategy: str | _bayestuner.Strategy | Strategy | None = None,
    ) -> Study:
        """A stored study with the space and problem it was made with. Raises StoreError if there is none, or its space
        holds a function, which no file can keep."""
        study = cls.__new__(cls)
        study._core = _bayestuner.Study.open(os.fspath(path), name, strategy)
        return study

    def __repr__(self) -> str:
        return f"Study({self.name!r}, {len(self.trials)} trials)"

    # -- ask and tell -------------------------------------------------------------------------------------------
    @overload
    def ask(self) -> Trial | None: ...
    @overload
    def ask(self, n: int) -> list[Trial]: ...
    def ask(self, n: int | None = None) -> Trial | None | list[Trial]:
        """Next trial (None once the space is exhausted); with n, a list of at most n trials."""
        if n is None:
            return self._core.ask()
        trials: list[Trial] = []
        while len(trials) < n and (trial := self._core.ask()) is not None:
            trials.append(trial)
        return trials

    def tell(
        self,
        trial: Trial | int,
        values: Values | None = None,
        state: TrialState | None = None,
        skip_if_finished: bool = False,
        *,
        reason: str = "invalid",
        message: str = "",
    ) -> None:
        """Report a trial: its metrics, or state=TrialState.FAIL with a reason (see TrialFailed).

        Raises InvalidArgument for a trial never asked or told before (unless skip_if_finished), a metric of the problem
        that is missing, or a value that is not finite; the trial then stays running.
        """
        number = _number(trial)
        if state not in (None, TrialState.COMPLETE, TrialState.FAIL):
            raise InvalidArgument(f"state: {state} cannot be told; COMPLETE or FAIL")
        if state != TrialState.FAIL:
            if values is None:
                raise InvalidArgument("values: None; give metrics, or state=TrialState.FAIL")
            self._core.tell(number, values, skip_if_finished)
        elif not (skip_if_finished and self._core.trial(number).state in FINISHED):
            self._core.tell_failure(number, reason, message)

    def enqueue_trial(self, params: Mapping[str, Any], *, skip_if_exists: bool = True) -> bool:
        """Have a configuration tried next. The first one enqueued is the baseline of relative constraints.

        False where the study has it already and skip_if_exists. Raises InvalidArgument if the space does not contain
        it.
        """
        return self._core.enqueue(dict(params), skip_if_exists)

    @overload
    def add_trial(self, params: Trial) -> int: ...
    @overload
    def add_trial(self, params: Mapping[str, Any], values: Values) -> int: ...
    def add_trial(self, params: Mapping[str, Any] | Trial, values: Values | None = None) -> int:
        """Add a measurement of the past, or a finished trial of another study; its number here. Raises
        InvalidArgument."""
        if isinstance(params, Trial):
            return self._core.add_finished(params)
        return self._core.add_trial(dict(params), values)

    def add_trials(self, trials: Iterable[Trial]) -> None:
        """Add finished trials of another study of the same parameters. Raises InvalidArgument at the first it
        refuses."""
        for trial in trials:
            self._core.add_finished(trial)

    # -- optimise -----------------------------------------------------------------------------------------------
    def optimize(
        self,
        func: Callable[[Trial], Values] | TrialRunner,
        n_trials: int | None = None,
        timeout: float | None = None,
        n_jobs: int = 1,
        catch: type[Exception] | Iterable[type[Exception]] = (),
        callbacks: Iterable[Callable[[Study, Trial], object]] | None = None,
        gc_after_trial: bool = False,
        show_progress_bar: bool = False,
        *,
        joules: float | None = None,
        target: float | None = None,
        stop_without_gain: bool = False,
    ) -> str:
        """Run `n_trials` further trials of func(trial) -> metrics; why it stopped.

        func: a TrialRunner, or a function that returns a number, (mean, standard error) or a dict of those, and may
        raise TrialFailed; exceptions in `catch` also make failed trials, others are recorded and raised. timeout:
        seconds after which no trial is begun. n_jobs: trials at once, each in a thread; -1: one a CPU. callbacks:
        called with (study, trial) after each. joules: energy, summed over the metric energy_j. target: a feasible
        objective that is good enough. stop_without_gain: stop when no further gain is expected. Ctrl-C puts the trial
        under way back in the queue and raises KeyboardInterrupt. Returns trials, seconds, joules, target, no_gain,
        exhausted or stopped.
        """
        caught = (catch,) if isinstance(catch, type) else tuple(catch)
        jobs = (os.cpu_count() or 1) if n_jobs == -1 else n_jobs
        runner = func if isinstance(func, TrialRunner) else None
        if runner is not None:
            runner.check(self.problem)

        def objective(trial: Trial) -> Values:
            try:
                values = func(trial)
            except TrialFailed:
                raise
            except caught as error:
                raise TrialFailed(f"{type(error).__name__}: {error}", "crashed") from error
            finally:
                if gc_after_trial:
                    gc.collect()
            if runner is not None and jobs == 1:
                for key, text in runner.notes.items():
                    self._core.set_user_attr(trial.number, key, text)
            return values

        bar = _progress_bar(n_trials) if show_progress_bar else None
        after_each = tuple(callbacks or ())

        def after(trial: Trial) -> None:
            if bar is not None:
                best = self._core.best()
                if best is not None:
                    bar.set_postfix_str(f"best {self._objective_text(best)}")
                bar.update(1)
            for callback in after_each:
                callback(self, trial)

        total = None if n_trials is None else self.finished + n_trials
        try:
            return self._core.optimize(objective, total, timeout, joules, target, stop_without_gain, False, jobs, after)
        finally:
            if bar is not None:
                bar.close()

    def stop(self) -> None:
        """End optimize() after the trials that run now; from any callback or thread."""
        self._core.stop()

    # -- answers ------------------------------------------------------------------------------------------------
    @property
    def best_trial(self) -> Trial:
        """Best feasible configuration, never an infeasible one. Raises ValueError if there is none."""
        best = self._core.best()
        if best is None:
            raise InvalidArgument("best_trial: nothing feasible was measured")
        return best

    @property
    def best_trials(self) -> list[Trial]:
        """Feasible configurations that none dominates: the Pareto front."""
        return self._core.pareto_front()

    @property
    def best_params(self) -> dict[str, Any]:
        """Configuration of best_trial. Raises ValueError if there is none."""
        return self.best_trial.params

    @property
    def best_value(self) -> float:
        """Objective of best_trial, its own unit. Raises ValueError if there is none."""
        return self.best_trial.values[self.problem.objectives[0]]

    @property
    def baseline(self) -> Trial | None:
        """Means of the trials of the baseline configuration; None before it is measured."""
        return self._core.baseline()

    def recommend(
        self,
        measure: Callable[[Trial], Values] | TrialRunner,
        *,
        top: int = 3,
        repeats: int = 3,
        max_repeats: int = 6,
        max_candidates: int = 8,
        confidence: float = 0.95,
        repeat_baseline: bool = True,
    ) -> Recommendation | None:
        """Measure the best configurations again until one keeps its constraints with that confidence.

        The `top` best are measured `repeats` times each, interleaved with the baseline; up to max_repeats until their
        constraints are decided, and the next best are tried, up to max_candidates. None if nothing feasible was found.
        The runs are trials of the study. Raises InvalidArgument.
        """
        return self._core.recommend(measure, top, repeats, max_repeats, max_candidates, confidence, repeat_baseline)

    # -- the log ------------------------------------------------------------------------------------------------
    @property
    def trials(self) -> list[Trial]:
        """All trials, by number, those of other processes included. A copy: O(n)."""
        return self._core.trials()

    @property
    def finished(self) -> int:
        """Number of finished trials of the search, failures included, verification excluded."""
        return sum(t.state in FINISHED and not t.is_verification for t in self._core.trials())

    @property
    def feasible(self) -> list[bool]:
        """Whether each of `trials` is complete and keeps every constraint, in one pass."""
        return self._core.feasible()

    def is_feasible(self, trial: Trial) -> bool:
        """Whether a complete trial keeps every constraint. Looks at the whole log; for many trials see `feasible`."""
        return self._core.is_feasible(trial)

    @property
    def thresholds(self) -> list[float | None]:
        """Absolute threshold of each constraint, in order; None where the baseline is still unknown."""
        return self._core.thresholds()

    @property
    def name(self) -> str:
        """Name in the store."""
        return self._core.name

    @property
    def seed(self) -> int:
        """Seed of every suggestion; that of the store where the study was resumed."""
        return self._core.seed

    @property
    def space(self) -> Space:
        """The space."""
        return self._core.space

    @property
    def problem(self) -> Problem:
        """A copy of the problem; see set_problem()."""
        return self._core.problem

    @property
    def metric_names(self) -> list[str]:
        """Metrics of the objectives. They are part of the problem; there is nothing to set."""
        return self.problem.objectives

    @property
    def directions(self) -> list[str]:
        """ "minimize" or "maximize", one an objective."""
        return self.problem.directions

    @property
    def direction(self) -> str:
        """ "minimize" or "maximize", of the first objective."""
        return self.problem.directions[0]

    def set_problem(self, problem: Problem) -> None:
        """Replace objectives and constraints; everything measured is scored anew."""
        self._core.set_problem(problem)

    def set_user_attr(self, trial: Trial | int, key: str, value: str) -> None:
        """Attach a text to a trial. Raises InvalidArgument for an unknown one."""
        self._core.set_user_attr(_number(trial), key, value)

    def to_json(self) -> str:
        """Space, problem, best and trials as JSON text."""
        return self._core.to_json()

    def to_csv(self) -> str:
        """The trials as CSV text, one row each."""
        return self._core.to_csv()

    def report(self) -> str:
        """A few lines and a table of trials."""
        return _bayestuner.text_report(self._core)

    def html_report(self, against: Study | None = None) -> str:
        """One self-contained page with plots; with several objectives also the front, beside that of `against`."""
        return _bayestuner.html_report(self._core, None if against is None else against._core)

    def _repr_html_(self) -> str:
        return f"<pre>{self.report()}</pre>"

    def trials_dataframe(self, attrs: Sequence[str] = ATTRS, multi_index: bool = False) -> pandas.DataFrame:
        """One row a trial; columns as Optuna's, and more.

        attrs: number, value (`value`, or `values_<metric>` for several objectives), datetime_start and
        datetime_complete (UTC), duration, params, user_attrs, system_attrs (is_baseline, is_verification, message),
        state, metrics, sem (standard errors), constraints (<= 0: holds), feasible, energy_j, reason. Those of several
        columns are `<attr>_<name>`, or (attr, name) with multi_index. Needs pandas. Raises InvalidArgument.
        """
        import pandas

        unknown = [a for a in attrs if a not in ATTRS]
        if unknown:
            raise InvalidArgument(f"attrs: {', '.join(unknown)} is none of {', '.join(ATTRS)}")
        problem, thresholds = self.problem, self._core.thresholds()
        log = zip(self._core.trials(), self._core.feasible(), strict=False)
        cells = [_cells(trial, feasible, problem, thresholds) for trial, feasible in log]
        found = list(dict.fromkeys(key for row in cells for key in row))
        columns = [key for attr in attrs for key in found if key[0] == attr or (attr, key[0]) == ("value", "values")]
        frame = pandas.DataFrame({key: [row.get(key) for row in cells] for key in columns})
        if not multi_index:
            frame.columns = pandas.Index(["_".join(part for part in key if part) for key in columns])
        return frame

    def _objective_text(self, trial: Trial) -> str:
        name = self.problem.objectives[0]
        return f"{name}={trial.values[name]:.4g}"


def _number(trial: Trial | int) -> int:
    return trial if isinstance(trial, int) else trial.number


def _cells(
    t: Trial, feasible: bool, problem: Problem, thresholds: Sequence[float | None]
) -> dict[tuple[str, str], Any]:
    import pandas

    start = pandas.Timestamp(t.started_s, unit="s") if t.started_s else pandas.NaT
    complete = pandas.Timestamp(t.finished_s, unit="s") if t.finished_s else pandas.NaT
    metrics = t.metrics
    row: dict[tuple[str, str], Any] = {("number", ""): t.number}
    if len(problem.objectives) == 1:
        row["value", ""] = metrics[problem.objectives[0]].value if problem.objectives[0] in metrics else None
    else:
        row |= {("values", m): metrics[m].value if m in metrics else None for m in problem.objectives}
    row |= {("datetime_start", ""): start, ("datetime_complete", ""): complete, ("duration", ""): complete - start}
    row |= {("params", k): v for k, v in t.params.items()}
    row |= {("user_attrs", k): v for k, v in t.user_attrs.items()}
    row |= {
        ("system_attrs", "is_baseline"): t.is_baseline,
        ("system_attrs", "is_verification"): t.is_verification,
        ("system_attrs", "message"): t.message,
        ("state", ""): t.state.name,
    }
    row |= {("metrics", k): m.value for k, m in metrics.items()}
    row |= {("sem", k): m.standard_error for k, m in metrics.items()}
    for metric, text, bound in zip(problem.constraint_metrics, problem.constraints, thresholds, strict=True):
        if metric in metrics and bound is not None:
            sign = -1.0 if ">=" in text else 1.0
            key = ("constraints", metric)
            row[key if key not in row else ("constraints", text)] = sign * (metrics[metric].value - bound)
    row["feasible", ""] = feasible
    row["energy_j", ""] = metrics["energy_j"].value if "energy_j" in metrics else None
    row["reason", ""] = "" if t.reason == "none" else t.reason
    return row


def _progress_bar(total: int | None) -> Any:
    try:
        from tqdm.auto import tqdm
    except ImportError as error:
        raise ImportError("show_progress_bar needs tqdm: pip install bayestuner[progress]") from error
    return tqdm(total=total, unit="trial")
