"""Per-input model selection from Python: learning, deciding, scikit-learn's conventions, files, refusals."""

from __future__ import annotations

import copy
import pickle
import threading

import numpy as np
import pandas as pd
import pytest

import bayestuner as bt
from bayestuner.dispatcher import Dispatcher
from bayestuner.selection import ModelSelector, NotFittedError, Policy, choose_candidates, estimator_names

NAMES = ["left", "right"]
COSTS = {"left": 1.0, "right": 3.0}


def clusters(n: int = 300, seed: int = 0, gap: float = 12.0):
    """Two clusters of inputs; `left` is right on one, `right` on the other: (X, scores)."""
    rng = np.random.default_rng(seed)
    second = rng.random(n) < 0.5
    X = rng.normal(size=(n, 2))
    X[second, 0] += gap
    return X, np.stack([~second, second], axis=1).astype(float)


@pytest.fixture
def fitted() -> ModelSelector:
    X, scores = clusters()
    return ModelSelector("knn").fit(X, scores, costs=COSTS, models=NAMES)


def test_finds_the_right_model_of_two_clusters(fitted):
    X, scores = clusters(seed=1)
    assert fitted.score(X, scores) >= 0.99
    names = fitted.predict(X)
    assert set(names) == set(NAMES)
    assert [fitted.choose(x) for x in X] == list(names)
    assert fitted.predict_proba(X).shape == (300, 2)
    assert (fitted.decision_function(X).argmax(axis=1) == (names == "right")).all()
    assert fitted.n_features_in_ == 2 and fitted.models_ == NAMES


def test_a_decision_says_why(fitted):
    d = fitted.select([0.0, 0.0])
    assert (d.model, d.status, d.supported) == ("left", "chosen", True)
    assert d.probability > 0.9 and d.expected_cost == 1.0 and len(d.scores) == 2
    assert all(distance >= 0.0 for _, distance in d.neighbours)
    far = fitted.select([0.0, 80.0])
    assert not far.supported and far.out_of_range == 1
    why = fitted.explain([0.0, 0.0], neighbours=3)
    assert "left" in str(why) and len(why.data["neighbours"]) == 3


def test_the_cascade_of_the_paper_and_its_candidates():
    X, scores = clusters()
    selector = ModelSelector("cascade", policy=Policy.optimum(), fallback=None, order="cost")
    selector.fit(X, scores, costs=COSTS, models=NAMES)
    assert selector.stages_ == NAMES
    found = choose_candidates(scores, COSTS, models=NAMES)
    assert found == selector.candidates_ and sum(found.gain_points) == pytest.approx(100.0)
    assert selector.select(X[0]).votes
    nobody = ModelSelector("cascade", policy=Policy.optimum(), fallback=None)
    unanswered = scores.copy()
    unanswered[X[:, 0] > 6.0] = 0.0
    unanswered[:6, 1] = 1.0  # right often enough to be learnt
    assert nobody.fit(X, unanswered, models=NAMES).predict([[12.0, 0.0]])[0] is None


def test_a_budget_is_kept_and_the_curve_lies_below_it():
    X, scores = clusters(gap=2.0)
    selector = ModelSelector("logistic", policy=Policy.max_score(max_mean_cost=1.5)).fit(X, scores, [1.0, 3.0])
    cost = np.array([1.0 if name == "0" else 3.0 for name in selector.predict(X, exact=True)])
    assert 1.4 < cost.mean() <= 1.5 and selector.lambda_ > 0.0
    curve = selector.tradeoff_curve()
    assert curve[0].cost >= curve[-1].cost and sum(curve[0].share) == pytest.approx(1.0)
    assert set(selector.calibration_report()) == {"0", "1"}


def test_models_can_be_forbidden_for_a_call(fitted):
    assert fitted.predict([[0.0, 0.0]], available=["right"])[0] == "right"
    assert fitted.select([0.0, 0.0], available=["right"]).model == "right"
    with pytest.raises(bt.InvalidArgument, match="'third' is none of the models"):
        fitted.predict([[0.0, 0.0]], available=["third"])


