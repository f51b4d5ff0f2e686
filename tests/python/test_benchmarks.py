"""The scripts under benchmarks/ that read recorded tables: on a small one, the same as `bayestuner replay` reads it."""

from __future__ import annotations

import importlib.util
import json
import os
import pathlib
import subprocess
import sys

import pytest

import bayestuner as bt

ROOT = pathlib.Path(__file__).resolve().parents[2]
TASK = {
    "id": "small", "type": "constrained", "file": "table.csv", "knobs": ["k_batch", "k_cores"], "n_configs": 24,
    "objective": {"column": "m_power", "sense": "min"}, "optimum": {"value": 3.5}, "budget": 12,
    "constraints": [{"column": "m_rate", "op": ">=", "value": 6}],
}  # fmt: skip


@pytest.fixture
def tasks(tmp_path):
    rows = [(2**i, cores) for i in range(6) for cores in range(1, 5)]
    lines = [f"{b},{c},{c + b / 8},{c * b**0.5},{int(b < 32)}" for b, c in rows]
    (tmp_path / "table.csv").write_text("\n".join(["k_batch,k_cores,m_power,m_rate,ok", *lines]) + "\n")
    path = tmp_path / "tasks.json"
    path.write_text(json.dumps({"dataset": "test", "tasks": [TASK]}))
    return path


def test_a_table_is_read_whole_and_runs_equal_the_replay(tasks):
    spec = importlib.util.spec_from_file_location("recorded", ROOT / "benchmarks/papers/recorded.py")
    recorded = importlib.util.module_from_spec(spec)
    sys.modules["recorded"] = recorded
    spec.loader.exec_module(recorded)
    table = recorded.read(tasks, "small")
    assert len(table.values) == 24 and table.values.count(None) == 4
    assert table.optimum == 3.5  # 3 cores, batch 4: a rate of 6
    rows = recorded.run(table, "bo", 3, 12)
    assert len(set(rows)) == 12
    (line,) = bt.replay(tasks, strategies="bo", first_seed=3)
    assert line["best"] == [table.objective(table.best(rows))]


def test_the_peer_writes_lines_of_the_replay(tasks, tmp_path):
    if importlib.util.find_spec("optuna") is None:
        pytest.skip("optuna is not installed: benchmarks/peers/requirements.txt")
    command = [sys.executable, ROOT / "benchmarks/peers/optuna_replay.py", "--seeds", "2", "--out", tmp_path / "out"]
    paths = os.pathsep.join(filter(None, [str(pathlib.Path(bt.__file__).parents[1]), os.environ.get("PYTHONPATH")]))
    subprocess.run([*command, tasks], check=True, env=os.environ | {"PYTHONPATH": paths})
    (line,) = map(json.loads, (tmp_path / "out").read_text().splitlines())
    (ours,) = bt.replay(tasks, strategies="random", seeds=2)
    assert line.keys() == ours.keys() and line["repeats"] == [0, 0]


def test_calls_of_a_selector_are_timed():
    paths = os.pathsep.join(filter(None, [str(pathlib.Path(bt.__file__).parents[1]), os.environ.get("PYTHONPATH")]))
    script = ROOT / "benchmarks/selection/python_calls.py"
    environment = os.environ | {"PYTHONPATH": paths}
    done = subprocess.run(
        [sys.executable, script, "300"], check=True, env=environment, capture_output=True, text=True, timeout=120
    )
    assert [line.split(",")[0] for line in done.stdout.splitlines()] == ["choose(x)", "select(x)", "select_rows(X)"]
