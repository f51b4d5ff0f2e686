"""How an Analysis is drawn. Every kind becomes dots with intervals, a curve or a map; a backend draws those three."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bayestuner._bayestuner import InvalidArgument

COLOURS = ("#2563b0", "#d98a1f", "#1d3f6e", "#9aa3ad")
Interval = Mapping[str, Any]


@dataclass(frozen=True)
class Dots:
    """A row a label; a colour a group, whose intervals stand beside each other."""

    labels: list[str]
    groups: dict[str, list[Interval]]
    axis: str


@dataclass(frozen=True)
class Curve:
    """Intervals over values of one parameter."""

    x: list[Any]
    y: list[Interval]
    axes: tuple[str, str]


@dataclass(frozen=True)
class Map:
    """A number for each pair of values; [row][column], rows by the first parameter."""

    rows: list[str]
    columns: list[str]
    values: list[list[float]]
    axes: tuple[str, str, str]


def _dots_of(parts: list[Mapping[str, Any]], label: str, groups: Mapping[str, str], axis: str) -> Dots:
    return Dots([str(p[label]) for p in parts], {g: [p[key] for p in parts] for g, key in groups.items()}, axis)


def _compare(a: Mapping[str, Any]) -> Dots:
    return _dots_of(a["strategies"], "strategy", {"mean rank": "rank"}, "mean rank, 1 the best")


def _interactions(a: Mapping[str, Any]) -> Dots:
    terms = [t for t in a["terms"] if t["degree"] > 0][:20]
    return _dots_of(terms, "term", {"coefficient": "coefficient"}, f"coefficient, {a['metric']}")


def _anova(a: Mapping[str, Any]) -> Dots:
    groups = {"with interactions": "total", "alone": "first"}
    return _dots_of(a["parameters"], "parameter", groups, f"share of the variance of {a['metric']}")


def _importance(a: Mapping[str, Any]) -> Dots:
    groups = {"share of the variance": "total", "error when shuffled": "permutation"}
    return _dots_of(a["parameters"], "parameter", groups, f"importance for {a['metric']}")


def _degrees(a: Mapping[str, Any]) -> Dots:
    possible = [s for s in a["scores"] if not s.get("impossible")]
    return _dots_of(possible, "degree", {"held out": "test"}, f"RMSE of {a['metric']}")


def _prediction(a: Mapping[str, Any]) -> Dots:
    groups = {f"{g}: held out": [s["test"][i] for s in a["scores"]] for i, g in enumerate(a["groups"])}
    if a["scores"] and a["scores"][0]["whole"]:
        groups |= {f"{g}: whole table": [s["whole"][i] for s in a["scores"]] for i, g in enumerate(a["groups"])}
    return Dots([s["surrogate"] for s in a["scores"]], groups, f"RMSE of {a['metric']}")


def _number(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text


def _dependence(a: Mapping[str, Any]) -> Curve | Map:
    points, names = a["points"], a["parameters"]
    if len(names) == 1:
        x = [_number(p["values"][0]) for p in points]
        if any(isinstance(v, str) for v in x):
            x = [p["values"][0] for p in points]
        return Curve(x, [p["mean"] for p in points], (names[0], a["metric"]))
    rows = list(dict.fromkeys(p["values"][0] for p in points))
    columns = list(dict.fromkeys(p["values"][1] for p in points))
    values = [p["mean"]["value"] for p in points]
    lines = [values[i * len(columns) : (i + 1) * len(columns)] for i in range(len(rows))]
    return Map(rows, columns, lines, (names[0], names[1], a["metric"]))


SHAPES: dict[str, Callable[[Mapping[str, Any]], Dots | Curve | Map]] = {
    "compare": _compare,
    "interactions": _interactions,
    "functional_anova": _anova,
    "importance": _importance,
    "degree_study": _degrees,
    "prediction_study": _prediction,
    "partial_dependence": _dependence,
}


def _reach(i: Interval) -> tuple[float, float]:
    """How far the interval goes down and up; nothing where it is not known."""
    value = i["value"]
    return (
        max(0.0, value - (value if i["low"] is None else i["low"])),
        max(0.0, (value if i["high"] is None else i["high"]) - value),
    )


def _offset(group: int, of: int) -> float:
    return 0.0 if of == 1 else 0.3 * (2.0 * group / (of - 1) - 1.0)


def _matplotlib(shape: Dots | Curve | Map, ax: Any) -> Any:
    if ax is None:
        import matplotlib.pyplot as plt

        ax = plt.subplots()[1]
    if isinstance(shape, Dots):
        n = len(shape.labels)
        for g, (name, intervals) in enumerate(shape.groups.items()):
            reach = [_reach(i) for i in intervals]
            places = [n - 1 - k - _offset(g, len(shape.groups)) for k in range(n)]
            errors = [[low for low, _ in reach], [high for _, high in reach]]
            colour = COLOURS[g % len(COLOURS)]
            ax.errorbar([i["value"] for i in intervals], places, xerr=errors, fmt="o", ms=4, color=colour, label=name)
        ax.set_yticks(range(n - 1, -1, -1), shape.labels)
        ax.set_xlabel(shape.axis)
        if len(shape.groups) > 1:
            ax.legend()
    elif isinstance(shape, Curve):
        ax.plot(shape.x, [i["value"] for i in shape.y], "o-", ms=3, color=COLOURS[0])
        low = [i["value"] - _reach(i)[0] for i in shape.y]
        high = [i["value"] + _reach(i)[1] for i in shape.y]
        ax.fill_between(shape.x, low, high, color=COLOURS[0], alpha=0.2)
        ax.set(xlabel=shape.axes[0], ylabel=shape.axes[1])
    else:
        image = ax.imshow(shape.values, origin="lower", aspect="auto", cmap="viridis")
        ax.set_xticks(range(len(shape.columns)), shape.columns)
        ax.set_yticks(range(len(shape.rows)), shape.rows)
        ax.set(xlabel=shape.axes[1], ylabel=shape.axes[0])
        ax.figure.colorbar(image, ax=ax, label=shape.axes[2])
    return ax


def _plotly(shape: Dots | Curve | Map) -> Any:
    go = importlib.import_module("plotly.graph_objects")  # it has no types
    figure = go.Figure()
    if isinstance(shape, Dots):
        for g, (name, intervals) in enumerate(shape.groups.items()):
            reach = [_reach(i) for i in intervals]
            bars = {"type": "data", "arrayminus": [low for low, _ in reach], "array": [high for _, high in reach]}
            figure.add_scatter(
                x=[i["value"] for i in intervals],
                y=shape.labels,
                error_x=bars,
                mode="markers",
                name=name,
                marker_color=COLOURS[g % len(COLOURS)],
            )
        figure.update_yaxes(autorange="reversed", type="category")
        figure.update_layout(xaxis_title=shape.axis)
    elif isinstance(shape, Curve):
        low = [i["value"] - _reach(i)[0] for i in shape.y]
        high = [i["value"] + _reach(i)[1] for i in shape.y]
        clear = {"mode": "lines", "line": {"width": 0}, "showlegend": False}
        figure.add_scatter(x=shape.x, y=low, **clear)
        figure.add_scatter(x=shape.x, y=high, fill="tonexty", **clear)
        figure.add_scatter(x=shape.x, y=[i["value"] for i in shape.y], mode="lines+markers", line_color=COLOURS[0])
        figure.update_layout(xaxis_title=shape.axes[0], yaxis_title=shape.axes[1], showlegend=False)
    else:
        figure.add_heatmap(x=shape.columns, y=shape.rows, z=shape.values, colorbar_title=shape.axes[2])
        figure.update_layout(xaxis_title=shape.axes[1], yaxis_title=shape.axes[0])
        figure.update_xaxes(type="category")
        figure.update_yaxes(type="category")
    return figure


def draw(analysis: Any, backend: str, ax: Any) -> Any:
    """The plot of an Analysis by a backend's name."""
    shape = SHAPES[analysis.kind](analysis)
    if backend == "matplotlib":
        return _matplotlib(shape, ax)
    if backend == "plotly":
        if ax is not None:
            raise InvalidArgument("ax: is matplotlib's; plotly returns a figure of its own")
        return _plotly(shape)
    raise InvalidArgument(f"backend: '{backend}' is none of matplotlib, plotly")
