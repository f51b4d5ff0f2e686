"""The right model for each input, named before any model runs, from features that cost far less than the models.

selector = ModelSelector(policy=Policy.max_score(max_mean_cost=0.5)).fit(X, scores, costs={"small": 0.1, "large": 1.0})
selector.predict(X_new)          # names
selector.choose(x)               # one input, microseconds

A ModelSelector is an estimator as scikit-learn's are: it clones, cross-validates, goes into pipelines and grids.
scikit-learn itself is not needed. Source: Taylor et al. 2018, doi:10.1145/3211332.3211336, and docs/selection.md.
"""

from __future__ import annotations

import copy
import dataclasses
import inspect
import json
import os
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from bayestuner._bayestuner import InvalidArgument
from bayestuner._bayestuner import selection as _core
from bayestuner._bayestuner.selection import (
    CalibrationReport,
    Decision,
    DriftEvent,
    DriftMonitor,
    EstimatorTrial,
    Policy,
    TradeOff,
)

__all__ = [
    "CalibrationReport",
    "CandidateSet",
    "Decision",
    "Decisions",
    "DriftEvent",
    "DriftMonitor",
    "EstimatorTrial",
    "Explanation",
    "ModelSelector",
    "NotFittedError",
    "Policy",
    "TradeOff",
    "choose_candidates",
    "estimator_names",
]

estimator_names: tuple[str, ...] = tuple(_core.estimator_names)
"""The estimators known by name, simplest first."""

Floats = npt.NDArray[np.float64]
Columns = list[tuple[str, list[str] | None]]


class NotFittedError(InvalidArgument, AttributeError):
    """A selector is asked before anything was learnt."""


@dataclasses.dataclass(frozen=True)
class CandidateSet:
    """The models that Algorithm 1 takes, in that order."""

    models: list[str]
    """Names."""
    gain_points: list[float]
    """Inputs that each answers and none before it did, in points of all inputs."""
    unanswered_points: float
    """Inputs that none of them answers, in points."""


@dataclasses.dataclass(frozen=True)
class Decisions:
    """The choices for n inputs."""

    models: npt.NDArray[Any]
    """Name of the model of each input (n,); None where none is to run."""
    status: npt.NDArray[np.str_]
    """chosen, fallback or declined (n,)."""
    supported: npt.NDArray[np.bool_]
    """Whether an input is about as near to the training rows as these are to each other (n,)."""
    scores: Floats
    """Predicted score of every model (n, m)."""
    expected_cost: Floats
    """Mean cost of the model, 0 where none is to run or costs are not known (n,)."""

    def __len__(self) -> int:
        """Return how many inputs there are."""
        return len(self.models)


@dataclasses.dataclass(frozen=True)
class Explanation:
    """Why one input gets its model: `str()` for people, `data` for programs."""

    data: dict[str, Any]
    """Models, neighbours, unusual features, stages; the keys of `bayestuner select explain --format json`."""
    text: str
    """The same in lines."""

    def __str__(self) -> str:
        """Return the text."""
        return self.text


class _PerModel:
    """Copies of a user's estimator, one a model: fit(X, y) and predict_proba(X), or predict(X) for other scores."""

    def __init__(self, template: Any, success: bool):
        self._template, self._success = template, success
        self._fitted: list[Any] = []

    def fit(self, x: Floats, y: Floats, known: npt.NDArray[np.bool_]) -> None:
        self._fitted = []
        for j in range(y.shape[1]):
            rows = known[:, j] if known.size else np.ones(len(y), bool)
            target = y[rows, j]
            if rows.any() and (target == target[0]).all():  # nothing to tell apart: no classifier is needed
                self._fitted.append(float(target[0]))
                continue
            if not rows.any():
                self._fitted.append(0.0)
                continue
            one = copy.deepcopy(self._template)
            one.fit(x[rows], target.astype(int) if self._success and set(np.unique(target)) <= {0.0, 1.0} else target)
            self._fitted.append(one)

    def predict(self, x: Floats) -> Floats:
        out = np.empty((len(x), len(self._fitted)))
        for j, one in enumerate(self._fitted):
            if isinstance(one, float):
                out[:, j] = one
            elif hasattr(one, "predict_proba") and self._success:
                out[:, j] = np.asarray(one.predict_proba(x))[:, -1]
            else:
                out[:, j] = np.asarray(one.predict(x), dtype=float).reshape(len(x))
        return out


