from __future__ import annotations

import numpy as np
import pytest

import bayestuner as bt


def test_gaussian_process_learns_a_smooth_function():
    rng = np.random.default_rng(0)
    x = rng.random((40, 2))
    y = np.sin(3 * x[:, 0]) + x[:, 1] ** 2
    gp = bt.GaussianProcess()
    gp.fit(x, y)
    posterior = gp.predict(rng.random((200, 2)))
    assert posterior.mean.shape == posterior.stddev.shape == (200,)
    inside = gp.predict(x)
    assert np.abs(inside.mean - y).max() < 0.05
    assert (posterior.stddev > 0).all()
    draws = gp.sample(x[:5], count=3, seed=1)
    assert draws.shape == (5, 3)


def test_wrong_shapes_get_a_sentence():
    gp = bt.GaussianProcess()
    with pytest.raises(ValueError):
        gp.fit(np.zeros((3, 2)), np.zeros(4))
    with pytest.raises(ValueError):
        gp.fit(np.zeros((3, 2)), np.array([0.0, np.nan, 1.0]))


def test_acquisition_at_the_incumbent_is_the_normal_density():
    posterior = bt.Posterior(mean=np.array([3.0]), stddev=np.array([1.0]))
    assert bt.ExpectedImprovement(3.0)(posterior)[0] == pytest.approx(0.3989422804014327, rel=1e-14)
    assert np.exp(bt.LogExpectedImprovement(3.0)(posterior)[0]) == pytest.approx(0.3989422804014327, rel=1e-12)


def test_errors_extend_builtins():
    assert issubclass(bt.InvalidArgument, ValueError) and issubclass(bt.InvalidArgument, bt.Error)
    assert issubclass(bt.DeviceError, OSError) and issubclass(bt.StoreError, OSError)
    assert issubclass(bt.NumericalError, ArithmeticError)
    assert issubclass(bt.BusyError, bt.DeviceError) and issubclass(bt.RestoreError, bt.DeviceError)


@pytest.mark.parametrize("make", [bt.SimulatedAnnealing, bt.LocalSearch, bt.PseudoBinarySearch])
def test_walking_strategies_find_the_optimum_of_a_small_space(make):
    space = bt.Space([bt.Integer("batch", 1, 8), bt.Integer("cores", 1, 3)])
    study = bt.Study(space, bt.Problem().minimize("cost"), strategy=make(), seed=1)
    study.optimize(lambda p: {"cost": (p["batch"] - 3) ** 2 + p["cores"]}, n_trials=24)
    assert len({tuple(sorted(t.params.items())) for t in study.trials}) == 24
    assert study.best_trial.params == {"batch": 3, "cores": 1}


def test_strategies_refuse_impossible_options():
    with pytest.raises(ValueError, match="last_temperature"):
        bt.SimulatedAnnealing(last_temperature=0.0)


def test_hypervolume_and_front():
    points = np.array([[1.0, 5.0], [2.0, 3.0], [4.0, 2.0], [5.0, 1.0], [4.0, 4.0]])
    assert bt.hypervolume(points, [6.0, 6.0]) == pytest.approx(16.0)
    assert bt.non_dominated(points) == [0, 1, 2, 3]
    assert bt.hypervolume_contributions(points, [6.0, 6.0])[4] == 0.0
    assert bt.knee_point(points) == 1
    archive = bt.ParetoArchive()
    assert [archive.insert(p, i) for i, p in enumerate(points)] == [True, True, True, True, False]
    assert archive.ids == [0, 1, 2, 3]
    with pytest.raises(ValueError, match="2 objectives, the reference has 3"):
        bt.hypervolume(points, [6.0, 6.0, 6.0])


def test_front_acquisitions_agree_with_each_other():
    front = bt.HypervolumeImprovement([[1.0, 5.0], [2.0, 3.0], [4.0, 2.0], [5.0, 1.0]], [6.0, 6.0])
    beliefs = [bt.Posterior([2.5, 5.5], [0.7, 0.3]), bt.Posterior([2.5, 5.5], [0.9, 0.2])]
    assert np.exp(bt.LogExpectedHypervolumeImprovement(front)(beliefs)[0]) == pytest.approx(1.360949713241116)
    assert front.log_expected(beliefs)[1] == pytest.approx(-82.93541771052472)
    assert front.probability_times_gain(beliefs) == pytest.approx([0.579021606852685, 0.0])
    with pytest.raises(ValueError, match="1 beliefs for 2 objectives"):
        front.log_expected(beliefs[:1])


