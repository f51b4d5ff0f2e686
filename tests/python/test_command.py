"""The bayestuner command as people meet it: exit codes, one line for bad input, JSON where asked."""

from __future__ import annotations

import csv
import gzip
import json
import os
import pathlib
import shutil
import subprocess

import pytest

import bayestuner as bt
from conftest import serve

COMMAND = os.environ.get("BAYESTUNER_COMMAND") or shutil.which("bayestuner")
pytestmark = pytest.mark.skipif(not COMMAND, reason="the command is not built; set BAYESTUNER_COMMAND")


def run(*args: object, code: int = 0) -> subprocess.CompletedProcess[str]:
    done = subprocess.run([COMMAND, *map(str, args)], capture_output=True, text=True, timeout=120)
    assert done.returncode == code, done.stderr
    return done


def refused(*args: object) -> str:
    """Exit code 2 and exactly one line."""
    done = run(*args, code=2)
    assert done.stderr.startswith("bayestuner: ") and done.stderr.count("\n") == 1, done.stderr
    assert done.stdout == ""
    return done.stderr


@pytest.fixture
def tasks(tmp_path: pathlib.Path) -> pathlib.Path:
    """A recorded table: 8 x 6 configurations, two of which fail, one measured twice."""
    with gzip.open(tmp_path / "table.csv.gz", "wt", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["problem", "k_cores", "k_batch", "m_power", "m_rate", "ok"])
        for cores in range(1, 9):
            for batch in (1, 2, 4, 8, 16, 32):
                rate = 10.0 * cores * batch / (batch + 4)
                row = ["p", cores, batch, 5.0 + 2.0 * cores + 0.1 * batch, rate, int(batch < 32 or cores < 7)]
                writer.writerow(row if row[5] else [*row[:3], "", "", 0])
        writer.writerow(["other", 1, 1, 0.1, 1e9, 1])
    task = {
        "id": "small",
        "type": "constrained",
        "file": "table.csv.gz",
        "filter": {"problem": "p"},
        "knobs": ["k_cores", "k_batch"],
        "objective": {"column": "m_power", "sense": "min"},
        "constraints": [{"column": "m_rate", "op": ">=", "value": 30.0}],
        "optimum": {"value": 14.6},
        "budget": 25,
        "extra": "is ignored",
    }
    path = tmp_path / "tasks.json"
    path.write_text(json.dumps({"dataset": "test", "tasks": [task]}))
    return path


def test_replay_prints_what_its_format_says(tasks):
    lines = [
        json.loads(line)
        for line in run(
            "replay", tasks, "--strategy", "bo,random", "--seeds", 3, "--format", "json"
        ).stdout.splitlines()
    ]
    assert [line["strategy"] for line in lines] == ["bo", "random"]
    for line in lines:
        assert set(line) == {
            "task",
            "type",
            "strategy",
            "budget",
            "seeds",
            "best",
            "gap",
            "gap_at",
            "failures",
            "repeats",
            "ask_s",
            "wall_s",
        }
        assert line["seeds"] == [0, 1, 2] and line["repeats"] == [0, 0, 0]
        assert set(line["gap_at"]) == {"10", "20"} and set(line["ask_s"]) == {"median", "p99", "max"}
        assert all(g is None or g >= 0 for g in line["gap"])
    assert max(lines[0]["gap"]) == 0.0


def test_replay_does_not_depend_on_jobs(tasks):
    def numbers(jobs):
        out = run(
            "replay", tasks, "--strategy", "bo,sobol,lhs", "--seeds", 4, "--jobs", jobs, "--format", "json"
        ).stdout
        return [
            {k: v for k, v in json.loads(line).items() if k not in ("ask_s", "wall_s")} for line in out.splitlines()
        ]

    assert numbers(1) == numbers(3)


def edit(tasks: pathlib.Path, **changes: object) -> None:
    content = json.loads(tasks.read_text())
    for key, value in changes.items():
        if value is None:
            content["tasks"][0].pop(key)
        else:
            content["tasks"][0][key] = value
    tasks.write_text(json.dumps(content))


def test_replay_measures_gaps_from_what_the_candidates_hold(tasks):
    """A stated optimum that no mean of readings reaches is named, and no gap is counted from it."""
    exact = run("replay", tasks, "--budget", 48, "--strategy", "exhaustive", "--format", "json")
    best = json.loads(exact.stdout)["best"]
    edit(tasks, optimum={"value": best[0] / 2})
    done = run("replay", tasks, "--budget", 48, "--strategy", "exhaustive", "--format", "json")
    assert json.loads(done.stdout)["gap"] == [0.0]
    assert "states the optimum" in done.stderr and "best mean" in done.stderr


