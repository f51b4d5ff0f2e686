"""Plots of a study (matplotlib), with Optuna's names where it has them.

Each takes a study and returns the axes. All make one pass over the trials and draw a number of artists that does not
depend on them, so that they are cheap at 10 000 trials. `target`: a function of a trial that replaces the first
objective; `params`: names of the parameters to show.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from bayestuner._bayestuner import DominatedVolume, Exploration, InvalidArgument, Parameter, Trial, TrialState
from bayestuner.exploration import explorations

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from bayestuner.study import Study

FEASIBLE, INFEASIBLE, FAILED, FRONT, AGAINST = "#2563b0", "#9aa3ad", "#c0392b", "#1d3f6e", "#d98a1f"

Target = Callable[[Trial], float] | None
Points = tuple[list[Any], list[Any]]


def is_available() -> bool:
    """Whether matplotlib is installed."""
    try:
        import matplotlib  # noqa: F401
    except ImportError:
        return False
    return True


class _Log:
    """One look at a study: its trials with their values, whatever the plot."""

    def __init__(self, study: Study, target: Target = None, target_name: str | None = None) -> None:
        self.name, self.space, problem = study.name, study.space, study.problem
        self.objective = problem.objectives[0]
        self.maximise = target is None and problem.directions[0] == "maximize"
        self.label = target_name or (self.objective if target is None else "Objective Value")
        self.problem, self.thresholds = problem, study.thresholds
        trials = study.trials
        pairs = list(zip(trials, study.feasible, strict=False))
        self.trials = trials
        self.failed = [t.number for t in trials if t.state == TrialState.FAIL]
        # (trial, feasible, value) of the complete ones
        self.rows: list[tuple[Trial, bool, float]] = []
        for trial, feasible in pairs:
            if trial.state == TrialState.COMPLETE:
                value = trial.values.get(self.objective, math.nan) if target is None else float(target(trial))
                self.rows.append((trial, feasible, value))

    def parameters(self, params: Sequence[str] | None) -> list[Parameter]:
        known = {p.name: p for p in self.space.parameters}
        unknown = [name for name in params or () if name not in known]
        if unknown:
            raise InvalidArgument(f"params: {', '.join(unknown)} is none of {', '.join(known)}")
        return [known[name] for name in (params or known)]

    def scatter(self, ax: Axes, x: Callable[[Trial, float], Any], y: Callable[[Trial, float], Any]) -> None:
        groups: dict[bool, Points] = {True: ([], []), False: ([], [])}
        for trial, feasible, value in self.rows:
            a, b = x(trial, value), y(trial, value)
            if a is not None and b is not None:
                groups[feasible][0].append(a)
                groups[feasible][1].append(b)
        for feasible, colour, label in ((False, INFEASIBLE, "infeasible"), (True, FEASIBLE, "feasible")):
            ax.scatter(*groups[feasible], s=18, color=colour, label=label, zorder=3 if feasible else 2)

    def best_so_far(self) -> Points:
        numbers: list[int] = []
        best: list[float] = []
        for trial, feasible, value in self.rows:
            if feasible and not math.isnan(value):
                if best:
                    value = max(value, best[-1]) if self.maximise else min(value, best[-1])
                numbers.append(trial.number)
                best.append(value)
        return numbers, best


def _axes(ax: Axes | None) -> Axes:
    if ax is not None:
        return ax
    import matplotlib.pyplot as plt

    return plt.subplots()[1]


def _grid(count: int) -> list[Axes]:
    import matplotlib.pyplot as plt

    columns = min(count, 4)
    rows = math.ceil(count / columns)
    figure, grid = plt.subplots(rows, columns, figsize=(3.2 * columns, 2.8 * rows), sharey=True, squeeze=False)
    for ax in grid.flat[count:]:
        ax.remove()
    figure.set_layout_engine("tight")
    return list(grid.flat[:count])


def _value(trial: Trial, name: str) -> Any:
    """A value of a parameter as an axis takes it; None where it is inactive."""
    value = trial.params.get(name)
    return str(value) if isinstance(value, (bool, str)) else value


def _code(parameter: Parameter, value: Any) -> float:
    """A value as a number: itself, or the place of a label."""
    return float(parameter.values.index(value)) if isinstance(value, (bool, str)) else float(value)


def plot_optimization_history(
    study: Study, *, target: Target = None, target_name: str | None = None, ax: Axes | None = None
) -> Axes:
    """Objective over trials, the best feasible value so far as a line, failures as marks on the axis."""
    ax, log = _axes(ax), _Log(study, target, target_name)
    log.scatter(ax, lambda t, v: t.number, lambda t, v: v)
    ax.step(*log.best_so_far(), where="post", color=FEASIBLE, linewidth=1)
    if log.failed:
        low = [0.01] * len(log.failed)
        ax.plot(log.failed, low, "^", color=FAILED, transform=ax.get_xaxis_transform(), label="failed")
    ax.set(xlabel="trial", ylabel=log.label, title=log.name)
    ax.legend()
    return ax


def plot_power_throughput(
    study: Study, *, power: str = "power_w", throughput: str = "throughput", ax: Axes | None = None
) -> Axes:
    """Power against throughput; bounds on the throughput as dashed lines."""
    ax, log = _axes(ax), _Log(study)
    log.scatter(ax, lambda t, v: t.values.get(throughput), lambda t, v: t.values.get(power))
    _bounds(log, throughput, ax.axvline)
    _bounds(log, power, ax.axhline)
    ax.set(xlabel=throughput, ylabel=power, title=log.name)
    ax.legend()
    return ax


def _bounds(log: _Log, metric: str, line: Callable[..., Any]) -> None:
    for name, text, bound in zip(log.problem.constraint_metrics, log.problem.constraints, log.thresholds, strict=True):
        if name == metric and bound is not None:
            line(bound, color=FAILED, linestyle="--", linewidth=1, label=text)


def plot_slice(
    study: Study, params: Sequence[str] | None = None, *, target: Target = None, target_name: str | None = None
) -> list[Axes]:
    """Objective against each parameter; one axes a parameter."""
    log = _Log(study, target, target_name)
    parameters = log.parameters(params)
    axes = _grid(len(parameters))
    for ax, parameter in zip(axes, parameters, strict=True):
        name = parameter.name
        log.scatter(ax, lambda t, v, name=name: _value(t, name), lambda t, v: v)  # type: ignore[misc]
        ax.set_xlabel(name)
    axes[0].set_ylabel(log.label)
    return axes


def plot_knob_effects(
    study: Study, params: Sequence[str] | None = None, *, target: Target = None, target_name: str | None = None
) -> list[Axes]:
    """Objective against each knob, with the mean of the feasible trials at each of its values as a line."""
    log = _Log(study, target, target_name)
    parameters = log.parameters(params)
    axes = plot_slice(study, params, target=target, target_name=target_name)
    for ax, parameter in zip(axes, parameters, strict=True):
        if parameter.level_count == 0:
            continue
        sums: dict[Any, tuple[float, int]] = {}
        for trial, feasible, value in log.rows:
            if feasible and parameter.name in trial.params:
                total, count = sums.get(trial.params[parameter.name], (0.0, 0))
                sums[trial.params[parameter.name]] = (total + value, count + 1)
        order = sorted(sums, key=lambda value: _code(parameter, value))
        xs = [str(v) if isinstance(v, (bool, str)) else v for v in order]
        ax.plot(xs, [sums[v][0] / sums[v][1] for v in order], color=FRONT, linewidth=1, label="mean, feasible")
    return axes


def plot_pareto_front(
    study: Study,
    *,
    target_names: Sequence[str] | None = None,
    against: Study | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Trials in the plane of the first two objectives; the front with its standard errors as bars, joined by a line,
    and its knee. against: a study whose front is drawn as well. Raises InvalidArgument for one objective."""
    ax, log = _axes(ax), _Log(study)
    _require_several(log, "plot_pareto_front")
    first, second = log.problem.objectives[:2]
    log.scatter(ax, lambda t, v: t.values.get(first), lambda t, v: t.values.get(second))
    found = explorations(study, *_one_or_none(against))
    for exploration, colour in zip(found, (FRONT, AGAINST), strict=False):
        label = "front" if exploration is found[0] else exploration.study
        pairs = [(t.metrics[first], t.metrics[second]) for t in exploration.front]
        xs, ys = [x.value for x, _ in pairs], [y.value for _, y in pairs]
        ax.plot(xs, ys, color=colour, linewidth=1, label=label)
        errors = [x.standard_error for x, _ in pairs], [y.standard_error for _, y in pairs]
        ax.errorbar(xs, ys, errors[1], errors[0], fmt="none", ecolor=colour, elinewidth=1, capsize=2)
    knee = found[0].knee
    at = [] if knee is None else [knee]
    ax.scatter([t.values[first] for t in at], [t.values[second] for t in at], s=60, color=FAILED, marker="*", zorder=4)
    labels = target_names or (first, second)
    ax.set(xlabel=labels[0], ylabel=labels[1], title=log.name)
    ax.legend()
    return ax


