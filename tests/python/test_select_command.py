"""`bayestuner select`: learn, name, explain; one line for what cannot be learnt."""

from __future__ import annotations

import csv
import json
import pathlib
import random

import pytest

from place import COMMAND
from test_command import refused, run

pytestmark = pytest.mark.skipif(not COMMAND, reason="the command is not built; set BAYESTUNER_COMMAND")

MODELS = ("--models", "small,large", "--costs", "small=1,large=4")


def write(path: pathlib.Path, rows: list[list[object]]) -> pathlib.Path:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    return path


@pytest.fixture
def table(tmp_path: pathlib.Path) -> pathlib.Path:
    """Long inputs need the large model, short ones the small, the longest have none; `copy` says nothing new."""
    draw = random.Random(1)
    rows: list[list[object]] = [["length", "copy", "tongue", "small", "large", "part"]]
    for i in range(300):
        length = draw.uniform(0, 60)
        tongue = draw.choice(["en", "fr"])
        rows.append(
            [length, 2 * length, tongue, int(length < 24), int(8 < length < 44), "test" if i % 5 == 0 else "train"]
        )
    return write(tmp_path / "table.csv", rows)


@pytest.fixture
def inputs(tmp_path: pathlib.Path) -> pathlib.Path:
    return write(
        tmp_path / "inputs.csv",
        [["copy", "tongue", "length"], [10, "en", 5], [60, "fr", 30], [110, "en", 55], [10, "xx", 5]],
    )


def fit(table: pathlib.Path, *options: object) -> tuple[pathlib.Path, dict]:
    out = table.with_suffix(".selector")
    done = run("select", "fit", table, *MODELS, "--features", "length,copy,tongue", *options, "--out", out,
               "--format", "json")  # fmt: skip
    return out, json.loads(done.stdout)


def test_fit_says_what_was_learnt(table):
    _, learnt = fit(table, "--estimator", "knn", "--most-correlation", 0.9)
    assert (learnt["rows"], learnt["estimator"], learnt["policy"]) == (300, "knn", "max_score")
    assert [c["name"] for c in learnt["candidates"]] == ["small", "large"]
    assert 0 < learnt["unanswered_points"] < 100
    dropped = {(d["name"], d["for"]): d["correlation"] for d in learnt["dropped"]}
    assert dropped.get(("copy", "length"), dropped.get(("length", "copy"), 0)) > 0.9
    validated = learnt["cross_validated"]
    assert validated["best_single_score"] <= validated["score"] + 0.02 <= validated["oracle_score"] + 0.02
    assert 1.0 <= validated["cost"] <= 4.0


def test_fit_tries_estimators_and_prints_a_table(table):
    out = table.with_suffix(".selector")
    text = run("select", "train", table, *MODELS, "--features", "length", "--out", out).stdout
    assert "tried constant" in text and "tried mix" in text
    assert "cross-validated score" in text and f"written: {out}" in text


def test_predict_names_a_model_for_each_input(table, inputs):
    selector, _ = fit(table, "--estimator", "cascade", "--fallback", "none")
    text = run("select", "predict", selector, inputs).stdout.splitlines()
    assert [line.split()[1] for line in text[1:4]] == ["small", "large", "-"] and len(text) == 5
    cells = list(csv.DictReader(run("select", "predict", selector, inputs, "--format", "csv").stdout.splitlines()))
    assert [c["model"] for c in cells[:3]] == ["small", "large", "-"]
    assert cells[2]["status"] == "declined" and float(cells[1]["cost"]) == 4.0
    lines = [json.loads(x) for x in run("select", "predict", selector, inputs, "--format", "json").stdout.splitlines()]
    assert [x["model"] for x in lines[:3]] == ["small", "large", None]
    assert set(lines[0]["scores"]) == {"small", "large"}


def test_predict_keeps_a_batch_within_its_budget(table, tmp_path):
    selector, learnt = fit(table, "--estimator", "knn", "--max-mean-cost", 2)
    assert learnt["lambda"] > 0
    inputs = write(tmp_path / "many.csv", [["length", "copy", "tongue"], *[[x, 2 * x, "en"] for x in range(60)]])
    rows = csv.DictReader(run("select", "predict", selector, inputs, "--format", "csv").stdout.splitlines())
    costs = [float(row["cost"]) for row in rows]
    assert 1.0 < sum(costs) / len(costs) <= 2.0