@pytest.mark.parametrize("acquisition", ["ehvi", "hvpoi", "poi"])
def test_three_objectives_end_to_end(acquisition):
    space = bt.Space([bt.Integer("a", 1, 5), bt.Integer("b", 1, 5)])
    problem = bt.Problem().minimize("x").minimize("y").minimize("z")
    study = bt.Study(space, problem, strategy=bt.BayesianOptimisation(front_acquisition=acquisition), seed=1)
    study.optimize(lambda p: {"x": p["a"], "y": p["b"], "z": 20.0 / (p["a"] * p["b"])}, n_trials=12)
    assert len(study.trials) == 12
    with pytest.raises(ValueError, match="magic"):
        bt.BayesianOptimisation(front_acquisition="magic")


@pytest.mark.parametrize("model", [bt.RandomForest(), bt.GradientBoosting()], ids=lambda m: type(m).__name__)
def test_trees_learn_and_take_missing_values(model):
    rng = np.random.default_rng(0)
    x = rng.random((300, 3))
    y = np.sin(3 * x[:, 0]) + x[:, 1] ** 2
    model.fit(x, y)
    at = rng.random((200, 3))
    posterior = model.predict(at)
    assert posterior.mean.shape == posterior.stddev.shape == (200,)
    assert np.sqrt(np.mean((posterior.mean - np.sin(3 * at[:, 0]) - at[:, 1] ** 2) ** 2)) < 0.15
    assert (posterior.stddev > 0).all()
    assert model.importances[2] < 0.05 and model.importances.sum() == pytest.approx(1)
    at[:, 0] = np.nan
    assert np.isfinite(model.predict(at).mean).all()
    with pytest.raises(ValueError, match="x has 2 columns, the model has 3"):
        model.predict(at[:, :2])


def test_boosting_shows_its_stages():
    x = np.linspace(0, 1, 50)[:, None]
    model = bt.GradientBoosting(20, members=0)
    model.fit(x, x[:, 0])
    assert model.stages == 20 and model.training_loss.shape == (20,)
    assert model.predict_mean(x, stages=0) == pytest.approx(model.initial)
    with pytest.raises(ValueError, match="loss: 'cubic' is none of squared, absolute, huber, quantile"):
        bt.GradientBoosting(loss="cubic")


class _Flat:
    def fit(self, x, y, noise):
        self.level = y.mean() if len(y) else 0.0

    def predict(self, x):
        return np.full(len(x), self.level), np.ones(len(x))


@pytest.mark.parametrize(
    "surrogate",
    ["forest", bt.RandomForest(20), bt.GradientBoosting, bt.PolynomialRegression(), "knn", bt.GaussianProcess, _Flat],
)
def test_any_surrogate_drives_bayesian_optimisation(surrogate):
    space = bt.Space([bt.Integer("a", 1, 9), bt.Integer("b", 1, 9)])
    study = bt.Study(
        space,
        bt.Problem().minimize("cost"),
        seed=1,
        strategy=bt.BayesianOptimisation(surrogate=surrogate),
    )
    study.optimize(lambda t: {"cost": (t.params["a"] - 4) ** 2 + (t.params["b"] - 7) ** 2 + 1.0}, n_trials=25)
    assert study.best_trial.metrics["cost"].value <= (30.0 if surrogate is _Flat else 4.0)
    with pytest.raises(ValueError, match="surrogate"):
        bt.BayesianOptimisation(surrogate="magic")


def test_polynomial_agrees_with_least_squares():
    rng = np.random.default_rng(1)
    x = rng.random((60, 3)) * [30, 4, 2000] + [1, 1, 600]
    y = 5 + 0.3 * x[:, 0] - 0.001 * x[:, 0] * x[:, 2] + x[:, 1] ** 2 + rng.normal(0, 0.1, 60)
    model = bt.PolynomialRegression(2, eliminate=False)
    model.fit(x, y)
    u = 2 * (x - x.min(0)) / np.ptp(x, axis=0) - 1
    columns = [np.ones(60), *u.T] + [u[:, i] * u[:, j] for i in range(3) for j in range(i, 3)]
    coefficients = np.linalg.lstsq(np.column_stack(columns), y, rcond=None)[0]
    assert [t.coefficient for t in model.terms] == pytest.approx(coefficients, rel=1e-9, abs=1e-9)
    assert model.predict(x).mean == pytest.approx(np.column_stack(columns) @ coefficients, rel=1e-9)
    text = model.formula("power", "W", ["cores", "gb", "clock"], ["", "GB", "MHz"])
    assert text.startswith("power [W] = ") and "MHz" in text
    with pytest.raises(ValueError, match="degree: 4 has more terms"):
        bt.PolynomialRegression(4).fit(x[:20], y[:20])


def test_nearest_neighbours_know_what_they_saw():
    x = np.linspace(0, 1, 30)[:, None]
    model = bt.NearestNeighbours()
    model.fit(x, np.sin(5 * x[:, 0]))
    assert model.predict(x).mean == pytest.approx(np.sin(5 * x[:, 0]))
    assert model.leave_one_out_rmse < 0.05 and 1 <= model.neighbours <= 20