def _require_several(log: _Log, name: str) -> None:
    if len(log.problem.objectives) < 2:
        raise InvalidArgument(f"{name}: the problem has one objective")


def _one_or_none(study: Study | None) -> tuple[Study, ...]:
    return () if study is None else (study,)


def plot_hypervolume_history(
    study: Study,
    reference_point: Sequence[float] | None = None,
    *,
    against: Study | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Volume dominated by the feasible trials so far. reference_point: worst acceptable value of each objective, its
    own sense; default: as explorations() takes it. against: a study whose history is drawn as well. Raises
    InvalidArgument for one objective."""
    ax, log = _axes(ax), _Log(study)
    _require_several(log, "plot_hypervolume_history")
    objectives = log.problem.objectives
    if reference_point is not None and len(reference_point) != len(objectives):
        raise InvalidArgument(f"reference_point: {len(reference_point)} values for {len(objectives)} objectives")
    for exploration, colour in zip(explorations(study, *_one_or_none(against)), (FEASIBLE, AGAINST), strict=False):
        history = exploration.history
        if reference_point is not None:
            history = _history(exploration, log, reference_point)
        steps = [*history, (exploration.finished, history[-1][1])] if history else []
        ax.step([n for n, _ in steps], [v for _, v in steps], where="post", color=colour, label=exploration.study)
    ax.set(xlabel="trials", ylabel="hypervolume", title=log.name)
    if against is not None:
        ax.legend()
    return ax


def _history(exploration: Exploration, log: _Log, reference: Sequence[float]) -> list[tuple[int, float]]:
    signs = [-1.0 if d == "maximize" else 1.0 for d in log.problem.directions]
    volume = DominatedVolume([s * r for s, r in zip(signs, reference, strict=True)])
    steps = []
    for point in exploration.points:
        if point.is_feasible:
            values = point.trial.values
            volume.insert([s * values[o] for s, o in zip(signs, log.problem.objectives, strict=True)])
        steps.append((point.finished, volume.value))
    return steps


def plot_edf(
    study: Study | Sequence[Study], *, target: Target = None, target_name: str | None = None, ax: Axes | None = None
) -> Axes:
    """Share of the complete trials at or below each value of the objective; one line a study."""
    ax = _axes(ax)
    for one in study if isinstance(study, Sequence) else [study]:
        log = _Log(one, target, target_name)
        values = sorted(v for _, _, v in log.rows if not math.isnan(v))
        shares = [(i + 1) / len(values) for i in range(len(values))]
        ax.step(values, shares, where="post", label=log.name)
        ax.set(xlabel=log.label, ylabel="share of trials", ylim=(0.0, 1.0))
    ax.legend()
    return ax


def plot_timeline(study: Study, *, ax: Axes | None = None) -> Axes:
    """When each trial ran, coloured by how it ended; seconds from the first."""
    ax, log = _axes(ax), _Log(study)
    feasible = {t.number for t, ok, _ in log.rows if ok}
    done = [t for t in log.trials if t.started_s and t.finished_s]
    begin = min((t.started_s for t in done), default=0.0)
    groups: dict[str, list[Trial]] = {FEASIBLE: [], INFEASIBLE: [], FAILED: []}
    for t in done:
        colour = FAILED if t.state == TrialState.FAIL else FEASIBLE if t.number in feasible else INFEASIBLE
        groups[colour].append(t)
    for (colour, trials), label in zip(groups.items(), ("feasible", "infeasible", "failed"), strict=True):
        ax.hlines(
            [t.number for t in trials],
            [t.started_s - begin for t in trials],
            [t.finished_s - begin for t in trials],
            colors=colour,
            linewidth=3,
            label=label,
        )
    ax.set(xlabel="s", ylabel="trial", title=log.name)
    ax.legend()
    return ax


def plot_energy_timeline(study: Study, *, metric: str = "energy_j", ax: Axes | None = None) -> Axes:
    """Energy that the trials have used so far, J; trials that did not report it count nothing."""
    ax, log = _axes(ax), _Log(study)
    total, numbers, joules = 0.0, [], []
    for trial in log.trials:
        total += trial.values.get(metric, 0.0)
        numbers.append(trial.number)
        joules.append(total)
    ax.step(numbers, joules, where="post", color=FEASIBLE)
    ax.set(xlabel="trial", ylabel=metric, title=log.name)
    return ax


def plot_feasibility(study: Study, *, ax: Axes | None = None) -> Axes:
    """Distance of each trial from each constraint's threshold, relative to it; below 0 the constraint holds."""
    ax, log = _axes(ax), _Log(study)
    for name, text, bound in zip(log.problem.constraint_metrics, log.problem.constraints, log.thresholds, strict=True):
        if bound is None:
            continue
        sign, unit = (-1.0 if ">=" in text else 1.0), abs(bound) or 1.0
        rows = [(t.number, sign * (t.values[name] - bound) / unit) for t, _, _ in log.rows if name in t.values]
        ax.scatter([n for n, _ in rows], [v for _, v in rows], s=18, label=text, zorder=3)
    ax.axhline(0.0, color=FAILED, linestyle="--", linewidth=1)
    ax.set(xlabel="trial", ylabel="violation, relative", title=log.name)
    if log.problem.constraints:
        ax.legend()
    return ax


def plot_contour(
    study: Study,
    params: Sequence[str] | None = None,
    *,
    target: Target = None,
    target_name: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Objective over two parameters, coloured between the trials. params: two names; default: the first two. Raises
    InvalidArgument for another number."""
    ax, log = _axes(ax), _Log(study, target, target_name)
    parameters = log.parameters(params if params is not None else [p.name for p in log.space.parameters[:2]])
    if len(parameters) != 2:
        raise InvalidArgument(f"plot_contour: {len(parameters)} parameters; two make a plane")
    rows = [
        (*(_code(p, t.params[p.name]) for p in parameters), value)
        for t, _, value in log.rows
        if all(p.name in t.params for p in parameters) and not math.isnan(value)
    ]
    x, y, z = ([row[i] for row in rows] for i in range(3))
    try:
        ax.tricontourf(x, y, z, levels=12, cmap="viridis_r", alpha=0.8)
    except (ValueError, RuntimeError):
        pass  # fewer than three points, or all on one line: the points alone
    marks = ax.scatter(x, y, c=z, s=18, cmap="viridis_r", edgecolors="white", linewidths=0.5, zorder=3)
    ax.figure.colorbar(marks, ax=ax, label=log.label)
    for parameter, axis in zip(parameters, (ax.xaxis, ax.yaxis), strict=True):
        if not parameter.is_numeric:
            axis.set_ticks(range(len(parameter.values)), [str(v) for v in parameter.values])
    ax.set(xlabel=parameters[0].name, ylabel=parameters[1].name, title=log.name)
    return ax


def plot_rank(
    study: Study, params: Sequence[str] | None = None, *, target: Target = None, target_name: str | None = None
) -> list[Axes]:
    """Each parameter over trials, coloured by the rank of the objective: dark is best."""
    log = _Log(study, target, target_name)
    parameters = log.parameters(params)
    order = sorted(range(len(log.rows)), key=lambda i: -log.rows[i][2] if log.maximise else log.rows[i][2])
    rank = {i: place / max(1, len(order) - 1) for place, i in enumerate(order)}
    axes = _grid(len(parameters))
    for ax, parameter in zip(axes, parameters, strict=True):
        shown = [(i, t) for i, (t, _, _) in enumerate(log.rows) if parameter.name in t.params]
        ax.scatter(
            [t.number for _, t in shown],
            [_code(parameter, t.params[parameter.name]) for _, t in shown],
            c=[rank[i] for i, _ in shown],
            cmap="viridis",
            vmin=0.0,
            vmax=1.0,
            s=18,
        )
        ax.set(xlabel="trial", title=parameter.name)
    return axes


def plot_parallel_coordinate(
    study: Study,
    params: Sequence[str] | None = None,
    *,
    target: Target = None,
    target_name: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """One line a trial across the parameters, each scaled to its range, coloured by the objective."""
    from matplotlib.collections import LineCollection

    ax, log = _axes(ax), _Log(study, target, target_name)
    parameters = log.parameters(params)
    lines, colours = [], []
    for trial, _, value in log.rows:
        if not all(p.name in trial.params for p in parameters):
            continue
        line = []
        for i, p in enumerate(parameters):
            low, high = _range(p)
            line.append((float(i), (_code(p, trial.params[p.name]) - low) / ((high - low) or 1.0)))
        lines.append(line)
        colours.append(value)
    drawn = LineCollection(lines, cmap="viridis_r", alpha=0.6, linewidths=1)
    drawn.set_array(colours)
    ax.add_collection(drawn)
    ax.figure.colorbar(drawn, ax=ax, label=log.label)
    ax.set(xlim=(-0.1, len(parameters) - 0.9), ylim=(-0.05, 1.05), yticks=[], title=log.name)
    ax.set_xticks(range(len(parameters)), [p.name for p in parameters])
    return ax


def _range(parameter: Parameter) -> tuple[float, float]:
    return (parameter.low, parameter.high) if parameter.is_numeric else (0.0, float(parameter.level_count - 1))


def plot_param_importances(
    study: Study,
    params: Sequence[str] | None = None,
    *,
    target: Target = None,
    target_name: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Share of the objective's variance that each parameter explains by itself (correlation ratio over at most eight
    groups of its values, bias corrected; Kelley 1935): a main effect of what was tried, no interaction."""
    ax, log = _axes(ax), _Log(study, target, target_name)
    shares = {p.name: _correlation_ratio(log, p) for p in log.parameters(params)}
    order = sorted(shares, key=lambda name: shares[name])
    ax.barh(order, [shares[name] for name in order], color=FEASIBLE)
    ax.set(xlabel=f"share of the variance of {log.label}", xlim=(0.0, 1.0), title=log.name)
    return ax


def _correlation_ratio(log: _Log, parameter: Parameter) -> float:
    rows = [
        (_code(parameter, t.params[parameter.name]), value)
        for t, _, value in log.rows
        if parameter.name in t.params and not math.isnan(value)
    ]
    levels = sorted({code for code, _ in rows})
    groups = min(8, len(levels))
    if groups < 2 or len(rows) <= groups:
        return 0.0
    place = {code: i * groups // len(levels) for i, code in enumerate(levels)}
    sums = [[0.0, 0.0] for _ in range(groups)]
    for code, value in rows:
        sums[place[code]][0] += value
        sums[place[code]][1] += 1.0
    mean = sum(value for _, value in rows) / len(rows)
    total = sum((value - mean) ** 2 for _, value in rows)
    if total == 0.0:
        return 0.0
    within = sum((value - sums[place[code]][0] / sums[place[code]][1]) ** 2 for code, value in rows)
    return max(0.0, 1.0 - within / total * (len(rows) - 1) / (len(rows) - groups))


def plot_control(journal: str | os.PathLike[str]) -> list[Axes]:
    """What a control loop did, from its journal: power against the cap, batch and level, throughput, latency; each
    decision that changed the setting is marked with its reason, each fault with its name. The last run of a journal
    that holds several. Raises InvalidArgument for a file that is no journal."""
    run = _ControlRun(journal)
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(4, 1, figsize=(9.0, 9.0), sharex=True, height_ratios=[3, 2, 2, 2])
    power, batch, rate, latency = axes
    power.plot(run.times, run.column("power_w"), color=FEASIBLE, linewidth=1, label=f"power, {run.provenance}")
    power.step(run.times, run.column("cap_w"), where="pre", color=FAILED, linewidth=1.5, label="cap")
    over = [(t, w["power_w"]) for t, w in zip(run.times, run.windows, strict=True) if not w["within"]]
    power.scatter([t for t, _ in over], [p for _, p in over], s=14, color=FAILED, zorder=3, label="above the cap")
    power.set(ylabel="W", ylim=(0.0, None), title=run.title)
    batch.step(run.times, [w["served"]["batch"] for w in run.windows], where="pre", color=FRONT, label="batch")
    levels = [math.nan if w["served"]["level"] is None else w["served"]["level"] for w in run.windows]
    if not all(math.isnan(level) for level in levels):
        batch.step(run.times, levels, where="pre", color=AGAINST, label="level")
    batch.set(ylabel="setting")
    if run.windows:
        batch.set_yscale("log", base=2)
        batch.yaxis.set_major_formatter("{x:g}")
    rate.plot(run.times, run.column("throughput"), color=FEASIBLE, linewidth=1)
    rate.set(ylabel="requests/s", ylim=(0.0, None))
    for name, colour, label in (("latency_p50_s", FEASIBLE, "p50"), ("latency_p99_s", AGAINST, "p99")):
        latency.plot(run.times, run.column(name), color=colour, linewidth=1, label=label)
    latency.set(ylabel="latency, s", xlabel="s", ylim=(0.0, None))
    run.mark_decisions(batch)
    run.mark_faults(power)
    for ax in (power, batch, latency):
        ax.legend(loc="upper right", fontsize=8)
    figure.set_layout_engine("tight")
    return list(axes)


class _ControlRun:
    """The last run of a control loop's journal."""

    def __init__(self, journal: str | os.PathLike[str]) -> None:
        name = os.fspath(journal)
        begin: dict[str, Any] | None = None
        records: list[dict[str, Any]] = []
        with open(journal, encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                try:
                    record = json.loads(line)
                    kind = record["kind"]
                except (ValueError, TypeError, KeyError):
                    raise InvalidArgument(f"journal: {name}:{number} is no record of a control loop") from None
                if kind == "begin":
                    begin, records = record, []
                else:
                    records.append(record)
        if begin is None:
            raise InvalidArgument(f"journal: {name} has no record of a loop's beginning")
        self.windows = [r for r in records if r["kind"] == "window"]
        self.faults = [r for r in records if r["kind"] == "event" and r["is_fault"]]
        self.times = [w["time_s"] for w in self.windows]
        self.provenance = begin["provenance"]
        within = sum(w["within"] for w in self.windows)
        self.title = f"{within} of {len(self.windows)} windows within the cap; power {begin['provenance']} by " + (
            begin["meter"] + ("; dry run" if begin["dry_run"] else "")
        )

    def column(self, name: str) -> list[float]:
        return [math.nan if w[name] is None else w[name] for w in self.windows]

    def mark_decisions(self, ax: Axes) -> None:
        """A tick for each change; its reason beside it where there is room for words."""
        changes = [w for w in self.windows if w["changed"]]
        ax.plot(
            [w["time_s"] for w in changes],
            [w["next"]["batch"] for w in changes],
            "o",
            color=FRONT,
            markersize=4,
            label="decision",
        )
        last, room = -math.inf, 0.03 * (self.times[-1] if self.times else 0.0)
        for w in changes:
            if w["time_s"] - last >= room:
                last = w["time_s"]
                ax.annotate(w["reason"], (last, w["next"]["batch"]), rotation=30, fontsize=7, ha="left", va="bottom")

    def mark_faults(self, ax: Axes) -> None:
        for name in sorted({fault["name"] for fault in self.faults}):
            times = [fault["time_s"] for fault in self.faults if fault["name"] == name]
            ax.plot(times, [0.02] * len(times), "^", transform=ax.get_xaxis_transform(), label=name)


plot_convergence = plot_optimization_history
plot_evaluations = plot_slice

__all__ = [
    "is_available",
    "plot_contour",
    "plot_control",
    "plot_convergence",
    "plot_edf",
    "plot_energy_timeline",
    "plot_evaluations",
    "plot_feasibility",
    "plot_hypervolume_history",
    "plot_knob_effects",
    "plot_optimization_history",
    "plot_parallel_coordinate",
    "plot_param_importances",
    "plot_pareto_front",
    "plot_power_throughput",
    "plot_rank",
    "plot_slice",
    "plot_timeline",
]
