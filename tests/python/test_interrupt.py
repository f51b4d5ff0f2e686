"""Ctrl-C, as a real SIGINT to a process of its own: everything that runs long stops soon, the machine is given back,
and the study can be resumed."""

from __future__ import annotations

import json
import os
import pathlib
import signal
import subprocess
import sys
import textwrap
import time

import pytest

import bayestuner as bt

COMMON = """
import json, os, sys, threading, time
import bayestuner as bt
from bayestuner import knob, runner
folder = {folder!r}
space = bt.Space([bt.Integer("a", 0, 999)])
problem = bt.Problem().minimize("y")
def study(**options):
    return bt.Study(space, problem, store=os.path.join(folder, "s.db"), seed=1, **options)
def ready():
    print("ready", flush=True)
"""

PRINTER = """
import time
while True:
    print('{"y": 1.0}', flush=True)
    time.sleep(0.01)
"""


def interrupt(code: str, folder, after: int = 1) -> str:
    """Runs `code`, sends SIGINT once it has said "ready" so often, and gives what it printed afterwards."""
    script = COMMON.format(folder=str(folder)) + textwrap.dedent(code)
    environment = os.environ | {"PYTHONPATH": str(pathlib.Path(bt.__file__).absolute().parents[1])}
    child = subprocess.Popen(
        [sys.executable, "-c", script],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=folder,
        env=environment,
    )
    try:
        for _ in range(after):
            line = child.stdout.readline()
            assert line == "ready\n", line + child.stderr.read()
        time.sleep(0.2)
        os.kill(child.pid, signal.SIGINT)
        # No time is asserted: what is interrupted would last an hour, and this ends the test long before.
        out, err = child.communicate(timeout=300)
    finally:
        child.kill()
        child.wait()
    assert child.returncode in (130, -signal.SIGINT, 1), err
    assert "KeyboardInterrupt" in err, err
    return out


def resumed(folder) -> bt.Study:
    return bt.Study.open(folder / "s.db")


def test_optimize_inside_a_python_objective(tmp_path):
    interrupt("study().optimize(lambda t: (ready(), time.sleep(3600)), n_trials=5)", tmp_path)
    left = resumed(tmp_path).trials
    assert [t.state for t in left] == [bt.TrialState.WAITING]  # back in the queue: nothing is known against it
    study = bt.Study(bt.Space([bt.Integer("a", 0, 999)]), bt.Problem().minimize("y"), store=tmp_path / "s.db")
    study.optimize(lambda trial: float(trial["a"]), n_trials=3)
    assert study.trials[0].params == left[0].params and study.finished == 3


def test_optimize_with_a_runner_of_cpp_alone(tmp_path):
    (tmp_path / "config").write_text("found\n")
    (tmp_path / "printer.py").write_text(PRINTER)
    interrupt(
        """
        work = runner.ProcessWorkload([sys.executable, "printer.py"], directory=folder)
        file = knob.ConfigFile(os.path.join(folder, "config"), "a = {a}\\n", space.parameters[0])
        run = bt.TrialRunner(work, knobs=[file],
            measure=bt.MeasureOptions(warm_up_s=0, settle_s=0, min_s=50, max_s=60), state_directory=folder,
            phase=lambda at: ready() if at == "measuring" else None)
        study().optimize(run, n_trials=5)
        """,
        tmp_path,
    )
    assert (tmp_path / "config").read_text() == "found\n"
    assert [t.state for t in resumed(tmp_path).trials] == [bt.TrialState.WAITING]


def test_optimize_in_several_threads(tmp_path):
    interrupt(
        """
        work = lambda trial: (ready(), time.sleep(0.5), float(trial["a"]))[-1]
        study().optimize(work, n_trials=500, n_jobs=2)
        """,
        tmp_path,
        after=2,
    )
    trials = resumed(tmp_path).trials
    assert 1 <= len(trials) <= 8
    assert all(t.state in (bt.TrialState.COMPLETE, bt.TrialState.WAITING) for t in trials)