def test_auto_says_when_nothing_helps():
    _, scores = clusters()
    with pytest.warns(UserWarning, match="no selector beats"):
        selector = ModelSelector().fit(np.random.default_rng(1).normal(size=(300, 3)), scores)
    assert not selector.helps_ and selector.estimator_ == "constant"
    assert set(selector.predict(np.zeros((4, 3)))) == {selector.best_single_}
    assert [t.name for t in selector.trials_][0] == "constant"


def test_frames_bring_names_and_categories():
    X, scores = clusters()
    frame = pd.DataFrame({"size": X[:, 1], "kind": np.where(X[:, 0] > 6.0, "dog", "cat")})
    selector = ModelSelector("logistic").fit(frame, pd.DataFrame(scores, columns=NAMES), COSTS)
    assert list(selector.feature_names_in_) == ["size", "kind"] and selector.score(frame, scores) == 1.0
    # Another frame has other levels at the same places.
    assert list(selector.predict(pd.DataFrame({"size": [0.0, 0.0], "kind": ["dog", "ant"]})))[0] == "right"
    with pytest.raises(bt.InvalidArgument, match="column 0 is 'kind', the selector learnt 'size'"):
        selector.predict(frame[["kind", "size"]])
    numbers = np.column_stack([X[:, 1], X[:, 0] > 6.0])
    assert ModelSelector("logistic", categories=[1]).fit(numbers, scores).score(numbers, scores) == 1.0


def test_labels_are_scores_too():
    X, scores = clusters()
    labels = np.array(NAMES)[scores.argmax(axis=1)]
    selector = ModelSelector("knn").fit(X, labels)
    assert list(selector.classes_) == NAMES and selector.score(X, labels) >= 0.99
    assert selector.predict_proba(X).sum(axis=1) == pytest.approx(np.ones(300))


def test_partial_feedback_is_learnt(fitted):
    X, scores = clusters(200, seed=3)
    observed = np.where(np.arange(2) == scores.argmax(axis=1)[:, np.newaxis], scores, np.nan)
    with pytest.raises(bt.InvalidArgument, match=r"mask: has shape \(2,\), the scores have \(200, 2\)"):
        fitted.partial_fit(X, scores, mask=[True, False])
    fitted.partial_fit(X, observed)
    assert fitted.score(*clusters(seed=4)) >= 0.99
    with pytest.raises(bt.InvalidArgument, match="'new' is new: give the costs of all 3 models"):
        fitted.partial_fit(X[:8], {"new": np.ones(8)})
    fitted.partial_fit(X[:8], {"new": np.ones(8)}, COSTS | {"new": 0.5})
    assert fitted.models_ == [*NAMES, "new"]
    assert fitted.predict_proba(X).shape == (200, 3)


class Threshold:
    """An estimator of one's own: right where the first coded column is on the learnt side."""

    def fit(self, X, y):
        self.cut = X[:, 0].mean()
        self.high = y[X[:, 0] > self.cut].mean()
        return self

    def predict_proba(self, X):
        p = np.where(X[:, 0] > self.cut, self.high, 1.0 - self.high)
        return np.column_stack([1.0 - p, p])


def test_an_estimator_of_ones_own():
    X, scores = clusters()
    selector = ModelSelector(Threshold()).fit(X, scores, costs=[1.0, 3.0])
    assert selector.score(X, scores) >= 0.99 and selector.estimator_ == "own"
    with pytest.raises(bt.InvalidArgument, match="one's own cannot be saved"):
        selector.save("nowhere")
    with pytest.raises(bt.InvalidArgument, match=r"has no method fit\(\)"):
        ModelSelector(object()).fit(X, scores)


class Raises(Threshold):
    def fit(self, X, y):
        raise KeyError("mine")


def test_an_exception_of_ones_own_estimator_arrives_as_it_is():
    with pytest.raises(KeyError, match="mine"):
        ModelSelector(Raises()).fit(*clusters())


