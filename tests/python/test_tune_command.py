"""A tune as a user lives with it: interrupted, killed, resumed, read by programs, without any rights."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import time

import pytest

from place import COMMAND, Place, as_nobody, control_groups

pytestmark = pytest.mark.skipif(not COMMAND, reason="the command is not built; set BAYESTUNER_COMMAND")


def slow_down(place: Place, trials: int = 6) -> None:
    place.edit("trials = 3", f'trials = {trials}\nstrategy = "exhaustive"')
    place.edit("high = 4", "high = 40")
    place.edit('{a}}"', '{a}}"; exec sleep 30')
    place.edit("max_s = 5", "max_s = 1")
    place.edit("min_s = 0.02", "min_s = 1")


def wait_for_trials(process: subprocess.Popen[str], count: int) -> list[str]:
    """Lines of standard error up to the one that tells trial number `count`."""
    lines: list[str] = []
    assert process.stderr
    for line in process.stderr:
        lines.append(line)
        if re.match(rf" *{count}/", line):
            return lines
    raise AssertionError(lines)


def told(place: Place) -> list[dict]:
    code, out, err = place.run("report", place.store, "--format", "json")
    assert code == 0, err
    return [t for t in json.loads(out)["trials"] if t["state"] in ("complete", "fail")]


def test_json_on_standard_output_and_nothing_else(place: Place) -> None:
    code, out, err = place.run("tune", place.file, "--format", "json")
    assert (code, err) == (0, "")
    answer = json.loads(out)
    assert answer["finished"] == 3 and answer["failed"] == 0 and answer["reason"] == "trials"
    assert set(answer["baseline"]) == {"a"} and answer["comparison"][0]["metric"] == "cost"
    for command in ("doctor", "restore"):
        code, out, err = place.run(command, "--format", "json")
        assert (code, err) == (0, "") and json.loads(out)
    code, out, err = place.run("export", place.store, "--format", "json")
    assert (code, err) == (0, "") and len(json.loads(out)["trials"]) == 3


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupted_tune_is_tidy_and_goes_on(place: Place, how: signal.Signals) -> None:
    slow_down(place)
    process = place.popen("tune", place.file)
    wait_for_trials(process, 2)
    process.send_signal(how)
    out, _ = process.communicate(timeout=20)
    assert process.returncode == 130 and "run the same command again" in out
    assert control_groups(process.pid) == [] and not list(place.folder.glob("state/*.jsonl"))
    before = told(place)
    assert 2 <= len(before) < 6
    code, _, err = place.run("tune", place.file)
    assert code == 0 and f"going on: {len(before)} of 6 trials are there" in err
    after = told(place)
    assert len(after) == 6 and after[: len(before)] == before
    assert len({t["params"]["a"] for t in after}) == 6, "nothing is measured twice"


def test_a_killed_tune_goes_on_and_says_what_it_has(place: Place) -> None:
    slow_down(place)
    process = place.popen("tune", place.file)
    wait_for_trials(process, 2)
    process.kill()
    process.communicate(timeout=20)
    begin = time.monotonic()
    again = place.popen("tune", place.file)
    assert again.stderr
    first = again.stderr.readline()
    assert time.monotonic() - begin < 5.0
    assert re.search(r"going on: [2-5] of 6 trials are there  \| (\* )?best", first), first
    again.communicate(timeout=60)
    assert again.returncode == 0 and len(told(place)) == 6


def test_progress_shows_the_best_and_the_time_left(place: Place) -> None:
    slow_down(place)
    code, out, err = place.run("tune", place.file)
    assert code == 0
    lines = [line for line in err.splitlines() if re.match(r" *\d/6", line)]
    assert len(lines) == 6
    assert all("best " in line and " left]" in line for line in lines), err
    assert "best 1 (-50 %)" in lines[-1]
    assert "recommended" in out or "best measured" in out


def test_without_any_right_cores_fall_back_to_affinity(place: Place) -> None:
    as_nobody(place)
    place.edit("meters = []", 'meters = ["cpu_time"]')
    place.edit(
        "[workload]",
        """[[parameter]]
name = "cores"
type = "integer"
low = 1
high = 1
default = 1
knob = { type = "cores" }
[[parameter]]
name = "memory"
type = "ordinal"
levels = [64, 128]
default = 128
knob = { type = "memory", unit = "MiB", optional = true }
[workload]""",
    )
    # The workload reports how many CPUs it may use: the knob must hold, however it is set.
    place.edit(r"{\"cost\": {a}}", r"{\"cost\": {a}, \"cpus\": $(nproc)}")
    code, out, err = place.run("tune", place.file)
    assert code == 0, err
    assert "cores: set by sched_setaffinity" in err
    assert "memory" in err and "stays" in err
    trials = told(place)
    assert len(trials) == 3 and {t["metrics"]["cpus"]["value"] for t in trials} == {1.0}
    assert {t["params"]["memory"] for t in trials} == {128}
