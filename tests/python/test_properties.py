"""What holds for any space and any study."""

from __future__ import annotations

import math
import tempfile

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

import bayestuner as bt

LABELS = ["x", "y", "z"]


@st.composite
def parameters(draw, name: str) -> bt.Parameter:
    kind = draw(st.sampled_from(["integer", "ordinal", "categorical", "boolean", "real"]))
    if kind == "integer":
        low = draw(st.integers(-5, 5))
        span = draw(st.integers(1, 6))
        return bt.Integer(name, low, low + span, step=draw(st.integers(1, min(3, span))))
    if kind == "ordinal":
        levels = draw(st.lists(st.integers(1, 40), min_size=1, max_size=5, unique=True))
        return bt.Ordinal(name, sorted(map(float, levels)))
    if kind == "categorical":
        return bt.Categorical(name, LABELS[: draw(st.integers(1, 3))])
    if kind == "boolean":
        return bt.Boolean(name)
    return bt.Real(name, 0.0, 2.0, step=0.5)


@st.composite
def spaces(draw) -> bt.Space:
    """Up to four parameters, the last perhaps active only where the first has its first value."""
    made = [draw(parameters(f"p{i}")) for i in range(draw(st.integers(1, 3)))]
    if draw(st.booleans()):
        made.append(bt.Integer("extra", 1, 3, when={"p0": [made[0].values[0]]}))
    return bt.Space(made)


@settings(max_examples=60, deadline=None)
@given(spaces(), st.integers(0, 2**31))
def test_a_space_is_a_bijection_of_indices_and_configurations(space, seed):
    assert len(space) == space.count() >= 1
    for i in range(min(len(space), 200)):
        config = space[i]
        assert config in space and space.index_of(config) == i
    for config in space.sample(10, seed=seed):
        assert space[space.index_of(config)] == config
        x = space.encode([config])
        assert x.shape == (1, len(space.categorical_axes)) and np.isfinite(x).all()
    assert space.sample(5, seed=seed) == space.sample(5, seed=seed)


@settings(max_examples=60, deadline=None)
@given(spaces(), st.integers(0, 2**31))
def test_neighbours_are_mutual_and_others(space, seed):
    (config,) = space.sample(1, seed=seed)
    for other in space.neighbours(config):
        assert other in space and other != config
        assert config in space.neighbours(other) or set(other) != set(config)  # a condition may open many at once


@settings(max_examples=60, deadline=None)
@given(spaces(), spaces())
def test_fingerprints_tell_spaces_apart(a, b):
    same = [repr(p) for p in a.parameters] == [repr(p) for p in b.parameters]
    assert (a.fingerprint() == b.fingerprint()) == same


@settings(max_examples=25, deadline=None)
@given(spaces(), st.sampled_from(["bo", "random", "lhs", "sobol", "exhaustive"]), st.integers(0, 2**31), st.data())
def test_a_study_never_repeats_and_ends_with_the_space(space, strategy, seed, data):
    study = bt.Study(space, bt.Problem().minimize("y").subject_to("z <= 0.5"), strategy=strategy, seed=seed)
    seen, pending = [], []
    for _ in range(min(len(space), 25)):
        trial = study.ask()
        assert trial is not None and trial.params in space and trial.params not in seen
        seen.append(trial.params)
        fate = data.draw(st.sampled_from(["tell", "fail", "leave"]))
        if fate == "leave":
            pending.append(trial)
        elif fate == "fail":
            study.tell(trial, state=bt.TrialState.FAIL, reason="crashed")
        else:
            study.tell(trial, {"y": data.draw(st.floats(-1e6, 1e6)), "z": data.draw(st.floats(0.0, 1.0))})
    if len(seen) == len(space):
        assert study.ask() is None
    feasible = [t for t, ok in zip(study.trials, study.feasible, strict=True) if ok]
    assert [study.is_feasible(t) for t in study.trials] == study.feasible
    assert all(t.values["z"] <= 0.5 for t in feasible)
    if feasible:
        assert study.best_value == min(t.values["y"] for t in feasible)
        assert study.best_trial.params in [t.params for t in feasible]
    assert sum(t.state == bt.TrialState.RUNNING for t in study.trials) == len(pending)


def score(params: dict) -> float:
    """Some function of any configuration."""
    return math.sin(sum(len(str(v)) + (LABELS.index(v) if v in LABELS else float(v)) for v in params.values()))


@settings(max_examples=15, deadline=None)
@given(spaces(), st.integers(0, 2**31), st.integers(1, 9))
def test_a_stored_study_goes_on_as_if_it_had_never_stopped(space, seed, stop_after):
    problem = bt.Problem().minimize("y")
    whole = bt.Study(space, problem, seed=seed)
    whole.optimize(lambda t: score(t.params), n_trials=12)
    with tempfile.TemporaryDirectory() as folder:
        store = f"{folder}/s.db"
        bt.Study(space, problem, seed=seed, store=store).optimize(lambda t: score(t.params), n_trials=stop_after)
        again = bt.Study.open(store)
        assert again.space.fingerprint() == space.fingerprint()
        again.optimize(lambda t: score(t.params), n_trials=max(0, 12 - stop_after))
        assert [t.params for t in again.trials] == [t.params for t in whole.trials]
        copied = bt.Study(space, problem, seed=seed)
        copied.add_trials(whole.trials)
        assert [t.params for t in copied.trials] == [t.params for t in whole.trials]
        assert copied.best_value == whole.best_value


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 10), st.floats(0, 10)), min_size=1, max_size=12))
def test_the_front_holds_what_nothing_dominates(points):
    space = bt.Space([bt.Integer("i", 0, len(points))])
    study = bt.Study(space, bt.Problem().minimize("a").maximize("b"), strategy="exhaustive")
    for i, (a, b) in enumerate(points):
        study.add_trial({"i": i}, {"a": a, "b": b})
    front = {t.params["i"] for t in study.best_trials}
    beaten = {i for i, p in enumerate(points) if any(q[0] <= p[0] and q[1] >= p[1] and q != p for q in points)}
    assert front == set(range(len(points))) - beaten
