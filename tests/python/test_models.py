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
