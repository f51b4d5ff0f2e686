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
    _, err = child.communicate(timeout=120)
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


def test_values_in_every_form(space):
    study = bt.Study(space, bt.Problem().minimize("y").maximize("z"), strategy="random")
    forms = [
        {"y": 1.0, "z": (2.0, 0.5)},
        [1.0, (2.0, 0.5)],
        ((1.0, 0.0), bt.Metric(2.0, 0.5)),
        {"y": 1, "z": bt.Metric(2.0, 0.5, n=3), "extra": True},
    ]
    for form in forms:
        study.tell(study.ask(), form)
    assert [t.values["y"] for t in study.trials] == [1.0] * 4
    assert [t.metrics["z"].standard_error for t in study.trials] == [0.5] * 4
    trial = study.ask()
    for wrong, text in (
        (1.0, "in the order y, z"),
        ([1.0, 2.0, 3.0], "in the order y, z"),
        ({"y": "much", "z": 1.0}, "metric: 'much' is neither"),
        ({"y": (1.0, 2.0, 3.0), "z": 1.0}, "pair"),
        ({"y": float("nan"), "z": 1.0}, "not a finite number"),
        ({"y": (1.0, -1.0), "z": 1.0}, "standard error"),
    ):
        with pytest.raises(ValueError, match=text):
            study.tell(trial, wrong)
    assert study.trials[-1].state == bt.TrialState.RUNNING


def test_problems_as_texts():
    problem = bt.Problem("-power_w, throughput", ["latency_p99_s <= 0.05"])
    assert (problem.objectives, problem.directions) == (["power_w", "throughput"], ["minimize", "maximize"])
    assert problem.constraint_metrics == ["latency_p99_s"]
    for wrong in ("", "-", "a,,b"):
        with pytest.raises(ValueError):
            bt.Problem(wrong)


def test_tell_states(space, problem):
    study = bt.Study(space, problem)
    trial = study.ask()
    with pytest.raises(ValueError, match="cannot be told"):
        study.tell(trial, state=bt.TrialState.PRUNED)
    with pytest.raises(ValueError, match="values: None"):
        study.tell(trial)
    study.tell(trial.number, serve(trial), bt.TrialState.COMPLETE)
    study.tell(trial, state=bt.TrialState.FAIL, skip_if_finished=True)
    assert study.trials[0].state == bt.TrialState.COMPLETE
    with pytest.raises(ValueError, match="told before"):
        study.tell(trial, state=bt.TrialState.FAIL)
    with pytest.raises(ValueError, match="no trial has number 99"):
        study.tell(99, serve(trial))


def test_optimize_takes_what_optuna_takes(space, problem):
    import gc

    collected = []
    gc.callbacks.append(lambda phase, info: collected.append(info["generation"]))
    try:
        study = bt.Study(space, problem)
        study.optimize(serve, 3, None, 1, (ValueError,), [lambda s, t: None], True, False)
        assert collected.count(2) >= 3
    finally:
        gc.callbacks.pop()
    assert study.optimize(serve, timeout=0.0) == "seconds"
    assert study.optimize(serve, n_trials=4, n_jobs=2) == "trials" and study.finished == 7
    stopper = study.optimize(serve, n_trials=50, callbacks=[lambda s, t: s.stop()])
    assert stopper == "stopped" and study.finished == 8
    assert study.recommend(serve).repeats >= 3  # what stopped the search does not stop the verification


def test_uncaught_errors_are_recorded_in_one_line_and_raised(space, problem):
    study = bt.Study(space, problem)

    def broken(trial):
        raise KeyError("first\nsecond")

    with pytest.raises(KeyError):
        study.optimize(broken, n_trials=3)
    assert [(t.state, t.reason) for t in study.trials] == [(bt.TrialState.FAIL, "crashed")]
    assert study.trials[0].message.startswith("KeyError: ") and "\n" not in study.trials[0].message