@pytest.mark.parametrize("name", estimator_names)
def test_a_saved_selector_decides_to_the_bit(name, tmp_path):
    X, scores = clusters(gap=2.0)
    policy = Policy.optimum() if name == "cascade" else Policy.max_score(2.0)
    selector = ModelSelector(name, policy=policy).fit(X, scores, COSTS, models=NAMES)
    selector.save(tmp_path / "choice")
    loaded = ModelSelector.load(tmp_path / "choice")
    X, _ = clusters(500, seed=9, gap=2.0)
    for again in (loaded, pickle.loads(pickle.dumps(selector)), copy.deepcopy(selector)):
        assert again.predict_proba(X).tobytes() == selector.predict_proba(X).tobytes()
        assert list(again.predict(X)) == list(selector.predict(X))
        assert str(again.explain(X[0])) == str(selector.explain(X[0]))
    assert loaded.policy == policy and loaded.estimator == name


def test_files_that_are_none(tmp_path):
    (tmp_path / "text").write_text("hello\n")
    with pytest.raises(bt.InvalidArgument, match="no selector's file"):
        ModelSelector.load(tmp_path / "text")
    with pytest.raises(bt.DeviceError):
        ModelSelector.load(tmp_path / "missing")


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda X, y: (np.where(np.arange(2), np.nan, X), y), "feature 'x1', row 0: NaN is missing"),
        (lambda X, y: (X[:, 0], y), "X: has 1 dimensions, expected 2"),
        (lambda X, y: (X[:-1], y), "X has 299 rows, y 300"),
        (lambda X, y: (np.ones_like(X), y), "every column is constant"),
        (lambda X, y: (X, np.zeros_like(y)), "no model is ever right"),
        (lambda X, y: (X[:20], y[:20]), "rows: 20 given, and at least 30"),
        (lambda X, y: (X, np.full(300, "one")), "one class only"),
        (lambda X, y: (X, None), "the target y is None"),
    ],
)
def test_data_that_cannot_be_learnt(spoil, words):
    with pytest.raises(bt.InvalidArgument, match=words):
        ModelSelector("knn").fit(*spoil(*clusters()))


def test_costs_and_parameters_that_are_none():
    X, scores = clusters()
    fit = ModelSelector("knn").fit
    with pytest.raises(bt.InvalidArgument, match="costs: 'right' has none"):
        fit(X, scores, {"left": 1.0}, models=NAMES)
    with pytest.raises(bt.InvalidArgument, match="costs: 'rihgt' is none of the models"):
        fit(X, scores, COSTS | {"rihgt": 1.0}, models=NAMES)
    with pytest.raises(bt.InvalidArgument, match="cost of 'left': -1"):
        fit(X, scores, [-1.0, 2.0], models=NAMES)
    with pytest.raises(bt.InvalidArgument, match="'guess' is none of"):
        ModelSelector("guess").fit(X, scores)
    with pytest.raises(bt.InvalidArgument, match="max_mean_cost: 0.5 is below the cheapest"):
        ModelSelector("knn", policy=Policy.max_score(0.5)).fit(X, scores, [1.0, 3.0])
    with pytest.raises(bt.InvalidArgument, match="parameter: 'no_such' is none of"):
        ModelSelector().set_params(no_such=1)
    with pytest.raises(NotFittedError, match="not fitted yet"):
        ModelSelector().predict(X)
    with pytest.raises(bt.InvalidArgument, match="X has 3 features, but ModelSelector is expecting 2"):
        fit(X, scores).predict(np.zeros((1, 3)))


def test_policies_compare_copy_and_speak():
    assert Policy.max_score(2.0) == copy.deepcopy(Policy.max_score(2.0)) != Policy.max_score(1.0)
    assert repr(Policy.min_cost(0.98)) == "Policy.min_cost(min_score=0.98 of the best single model)"
    assert pickle.loads(pickle.dumps(Policy.per_input(0.9))).value == 0.9
    assert "policy=Policy.trade_off" in repr(ModelSelector("knn", policy=Policy.trade_off(0.1)))


def test_a_dispatcher_runs_what_the_selector_names(fitted):
    answer = Dispatcher(fitted, {"left": lambda x: ("l", 0.9), "right": lambda x: "r"})([12.0, 0.0])
    assert (answer.label, answer.model) == ("r", "right")
    assert answer.decision.status == "chosen" and answer.decision.probability > 0.9


