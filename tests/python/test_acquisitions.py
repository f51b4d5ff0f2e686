"""Acquisitions and fronts as Python sees them, against the golden values of tests/data/golden."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

import bayestuner as bt


@pytest.fixture
def golden(data):
    return lambda name: json.loads((data / "golden" / name).read_text())


def belief(mean, stddev):
    return bt.Posterior(np.atleast_1d(np.float64(mean)), np.atleast_1d(np.float64(stddev)))


def single(mean, stddev):
    return bt.JointPosterior([mean], [[stddev**2]])


def close(value, relative=1e-9):
    return pytest.approx(value, rel=relative, abs=1e-12)


def test_improvement_of_either_sense(golden):
    for row in golden("acquisition.json")["expected_improvement"]:
        sign = 1.0 if row["sense"] == "minimise" else -1.0  # what is maximised is minimised with the other sign
        p, best = belief(sign * row["mu"], row["sigma"]), sign * row["best"]
        assert bt.LogExpectedImprovement(best)(p)[0] == close(row["log_ei"])
        assert bt.LogProbabilityOfImprovement(best)(p)[0] == close(row["log_pi"])
        if row["ei"] > 1e-300:
            assert bt.ExpectedImprovement(best)(p)[0] == close(row["ei"])
        if row["pi"] > 1e-300:
            assert bt.ProbabilityOfImprovement(best)(p)[0] == close(row["pi"])


def test_slopes_of_log_ei(golden):
    for row in golden("acquisition.json")["expected_improvement"]:
        sign = 1.0 if row["sense"] == "minimise" else -1.0
        ei = bt.LogExpectedImprovement(sign * row["best"])
        mu, sigma, h = sign * row["mu"], row["sigma"], 1e-5 * row["sigma"]
        d_mu = sign * (ei(belief(mu + h, sigma))[0] - ei(belief(mu - h, sigma))[0]) / (2 * h)
        d_sigma = (ei(belief(mu, sigma + h))[0] - ei(belief(mu, sigma - h))[0]) / (2 * h)
        assert d_mu == pytest.approx(row["dlogei_dmu"], rel=1e-5, abs=1e-6)
        assert d_sigma == pytest.approx(row["dlogei_dsigma"], rel=1e-5, abs=1e-6)


def test_constraints_on_every_acquisition_in_logs(golden):
    for row in golden("acquisition.json")["constrained_ei"]:
        constraints = [
            bt.ConstraintBelief(belief(c["mu"], c["sigma"]), c["threshold"], "<=" if c["op"] == "le" else ">=")
            for c in row["constraints"]
        ]
        scored = bt.Constrained(bt.LogExpectedImprovement(row["best"]), constraints)
        assert scored(belief(row["mu"], row["sigma"]))[0] == close(row["log_cei"])
        assert scored.log_feasible[0] == close(row["log_prob_feasible"])
        assert sum(
            bt.log_probability_of_feasibility(c.posterior, c.threshold, bound)[0]
            for c, bound in zip(
                constraints, ["<=" if c["op"] == "le" else ">=" for c in row["constraints"]], strict=True
            )
        ) == close(row["log_prob_feasible"])
    front = bt.HypervolumeImprovement([[1.0, 2.0], [2.0, 1.0]], [3.0, 3.0])
    beliefs = [belief(0.9, 0.4), belief(1.1, 0.2)]
    half = [bt.ConstraintBelief(belief(0.0, 1.0), 0.0)]
    for kind in (
        bt.LogExpectedHypervolumeImprovement,
        bt.LogHypervolumeProbabilityOfImprovement,
        bt.LogProbabilityOfFrontImprovement,
    ):
        plain = kind(front)
        assert bt.Constrained(plain, half)(beliefs)[0] == close(plain(beliefs)[0] + math.log(0.5))
        assert bt.Constrained(plain, [])(beliefs)[0] == plain(beliefs)[0]
    own = bt.Constrained(lambda p: -p.mean, half)
    assert own(belief(2.0, 1.0))[0] == close(-2.0 + math.log(0.5))


def test_ehvi_poi_and_hvpoi_of_two_and_three_objectives(golden):
    sizes = set()
    for c in golden("pareto.json")["ehvi"]:
        front = bt.HypervolumeImprovement(np.array(c["front"]), np.array(c["reference"]))
        beliefs = [belief(m, s) for m, s in zip(c["mu"], c["sigma"], strict=True)]
        assert bt.LogExpectedHypervolumeImprovement(front)(beliefs)[0] == close(c["log_ehvi"])
        assert math.exp(front.log_expected(beliefs)[0]) == close(c["ehvi"])
        assert bt.LogProbabilityOfFrontImprovement(front)(beliefs)[0] == close(c["log_prob_improvement"])
        assert math.exp(front.log_probability(beliefs)[0]) == close(c["prob_improvement"])
        assert front.gain(c["mu"]) == close(c["hv_improvement_of_mean"])
        assert front.probability_times_gain(beliefs)[0] == close(c["hvpoi"])
        joint = [single(m, s) for m, s in zip(c["mu"], c["sigma"], strict=True)]
        batch = bt.BatchExpectedHypervolumeImprovement(front, samples=4096)(joint)
        assert batch == pytest.approx(c["ehvi"], rel=0.02, abs=1e-3)
        sizes.add(len(beliefs))
    assert sizes == {2, 3}


def test_hypervolumes_of_two_to_many_objectives(golden):
    sizes = set()
    for c in golden("pareto.json")["hypervolume"]:
        reference = np.array(c["reference"])
        points = np.array(c["points"], dtype=float).reshape(-1, len(reference))
        assert bt.hypervolume(points, reference) == close(c["hypervolume"], 1e-12)
        if "nondominated_indices_strict" in c:
            assert list(bt.non_dominated(points)) == c["nondominated_indices_strict"]
        if "exclusive_contributions" in c:
            alone = bt.hypervolume_contributions(points, reference)
            assert alone == pytest.approx(np.array(c["exclusive_contributions"]), abs=1e-11)
        volume = bt.DominatedVolume(reference)
        for point in points:
            volume.insert(point)
        assert volume.value == close(c["hypervolume"], 1e-12)
        sizes.add(len(reference))
    assert {2, 3, 4} <= sizes


def test_fronts_and_indicators(golden):
    file = golden("pareto.json")
    points = np.array(file["nsga2"]["points"])
    assert [list(f) for f in bt.non_dominated_sort(points)] == file["nsga2"]["fronts"]
    one = file["indicators"]
    front, reference = np.array(one["approximation"]), np.array(one["reference_front"])
    assert bt.inverted_generational_distance(front, reference) == close(one["igd"])
    assert bt.inverted_generational_distance_plus(front, reference) == close(one["igd_plus"])
    assert bt.additive_epsilon(front, reference) == close(one["additive_epsilon"])


def test_batches(golden):
    pair = golden("acquisition.json")["q2_ei"]
    joint = bt.JointPosterior(pair["mean"], pair["cov"])
    ei = bt.BatchExpectedImprovement(pair["best"], samples=4096)
    assert ei(joint) == pytest.approx(pair["value"], rel=2e-3) and ei.log_value(joint) == close(math.log(ei(joint)))
    assert ei(joint) == bt.BatchExpectedImprovement(pair["best"], samples=4096)(joint)
    far = bt.BatchExpectedImprovement(0.0)
    assert far(single(50.0, 1.0)) == 0.0 and math.isfinite(far.log_value(single(50.0, 1.0)))
    half = [bt.BatchConstraint(single(0.0, 1.0), 0.0, ">=")]
    gain = bt.BatchExpectedImprovement(1.0, samples=4096)
    assert gain(single(0.5, 0.1), half) == pytest.approx(0.5 * gain(single(0.5, 0.1)), rel=0.02)
    assert math.exp(gain.log_value(single(0.5, 0.1), half)) == pytest.approx(gain(single(0.5, 0.1), half))
    front = bt.HypervolumeImprovement(np.empty((0, 2)), [4.0, 4.0])
    sure = [bt.JointPosterior([1.0, 2.0], np.zeros((2, 2))), bt.JointPosterior([3.0, 1.0], np.zeros((2, 2)))]
    ehvi = bt.BatchExpectedHypervolumeImprovement(front, samples=4)
    assert ehvi(sure) == close(7.0)  # 3 and 6, less the overlap of 2
    first = [bt.BatchConstraint(bt.JointPosterior([0.0, 9.0], np.zeros((2, 2))), 2.0)]
    assert ehvi(sure, first) == close(3.0)


def test_a_model_gives_the_joint_belief_that_batches_need():
    x = np.linspace(0.0, 1.0, 8)[:, None]
    gp = bt.GaussianProcess()
    gp.fit(x, np.sin(6.0 * x[:, 0]))
    at = np.array([[0.31], [0.32]])
    joint, alone = gp.joint(at), gp.predict(at)
    assert joint.mean == pytest.approx(alone.mean)
    assert np.sqrt(np.diag(joint.covariance)) == pytest.approx(alone.stddev, rel=1e-6)
    assert joint.covariance[0, 1] > 0.5 * joint.covariance[0, 0], "neighbours go together"


def test_volume_counts_in_the_unit_of_the_values():
    front = bt.HypervolumeImprovement([[2.0, -3.0]], [4.0, -1.0], ["log", "negative_log"])
    beliefs = [belief(math.log(1.0), 0.0), belief(-math.log(5.0), 0.0)]
    assert math.exp(front.log_expected(beliefs)[0]) == pytest.approx(3.0 * 4.0 - 2.0 * 2.0)


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: bt.Constrained(bt.ExpectedImprovement(1.0), []), "must be one in logarithms"),
        (lambda: bt.Constrained(3, []), "must be one in logarithms"),
        (lambda: bt.ConstraintBelief(belief(0, 1), 0.0, "<"), "bound: '<' is neither <= nor >="),
        (lambda: bt.BatchConstraint(single(0, 1), 0.0, "=="), "bound: '==' is neither"),
        (lambda: bt.BatchExpectedImprovement(math.nan), "incumbent: nan is not finite"),
        (lambda: bt.BatchExpectedImprovement(0.0, samples=0), "samples: must be at least 1"),
        (lambda: bt.BatchExpectedImprovement(0.0)(bt.JointPosterior([0, 0], np.eye(3))), "a belief has mean"),
        (lambda: bt.HypervolumeImprovement([[1.0, 1.0]], [2.0, 2.0], ["ln"]), "scales: 'ln' is none of"),
        (lambda: bt.DominatedVolume([math.inf, 1.0]), "reference: must have a finite value"),
        (lambda: bt.DominatedVolume([1.0, 1.0]).insert([0.0]), "point: 1 objectives, the reference has 2"),
    ],
)
def test_bad_input_is_one_clear_line(call, text):
    with pytest.raises(ValueError, match=text):
        call()
