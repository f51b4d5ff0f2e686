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
    assert bt.hypervolume(points, [6.0, 6.0]) == pytest.approx(17.0)
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