class _Together:
    """One copy of a user's estimator for all models: fit(X, y (n, m)), and predict_proba(X) or predict(X) gives (n, m),
    or, as scikit-learn's do, a list with the (n, 2) of each model."""

    def __init__(self, template: Any, success: bool):
        self._template, self._success = template, success
        self._constant: dict[int, float] = {}

    def fit(self, x: Floats, y: Floats, known: npt.NDArray[np.bool_]) -> None:
        rows = known.all(axis=1) if known.size else np.ones(len(y), bool)
        if not rows.any():
            raise InvalidArgument(
                "estimator: a multi_output one learns rows whose every score is known; there are none"
            )
        target = y[rows]
        self._constant = {j: float(target[0, j]) for j in range(y.shape[1]) if (target[:, j] == target[0, j]).all()}
        self._fitted = copy.deepcopy(self._template)
        whole = self._success and set(np.unique(target)) <= {0.0, 1.0}
        self._fitted.fit(x[rows], target.astype(int) if whole else target)

    def predict(self, x: Floats) -> Floats:
        out = self._fitted.predict_proba(x) if self._success else self._fitted.predict(x)
        if isinstance(out, list):
            out = np.column_stack([np.asarray(p)[:, -1] for p in out])
        out = np.array(out, dtype=float)
        for j, value in self._constant.items():  # nothing to tell apart
            out[:, j] = value
        return out