def test_explain_gives_votes_neighbours_and_what_is_new(table, inputs):
    selector, _ = fit(table, "--estimator", "cascade", "--fallback", "none")
    why = json.loads(run("select", "explain", selector, inputs, "--row", 1, "--format", "json").stdout)
    assert why["model"] == "large" and why["status"] == "chosen"
    assert {s["model"]: s["says_yes"] for s in why["stages"]} == {"small": False, "large": True}
    assert len(why["neighbours"]) == 5 and all(n["scores"]["large"] == 1 for n in why["neighbours"])
    text = run("select", "explain", selector, inputs, "--row", 2, "--neighbours", 2).stdout
    assert text.startswith("no model: declined") and text.count("  row ") == 2
    text = run("select", "explain", selector, inputs, "--row", 3).stdout
    assert "feature tongue: a level never seen" in text


def test_fit_takes_a_task_and_learns_its_training_rows(table, tmp_path):
    task = {
        "id": "lengths", "type": "selection", "file": "table.csv", "models": ["small", "large"],
        "features": ["length"], "score_columns": "<model>", "higher_is_better": True, "split_column": "part",
        "cost_per_call": {"small": 1, "large": 4}, "max_mean_cost": 2.5,
    }  # fmt: skip
    tasks = tmp_path / "tasks.json"
    tasks.write_text(json.dumps({"tasks": [task, {**task, "id": "second"}]}))
    out = tmp_path / "a.selector"
    arguments = ("select", "fit", tasks, "--estimator", "logistic", "--out", out, "--format", "json")
    assert "--task: is needed, there are lengths, second" in refused(*arguments)
    assert "--task: 'third', there are lengths, second" in refused(*arguments, "--task", "third")
    learnt = json.loads(run(*arguments, "--task", "lengths", "--cross-validate", 0).stdout)
    assert learnt["rows"] == 240 and learnt["policy"] == "max_score(max_mean_cost=2.5)"
    assert learnt["cross_validated"] is None
    assert "describe a table" in refused(*arguments, "--task", "lengths", "--models", "small,large")


def test_select_refuses_in_one_line(table, inputs, tmp_path):
    out = tmp_path / "no.selector"
    start = ("select", "fit", table, "--out", out)
    assert "--models: a table alone does not say" in refused(*start)
    assert "none are named, and no column begins with f_" in refused(*start, *MODELS)
    start = (*start, *MODELS, "--features", "length")
    assert "belongs to policy min_cost, not to optimum" in refused(*start, "--policy", "optimum", "--min-score", 0.9)
    assert "needs --min-probability" in refused(*start, "--policy", "per_input")
    assert "max_mean_cost: 0.5 is below the cheapest" in refused(*start, "--estimator", "knn", "--max-mean-cost", 0.5)
    assert "estimator: 'oracle' is none of" in refused(*start, "--estimator", "oracle")
    assert "fallback: 'medium' is none of the models" in refused(*start, "--estimator", "knn", "--fallback", "medium")
    assert "--costs: 'medium' is no model" in refused(*start, "--costs", "medium=1")
    assert "--cross-validate: is not 0 or at least 2" in refused(*start, "--cross-validate", 1)
    assert "has no column 'size'" in refused("select", "fit", table, "--out", out, *MODELS, "--features", "size")
    assert not out.exists()

    selector, _ = fit(table, "--estimator", "knn", "--cross-validate", 0)
    assert "has no column 'copy'" in refused(
        "select", "predict", selector, write(tmp_path / "few.csv", [["length"], [1]])
    )
    bad = write(tmp_path / "bad.csv", [["length", "copy", "tongue"], [1, 2, "en"], ["long", 2, "en"]])
    assert "bad.csv:3: column 'length' has 'long'" in refused("select", "predict", selector, bad)
    gap = write(tmp_path / "gap.csv", [["length", "copy", "tongue"], ["", 2, "en"]])
    assert "row 0: feature 'length': NaN is missing" in refused("select", "predict", selector, gap)
    assert "--row: 9 is not in [0, 4)" in refused("select", "explain", selector, inputs, "--row", 9)
    assert "is no selector's file" in refused("select", "predict", inputs, inputs)
    assert "does not exist" in refused("select", "predict", tmp_path / "absent", inputs)