def test_a_runner_in_several_threads(tmp_path):
    interrupt(
        """
        run = bt.TrialRunner(lambda params: time.sleep(0.01), phase=lambda at: ready() if at == "measuring" else None,
            measure=bt.MeasureOptions(warm_up_s=0, settle_s=0, min_s=50, max_s=60))
        bt.Study(space, bt.Problem().maximize("throughput"), store="s.db").optimize(run, n_trials=9, n_jobs=2)
        """,
        tmp_path,
    )
    assert not any(t.state == bt.TrialState.COMPLETE for t in resumed(tmp_path).trials)


def test_recommend(tmp_path):
    interrupt(
        """
        s = study()
        s.optimize(lambda t: float(t["a"]), n_trials=4)
        s.recommend(lambda t: (ready(), time.sleep(3600)))
        """,
        tmp_path,
    )
    assert sum(t.state == bt.TrialState.COMPLETE for t in resumed(tmp_path).trials) == 4


def test_a_callback(tmp_path):
    interrupt(
        """
        study().optimize(lambda t: float(t["a"]), n_trials=4, callbacks=[lambda s, t: (ready(), time.sleep(3600))])
        """,
        tmp_path,
    )
    assert [t.state for t in resumed(tmp_path).trials] == [bt.TrialState.COMPLETE]  # it was told before


def test_an_own_strategy(tmp_path):
    interrupt(
        """
        class Thinks:
            def suggest(self, history):
                ready()
                time.sleep(3600)
        study(strategy=Thinks()).optimize(lambda t: 1.0, n_trials=4)
        """,
        tmp_path,
    )
    assert resumed(tmp_path).trials == []


def test_tune_file(tmp_path):
    (tmp_path / "config").write_text("found\n")
    (tmp_path / "printer.py").write_text(PRINTER)
    (tmp_path / "tune.toml").write_text(
        textwrap.dedent(
            f"""
            [study]
            store = "s.db"
            trials = 5
            [problem]
            minimize = "y"
            [[parameter]]
            name = "a"
            type = "integer"
            low = 1
            high = 9
            [parameter.knob]
            type = "config_file"
            path = "{tmp_path}/config"
            template = "a = {{a}}"
            [workload]
            command = ["{sys.executable}", "printer.py"]
            [load]
            type = "none"
            [measure]
            meters = []
            warm_up_s = 0.0
            min_s = 50.0
            max_s = 60.0
            timeout_s = 90.0
            """
        )
    )
    interrupt(
        """
        os.environ["BAYESTUNER_STATE_DIR"] = folder
        def watch():
            while not open("config").read().startswith("a ="):
                time.sleep(0.05)
            ready()
        threading.Thread(target=watch, daemon=True).start()
        bt.tune_file("tune.toml")
        """,
        tmp_path,
    )
    assert (tmp_path / "config").read_text() == "found\n"
    assert [t.state for t in resumed(tmp_path).trials] == [bt.TrialState.WAITING]


@pytest.mark.parametrize("jobs", [1, 2])
def test_replay(tmp_path, jobs):
    rows = "".join(f"{a},{b},{(a - 30) ** 2 + b}\n" for a in range(60) for b in range(60))
    (tmp_path / "t.csv").write_text("a,b,y\n" + rows)
    task = {
        "id": "t",
        "type": "single",
        "file": "t.csv",
        "knobs": ["a", "b"],
        "budget": 3000,
        "optimum": {"value": 0.0},
    }
    task["objective"] = {"column": "y", "sense": "min"}
    (tmp_path / "tasks.json").write_text(json.dumps({"dataset": "d", "tasks": [task]}))
    interrupt(
        f"""
        threading.Timer(0.5, ready).start()
        bt.replay("tasks.json", strategies="bo", seeds=100, jobs={jobs})
        """,
        tmp_path,
    )


def test_a_surrogate_in_python(tmp_path):
    interrupt(
        """
        import numpy as np
        class Slow:
            def fit(self, x, y, noise):
                if len(x) > 5:
                    ready()
                    time.sleep(3600)
            def predict(self, x):
                return np.zeros(len(x)), np.ones(len(x))
        s = study(strategy=bt.BayesianOptimisation(surrogate=Slow))
        s.optimize(lambda t: float(t["a"]), n_trials=20)
        """,
        tmp_path,
    )
    assert all(t.state == bt.TrialState.COMPLETE for t in resumed(tmp_path).trials)