def test_trials_travel_to_another_study(space, problem):
    first = bt.Study(space, problem, seed=1)
    first.optimize(serve, n_trials=5)
    second = bt.Study(space, bt.Problem().maximize("throughput"))
    second.add_trials(first.trials)
    assert second.add_trial({"cores": 1, "batch": 1}, {"throughput": 1e6, "power_w": 1.0}) == 5
    assert second.best_params == {"cores": 1, "batch": 1}
    assert [t.params for t in second.trials[:5]] == [t.params for t in first.trials]
    with pytest.raises(ValueError, match="only a finished one"):
        second.add_trial(first.ask())


def test_dataframe_columns_are_optunas_and_more(space):
    pandas = pytest.importorskip("pandas")
    study = bt.Study(space, bt.Problem("-power_w", ["throughput >= 0.5 * baseline"]), strategy="random", seed=1)

    def measured(trial):
        if trial["batch"] == 1:
            raise bt.TrialFailed("no", "timed_out")
        return serve(trial) | {"energy_j": 3.0}

    study.enqueue_trial({"cores": 4, "batch": 1})
    study.optimize(measured, n_trials=9)
    study.set_user_attr(0, "note", "hello")
    frame = study.trials_dataframe()
    head = ["number", "value", "datetime_start", "datetime_complete", "duration", "params_cores", "params_batch"]
    assert list(frame.columns[:8]) == [*head, "user_attrs_note"]
    assert frame["state"][0] == "FAIL" and frame["reason"][0] == "timed_out"
    assert frame["system_attrs_is_baseline"][0] and frame["system_attrs_message"][0] == "no"
    assert frame["energy_j"].sum() == 3.0 * (frame["state"] == "COMPLETE").sum()
    assert (frame["duration"] >= pandas.Timedelta(0)).all()
    some = study.trials_dataframe(["number", "value", "params"], multi_index=True)
    assert list(some.columns) == [("number", ""), ("value", ""), ("params", "cores"), ("params", "batch")]
    with pytest.raises(ValueError, match="attrs: colour is none of"):
        study.trials_dataframe(["colour"])

    other = bt.Study(space, bt.Problem().minimize("power_w").maximize("throughput").subject_to("power_w <= 60"))
    other.optimize(serve, n_trials=6)
    frame = other.trials_dataframe()
    assert {"values_power_w", "values_throughput"} <= set(frame.columns) and "value" not in frame.columns
    assert ((frame["constraints_power_w"] <= 0) == frame["feasible"]).all()
    assert list(bt.Study(space, bt.Problem("-y")).trials_dataframe().columns) == []


def test_recipes(space):
    seen = []
    options = {"n_trials": 12, "today": {"cores": 16, "batch": 16}, "seed": 1}
    answer = bt.minimize_power(
        serve, space, min_throughput="0.5 * baseline", callbacks=[lambda s, t: seen.append(t.number)], **options
    )
    assert answer.confirmed and answer.gain.value > 0.2 and seen == list(range(12))
    fast = bt.maximize_throughput(serve, space, max_power_w=60, **options)
    assert fast.metrics["power_w"].value <= 60 and fast.confirmed
    study = bt.pareto(serve, space, "power_w", "+throughput", subject_to=["power_w <= 80"], n_trials=20, seed=1)
    assert study.directions == ["minimize", "maximize"] and study.finished == 20
    assert len(study.best_trials) >= 4 and all(t.values["power_w"] <= 80 for t in study.best_trials)
    assert bt.minimize_power(serve, space, min_throughput=1e9, n_trials=3) is None
    with pytest.raises(ValueError, match="n_trials: 0"):
        bt.minimize_power(serve, space, n_trials=0)


def test_recipes_resume(space, tmp_path):
    count = []

    def counted(trial):
        count.append(1)
        return serve(trial)

    for trials in (4, 9):
        bt.pareto(counted, space, "power_w", "+throughput", n_trials=trials, store=tmp_path / "p.db")
    assert len(count) == 9


def test_doctor_restore_say_all(tmp_path):
    report = bt.doctor()
    for item in report["knobs"]:
        assert set(item) >= {"name", "available", "reason", "remedy", "detail", "allowed", "mechanism", "privilege"}
    for item in report["meters"]:
        assert set(item) >= {"name", "available", "reason", "remedy", "detail", "provenance", "unit", "source"}
    assert bt.restore(str(tmp_path)) == []
