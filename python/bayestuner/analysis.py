"""What a finished study, a recorded table, or a replay says.

Each function gives an Analysis: a dict with the keys of `--format json` of the command, whose str() is the table for
people, and whose plot() draws it with matplotlib or plotly.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from typing import Any, TypeGuard

from bayestuner._bayestuner import InvalidArgument
from bayestuner._bayestuner import analysis as _core
from bayestuner.study import Study


class Analysis(dict[str, Any]):
    """Data of an analysis. text: the table for people, which str() gives as well. kind: the function it comes from."""

    def __init__(self, data: Mapping[str, Any], text: str, kind: str) -> None:
        """data: what the analysis found. text: the same for people. kind: the function it comes from."""
        super().__init__(data)
        self.text, self.kind = text, kind

    def __str__(self) -> str:
        return self.text

    def plot(self, *, backend: str = "matplotlib", ax: Any = None) -> Any:
        """Estimates with their intervals; of a dependence the curve, or for two parameters the map.

        backend: matplotlib (returns the axes; ax: draw there) or plotly (returns a figure). Raises InvalidArgument for
        another one, ImportError where it is not installed.
        """
        from bayestuner import _analysis_plots

        return _analysis_plots.draw(self, backend, ax)


def _analysis(made: tuple[str, str], kind: str) -> Analysis:
    return Analysis(json.loads(made[0]), made[1], kind)


Results = str | os.PathLike[str] | Mapping[str, Any]


def compare(
    results: Results | Iterable[Results],
    *,
    baseline: str = "",
    confidence: float = 0.95,
    resamples: int = 2000,
    seed: int = 0,
    fixed_tasks: bool = False,
    within: float = 0.01,
) -> list[Analysis]:
    """Strategies against each other over tasks and seeds: mean gaps, mean ranks and differences with intervals, wins,
    ties and losses, tests by Friedman, Nemenyi and Wilcoxon (with Holm's adjustment).

    results: dicts as replay() gives them, files of `bayestuner replay --format json`, or several of either.
    baseline: differences from this strategy only. resamples, seed: of the bootstrap. fixed_tasks: intervals for these
    very tasks. within: gap that counts as the optimum. One Analysis for tasks with an optimum, one for Pareto tasks.
    Raises InvalidArgument.
    """
    several = [results] if isinstance(results, (str, os.PathLike, Mapping)) else results
    files: list[str] = []
    dicts: list[Mapping[str, Any]] = []
    for one in several:
        if isinstance(one, Mapping):
            dicts.append(one)
        else:
            files.append(os.fspath(one))
    made = _core.compare(files, json.dumps(dicts), baseline, confidence, resamples, seed, fixed_tasks, within)
    return [_analysis(one, "compare") for one in made]


Source = Study | str | os.PathLike[str]


def _is_table(source: Source) -> TypeGuard[str | os.PathLike[str]]:
    return not isinstance(source, Study) and os.fspath(source).endswith(".json")


def _sample(source: Source, metric: str, task: str) -> _core.Sample:
    if isinstance(source, Study):
        if task:
            raise InvalidArgument(f"task: '{task}' is of recorded tables; a study has none")
        return _core.Sample(source._core, metric)
    path = os.fspath(source)
    if _is_table(source):
        return _core.Sample(path, task, metric)
    return _core.Sample(Study.open(path, task)._core, metric)


def interactions(
    source: Source,
    metric: str = "",
    *,
    task: str = "",
    degree: int = 0,
    max_degree: int = 3,
    confidence: float = 0.95,
    seed: int = 0,
) -> Analysis:
    """A polynomial of the metric over the scaled parameters: terms with Student's intervals, and a readable formula.

    source: a Study, a store of one (task: its name, where the store holds several), or a tasks.json (task: the id).
    metric: default the first objective. degree: 0 chooses by cross-validation up to max_degree.
    Raises InvalidArgument: a degree with more terms than configurations, an unknown metric or task.
    """
    return _analysis(
        _core.interactions(_sample(source, metric, task), degree, max_degree, confidence, seed), "interactions"
    )


def functional_anova(
    source: Source,
    metric: str = "",
    *,
    task: str = "",
    surrogate: str | None = "gp",
    resamples: int = 20,
    confidence: float = 0.95,
    seed: int = 0,
) -> Analysis:
    """Shares of the metric's variance: each parameter alone and with interactions (Sobol indices of first and total
    order), and pairs.

    surrogate: gp, boosting, forest, polynomial, knn; None: exact, from a source where every combination was measured.
    resamples: bootstrap samples behind the intervals. source, metric, task: as for interactions().
    Raises InvalidArgument.
    """
    return _analysis(
        _core.functional_anova(_sample(source, metric, task), surrogate or "", resamples, confidence, seed),
        "functional_anova",
    )


def importance(
    source: Source,
    metric: str = "",
    *,
    task: str = "",
    surrogate: str = "gp",
    resamples: int = 20,
    confidence: float = 0.95,
    seed: int = 0,
) -> Analysis:
    """How much the metric depends on each parameter: share of the variance, growth of the held-out error when its
    values are shuffled, share of a forest's splits. Arguments and errors as for functional_anova().
    """
    return _analysis(
        _core.importance(_sample(source, metric, task), surrogate, resamples, confidence, seed), "importance"
    )


def partial_dependence(
    source: Source,
    parameters: str | Iterable[str],
    metric: str = "",
    *,
    task: str = "",
    surrogate: str = "gp",
    resamples: int = 20,
    confidence: float = 0.95,
    seed: int = 0,
) -> Analysis:
    """Mean prediction with one parameter, or two, held at each of their values, the others averaged over the space.

    Arguments and errors as for functional_anova(); also InvalidArgument for a parameter that is none.
    """
    names = [parameters] if isinstance(parameters, str) else list(parameters)
    sample = _sample(source, metric, task)
    return _analysis(
        _core.partial_dependence(sample, names, surrogate, resamples, confidence, seed), "partial_dependence"
    )


def degree_study(
    source: Source,
    metric: str = "",
    *,
    task: str = "",
    max_degree: int = 4,
    confidence: float = 0.95,
    seed: int = 0,
) -> Analysis:
    """RMSE on held-out rows of polynomials of degree 1 to max_degree, on the same random splits.

    source, metric, task: as for interactions(). Raises InvalidArgument.
    """
    return _analysis(
        _core.degree_study(_sample(source, metric, task), max_degree, confidence, seed, _is_table(source)),
        "degree_study",
    )


def prediction_study(
    source: Source,
    metric: str = "",
    *,
    task: str = "",
    strategy: str = "bo",
    evaluations: int = 40,
    repeats: int = 20,
    confidence: float = 0.95,
    seed: int = 0,
) -> Analysis:
    """RMSE of every surrogate where 80 % of a sample is learnt and 20 % tested.

    Of a study: its trials. Of recorded tables (source: tasks.json, task: the id): `repeats` samples of `evaluations`
    configurations that `strategy` gathered, against random ones, tested on held-out rows and on the whole table.
    metric: default the first objective. Raises InvalidArgument.
    """
    if _is_table(source):
        return _analysis(
            _core.prediction_study(os.fspath(source), task, metric, strategy, evaluations, repeats, confidence, seed),
            "prediction_study",
        )
    return _analysis(_core.prediction_study(_sample(source, metric, task), confidence, seed), "prediction_study")


__all__ = [
    "Analysis",
    "compare",
    "degree_study",
    "functional_anova",
    "importance",
    "interactions",
    "partial_dependence",
    "prediction_study",
]
