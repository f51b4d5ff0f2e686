"""Per-input model selection from Python: learning, deciding, scikit-learn's conventions, files, refusals."""

from __future__ import annotations

import copy
import pickle

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
    cost = np.array([1.0 if name == "0" else 3.0 for name in selector.predict(X)])
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
