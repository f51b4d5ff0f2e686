"""Plots of a study (matplotlib). Each takes a study and returns the axes; all are cheap at 10 000 trials."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bayestuner._bayestuner import TrialState

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from bayestuner.study import Study

FEASIBLE, INFEASIBLE, FAILED = "#2563b0", "#9aa3ad", "#c0392b"


def is_available() -> bool:
    """Whether matplotlib is installed."""
    try:
        import matplotlib  # noqa: F401
    except ImportError:
        return False
    return True


def _axes(ax: Axes | None) -> Axes:
    if ax is not None:
        return ax
    import matplotlib.pyplot as plt

    return plt.subplots()[1]


def _scatter(ax: Axes, study: Study, x: Any, y: Any) -> None:
    groups: dict[str, tuple[list[Any], list[Any]]] = {FEASIBLE: ([], []), INFEASIBLE: ([], [])}
    for trial in study.trials:
        if trial.state == TrialState.COMPLETE:
            xs, ys = groups[FEASIBLE if study.is_feasible(trial) else INFEASIBLE]
            xs.append(x(trial))
            ys.append(y(trial))
    for colour, label in ((FEASIBLE, "feasible"), (INFEASIBLE, "infeasible")):
        ax.scatter(*groups[colour], s=18, color=colour, label=label, zorder=3)


def plot_optimization_history(study: Study, ax: Axes | None = None) -> Axes:
    """Objective over trials, the best feasible value so far as a line, failures as marks on the axis."""
    ax = _axes(ax)
    name, maximise = study.problem.objectives[0], study.direction == "maximize"
    _scatter(ax, study, lambda t: t.number, lambda t: t.values[name])
    steps: list[tuple[int, float]] = []
    for trial in study.trials:
        if trial.state == TrialState.COMPLETE and study.is_feasible(trial):
            value = trial.values[name]
            if steps:
                value = max(value, steps[-1][1]) if maximise else min(value, steps[-1][1])
            steps.append((trial.number, value))
    if steps:
        ax.step(*zip(*steps, strict=True), where="post", color=FEASIBLE, linewidth=1)
    failed = [t.number for t in study.trials if t.state == TrialState.FAIL]
    if failed:
        ax.plot(failed, [0.01] * len(failed), "^", color=FAILED, transform=ax.get_xaxis_transform(), label="failed")
    ax.set(xlabel="trial", ylabel=name, title=study.name)
    ax.legend()
    return ax


def plot_power_throughput(
    study: Study, ax: Axes | None = None, *, power: str = "power_w", throughput: str = "throughput"
) -> Axes:
    """Power against throughput; bounds on the throughput as dashed lines."""
    ax = _axes(ax)
    _scatter(ax, study, lambda t: t.values.get(throughput), lambda t: t.values.get(power))
    for text, threshold in zip(study.problem.constraints, study._core.thresholds(), strict=True):
        if text.startswith(throughput) and threshold is not None:
            ax.axvline(threshold, color=FAILED, linestyle="--", label=text)
    ax.set(xlabel=throughput, ylabel=power, title=study.name)
    ax.legend()
    return ax


def plot_knob_effects(study: Study) -> list[Axes]:
    """Objective against each parameter."""
    import matplotlib.pyplot as plt

    name, parameters = study.problem.objectives[0], study.space.parameters
    figure, grid = plt.subplots(1, len(parameters), figsize=(3.2 * len(parameters), 3), sharey=True, squeeze=False)
    for ax, parameter in zip(grid[0], parameters, strict=True):
        for trial in study.trials:
            if trial.state == TrialState.COMPLETE and parameter.name in trial.params:
                value = trial.params[parameter.name]
                colour = FEASIBLE if study.is_feasible(trial) else INFEASIBLE
                ax.plot(str(value) if isinstance(value, (str, bool)) else value, trial.values[name], "o", color=colour)
        ax.set_xlabel(parameter.name)
    grid[0][0].set_ylabel(name)
    figure.tight_layout()
    return list(grid[0])


def plot_pareto_front(study: Study, ax: Axes | None = None) -> Axes:
    """Trials in the plane of the first two objectives, the front joined by a line."""
    ax = _axes(ax)
    first, second = study.problem.objectives[:2]
    _scatter(ax, study, lambda t: t.values[first], lambda t: t.values[second])
    front = sorted((t.values[first], t.values[second]) for t in study.best_trials)
    if front:
        ax.plot(*zip(*front, strict=True), color=FEASIBLE, linewidth=1)
    ax.set(xlabel=first, ylabel=second, title=study.name)
    ax.legend()
    return ax
