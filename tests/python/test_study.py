from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap

import pytest

import bayestuner as bt
from conftest import serve


def test_optimize_finds_the_least_power(space, problem):
    study = bt.Study(space, problem, seed=1)
    assert study.optimize(serve, n_trials=25) == "trials"
    exact = min(
        v["power_w"]
        for v in (serve(type("T", (), {"params": c})) for c in (space[i] for i in range(len(space))))
        if v["throughput"] >= 100
    )
    assert study.best_value <= 1.05 * exact
    assert study.best_trial.values["throughput"] >= 100
    assert len(study.trials) == 25


def test_ask_and_tell(space, problem):
    study = bt.Study(space, problem)
    with pytest.raises(ValueError, match="nothing feasible"):
        _ = study.best_trial
    a, b = study.ask(n=2)
    assert a.params != b.params
    study.tell(a, {"power_w": (20.0, 0.5), "throughput": bt.Metric(150.0, 2.0, n=10)})
    study.tell(b, state=bt.TrialState.FAIL, reason="out_of_memory", message="killed")
    assert study.best_trial.metrics["power_w"].standard_error == 0.5
    assert study.trials[1].reason == "out_of_memory"
    with pytest.raises(ValueError, match="was told before"):
        study.tell(a, {"power_w": 1.0, "throughput": 1.0})


def test_missing_metric_is_named(space, problem):
    study = bt.Study(space, problem)
    with pytest.raises(ValueError, match="throughput: the problem needs this metric"):
        study.optimize(lambda trial: {"power_w": 1.0}, n_trials=1)


def test_failures_and_other_exceptions(space, problem):
    def sometimes(trial):
        if trial.params["batch"] > 16:
            raise bt.TrialFailed("too large", "out_of_memory")
        if trial.params["cores"] > 12:
            raise RuntimeError("broken")
        return serve(trial)

    study = bt.Study(space, problem, seed=2)
    study.optimize(sometimes, n_trials=20, catch=RuntimeError)
    reasons = {t.reason for t in study.trials}
    assert "out_of_memory" in reasons
    with pytest.raises(ZeroDivisionError):
        study.optimize(lambda trial: 1 / 0, n_trials=1)


def test_resumes_bit_for_bit(space, problem, tmp_path):
    whole = bt.Study(space, problem, seed=5, budget=12)
    whole.optimize(serve, n_trials=12)
    for _ in range(4):
        part = bt.Study(space, problem, seed=5, budget=12, store=tmp_path / "s.db")
        part.optimize(serve, n_trials=3)
    assert [t.params for t in part.trials] == [t.params for t in whole.trials]
    assert bt.Study.open(tmp_path / "s.db").best_params == whole.best_params


def test_relative_constraint_and_recommendation(space):
    recommendation = bt.minimize_power(
        serve, space, min_throughput="0.5 * baseline", today={"cores": 16, "batch": 8}, n_trials=20, seed=3
    )
    assert recommendation.confirmed
    assert recommendation.gain.value > 0.2
    assert recommendation.baseline == {"cores": 16, "batch": 8}


def test_changed_problem_reuses_everything(space, problem):
    study = bt.Study(space, problem, seed=1)
    study.optimize(serve, n_trials=12)
    study.set_problem(bt.Problem().maximize("throughput").subject_to("power_w <= 60"))
    assert len(study.trials) == 12
    assert study.direction == "maximize"
    assert study.best_trial.values["power_w"] <= 60


def test_own_strategy_in_python(space, problem):
    class FewCoresFirst:
        def suggest(self, history):
            tried = [t["params"] for t in history["trials"]]
            for i in range(len(history["space"])):
                if history["space"][i] not in tried:
                    return history["space"][i]
            return None

    study = bt.Study(space, problem, strategy=FewCoresFirst())
    study.optimize(serve, n_trials=5)
    assert [t.params["batch"] for t in study.trials] == [1, 2, 3, 4, 5]


def test_own_surrogate_in_python(space, problem):
    class Nearest:
        def fit(self, x, y, noise):
            self.x, self.y = x, y

        def predict(self, x):
            import numpy as np

            if len(self.x) == 0:
                return np.zeros(len(x)), np.ones(len(x))
            distance = ((x[:, None, :] - self.x[None, :, :]) ** 2).sum(-1)
            return self.y[distance.argmin(1)], 0.1 + np.sqrt(distance.min(1))

    study = bt.Study(space, problem, strategy=bt.BayesianOptimisation(surrogate=Nearest))
    study.optimize(serve, n_trials=15)
    assert len({str(t.params) for t in study.trials}) == 15


def test_dataframe_and_exports(space, problem):
    pandas = pytest.importorskip("pandas")
    study = bt.Study(space, problem)
    study.optimize(serve, n_trials=6)
    frame = study.trials_dataframe()
    assert isinstance(frame, pandas.DataFrame)
    assert {"number", "value", "params_cores", "state", "feasible", "sem_power_w"} <= set(frame.columns)
    assert frame["value"].notna().all()
    assert "params_cores" in study.to_csv()
    page = study.html_report()
    assert page.startswith("<!DOCTYPE html>") and "http://" not in page.replace("http://www.w3.org", "")


def test_plots_draw(space, problem):
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    from bayestuner import plots

    study = bt.Study(space, problem)
    study.optimize(serve, n_trials=8)
    assert plots.plot_optimization_history(study).get_ylabel() == "power_w"
    assert plots.plot_power_throughput(study).get_xlabel() == "throughput"
    assert len(plots.plot_knob_effects(study)) == 2


def test_progress_bar_and_callbacks(space, problem, capsys):
    seen = []
    study = bt.Study(space, problem)
    study.optimize(serve, n_trials=4, callbacks=[lambda s, t: seen.append(t.number)], show_progress_bar=True)
    assert seen == [0, 1, 2, 3]
    assert "best power_w=" in capsys.readouterr().err


def test_ctrl_c_stops_and_the_study_resumes(tmp_path):
    script = textwrap.dedent(
        f"""
        import time, bayestuner as bt
        space = bt.Space([bt.Integer("a", 0, 999)])
        study = bt.Study(space, bt.Problem().minimize("y"), store={str(tmp_path / "c.db")!r})
        def slow(trial):
            print("ready", flush=True)
            time.sleep(0.05)
            return {{"y": float(trial.params["a"])}}
        study.optimize(slow, n_trials=500)
        """
    )
    child = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    for _ in range(3):
        child.stdout.readline()
    os.kill(child.pid, signal.SIGINT)
    _, err = child.communicate(timeout=20)
    assert child.returncode != 0 and "KeyboardInterrupt" in err
    assert len(bt.Study.open(tmp_path / "c.db").trials) >= 3


def test_import_needs_no_extra():
    code = "import sys; import bayestuner; assert not {'pandas', 'matplotlib', 'tqdm'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_doctor_says_why_not():
    report = bt.doctor()
    assert {"cores", "memory", "argument"} <= {k["name"] for k in report["knobs"]}
    for item in report["knobs"] + report["meters"]:
        assert item["available"] or item["reason"]
