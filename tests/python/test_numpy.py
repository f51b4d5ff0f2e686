"""Arrays cross the border as they are: float64, no copy where the layout fits, results that own or keep their
memory."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

import bayestuner as bt

SPACE = bt.Space([bt.Integer("a", 0, 99), bt.Real("x", 0.0, 1.0), bt.Categorical("c", ["p", "q"])])


def test_encode_hands_its_matrix_over():
    x = SPACE.encode(SPACE.sample(50, seed=1))
    assert x.dtype == np.float64 and x.shape == (50, 3) and x.flags.f_contiguous and x.flags.writeable
    assert not x.flags.owndata and type(x.base).__name__ == "PyCapsule"  # the matrix of C++, not a copy of it
    assert ((x >= 0.0) & (x <= 1.0)).all()
    trees = SPACE.encode_for_trees([{"a": 7, "x": 0.5, "c": "q"}])
    assert trees.shape == (1, 3) and trees[0, 0] == 7.0 and trees[0, 1] == 0.5


def test_a_posterior_is_a_view_that_keeps_its_owner():
    gp = bt.GaussianProcess()
    x = np.asfortranarray(np.random.default_rng(0).random((20, 2)))
    gp.fit(x, x[:, 0])
    posterior = gp.predict(x)
    mean = posterior.mean
    assert not mean.flags.owndata and np.shares_memory(mean, posterior.mean)
    copy = mean.copy()
    del posterior, gp
    np.testing.assert_array_equal(mean, copy)


def bytes_copied(call) -> int:
    """Most memory of NumPy's and Python's own that was in use during a call."""
    tracemalloc.start()
    call()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


def test_predict_takes_a_column_major_matrix_without_a_copy():
    gp = bt.GaussianProcess()
    rng = np.random.default_rng(0)
    few = np.asfortranarray(rng.random((8, 4)))
    gp.fit(few, few[:, 0])
    rows = rng.random((20_000, 4))  # row-major
    columns = np.asfortranarray(rows)
    assert bytes_copied(lambda: gp.predict(columns)) < columns.nbytes / 10
    assert bytes_copied(lambda: gp.predict(rows)) >= rows.nbytes  # the test can tell: this one has to be turned
    np.testing.assert_array_equal(gp.predict(columns).mean, gp.predict(rows).mean)


def test_encode_to_predict_needs_no_copy():
    rows = SPACE.sample(20_000, seed=2)
    x = SPACE.encode(rows)
    gp = bt.GaussianProcess(categorical=SPACE.categorical_axes)
    gp.fit(x[:10], x[:10, 0])
    assert bytes_copied(lambda: gp.predict(x)) < x.nbytes / 10


@pytest.mark.parametrize("dtype", [np.float32, np.int64, np.bool_])
def test_other_types_are_converted(dtype):
    gp = bt.GaussianProcess()
    x = np.arange(8).reshape(4, 2).astype(dtype)
    gp.fit(x, np.arange(4, dtype=np.float64))
    assert gp.predict(x).mean.dtype == np.float64


def test_metrics_may_be_numpy_scalars():
    study = bt.Study(SPACE, bt.Problem().minimize("y"))
    study.optimize(lambda t: {"y": np.float32(t["a"])}, n_trials=1)
    study.optimize(lambda t: (np.float64(t["a"]), np.float64(0.5)), n_trials=1)
    assert study.trials[1].metrics["y"].standard_error == 0.5


def test_hypervolume():
    assert bt.hypervolume([[1.0, 2.0], [2.0, 1.0]], [3.0, 3.0]) == pytest.approx(3.0)
    assert bt.hypervolume(np.zeros((0, 2)), [3.0, 3.0]) == 0.0
    with pytest.raises(ValueError):
        bt.hypervolume([[1.0, 2.0]], [3.0])


def test_the_interpreter_is_free_while_a_model_is_fitted():
    import threading

    rng = np.random.default_rng(0)
    x = np.asfortranarray(rng.random((700, 4)))
    y = rng.random(700)
    ticks, over = [0], threading.Event()

    def tick():
        while not over.wait(0.001):
            ticks[0] += 1

    thread = threading.Thread(target=tick)
    thread.start()
    try:
        before = ticks[0]
        bt.GaussianProcess().fit(x, y)
        made = ticks[0] - before
    finally:
        over.set()
        thread.join()
    assert made > 5
