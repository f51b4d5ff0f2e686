"""Several models used as one: the selector names the model for each input, the dispatcher runs it.

answer = Dispatcher(selector, {"small": small, "large": large}, features=image_features)(picture)
answer.label, answer.confidence, answer.model, answer.decision
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Mapping
from typing import Any, Generic, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from bayestuner._bayestuner import InvalidArgument
from bayestuner._bayestuner.selection import Decision
from bayestuner.selection import ModelSelector

__all__ = ["Answer", "Dispatcher", "NamesModels"]

Input = TypeVar("Input")


class NamesModels(Protocol):
    """What a dispatcher asks of a selector of your own. A bayestuner.selection.ModelSelector is asked for its decision
    instead, select(x)."""

    def predict(self, X: npt.NDArray[np.float64]) -> Any:
        """For features (1, d): a sequence with the name of the model to run, or None to run none."""


@dataclasses.dataclass(frozen=True)
class Answer:
    """What came of one input."""

    label: Any
    """What the model answered; None where none was run."""
    confidence: float | None
    """The model's own confidence; None where it gives none."""
    model: str | None
    """Name of the model that answered; None: the selector declined."""
    features: npt.NDArray[np.float64]
    """What the decision was made from, (d,)."""
    features_s: float
    """Seconds for the features, without those of a first model."""
    decision_s: float
    """Seconds for the decision."""
    models_s: float
    """Seconds in models, a first one included."""
    decision: Decision | None = None
    """The choice and what it was made of; None where the selector only gives names."""


class Dispatcher(Generic[Input]):
    """Extracts features, lets the selector choose, runs the model chosen: used as any single model is.

    A model is a callable: input -> label, or input -> (label, confidence). `first` names a cheap model that is always
    run: its confidence becomes the last feature, and its answer is there at once if the selector chooses it.
    """

    def __init__(
        self,
        selector: NamesModels,
        models: Mapping[str, Callable[[Input], Any]],
        features: Callable[[Input], Any] = np.asarray,
        *,
        first: str | None = None,
    ):
        """Take the fitted selector, the models by the names it knows, and what gives an input's features, (d,).

        Raises InvalidArgument for no models, a `first` that is none of them, or features whose `features_version` is
        not the one that the selector learnt.
        """
        if not models:
            raise InvalidArgument("models: empty, expected at least one callable by name")
        if first is not None and first not in models:
            raise InvalidArgument(f"first: {first!r} is none of {', '.join(models)}")
        if isinstance(selector, ModelSelector):
            selector.require_features_version(getattr(features, "features_version", ""))
        self._selector = selector
        self._models = dict(models)
        self._features = features
        self._first = first

    def __call__(self, input: Input) -> Answer:
        """Answer one input. Raises InvalidArgument where the selector names a model that is not there."""
        begin = time.perf_counter()
        features = np.asarray(self._features(input), dtype=np.float64).reshape(-1)
        features_s = time.perf_counter() - begin
        models_s = 0.0
        answers: dict[str, tuple[Any, float | None]] = {}
        if self._first is not None:
            answers[self._first], models_s = self._run(self._first, input)
            confidence = answers[self._first][1]
            if confidence is None:
                raise InvalidArgument(f"first: {self._first!r} gives no confidence; return (label, confidence)")
            features = np.append(features, confidence)
        begin = time.perf_counter()
        decision: Decision | None = None
        if isinstance(self._selector, ModelSelector):
            decision = self._selector.select(features)
            name = decision.model
        else:
            name = self._selector.predict(features[np.newaxis])[0]
        decision_s = time.perf_counter() - begin
        if name is None:
            return Answer(None, None, None, features, features_s, decision_s, models_s, decision)
        name = str(name)
        if name not in self._models:
            raise InvalidArgument(f"models: the selector chose {name!r}, there are {', '.join(self._models)}")
        if name not in answers:
            answers[name], more_s = self._run(name, input)
            models_s += more_s
        label, confidence = answers[name]
        return Answer(label, confidence, name, features, features_s, decision_s, models_s, decision)

    def _run(self, name: str, input: Input) -> tuple[tuple[Any, float | None], float]:
        begin = time.perf_counter()
        answer = self._models[name](input)
        seconds = time.perf_counter() - begin
        if isinstance(answer, tuple) and len(answer) == 2:
            return (answer[0], float(answer[1])), seconds
        return (answer, None), seconds
