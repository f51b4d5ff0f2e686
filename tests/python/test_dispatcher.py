"""Dispatcher: features, choice, model, in this order, and nothing run that was not chosen."""

from __future__ import annotations

import numpy as np
import pytest

import bayestuner as bt
from bayestuner.dispatcher import Dispatcher


class ByFirst:
    """Chooses by the first feature: negative: none, below one: small, else large. Keeps what it was asked."""

    def __init__(self):
        self.asked = []

    def predict(self, X):
        self.asked.append(X)
        return [None if x[0] < 0 else "small" if x[0] < 1 else "large" for x in X]


def models(calls):
    def model(name, confidence):
        def run(x):
            calls.append(name)
            return (f"{name} of {x}", confidence)

        return run

    return {"small": model("small", 0.25), "large": model("large", 0.75)}


def test_the_model_chosen_and_no_other_is_run():
    calls = []
    dispatch = Dispatcher(ByFirst(), models(calls), features=lambda x: [x, 2 * x])
    answer = dispatch(3.0)
    assert (answer.label, answer.confidence, answer.model) == ("large of 3.0", 0.75, "large")
    np.testing.assert_array_equal(answer.features, [3.0, 6.0])
    assert dispatch(0.5).model == "small"
    assert calls == ["large", "small"]
    assert answer.features_s >= 0 and answer.decision_s >= 0 and answer.models_s >= 0


def test_a_declined_input_runs_nothing():
    calls = []
    answer = Dispatcher(ByFirst(), models(calls), features=lambda x: [x])(-1.0)
    assert (answer.label, answer.confidence, answer.model, calls) == (None, None, None, [])


def test_a_first_model_gives_its_confidence_as_a_feature_and_is_not_run_twice():
    calls, selector = [], ByFirst()
    dispatch = Dispatcher(selector, models(calls), features=lambda x: [x], first="small")
    assert dispatch(0.5).label == "small of 0.5" and calls == ["small"]
    assert dispatch(2.0).label == "large of 2.0" and calls == ["small", "small", "large"]
    np.testing.assert_array_equal(selector.asked[1], [[2.0, 0.25]])


def test_a_model_without_confidence_answers_as_it_is():
    answer = Dispatcher(ByFirst(), {"large": lambda x: [x, x, x]}, features=lambda x: [x])(5.0)
    assert answer.label == [5.0, 5.0, 5.0] and answer.confidence is None


def test_wrong_use_is_refused_in_words():
    with pytest.raises(bt.InvalidArgument, match="models: empty"):
        Dispatcher(ByFirst(), {})
    with pytest.raises(bt.InvalidArgument, match="first: 'tiny' is none of large"):
        Dispatcher(ByFirst(), {"large": print}, first="tiny")
    with pytest.raises(bt.InvalidArgument, match="the selector chose 'small', there are large"):
        Dispatcher(ByFirst(), {"large": print}, features=lambda x: [x])(0.5)
    with pytest.raises(bt.InvalidArgument, match="'small' gives no confidence"):
        Dispatcher(ByFirst(), {"small": str, "large": str}, features=lambda x: [x], first="small")(0.5)