def test_a_dispatcher_spends_a_budget_over_many_inputs():
    X, scores = clusters()
    selector = ModelSelector("knn", policy=Policy.max_score(max_mean_cost=2.5)).fit(X, scores, [1.0, 3.0], models=NAMES)
    dispatch = Dispatcher(selector, {"left": lambda x: "l", "right": lambda x: "r"})
    assert dispatch([12.0, 0.0]).model == "right"  # dearer than the mean, and affordable: others cost less
    assert dispatch([0.0, 0.0]).model == "left"


def test_one_input_and_many_are_chosen_alike(fitted):
    X, _ = clusters(60, seed=5)
    many = fitted.select_rows(X)
    assert len(many) == 60
    for i, x in enumerate(X):
        one = fitted.select(x)
        assert one.model == many.models[i] == fitted.choose(x) == fitted.choose(list(x))
        assert (one.status, one.supported, one.expected_cost) == (
            many.status[i],
            many.supported[i],
            many.expected_cost[i],
        )
        assert list(one.scores) == list(many.scores[i])
    for same in (np.asfortranarray(X), np.repeat(X, 2, axis=1)[:, ::2], X.tolist()):
        assert list(fitted.predict(same)) == list(many.models)
    assert fitted.choose(np.float32(X[0])) == many.models[0]
    assert fitted.choose(X[0], available=["right"]) == "right" and fitted.choose(X[0], available=[]) is None
    assert set(fitted.select_rows(X, available=["left"]).models) == {"left"}


def test_an_input_alone_is_chosen_as_among_others():
    X, scores = clusters(gap=2.0)
    selector = ModelSelector("logistic", policy=Policy.max_score(max_mean_cost=1.5)).fit(X, scores, [1.0, 3.0])
    alone = [selector.predict(x[np.newaxis])[0] for x in X]
    assert alone == list(selector.predict(X)) and set(alone) == {"0", "1"}


def test_declines_where_nothing_will_do():
    X, scores = clusters()
    X[::2, 1] += 40.0
    scores[::2] = 0.0
    selector = ModelSelector("knn", policy=Policy.per_input(0.5), fallback=None).fit(X, scores, COSTS, models=NAMES)
    assert selector.choose([0.0, 40.0]) is None and selector.predict([[0.0, 40.0]])[0] is None
    decision = selector.select([0.0, 40.0])
    assert (decision.model, decision.status, decision.expected_cost) == (None, "declined", 0.0)
    many = selector.select_rows([[0.0, 40.0], [0.0, 0.0]])
    assert list(many.status) == ["declined", "chosen"] and list(many.expected_cost) == [0.0, 1.0]
    assert selector.score([[0.0, 40.0], [0.0, 0.0]], np.ones((2, 2))) == 0.5
    answer = Dispatcher(selector, {"left": print})([0.0, 40.0])
    assert answer.label is None and answer.model is None and answer.decision.status == "declined"


def test_threads_choose_while_another_learns(fitted):
    X, more = clusters(40, seed=6)
    expected, wrong, stop = list(fitted.predict(X)), [], threading.Event()

    def watch():
        while not stop.is_set():
            wrong.extend(i for i, x in enumerate(X) if fitted.choose(x) != expected[i])

    threads = [threading.Thread(target=watch) for _ in range(2)]
    for thread in threads:
        thread.start()
    for _ in range(5):
        fitted.partial_fit(X, more)
    stop.set()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_a_loaded_selector_has_the_parameters_and_names_it_was_made_with(tmp_path):
    X, scores = clusters()
    frame = pd.DataFrame({"size": X[:, 1], "kind": np.where(X[:, 0] > 6.0, "dog", "cat")})
    selector = ModelSelector("knn", fallback=None, neighbours=7, missing="impute", order="cost", seed=4, kind="success")
    selector.fit(frame, scores, models=NAMES).save(tmp_path / "choice")
    loaded = ModelSelector.load(tmp_path / "choice")
    assert loaded.get_params() == selector.get_params() | {"policy": Policy.max_score()}
    assert list(loaded.feature_names_in_) == ["size", "kind"] and loaded.n_features_in_ == 2
    assert loaded.fit(frame, scores).models_ == ["0", "1"]  # it learns anew


