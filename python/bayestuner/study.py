"""Studies in the shape that users of Optuna know: ask, tell, optimize, enqueue_trial, best_trial, trials_dataframe."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from bayestuner import _bayestuner
from bayestuner._bayestuner import InvalidArgument, Problem, Recommendation, Space, Trial, TrialState

if TYPE_CHECKING:
    import pandas

Values = Any  # a number, (mean, standard error), a Metric, or a dict of those by metric


class TrialFailed(Exception):
    """Raise it in an objective: the trial is recorded as failed and the study goes on.

    reason: out_of_memory, timed_out, crashed, knob_refused, not_steady, invalid.
    """

    def __init__(self, message: str = "", reason: str = "invalid") -> None:
        super().__init__(message)
        self.reason = reason


class Study:
    """Space, problem, seed and the log of trials.

    store: an SQLite file; the study is resumed where it has one. Several processes may share it.
    strategy: "bo", "random", "exhaustive", "lhs", "sobol", a Strategy, or any object with suggest(history).
    """

    def __init__(
        self,
        space: Space,
        problem: Problem,
        *,
        name: str = "study",
        store: str | os.PathLike[str] | None = None,
        seed: int = 0,
        strategy: Any = None,
        budget: int | None = None,
    ) -> None:
        path = "" if store is None else os.fspath(store)
        self._core = _bayestuner.Study(space, problem, name, path, seed, strategy, budget)

    @classmethod
    def open(cls, path: str | os.PathLike[str], name: str = "") -> Study:
        """A stored study with the space and problem it was made with."""
        study = cls.__new__(cls)
        study._core = _bayestuner.Study.open(os.fspath(path), name)
        return study

    # -- ask and tell -------------------------------------------------------------------------------------------
    def ask(self, n: int | None = None) -> Any:
        """Next trial (None once the space is exhausted); with n, a list of at most n trials."""
        if n is None:
            return self._core.ask()
        trials = []
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
        """Report a trial: its metrics, or state=TrialState.FAIL with a reason."""
        number = trial if isinstance(trial, int) else trial.number
        if state == TrialState.FAIL:
            self._core.tell_failure(number, reason, message)
        elif values is None:
            raise InvalidArgument("values: None; give metrics, or state=TrialState.FAIL")
        else:
            self._core.tell(number, values, skip_if_finished)

    def enqueue_trial(self, params: Mapping[str, Any], *, skip_if_exists: bool = True) -> bool:
        """Have a configuration tried next. The first one enqueued is the baseline of relative constraints."""
        return self._core.enqueue(dict(params), skip_if_exists)

    def add_trial(self, params: Mapping[str, Any], values: Values) -> int:
        """Add a measurement of the past; its number."""
        return self._core.add_trial(dict(params), values)

    # -- optimise -----------------------------------------------------------------------------------------------
    def optimize(
        self,
        func: Callable[[Trial], Values],
        n_trials: int | None = None,
        timeout: float | None = None,
        n_jobs: int = 1,
        catch: type[Exception] | Sequence[type[Exception]] = (),
        callbacks: Sequence[Callable[[Study, Trial], None]] | None = None,
        show_progress_bar: bool = False,
        *,
        joules: float | None = None,
        target: float | None = None,
        stop_without_gain: bool = False,
    ) -> str:
        """Run `n_trials` further trials of func(trial) -> metrics; why it stopped.

        func may raise TrialFailed; exceptions in `catch` also make failed trials, others are recorded and raised.
        """
        caught = (catch,) if isinstance(catch, type) else tuple(catch)

        def objective(trial: Trial) -> Values:
            try:
                return func(trial)
            except TrialFailed:
                raise
            except caught as error:
                raise TrialFailed(f"{type(error).__name__}: {error}", "crashed") from error

        bar = _progress_bar(n_trials) if show_progress_bar else None

        def after(trial: Trial) -> None:
            if bar is not None:
                best = self._core.best()
                if best is not None:
                    bar.set_postfix_str(f"best {self._objective_text(best)}")
                bar.update(1)
            for callback in callbacks or ():
                callback(self, trial)

        done = sum(
            t.state not in (TrialState.WAITING, TrialState.RUNNING) for t in self.trials if not t.is_verification
        )
        total = None if n_trials is None else done + n_trials
        try:
            return self._core.optimize(
                objective, total, timeout, joules, target, stop_without_gain, False, n_jobs, after
            )
        finally:
            if bar is not None:
                bar.close()

    def stop(self) -> None:
        """End optimize() after the trials that run now."""
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
        """Feasible trials that none dominates."""
        return self._core.pareto_front()

    @property
    def best_params(self) -> dict[str, Any]:
        return self.best_trial.params

    @property
    def best_value(self) -> float:
        return self.best_trial.values[self.problem.objectives[0]]

    @property
    def baseline(self) -> Trial | None:
        return self._core.baseline()

    def recommend(
        self,
        measure: Callable[[Trial], Values],
        *,
        top: int = 3,
        repeats: int = 3,
        max_repeats: int = 6,
        max_candidates: int = 8,
        confidence: float = 0.95,
    ) -> Recommendation | None:
        """Measure the best configurations again until one keeps its constraints with that confidence."""
        return self._core.recommend(measure, top, repeats, max_repeats, max_candidates, confidence)

    # -- the log ------------------------------------------------------------------------------------------------
    @property
    def trials(self) -> list[Trial]:
        return self._core.trials()

    def is_feasible(self, trial: Trial) -> bool:
        return self._core.is_feasible(trial)

    @property
    def name(self) -> str:
        return self._core.name

    @property
    def space(self) -> Space:
        return self._core.space

    @property
    def problem(self) -> Problem:
        return self._core.problem

    @property
    def directions(self) -> list[str]:
        return self.problem.directions

    @property
    def direction(self) -> str:
        return self.problem.directions[0]

    def set_problem(self, problem: Problem) -> None:
        """Replace objectives and constraints; everything measured is scored anew."""
        self._core.set_problem(problem)

    def set_user_attr(self, trial: Trial | int, key: str, value: str) -> None:
        self._core.set_user_attr(trial if isinstance(trial, int) else trial.number, key, value)

    def to_json(self) -> str:
        return self._core.to_json()

    def to_csv(self) -> str:
        return self._core.to_csv()

    def report(self) -> str:
        """A few lines and a table of trials."""
        return _bayestuner.text_report(self._core)

    def html_report(self) -> str:
        """One self-contained page with plots."""
        return _bayestuner.html_report(self._core)

    def _repr_html_(self) -> str:
        return f"<pre>{self.report()}</pre>"

    def trials_dataframe(self) -> pandas.DataFrame:
        """One row a trial: number, value (or values_METRIC), params_*, user_attrs_*, state, sem_*, feasible, reason."""
        import pandas

        objectives = self.problem.objectives
        rows = []
        for t in self.trials:
            row: dict[str, Any] = {"number": t.number}
            if len(objectives) == 1:
                row["value"] = t.values.get(objectives[0])
            else:
                row |= {f"values_{name}": t.values.get(name) for name in objectives}
            row["datetime_start"] = pandas.Timestamp(t.started_s, unit="s") if t.started_s else pandas.NaT
            row["datetime_complete"] = pandas.Timestamp(t.finished_s, unit="s") if t.finished_s else pandas.NaT
            row["duration"] = row["datetime_complete"] - row["datetime_start"]
            row |= {f"params_{k}": v for k, v in t.params.items()}
            row |= {f"user_attrs_{k}": v for k, v in t.user_attrs.items()}
            row["state"] = t.state.name
            row |= {f"metrics_{k}": m.value for k, m in t.metrics.items()}
            row |= {f"sem_{k}": m.standard_error for k, m in t.metrics.items()}
            row["feasible"] = self.is_feasible(t)
            row["reason"] = "" if t.reason == "none" else t.reason
            rows.append(row)
        return pandas.DataFrame(rows)

    def _objective_text(self, trial: Trial) -> str:
        name = self.problem.objectives[0]
        return f"{name}={trial.values[name]:.4g}"


def _progress_bar(total: int | None) -> Any:
    try:
        from tqdm.auto import tqdm
    except ImportError as error:
        raise ImportError("show_progress_bar needs tqdm: pip install bayestuner[progress]") from error
    return tqdm(total=total, unit="trial")
