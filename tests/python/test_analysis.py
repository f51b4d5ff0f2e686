"""Analyses: data, text and plots of a study, a recorded table and results of a replay."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess

import pytest

import bayestuner as bt
from bayestuner import analysis
from conftest import serve

COMMAND = os.environ.get("BAYESTUNER_COMMAND")


@pytest.fixture
def study(space, tmp_path) -> bt.Study:
    problem = bt.Problem().minimize("power_w").subject_to("throughput >= 100")
    made = bt.Study(space, problem, strategy="random", store=tmp_path / "study.db", seed=2)
    made.optimize(serve, n_trials=20)
    return made


@pytest.fixture
def table(tmp_path) -> pathlib.Path:
    rows = ["cores,batch,power"] + [f"{c},{b},{10 * c + b + 0.5 * c * b}" for c in range(1, 7) for b in range(1, 7)]
    (tmp_path / "table.csv").write_text("\n".join(rows) + "\n")
    task = {
        "id": "full", "type": "single", "file": "table.csv", "knobs": ["cores", "batch"], "budget": 12,
        "objective": {"column": "power", "sense": "min"}, "optimum": {"value": 11.5},
    }  # fmt: skip
    path = tmp_path / "tasks.json"
    path.write_text(json.dumps({"dataset": "test", "tasks": [task]}))
    return path


def everything(study: bt.Study, table: pathlib.Path) -> list[analysis.Analysis]:
    results = bt.replay(table, strategies=["bo", "random"], seeds=3)
    return [
        analysis.importance(study),
        analysis.functional_anova(study, "throughput", resamples=5),
        analysis.interactions(study),
        analysis.partial_dependence(study, "cores", resamples=5),
        analysis.partial_dependence(study, ["cores", "batch"], resamples=0),
        analysis.degree_study(study, max_degree=2),
        analysis.prediction_study(study),
        analysis.prediction_study(table, task="full", evaluations=12, repeats=3),
        *analysis.compare(results),
    ]


@pytest.mark.parametrize("backend", ["matplotlib", "plotly"])
def test_every_analysis_is_data_text_and_a_plot(study, table, backend):
    module = pytest.importorskip(backend)
    if backend == "matplotlib":
        module.use("Agg")
    for one in everything(study, table):
        assert json.loads(json.dumps(one)) == one and len(str(one).splitlines()) > 2, one.kind
        drawn = one.plot(backend=backend)
        if backend == "matplotlib":
            assert drawn.get_xlabel(), one.kind
            module.pyplot.close("all")
        else:
            assert len(drawn.data) > 0 and drawn.to_json(), one.kind
    with pytest.raises(bt.InvalidArgument, match="backend: 'ascii' is none of"):
        analysis.importance(study).plot(backend="ascii")


def test_power_depends_on_cores(study):
    parameters = analysis.importance(study)["parameters"]
    assert [p["parameter"] for p in parameters] == ["cores", "batch"]
    assert parameters[0]["total"]["low"] > 0.8
    law = analysis.interactions(study, degree=1)
    assert law["formula"].startswith("power_w [W] = ")
    curve = analysis.partial_dependence(study, "cores")["points"]
    assert curve[-1]["mean"]["value"] - curve[0]["mean"]["value"] == pytest.approx(90.0, abs=10.0)


def test_a_full_table_is_split_exactly(table):
    exact = analysis.functional_anova(table, task="full", surrogate=None)
    shares = {p["parameter"]: p for p in exact["parameters"]}
    # 10 c + b + c b / 2, c and b of variance 35 / 12 and mean 3.5: (11.75, 2.75) are the slopes of the marginal means.
    v = 35.0 / 12.0
    whole = v * (11.75**2 + 2.75**2) + 0.25 * v * v
    assert shares["cores"]["first"]["value"] == pytest.approx(v * 11.75**2 / whole, rel=1e-9)
    assert exact["pairs"][0]["share"]["value"] == pytest.approx(0.25 * v * v / whole, rel=1e-9)


def test_a_stored_study_is_the_same_source(study, tmp_path):
    assert analysis.interactions(tmp_path / "study.db") == analysis.interactions(study)


def test_refusals_name_what_is_wrong(study, table):
    with pytest.raises(bt.InvalidArgument, match="metric: 'energy' is none of"):
        analysis.importance(study, "energy")
    with pytest.raises(bt.InvalidArgument, match="'clock' is none of those with more than one value: cores, batch"):
        analysis.partial_dependence(study, "clock")
    with pytest.raises(bt.InvalidArgument, match="task: 'other' is not in"):
        analysis.interactions(table, task="other")
    with pytest.raises(bt.InvalidArgument, match="task: 'full' is of recorded tables"):
        analysis.interactions(study, task="full")
    with pytest.raises(bt.InvalidArgument, match="every combination of values must be measured"):
        analysis.functional_anova(study, surrogate=None)
    empty = bt.Study(study.space, study.problem)
    with pytest.raises(bt.InvalidArgument, match="no trial is complete"):
        analysis.importance(empty)


@pytest.mark.skipif(COMMAND is None, reason="BAYESTUNER_COMMAND names no program")
def test_the_command_prints_what_python_gives(study, table, tmp_path):
    def run(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([str(COMMAND), "analyse", *words], cwd=tmp_path, capture_output=True, text=True)

    several = run("study.db", "--what", "importance,interactions,degrees", "--format", "json")
    assert several.returncode == 0, several.stderr
    lines = [json.loads(line) for line in several.stdout.splitlines()]
    assert [line["what"] for line in lines] == ["importance", "interactions", "degrees"]
    assert lines[1]["result"] == analysis.interactions(study)
    exact = run("tasks.json", "--what", "variance", "--surrogate", "none")
    assert exact.returncode == 0 and "every combination measured" in exact.stdout
    for words, text in (
        (("study.db", "--metric", "x"), "metric: 'x' is none of"),
        (("tasks.json", "--name", "y"), "--name: 'y' is no task of"),
        (("study.db", "--what", "interactions", "--degree", "6"), "degree: 6 has more terms"),
        (("study.db", "--what", "dependence", "--parameter", "cores,clock"), "'clock' is none of"),
    ):
        refused = run(*words)
        assert refused.returncode == 2 and text in refused.stderr and refused.stderr.count("\n") == 1, refused.stderr