def test_files_of_another_version_or_damaged(fitted, tmp_path):
    path = tmp_path / "choice"
    fitted.save(path)
    whole = path.read_bytes()
    path.write_bytes(whole[:-5])
    with pytest.raises(bt.InvalidArgument, match="cut short or damaged"):
        ModelSelector.load(path)
    kind, _, rest = whole.partition(b"\n")
    path.write_bytes(kind.rsplit(b" ", 1)[0] + b" 999\n" + rest)
    with pytest.raises(bt.InvalidArgument, match="is of version 999, this library reads version"):
        ModelSelector.load(path)
    with pytest.raises(bt.DeviceError):
        fitted.save(tmp_path / "no" / "folder")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda y: {"y": np.column_stack([np.arange(300) < 3, y[:, 1]])}, "'left' is right on 3 rows, and at least 5"),
        (lambda y: {"y": y[:, :1].repeat(1, axis=1), "models": ["one"]}, "models: 1 given, a choice needs at least 2"),
        (lambda y: {"models": ["a", "a"]}, "models: 'a' is there twice"),
        (lambda y: {"models": ["a", "b", "c"]}, "2 columns for 3 models"),
        (lambda y: {"costs": [np.inf, 1.0]}, r"cost of 'left': inf is not in \[0, inf\)"),
        (lambda y: {"costs": [1.0, 2.0, 3.0]}, "costs: 3 given for 2 models"),
        (lambda y: {"costs": np.ones((7, 2))}, "costs: 7 x 2 given for 300 inputs and 2 models"),
        (lambda y: {"mask": np.ones((3, 2), bool)}, r"mask: has shape \(3, 2\), the scores have \(300, 2\)"),
        (lambda y: {"y": y * 2.0}, r"score of 'left', row \d+: 2 is not in \[0, 1\]"),
        (lambda y: {"y": np.where(y > 0.0, np.inf, y)}, r"score of 'left', row \d+: inf is not in"),
    ],
)
def test_scores_and_costs_are_refused_and_what_was_learnt_stays(fitted, change, words):
    X, scores = clusters()
    fitted.set_params(kind="success")
    with pytest.raises(bt.InvalidArgument, match=words) as error:
        fitted.fit(X, **({"y": scores, "models": NAMES} | change(scores)))
    assert "\n" not in str(error.value)
    assert fitted.models_ == NAMES and fitted.choose([0.0, 0.0]) == "left"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"policy": Policy.min_cost(5.0)}, "min_score"),
        ({"policy": Policy.trade_off(-1.0)}, r"lambda: -1 is not in \[0, inf\)"),
        ({"fallback": "third"}, "fallback: 'third' is none of the models left, right"),
        ({"missing": "drop"}, "missing: 'drop' is none of refuse, impute"),
        ({"small": "ignore"}, "small: 'ignore' is none of refuse, constant"),
        ({"kind": "rank"}, "kind: 'rank' is none of success, graded, cost_like"),
        ({"folds": 1}, "folds: 1 is not at least 2"),
        ({"support_quantile": 2.0}, r"support_quantile: 2 is not in \(0, 1\]"),
        ({"categories": ["x9"]}, "categories: 'x9' is none of x0, x1"),
    ],
)
def test_parameters_are_refused_in_one_line(given, words):
    X, scores = clusters()
    with pytest.raises(bt.InvalidArgument, match=words) as error:
        ModelSelector(**({"estimator": "knn"} | given)).fit(X, scores, COSTS, models=NAMES)
    assert "\n" not in str(error.value)


def test_inputs_are_refused_in_one_line(fitted):
    with pytest.raises(bt.InvalidArgument, match="3 numbers given, the selector learnt 2"):
        fitted.choose([1.0, 2.0, 3.0])
    with pytest.raises(bt.InvalidArgument, match="feature 'x1'.*NaN"):
        fitted.choose([1.0, np.nan])
    with pytest.raises(bt.InvalidArgument, match="row 1: feature 'x0'.*inf"):
        fitted.predict([[1.0, 2.0], [np.inf, 1.0]])
    with pytest.raises(bt.InvalidArgument, match="available: 'third' is none of the models"):
        fitted.choose([0.0, 0.0], available=["third"])
    with pytest.raises(bt.InvalidArgument, match="nothing|not fitted"):
        ModelSelector().choose([0.0, 0.0])