class ModelSelector:
    """Names the model to run for an input.

    Parameters
    ----------
    estimator: a name of `estimator_names`; "auto": the simplest within one standard error of the best in
        cross-validation, the constant within two; or an object with `fit(X, y)` and `predict_proba(X)` (for scores
        beyond [0, 1]: `predict(X)`), of which every model gets a copy; one learns them all, y (n, m), where it has a
        true attribute `multi_output`.
    policy: a Policy; default: the best score, whatever it costs.
    fallback: for an input that the policy has no answer to: a model's name, "best" (of the training rows), or None:
        none is to run, `predict` gives None.
    costs: what a call of each model costs, by name or in order; `fit` may give others.
    kind: how scores are to be read: "success" (in [0, 1]), "graded" (any number, higher is better) or "cost_like" (a
        time or the like, lower is better); "auto": success where all lie in [0, 1], else graded.
    categories: names or places of columns to be read as categories although they are numbers.
    missing: "refuse" or "impute" (the median, and a column that says so).
    small: "refuse" or "constant" (the mean stands for an estimate) where there are fewer than 30 rows, or a model is
        right on fewer than 5.
    calibrate: whether probabilities are calibrated where that lowers the Brier score out of fold.
    neighbours, label, order, threshold_points: of the paper's cascade (estimator "cascade", Policy.optimum()): K; what
        the neighbours vote on ("optimal" or "correct"); in which order stages are asked ("inclusion" or "cost"); the
        gain in points below which Algorithm 1 stops.
    most_correlation: of two features that correlate more, one is dropped; 1: none. backward: greedy backward removal.
    unsupported_to_fallback: whether inputs unlike the training rows get the fallback; support_quantile: of the training
        rows' own distances, beyond which an input counts as unlike them.
    most_levels: of a category with more the most frequent are told apart, the others are taken as one not learnt.
    features_version: what made the features, in which version, e.g. images.image_features_version; kept in the file; a
        Dispatcher refuses features of another.
    folds: of the cross-validation inside. max_rows: > 0: `partial_fit` forgets the oldest rows beyond. seed: of folds,
        trees and ties.
    """

    _estimator_type = "classifier"

    def __init__(
        self,
        estimator: Any = "auto",
        *,
        policy: Policy | None = None,
        fallback: str | None = "best",
        costs: Mapping[str, float] | Sequence[float] | None = None,
        kind: str = "auto",
        categories: Sequence[str | int] = (),
        missing: str = "refuse",
        small: str = "refuse",
        calibrate: bool = True,
        neighbours: int = 5,
        label: str = "optimal",
        order: str = "inclusion",
        threshold_points: float = 0.5,
        most_correlation: float = 1.0,
        backward: bool = False,
        unsupported_to_fallback: bool = False,
        support_quantile: float = 0.95,
        folds: int = 5,
        max_rows: int = 0,
        most_levels: int = 64,
        features_version: str = "",
        seed: int = 0,
    ):
        """Keep the parameters; they are checked by `fit`."""
        self.estimator = estimator
        self.policy = policy
        self.fallback = fallback
        self.costs = costs
        self.kind = kind
        self.categories = categories
        self.missing = missing
        self.small = small
        self.calibrate = calibrate
        self.neighbours = neighbours
        self.label = label
        self.order = order
        self.threshold_points = threshold_points
        self.most_correlation = most_correlation
        self.backward = backward
        self.unsupported_to_fallback = unsupported_to_fallback
        self.support_quantile = support_quantile
        self.folds = folds
        self.max_rows = max_rows
        self.most_levels = most_levels
        self.features_version = features_version
        self.seed = seed

    # Parameters, as scikit-learn asks for them.

    @classmethod
    def _names(cls) -> list[str]:
        return sorted(name for name in inspect.signature(cls.__init__).parameters if name != "self")

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the parameters by name; with `deep` those of an estimator object too, as estimator__name."""
        out = {name: getattr(self, name) for name in self._names()}
        if deep and hasattr(self.estimator, "get_params") and not isinstance(self.estimator, type):
            out |= {f"estimator__{name}": value for name, value in self.estimator.get_params().items()}
        return out

    def set_params(self, **params: Any) -> ModelSelector:
        """Set parameters by name. Raises InvalidArgument for a name that is none."""
        nested: dict[str, Any] = {}
        for name, value in params.items():
            if name.startswith("estimator__") and hasattr(self.estimator, "set_params"):
                nested[name.removeprefix("estimator__")] = value
            elif name in self._names():
                setattr(self, name, value)
            else:
                raise InvalidArgument(f"parameter: '{name}' is none of {', '.join(self._names())}")
        if nested:
            self.estimator.set_params(**nested)
        return self

    def __repr__(self) -> str:
        """Return the call that makes it, without defaults."""
        defaults = {name: p.default for name, p in inspect.signature(type(self).__init__).parameters.items()}
        given = [f"{n}={v!r}" for n in self._names() if (v := getattr(self, n)) is not (d := defaults[n]) and v != d]
        return f"{type(self).__name__}({', '.join(given)})"

    def __sklearn_tags__(self) -> Any:
        """Return what scikit-learn wants to know of an estimator; it alone asks."""
        from sklearn.utils import ClassifierTags, InputTags, Tags, TargetTags

        return Tags(
            estimator_type="classifier",
            target_tags=TargetTags(required=True),
            classifier_tags=ClassifierTags(),
            input_tags=InputTags(allow_nan=self.missing == "impute", string=True, categorical=True),
            requires_fit=True,
        )

    def __sklearn_is_fitted__(self) -> bool:
        """Return whether `fit` was called."""
        return hasattr(self, "_selector")

    # Data, as the compiled side takes them.

    def _features(self, X: Any) -> tuple[Columns, Floats]:
        if hasattr(X, "columns") and hasattr(X, "iloc"):  # a pandas frame, or what behaves like one
            names = [str(name) for name in X.columns]
            parts = [X.iloc[:, j].to_numpy() for j in range(len(names))]
        else:
            array = X if isinstance(X, np.ndarray) else _array(X)
            if array.ndim != 2:
                hint = "Reshape your data: one input is X[np.newaxis]" if array.ndim == 1 else "expected a matrix"
                raise InvalidArgument(f"X: has {array.ndim} dimensions, expected 2 (inputs, features). {hint}")
            if array.shape[1] == 0:
                raise InvalidArgument(f"X: 0 feature(s) (shape={array.shape}) while a minimum of 1 is required.")
            names = [f"x{j}" for j in range(array.shape[1])]
            if array.dtype.kind == "c":
                raise InvalidArgument("X: Complex data not supported")
            if array.dtype.kind in "biuf" and not self.categories:
                return [(name, None) for name in names], array.astype(np.float64, copy=False)
            parts = [array[:, j] for j in range(array.shape[1])]
        chosen = {names[c] if isinstance(c, (int, np.integer)) else str(c) for c in self.categories}
        if missing := chosen - set(names):
            raise InvalidArgument(f"categories: {sorted(missing)[0]!r} is none of {', '.join(names)}")
        columns: Columns = []
        values = np.empty((len(parts[0]) if parts else 0, len(parts)))
        for j, (name, part) in enumerate(zip(names, parts, strict=True)):
            levels = None
            if name in chosen or part.dtype.kind not in "biuf":
                number = None if name in chosen else _numbers(part)
                if number is None:
                    texts = [_text(v) for v in part]
                    levels = sorted({t for t in texts if t is not None})
                    place = {text: k for k, text in enumerate(levels)}
                    part = np.array([-1.0 if t is None else place[t] for t in texts])
                else:
                    part = number
            values[:, j] = part
            columns.append((name, levels))
        return columns, values

    def _targets(
        self, y: Any, models: Sequence[str] | None, classes: Any = None
    ) -> tuple[list[str], Floats, npt.NDArray[Any] | None]:
        """Return names, scores (n, m), and for labels (n,) what they are (`classes`, where given); else None."""
        if y is None:
            raise InvalidArgument(
                f"{type(self).__name__} requires y to be passed, but the target y is None: scores (n, m), or (n,) the "
                "right model of each input"
            )
        if isinstance(y, Mapping):
            names = [str(name) for name in y]
            return names, np.column_stack([np.asarray(v, dtype=np.float64) for v in y.values()]), None
        if hasattr(y, "columns") and hasattr(y, "iloc"):
            return [str(name) for name in y.columns], np.asarray(y, dtype=np.float64), None
        array = y if isinstance(y, np.ndarray) else np.asarray(y)
        if array.ndim == 2 and array.shape[1] == 1 and models is None:
            warnings.warn(
                "A column-vector y was passed when a 1d array was expected; it is taken as labels (n,)",
                _conversion_warning(),
                stacklevel=3,
            )
            array = array[:, 0]
        if array.ndim == 2:
            names = [str(j) for j in range(array.shape[1])] if models is None else [str(m) for m in models]
            return names, np.asarray(array, dtype=np.float64), None
        if array.ndim != 1:
            raise InvalidArgument(f"y: has {array.ndim} dimensions, expected scores (n, m) or names (n,)")
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            raise InvalidArgument("y: Input contains NaN or infinity")
        if array.dtype.kind == "f" and (array != np.floor(array)).any():
            raise InvalidArgument(
                "y: Unknown label type: numbers that are no labels; scores must be (n, m), one column a model"
            )
        labels = np.unique(array if classes is None else np.asarray(classes))
        right = array[:, np.newaxis] == labels
        if not right.any(axis=1).all():
            raise InvalidArgument(f"y: {array[~right.any(axis=1)][0]!r} is none of the classes {list(labels)}")
        return [str(label) for label in labels], right.astype(np.float64), labels

    def _costs(self, costs: Any, names: list[str], rows: int) -> tuple[Floats | None, Floats | None]:
        if costs is None:
            costs = self.costs
        if costs is None:
            return None, None
        if isinstance(costs, Mapping):
            lacking = [name for name in names if name not in costs]
            if lacking:
                raise InvalidArgument(f"costs: '{lacking[0]}' has none")
            unknown = [str(name) for name in costs if name not in names]
            if unknown:
                raise InvalidArgument(f"costs: '{unknown[0]}' is none of the models {', '.join(names)}")
            return np.array([float(costs[name]) for name in names]), None
        array = np.asarray(costs, dtype=np.float64)
        if array.ndim == 2:
            return None, array
        return array.reshape(-1), None

    def _options(self) -> dict[str, Any]:
        given = {name: getattr(self, name) for name in self._names()}
        for name in ("estimator", "policy", "costs", "kind", "categories"):
            del given[name]
        given["fallback"] = "" if self.fallback is None else self.fallback
        return given

    def _made(self, kind: str) -> _core.ModelSelector:
        estimator = self.estimator
        if not isinstance(estimator, str):
            for method in ("fit", "predict_proba" if kind == "success" else "predict"):
                if not hasattr(estimator, method):
                    raise InvalidArgument(f"estimator: {estimator!r} has no method {method}()")
            template, adapter = estimator, _Together if getattr(estimator, "multi_output", False) else _PerModel
            estimator = lambda: adapter(template, kind == "success")  # noqa: E731
        return _core.ModelSelector(estimator, self.policy or Policy.max_score(), self._options())

    def _kind(self, scores: Floats) -> str:
        if self.kind != "auto":
            return self.kind
        known = scores[np.isfinite(scores)]
        return "success" if known.size == 0 or (known.min() >= 0.0 and known.max() <= 1.0) else "graded"

    # Learning.

    def fit(
        self, X: Any, y: Any, costs: Any = None, *, models: Sequence[str] | None = None, mask: Any = None
    ) -> ModelSelector:
        """Learn features and scores.

        X: (n, d): an array or a pandas frame; texts and pandas categories are categories. y: scores (n, m): an array
        (`models` names its columns), a frame, or a dict of name and scores; or (n,): the name of the right model of
        each input. mask: (n, m), which scores are known; without it those that are not NaN. costs: by name, (m,), or
        (n, m) measured for every input. Raises InvalidArgument, naming column, row or model, for what cannot be learnt.
        """
        return self._fit(X, y, costs, models, mask)

    def _fit(
        self, X: Any, y: Any, costs: Any, models: Sequence[str] | None, mask: Any, classes: Any = None
    ) -> ModelSelector:
        columns, values = self._features(X)
        names, scores, labels = self._targets(y, models, classes)
        if len(values) == 0:
            raise InvalidArgument(f"X: Found array with 0 sample(s) (shape={values.shape}) while 1 is required.")
        if len(values) != len(scores):
            raise InvalidArgument(f"X has {len(values)} rows, y {len(scores)}: inconsistent numbers of samples")
        if labels is not None and len(labels) < 2:
            raise InvalidArgument(f"y: one class only, {labels[0]!r}: the classifier has nothing to choose from")
        known = _known(scores, mask)
        kind = self._kind(np.where(known, scores, 0.0))
        per_call, per_input = self._costs(costs, names, len(values))
        selector = self._made(kind)
        selector.fit(columns, values, names, scores, known, kind, per_call, per_input, "")
        self._selector = selector
        self._labels = labels
        self.n_features_in_ = len(columns)
        self.models_ = list(names)
        self.classes_ = labels if labels is not None else np.array(names)
        if hasattr(X, "columns"):
            self.feature_names_in_ = np.array([name for name, _ in columns], dtype=object)
        elif hasattr(self, "feature_names_in_"):
            del self.feature_names_in_
        for text in selector.warnings:
            warnings.warn(text, UserWarning, stacklevel=3)
        return self

    def partial_fit(
        self,
        X: Any,
        y: Any,
        costs: Any = None,
        *,
        models: Sequence[str] | None = None,
        mask: Any = None,
        classes: Any = None,
    ) -> ModelSelector:
        """Append inputs, of which not every score need be known, and learn anew with what was chosen before.

        Without anything learnt this is `fit`. y, costs, models, mask: as in `fit`; NaN or a False of `mask` is unknown.
        An array without `models` has the models learnt, in order. A model that is new joins with unknown scores before,
        drawn to its mean while there are few; `costs` then names all models' costs. classes: of labels (n,), in the
        first call, all that there will be.
        """
        if not self.__sklearn_is_fitted__():
            return self._fit(X, y, costs, models, mask, classes)
        columns, values = self._checked(X)
        if isinstance(y, np.ndarray) and y.ndim == 2 and models is None and y.shape[1] == len(self.models_):
            models = self.models_
        names, scores, _ = self._targets(y, models, self._labels if np.ndim(y) == 1 else None)
        known = _known(scores, mask)
        joined = self.models_ + [name for name in names if name not in self.models_]
        per_call = None if costs is None else self._costs(costs, joined, len(values))[0]
        selector = copy.copy(self._selector)  # other threads go on choosing by what was learnt before
        selector.partial_fit(columns, values, names, scores, known, selector.kind, per_call)
        self._selector = selector
        for text in selector.warnings:
            warnings.warn(text, UserWarning, stacklevel=2)
        self.models_ = list(self._selector.models)
        if self._labels is None or len(self.models_) != len(self.classes_):
            self._labels, self.classes_ = None, np.array(self.models_)
        return self

    # Deciding.

    def _fitted(self) -> _core.ModelSelector:
        if not self.__sklearn_is_fitted__():
            raise _not_fitted(f"This {type(self).__name__} instance is not fitted yet; call fit first")
        return self._selector

    def _checked(self, X: Any) -> tuple[Columns, Floats]:
        learnt = self._fitted().columns
        columns, values = self._features(X)
        if values.shape[1] != len(learnt):
            raise InvalidArgument(
                f"X has {values.shape[1]} features, but {type(self).__name__} is expecting {len(learnt)} features as "
                "input"
            )
        if not hasattr(X, "columns"):  # an array has no names to compare
            columns = [(name, levels) for (name, _), (_, levels) in zip(learnt, columns, strict=True)]
        return columns, values

    def _mask(self, available: Sequence[str] | None) -> list[bool] | None:
        if available is None:
            return None
        if unknown := [str(name) for name in available if name not in self.models_]:
            raise InvalidArgument(f"available: '{unknown[0]}' is none of the models {', '.join(self.models_)}")
        return [name in available for name in self.models_]

    def predict(self, X: Any, *, exact: bool = False, available: Sequence[str] | None = None) -> npt.NDArray[Any]:
        """Return the name of the model for every input (n,); None where none is to run. As `select_rows`."""
        return self.select_rows(X, exact=exact, available=available).models

    def select_rows(self, X: Any, *, exact: bool = False, available: Sequence[str] | None = None) -> Decisions:
        """Return the choices for many inputs (n, d).

        exact: with Policy.max_score(budget), whether the mean cost of this very batch is at most the budget, filled
        to the last affordable input. Else every input is chosen for by itself, whatever comes with it, at the trade-off
        learnt in training: then the mean cost over many inputs is about the budget. available: models that may be
        chosen in this call; None: all.
        """
        selector = self._fitted()
        columns, values = self._checked(X)
        places, status, supported, scores = selector.select_rows(columns, values, exact, self._mask(available))
        cost = np.append(selector.costs, 0.0)[places]
        if (places >= 0).all():
            names = self.classes_[places]
        else:
            names = np.empty(len(places), dtype=object)
            names[:] = [None if place < 0 else self.classes_[place] for place in places]
        return Decisions(names, np.array(status), np.array(supported, dtype=bool), scores, cost)

    def predict_proba(self, X: Any) -> Floats:
        """Return predicted scores (n, m): probabilities of success; utilities of other scores.

        Of labels (n,) learnt, the rows are scaled to sum to 1.
        """
        selector = self._fitted()
        columns, values = self._checked(X)
        scores: Floats = selector.predict(columns, values)
        if self._labels is None:
            return scores
        total = scores.sum(axis=1, keepdims=True)
        return np.where(total > 0.0, scores / np.where(total > 0.0, total, 1.0), 1.0 / scores.shape[1])

    def decision_function(self, X: Any) -> Floats:
        """Return score - lambda * cost (n, m), whose greatest entry is chosen; of two labels (n,) the difference.

        Of the policies optimum and per_input, lambda is 0, and the greatest entry is not what is chosen.
        """
        selector = self._fitted()
        columns, values = self._checked(X)
        worth: Floats = selector.predict(columns, values) - selector.lambda_ * selector.costs
        return worth[:, 1] - worth[:, 0] if self._labels is not None and len(self._labels) == 2 else worth

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return the mean score of the models chosen; an input for which none is to run scores 0 (of a cost: NaN).

        y: as in `fit`. Of labels (n,) that is the accuracy. Of cost-like scores it is minus the mean.
        """
        self._fitted()
        chosen = self.predict(X)
        names, scores, _ = self._targets(y, self.models_ if np.ndim(y) == 2 and not hasattr(y, "columns") else None)
        place = {name: j for j, name in enumerate(names)}
        worth = np.zeros(len(chosen))
        for i, name in enumerate(chosen):
            worth[i] = scores[i, place[str(name)]] if name is not None and str(name) in place else 0.0
        mean = float(np.average(worth, weights=sample_weight))
        return -mean if self._selector.kind == "cost_like" else mean

    def choose(self, x: Any, available: Sequence[str] | None = None) -> Any:
        """Return the name of the model for one input (d,) of numbers, or None: the quick way while serving.

        A category is its level's place in the sorted levels learnt, -1 for one that was not learnt. A float64 array is
        not copied.
        """
        if available is None:
            try:
                return self._selector.choose(x)
            except AttributeError:
                return self._fitted().choose(x)
        return self._fitted().choose(x, self._mask(available))

    def select(self, x: Any, *, available: Sequence[str] | None = None) -> Decision:
        """Return the Decision for one input (d,) of numbers: model, status, probability, neighbours, support."""
        return self._fitted().select(x, self._mask(available))

    def require_features_version(self, version: str) -> None:
        """Raise InvalidArgument, naming both, where the features learnt are of another version; "" agrees with any."""
        self._fitted().require_features_version(version)

    def explain(self, x: Any, *, neighbours: int = 10, available: Sequence[str] | None = None) -> Explanation:
        """Say why one input (d,) gets its model: what was expected of each, the runner-up, neighbours, votes."""
        data, text = self._fitted().explain(x, neighbours, self._mask(available))
        return Explanation(json.loads(data), text)

    def drift_monitor(
        self,
        callback: Callable[[DriftEvent], object] | None = None,
        *,
        window: int = 200,
        bins: int = 10,
        least_psi: float = 0.2,
        false_alarms: float = 1e-7,
        tolerated_residual: float = 0.05,
        on_drift: str = "report",
    ) -> DriftMonitor:
        """Return a monitor of whether inputs and scores still look as those learnt until now.

        Choose by its `select(x)` instead of the selector's, and give `observe_score(probability, score)` what becomes
        known. callback: called with every DriftEvent. window: inputs that are looked at together, at least 20. bins: of
        a numeric feature. least_psi: a smaller population stability index is no drift. false_alarms: wanted at most,
        per input. tolerated_residual: miscalibration of the chosen model that is no drift. on_drift: "report", or
        "fallback": `select` gives the fallback until `reset`. Raises InvalidArgument.
        """
        return DriftMonitor(
            self._fitted(), callback, window, bins, least_psi, false_alarms, tolerated_residual, on_drift
        )

    # What was learnt.

    @property
    def estimator_(self) -> str:
        """Name of the estimator, that "auto" chose or that was asked for."""
        return self._fitted().estimator

    @property
    def helps_(self) -> bool:
        """Whether anything beats what needs no features."""
        return self._fitted().helps

    @property
    def best_single_(self) -> str:
        """The model of the best mean score in training."""
        return self._fitted().best_single

    @property
    def lambda_(self) -> float:
        """What a unit of cost is worth in score."""
        return self._fitted().lambda_

    @property
    def trials_(self) -> list[EstimatorTrial]:
        """Of "auto": how the estimators did in cross-validation."""
        return self._fitted().trials

    @property
    def candidates_(self) -> CandidateSet:
        """Of Policy.optimum(): the models that Algorithm 1 took."""
        return _named(self._fitted().candidates, self.models_)

    @property
    def stages_(self) -> list[str]:
        """Of Policy.optimum(): the models in the order in which they are asked."""
        return self._fitted().stages

    @property
    def dropped_(self) -> list[tuple[str, str, float]]:
        """Columns left out: (name, what stands for it or "", |r| with it)."""
        return self._fitted().dropped

    def tradeoff_curve(self) -> list[TradeOff]:
        """Return the vertices of score against cost, dearest first, judged out of fold. Needs costs."""
        return self._fitted().tradeoff_curve()

    def calibration_report(self) -> dict[str, CalibrationReport]:
        """Return for each model how honest its out-of-fold probabilities are. Scores of success only."""
        return dict(zip(self.models_, self._fitted().calibration_report(), strict=True))

    # Keeping.

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write one file that any program with this library reads, C++ or Python; not for estimators of your own."""
        self._fitted().save(os.fspath(path))

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> ModelSelector:
        """Read what `save`, the command or C++ wrote; it decides to the bit as what was saved.

        Raises InvalidArgument for a file of another kind or version, or a damaged one; DeviceError where there is none.
        """
        out = cls()
        out._adopt(_core.ModelSelector.load(os.fspath(path)), None)
        learnt = out._selector
        return out.set_params(estimator=learnt.estimator, policy=learnt.policy, kind=learnt.kind, **learnt.options)

    def _adopt(self, selector: _core.ModelSelector, labels: Any) -> None:
        self._selector, self._labels = selector, labels
        self.models_ = list(selector.models)
        self.classes_ = labels if labels is not None else np.array(self.models_)
        self.n_features_in_ = len(selector.columns)
        names = [name for name, _ in selector.columns]
        if names != [f"x{j}" for j in range(len(names))]:
            self.feature_names_in_ = np.array(names, dtype=object)

    def __getstate__(self) -> dict[str, Any]:
        """Return parameters, what scikit-learn reads, and the file's bytes."""
        state = dict(self.__dict__)
        if "_selector" in state:
            state["_selector"] = self._selector.to_bytes()
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take it back."""
        self.__dict__.update(state)
        if "_selector" in state:
            self._selector = _core.ModelSelector.from_bytes(state["_selector"])


def choose_candidates(
    scores: Any,
    costs: Mapping[str, float] | Sequence[float],
    *,
    models: Sequence[str] | None = None,
    threshold_points: float = 0.5,
) -> CandidateSet:
    """Return the models worth offering at all: Algorithm 1 of Taylor et al. 2018.

    Starts with the model that is the cheapest right one of most inputs, then adds the one that answers most of those
    left while that gains more than `threshold_points` of all inputs. scores: as y of ModelSelector.fit, (n, m).
    """
    blank = ModelSelector()
    names, values, _ = blank._targets(scores, models)
    per_call, _ = blank._costs(costs, names, len(values))
    if per_call is None:
        raise InvalidArgument("costs: one for each model is needed")
    return _named(_core.choose_candidates(names, values, per_call, threshold_points), names)


def _named(found: _core.Candidates, names: list[str]) -> CandidateSet:
    return CandidateSet([names[j] for j in found.models], list(found.gain_points), found.unanswered_points)


def _known(scores: Floats, mask: Any) -> npt.NDArray[np.bool_]:
    if mask is None:
        return ~np.isnan(scores)
    known = np.asarray(mask, dtype=bool)
    if known.shape != scores.shape:
        raise InvalidArgument(f"mask: has shape {known.shape}, the scores have {scores.shape}")
    return known


def _array(X: Any) -> npt.NDArray[Any]:
    if hasattr(X, "toarray"):
        raise TypeError("X: sparse input is not supported; a dense array is required: X.toarray()")
    return np.asarray(X)


def _text(value: Any) -> str | None:
    if value is None or value != value:
        return None
    if isinstance(value, (float, np.floating)) and float(value).is_integer():
        return str(int(value))
    return str(value)


def _numbers(part: npt.NDArray[Any]) -> Floats | None:
    """Return an object column as numbers where all of it are numbers (or missing); else None."""
    if part.dtype.kind in "US" or any(isinstance(value, str) for value in part):
        return None
    try:
        return np.array([np.nan if value is None else value for value in part], dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise TypeError(f"X: argument must be a string or a number: {error}") from None


def _not_fitted(message: str) -> Exception:
    """Return scikit-learn's own exception where that library is in use, which its tools look for."""
    import sys

    if "sklearn.exceptions" not in sys.modules:
        return NotFittedError(message)
    theirs = sys.modules["sklearn.exceptions"].NotFittedError
    return cast(Exception, type("NotFittedError", (NotFittedError, theirs), {})(message))


def _conversion_warning() -> type[Warning]:
    """Return scikit-learn's class of that name where it is in use, else UserWarning."""
    import sys

    if "sklearn.exceptions" not in sys.modules:
        return UserWarning
    return cast("type[Warning]", sys.modules["sklearn.exceptions"].DataConversionWarning)
