"""Surrogates, acquisitions and strategies of one's own, as Python classes."""

from __future__ import annotations

import math

import numpy as np
import pytest

import bayestuner as bt

SPACE = bt.Space([bt.Integer("a", 0, 30), bt.Integer("b", 0, 30)])


def bowl(trial: bt.Trial) -> float:
    return 1.0 + (trial["a"] - 11) ** 2 + (trial["b"] - 23) ** 2


class Expected:
    """Expected improvement, written in Python."""

    kind = "gain"

    def __init__(self, incumbent):
        self.incumbent = incumbent

    def __call__(self, posterior):
        d, s = self.incumbent - posterior.mean, np.maximum(posterior.stddev, 1e-12)
        z = d / s
        cdf = np.array([0.5 * math.erfc(-v / math.sqrt(2)) for v in z])
        return np.maximum(d * cdf + s * np.exp(-0.5 * z * z) / math.sqrt(2 * math.pi), 0.0)


def path(strategy):
    study = bt.Study(SPACE, bt.Problem().minimize("y"), strategy=strategy, seed=4)
    study.optimize(bowl, n_trials=14)
    return [tuple(t.params.values()) for t in study.trials]


def test_an_acquisition_in_python_is_as_good_as_the_same_one_in_cpp():
    assert path(bt.BayesianOptimisation(Expected)) == path(bt.BayesianOptimisation("ei"))


def test_classes_of_cpp_serve_as_acquisitions_too():
    ours = path(bt.BayesianOptimisation(bt.LogExpectedImprovement, kind="logarithm"))
    assert ours == path(bt.BayesianOptimisation("logei")) == path("bo")


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: bt.BayesianOptimisation("luck"), "acquisition: 'luck' is none of logei, ei, pi, ucb"),
        (lambda: bt.BayesianOptimisation(3), "must be a name, or a class"),
        (lambda: bt.BayesianOptimisation(Expected, kind="colour"), "kind 'colour' is none of logarithm, gain, level"),
        (lambda: bt.Study(SPACE, bt.Problem().minimize("y"), strategy=3), "an object with suggest"),
        (lambda: bt.Strategy("luck"), "strategy: 'luck'"),
    ],
)
def test_bad_models_get_one_clear_line(make, text):
    with pytest.raises(ValueError, match=text):
        make()


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (lambda x: np.zeros(len(x)), r"must return \(mean, stddev\)"),
        (lambda x: (np.zeros(1), np.ones(1)), "1 means and 1 deviations for"),
        (lambda x: (np.zeros(len(x)), -np.ones(len(x))), "negative deviation"),
        (lambda x: (np.full(len(x), np.nan), np.ones(len(x))), "not finite"),
    ],
)
def test_a_surrogate_that_answers_wrongly_is_told_so(answer, text):
    class Wrong:
        def fit(self, x, y, noise):
            pass

        def predict(self, x):
            return answer(x)

    study = bt.Study(SPACE, bt.Problem().minimize("y"), strategy=bt.BayesianOptimisation(surrogate=Wrong))
    with pytest.raises(ValueError, match=text):
        study.optimize(bowl, n_trials=10)


def test_errors_inside_a_model_come_out_as_they_are():
    class Broken:
        def suggest(self, history):
            raise KeyError("nothing here")

    study = bt.Study(SPACE, bt.Problem().minimize("y"), strategy=Broken())
    with pytest.raises(KeyError, match="nothing here"):
        study.ask()
    assert study.trials == []


def test_what_a_strategy_sees():
    seen = []

    class Watcher:
        def suggest(self, history):
            seen.append(history)
            return history["space"][len(history["trials"])]

    problem = bt.Problem().minimize("y").maximize("z").subject_to("y <= 500")
    study = bt.Study(SPACE, problem, strategy=Watcher(), seed=9, budget=7)
    study.optimize(lambda t: {"y": bowl(t), "z": 1.0}, n_trials=2)
    study.ask()
    last = seen[-1]
    assert last["objectives"] == [("y", "minimize"), ("z", "maximize")]
    assert last["constraints"] == [("y", "<=", 500.0)]
    assert (last["seed"], last["budget"]) == (9, 7)
    assert [t["state"] for t in last["trials"]] == ["complete", "complete"]
    assert last["trials"][0]["values"].keys() == {"y", "z"}


def test_own_strategies_on_recorded_tables(tmp_path):
    import json

    (tmp_path / "t.csv").write_text("a,y\n" + "".join(f"{a},{(a - 30) ** 2}\n" for a in range(60)))
    task = {"id": "t", "type": "single", "file": "t.csv", "knobs": ["a"], "budget": 20, "optimum": {"value": 0.0}}
    task["objective"] = {"column": "y", "sense": "min"}
    broken = task | {"id": "broken", "file": "nowhere.csv"}
    file = tmp_path / "tasks.json"
    file.write_text(json.dumps({"dataset": "d", "tasks": [task, broken]}))

    class Upwards:
        def suggest(self, history):
            return history["space"][len(history["trials"])]

    seen = []
    results = bt.replay(file, strategies={"mine": Upwards(), "bo": "bo"}, seeds=2, callback=seen.append)
    assert results[0]["task"] == "broken" and "nowhere.csv" in results[0]["error"]
    mine, model = results[1:] if results[1]["strategy"] == "mine" else results[:0:-1]
    assert mine["best"] == [121.0, 121.0] and mine["repeats"] == [0, 0]
    assert max(model["best"]) < 121.0 and [r["strategy"] for r in seen] == [r["strategy"] for r in results[1:]]
    again = bt.replay(str(file), ["t"], "random", 3, first_seed=5, budget=4, jobs=2)[0]
    assert (again["seeds"], again["budget"]) == ([5, 6, 7], 4)
    with pytest.raises(ValueError, match="'nothing' is not in"):
        bt.replay(file, ids=["nothing"])
    with pytest.raises(ValueError, match="no task matches"):
        bt.replay(file, types=["pareto"])