def test_what_only_warns():
    X, scores = clusters()
    with pytest.warns(UserWarning, match="feature 'x2' is constant: left out"):
        selector = ModelSelector("knn").fit(np.column_stack([X, np.ones(300)]), scores)
    assert selector.n_features_in_ == 3 and selector.score(np.column_stack([X, np.zeros(300)]), scores) >= 0.99
    with pytest.warns(UserWarning, match="'2' is never right: left out"):
        selector = ModelSelector("knn").fit(X, np.column_stack([scores, np.zeros(300)]))
    assert "2" not in selector.predict(X)
    with pytest.warns(UserWarning, match="rows: 20 given: the mean stands for an estimate"):
        selector = ModelSelector("knn", small="constant").fit(X[:20], scores[:20])
    assert len(set(selector.predict(X))) == 1
    gaps = np.where(np.random.default_rng(0).random(X.shape) < 0.2, np.nan, X)
    selector = ModelSelector("knn", missing="impute").fit(gaps, scores)
    assert selector.score(gaps, scores) > 0.8 and selector.select([np.nan, 0.0]).imputed == 1


def test_a_level_that_was_not_learnt_is_counted():
    X, scores = clusters()
    frame = pd.DataFrame({"size": X[:, 1], "kind": np.where(X[:, 0] > 6.0, "dog", "cat")})
    selector = ModelSelector("knn").fit(frame, scores)
    assert selector.select([0.0, 1.0]).unseen == 0 and selector.select([0.0, -1.0]).unseen == 1
    assert len(selector.predict(frame.assign(kind="ant"))) == 300
    with pytest.raises(bt.InvalidArgument, match="feature 'kind': is not a category here"):
        selector.predict(frame.assign(kind=1.0))


class Together(Threshold):
    """One estimator for all models."""

    multi_output = True

    def predict_proba(self, X):
        return np.where(X[:, :1] > self.cut, self.high, 1.0 - self.high)

    def fit(self, X, y):
        self.cut = X[:, 0].mean()
        self.high = y[X[:, 0] > self.cut].mean(axis=0)
        return self


def test_one_estimator_of_ones_own_for_all_models():
    X, scores = clusters()
    selector = ModelSelector(Together()).fit(X, scores, costs=[1.0, 3.0])
    assert selector.score(*clusters(seed=7)) >= 0.99
    known = np.arange(300) % 3 > 0
    selector.fit(X, np.where(known[:, np.newaxis] | [True, False], scores, np.nan))
    assert selector.score(*clusters(seed=7)) >= 0.99
    with pytest.raises(bt.InvalidArgument, match="rows whose every score is known; there are none"):
        selector.fit(X, np.where((np.arange(300) % 2)[:, np.newaxis] == [0, 1], scores, np.nan))
    with pytest.raises(bt.InvalidArgument, match="one's own cannot be saved"):
        pickle.dumps(ModelSelector(Together()).fit(X, scores))


def test_drift_is_raised_after_a_cluster_moved(fitted):
    events = []
    monitor = fitted.drift_monitor(events.append, on_drift="fallback")
    for x in clusters(1000, seed=20)[0]:
        assert monitor.select(x).status == "chosen"
    assert events == [] and not monitor.drifted
    for x in clusters(500, seed=21)[0] + [0.0, 4.0]:
        monitor.select(x)
    assert monitor.drifted and [str(e) for e in events] == [str(e) for e in monitor.events]
    assert events[0].kind in ("feature", "out_of_range", "distance") and 1000 < events[0].input <= 1500
    assert events[0].value >= events[0].threshold > events[0].expected
    assert monitor.select([0.0, 0.0]).status == "fallback"
    assert set(monitor.report()["psi"]) == {"x0", "x1"} and monitor.report()["psi"]["x1"] > 0.2
    monitor.reset()
    assert not monitor.drifted
    monitor.observe([0.0, 0.0], fitted.select([0.0, 0.0]))
    monitor.observe_score(0.9, 1.0)
    assert monitor.select([0.0, 0.0], [False, True]).model == "right"


