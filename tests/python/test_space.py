from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bayestuner as bt


def test_counts_and_indexes():
    space = bt.Space([bt.Integer("cores", 1, 28), bt.Integer("memory_gb", 1, 8), bt.Integer("batch", 1, 32)])
    assert len(space) == 7168
    assert space.index_of(space[4711]) == 4711
    assert {"cores": 1, "memory_gb": 1, "batch": 1} in space
    assert {"cores": 99, "memory_gb": 1, "batch": 1} not in space


def test_constraints_as_text_and_function():
    both = [bt.Integer("a", 1, 8), bt.Integer("b", 1, 8)]
    by_text = bt.Space(both, constraints=["a * b <= 16"])
    by_function = bt.Space(both, constraints=[lambda c: c["a"] * c["b"] <= 16])
    assert len(by_text) == len(by_function) == sum(a * b <= 16 for a in range(1, 9) for b in range(1, 9))
    assert all(c["a"] * c["b"] <= 16 for c in by_text.sample(100, seed=3))


def test_conditional_parameters_are_absent_when_inactive():
    space = bt.Space([bt.Categorical("rt", ["ort", "tvm"]), bt.Integer("threads", 1, 4, when={"rt": ["ort"]})])
    assert len(space) == 5
    assert {"rt": "tvm"} in space
    assert {"rt": "tvm", "threads": 2} not in space


def test_numpy_values_are_taken():
    space = bt.Space([bt.Integer("a", 1, 8), bt.Real("x", 0.0, 1.0), bt.Boolean("b")])
    assert {"a": np.int64(3), "x": np.float32(0.5), "b": np.bool_(True)} in space


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: bt.Integer("cores", 16, 1), "cores: bounds [16, 1] are the wrong way round"),
        (lambda: bt.Space([]), "space: has no parameter"),
        (lambda: bt.Space([bt.Integer("a", 1, 3)], ["a > 4"]), "space: empty, no configuration satisfies 'a > 4'"),
        (lambda: bt.Space([bt.Integer("a", 1, 3)], ["a >"]), "constraint 'a >': column 4: ends too early"),
        (lambda: bt.Space([bt.Integer("a", 1, 3)], [3]), "constraint: must be an expression or a function of a dict"),
    ],
)
def test_bad_input_gets_one_clear_line(make, text):
    with pytest.raises(ValueError) as error:
        make()
    assert str(error.value) == text


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.integers(1, 9), min_size=1, max_size=4),
    st.integers(0, 10**6),
    st.integers(1, 40),
)
def test_every_sample_keeps_the_rules_and_has_an_index(sizes, seed, limit):
    names = [f"p{i}" for i in range(len(sizes))]
    parameters = [bt.Integer(n, 1, s) for n, s in zip(names, sizes, strict=True)]
    space = bt.Space(parameters, [" + ".join(names) + f" <= {limit + len(sizes)}"])
    for config in space.sample(5, seed=seed):
        assert sum(config.values()) <= limit + len(sizes)
        assert space[space.index_of(config)] == config