def test_replay_refuses_bad_tables(tasks, tmp_path):
    assert "'magic' is none of" in refused("replay", tasks, "--strategy", "magic")
    assert "'nope' is not in" in refused("replay", tasks, "--task", "nope")
    edit(tasks, optimum=None)
    assert "task small: the key 'optimum' is missing" in refused("replay", tasks)
    edit(tasks, optimum={"value": 14.6}, file="bad.csv", filter=None)
    (tmp_path / "bad.csv").write_text("k_cores,k_batch,m_power,m_rate\n1,1,5,nan\n")
    assert "bad.csv:2: column 'm_rate' has 'nan'" in refused("replay", tasks)
    (tmp_path / "bad.csv").write_text("k_cores,k_batch,m_power,m_rate\n1,1,5\n")
    assert "bad.csv:2: 3 cells, the header has 4" in refused("replay", tasks)
    edit(tasks, constraints=[{"column": "m_absent", "op": "<=", "value": 1}])
    (tmp_path / "bad.csv").write_text("k_cores,k_batch,m_power,m_rate\n1,1,5,2\n")
    assert "has no column 'm_absent'" in refused("replay", tasks)


def test_replay_reports_a_bad_task_and_runs_the_others(tasks, tmp_path):
    content = json.loads(tasks.read_text())
    content["tasks"].append(content["tasks"][0] | {"id": "broken", "file": "absent.csv"})
    tasks.write_text(json.dumps(content))
    done = run("replay", tasks, "--format", "json", code=1)
    assert done.stderr.startswith("bayestuner: broken: ") and done.stderr.count("\n") == 1
    assert [json.loads(line)["task"] for line in done.stdout.splitlines()] == ["small"]


@pytest.fixture
def store(tmp_path, space, problem) -> pathlib.Path:
    study = bt.Study(space, problem, name="served", store=tmp_path / "served.db")
    study.enqueue_trial({"cores": 16, "batch": 8})
    study.optimize(serve, n_trials=8)
    return tmp_path / "served.db"


def test_reports_in_every_format(store, tmp_path):
    text = run("report", store).stdout
    assert "best:" in text and "baseline:" in text
    assert len(json.loads(run("report", store, "--format", "json").stdout)["trials"]) == 8
    assert run("report", store, "--format", "csv").stdout.count("\n") == 9
    run("report", store, "--format", "html", "--out", tmp_path / "r.html")
    page = (tmp_path / "r.html").read_text()
    assert page.count("<svg") == page.count("</svg>") >= 3
    assert "<script" not in page and "href=" not in page and "src=" not in page


def test_an_exported_study_can_be_replayed(store, tmp_path):
    run("export", store, "--table", tmp_path / "table")
    line = json.loads(run("replay", tmp_path / "table" / "tasks.json", "--format", "json").stdout)
    assert line["gap"] == [0.0]


def test_bad_stores_get_one_line_and_stay_as_they_are(store, tmp_path):
    assert "no such file" in refused("report", tmp_path / "missing.db")
    text = tmp_path / "text.db"
    text.write_text("not a study at all, but long enough to look like a file with a header " * 5)
    before = text.read_bytes()
    assert "is not a study file" in refused("report", text)
    assert text.read_bytes() == before
    whole = store.read_bytes()
    cut = tmp_path / "cut.db"
    cut.write_bytes(whole[: len(whole) // 2])
    assert "damaged" in refused("report", cut)
    assert cut.read_bytes() == whole[: len(whole) // 2]
    newer = bytearray(whole)
    newer[63] = 7
    (tmp_path / "newer.db").write_bytes(newer)
    assert "has format 7" in refused("report", tmp_path / "newer.db")


TUNE = """
[study]
name = "t"
trials = 2
[problem]
minimize = "cost"
[[parameter]]
name = "a"
type = "integer"
low = 1
high = 4
default = 1
[workload]
type = "process"
command = ["sleep", "60"]
[load]
type = "none"
[measure]
meters = []
"""


@pytest.mark.parametrize(
    ("change", "to", "words"),
    [
        ("trials = 2", "trails = 2", "trails"),
        ("low = 1\nhigh = 4", "low = 4\nhigh = 1", "wrong way round"),
        ('minimize = "cost"', 'minimize = "cost"\nconstraints = ["a > 9"]', "a > 9"),
        ('minimize = "cost"', 'minimize = "cost"\nconstraints = ["a >"]', "ends too early"),
        ('type = "integer"', 'type = "number"', "number"),
        ("default = 1", 'default = 1\nknob = { type = "warp" }', "warp"),
        ('command = ["sleep", "60"]', 'command = ["sleep", "{b}"]', "b"),
        ("[study]", "[study", "tune.toml"),
    ],
)
def test_bad_tune_files_get_one_line(tmp_path, change, to, words):
    assert change in TUNE
    (tmp_path / "tune.toml").write_text(TUNE.replace(change, to))
    assert words in refused("tune", tmp_path / "tune.toml")
    assert not list(tmp_path.glob("*.db"))


def test_doctor_and_restore_answer():
    assert "knobs" in run("doctor").stdout
    report = json.loads(run("doctor", "--format", "json").stdout)
    assert all(item["available"] or item["reason"] for item in report["knobs"] + report["meters"])
    assert json.loads(run("restore", "--format", "json").stdout)["complete"]


def test_help_names_the_exit_codes():
    assert "130 interrupted" in run("--help").stdout
    assert refused("fly") and refused()