def test_what_was_learnt_never_changes_under_those_who_use_it(fitted):
    X, _ = clusters(8, seed=3)
    monitor = fitted.drift_monitor()
    fitted.partial_fit(X, {"new": np.ones(8)}, COSTS | {"new": 0.5})
    assert len(fitted.select([0.0, 0.0]).scores) == 3 and len(monitor.select([0.0, 0.0]).scores) == 2


def test_a_monitor_refuses_and_lets_exceptions_through(fitted):
    with pytest.raises(bt.InvalidArgument, match="on_drift: 'stop' is neither report nor fallback"):
        fitted.drift_monitor(on_drift="stop")
    with pytest.raises(bt.InvalidArgument, match="callback: 3 cannot be called"):
        fitted.drift_monitor(3)
    with pytest.raises(bt.InvalidArgument, match="nothing|not fitted"):
        ModelSelector().drift_monitor()

    def refuse(event):
        raise KeyError(event.kind)

    monitor = fitted.drift_monitor(refuse)
    del fitted  # the monitor keeps what it needs
    with pytest.raises(KeyError):
        for _ in range(2000):
            monitor.select([6.0, 40.0])


def test_features_of_another_definition_are_refused(tmp_path):
    X, scores = clusters()
    ModelSelector("knn", features_version="pixels_v1").fit(X, scores, models=NAMES).save(tmp_path / "choice")
    loaded = ModelSelector.load(tmp_path / "choice")
    assert loaded.features_version == "pixels_v1"

    def pixels(x):
        return x

    pixels.features_version = "pixels_v2"
    with pytest.raises(bt.InvalidArgument, match="of version 'pixels_v2', the selector learnt 'pixels_v1'"):
        Dispatcher(loaded, dict.fromkeys(NAMES, str), features=pixels)
    pixels.features_version = "pixels_v1"
    Dispatcher(loaded, dict.fromkeys(NAMES, str), features=pixels)


def test_thousands_of_levels():
    rng = np.random.default_rng(0)
    user = rng.zipf(1.3, 2000) % 3000
    scores = np.stack([user % 2 == 0, user % 2 == 1], axis=1).astype(float)
    frame = pd.DataFrame({"user": user.astype(str)})
    with pytest.warns(UserWarning, match="levels: the 64 most frequent are told apart"):
        selector = ModelSelector("logistic").fit(frame, scores)
    assert selector.score(frame, scores) > 0.75


@pytest.mark.filterwarnings("ignore:rows. :UserWarning")
def test_scikit_learn_takes_it_as_one_of_its_own():
    sklearn = pytest.importorskip("sklearn", minversion="1.6", reason="scikit-learn is not installed")
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.model_selection import GridSearchCV, KFold, cross_val_score
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.utils.estimator_checks import check_estimator

    X, scores = clusters()
    assert sklearn.base.clone(ModelSelector("knn", seed=3)).get_params()["seed"] == 3
    assert cross_val_score(ModelSelector("knn", costs=[1, 3]), X, scores, cv=KFold(3)).min() >= 0.98
    assert make_pipeline(StandardScaler(), ModelSelector("knn")).fit(X, scores).score(X, scores) >= 0.98
    grid = {"policy": [Policy.max_score(1.2), Policy.max_score(2.5)]}
    found = GridSearchCV(ModelSelector("knn", costs=[1, 3]), grid, cv=KFold(3)).fit(X, scores)
    assert found.best_params_["policy"] == Policy.max_score(2.5)
    assert ModelSelector(RandomForestClassifier(10, random_state=0)).fit(X, scores).score(X, scores) >= 0.98
    # Every check that applies to a classifier; too little data is answered by the mean, as scikit-learn expects.
    results = check_estimator(ModelSelector("knn", small="constant"), on_fail=None, on_skip=None)
    assert [r["check_name"] for r in results if r["status"] == "failed"] == []
