"""Bad input through the command line: one line that says what is wrong, exit code 2, and nothing is touched."""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import pytest

from place import COMMAND, IS_ROOT, TUNE, Place, as_nobody, control_groups

pytestmark = pytest.mark.skipif(not COMMAND, reason="the command is not built; set BAYESTUNER_COMMAND")

Case = Callable[[Place], "list[object] | None"]


def change(this: str, to: str) -> Case:
    return lambda place: place.edit(this, to)


def write(name: str, content: bytes) -> Case:
    def prepare(place: Place) -> list[object]:
        (place.folder / name).write_bytes(content)
        return ["tune", place.folder / name]

    return prepare


def with_parameter(lines: str) -> Case:
    return change("[workload]", f"[[parameter]]\n{lines}\n[workload]")


MEMORY = 'name = "m"\ntype = "ordinal"\nlevels = [64, 128]\ndefault = 128\nknob = { type = "memory", unit = "MiB" }'
SWAPPINESS = (
    'name = "s"\ntype = "integer"\nlow = 10\nhigh = 90\ndefault = 60\n'
    'knob = { type = "file_value", path = "/proc/sys/vm/swappiness" }'
)


def knob_as_nobody(lines: str) -> Case:
    def prepare(place: Place) -> None:
        as_nobody(place)
        with_parameter(lines)(place)

    return prepare


def store_with(damage: Callable[[bytes], bytes]) -> Case:
    def prepare(place: Place) -> None:
        place.tune()
        place.edit("trials = 3", "trials = 4")
        place.store.write_bytes(damage(place.store.read_bytes()))

    return prepare


def other_version(content: bytes) -> bytes:
    return content[:60] + bytes([0, 0, 0, 7]) + content[64:]


def without_parameters(place: Place) -> None:
    place.file.write_text(TUNE[: TUNE.index("[[")] + TUNE[TUNE.index("[workload]") :])


def unreadable(place: Place) -> None:
    as_nobody(place)
    place.file.chmod(0)


def unreadable_store(place: Place) -> None:
    place.tune()
    as_nobody(place)
    place.store.chmod(0o600)


def read_only_folder(place: Place) -> None:
    as_nobody(place)
    place.folder.chmod(0o755)


def another_space(place: Place) -> None:
    place.tune()
    place.edit("high = 4", "high = 5")


def folder_as_store(place: Place) -> None:
    place.store.mkdir()


def table(rows: str, **task: object) -> Case:
    def prepare(place: Place) -> list[object]:
        (place.folder / "table.csv").write_text(rows)
        content = {
            "id": "one", "type": "single", "file": "table.csv", "knobs": ["k"], "budget": 3, "optimum": {"value": 1},
            "objective": {"column": "m", "sense": "min"},
        }  # fmt: skip
        (place.folder / "tasks.json").write_text(json.dumps({"tasks": [content | task]}))
        return ["replay", place.folder / "tasks.json"]

    return prepare


READY = 'ready = { tcp = "{port}", timeout_s = 0.5 }'
COMMAND_LINE = """command = ["/bin/sh", "-c", 'echo "{\\"cost\\": {a}}"']"""

CASES: dict[str, tuple[Case, str]] = {
    # the file
    "unknown key": (change("trials = 3", "trails = 3"), "t.toml:4: study.trails: unknown key"),
    "unknown section": (change("[load]", "[laod]"), "laod: unknown key"),
    "bounds the wrong way round": (change("low = 1\nhigh = 4", "low = 4\nhigh = 1"), "wrong way round"),
    "a bound that is no number": (change("low = 1", 'low = "one"'), "low"),
    "an infinite bound": (change("low = 1", "low = -inf"), "low"),
    "empty space": (change('type = "integer"\nlow = 1\nhigh = 4', 'type = "ordinal"\nlevels = []'), "levels"),
    "no parameter": (without_parameters, "[[parameter]]"),
    "a constraint that nothing satisfies": (
        change('minimize = "cost"', 'minimize = "cost"\nconstraints = ["a > 9"]'), "no configuration satisfies"),
    "a constraint that no real number satisfies": (
        change('type = "integer"', 'type = "real"\nwhen = {}'), "when"),
    "an unsatisfiable rule over real numbers": (
        lambda p: (p.edit('type = "integer"', 'type = "real"'),
                   p.edit('minimize = "cost"', 'minimize = "cost"\nconstraints = ["a > 9"]')) and None, "a > 9"),
    "a default outside the bounds": (change("default = 2", "default = 7"), "7"),
    "wrong syntax": (change("[study]", "[study"), "t.toml:2"),
    "a missing file": (lambda p: ["tune", p.folder / "absent.toml"], "absent.toml: cannot be read: No such file"),
    "a folder": (lambda p: ["tune", p.folder], "is a folder"),
    "binary junk": (write("junk.toml", bytes(range(256)) * 40), "junk.toml:1"),
    "a program": (lambda p: ["tune", sys.executable], "hence no tune file"),
    "an endless file": (lambda p: ["tune", "/dev/zero"], "/dev/zero"),
    "an unreadable file": (unreadable, "t.toml: cannot be read: Permission denied"),
    # the store
    "a store of another version": (store_with(other_version), "has format 7"),
    "a truncated store": (store_with(lambda b: b[: len(b) // 2]), "damaged"),
    "a store cut inside its header": (store_with(lambda b: b[:60]), "not a study file"),
    "text as a store": (store_with(lambda b: b"dear diary, " * 500), "not a study file"),
    "a folder as a store": (folder_as_store, "is a folder"),
    "a store in a file": (change('name = "t"', 'name = "t"\nstore = "t.toml/t.db"'), "t.toml"),
    "a study with another space": (another_space, "another space"),
    "an unreadable store": (unreadable_store, "t.db: cannot be read and written: Permission denied"),
    "a read-only folder": (read_only_folder, "must be there and be writable: Permission denied"),
    # the machine
    "a memory limit that is not permitted": (knob_as_nobody(MEMORY), "m: cannot be set here"),
    "a kernel file that is not permitted": (
        knob_as_nobody(SWAPPINESS), "s: cannot be set here: /proc/sys/vm/swappiness"),
    "a meter that is not there": (
        change("meters = []", 'meters = ["estimate"]\nallow_estimates = false'), "estimate"),
    # the workload
    "a program that is not there": (change('"/bin/sh"', '"/bin/absent"'), "/bin/absent"),
    "a server that is never ready": (
        change(COMMAND_LINE, f'command = ["/bin/sh", "-c", "exec sleep 60 # {{a}}"]\n{READY}'),
        "not ready after 0.5 s"),
    "a server that dies": (
        change(COMMAND_LINE, f'command = ["/bin/sh", "-c", "echo no model {{a}} >&2; exit 3"]\n{READY}'), "no model 2"),
    "a server that is killed": (
        change(COMMAND_LINE, f'command = ["/bin/sh", "-c", "kill -9 $$ # {{a}}"]\n{READY}'), "SIGKILL"),
    "a metric that is never reported": (change('{\\"cost\\"', '{\\"other\\"'), "cost: never reported"),
    "a metric that no meter reports": (change('minimize = "cost"', 'minimize = "power_w"'), "power_w"),
    "a metric that is no number": (change('": {a}}"', '": true}"'), ""),
    # tables and reports
    "a table with NaN": (table("k,m\n1,2\n2,nan\n"), "table.csv:3: column 'm' has 'nan', which is no finite number"),
    "a table with text for a number": (table("k,m\n1,fast\n"), "table.csv:2: column 'm' has 'fast'"),
    "a table with infinity": (table("k,m\n1,inf\n"), "has 'inf'"),
    "a ragged table": (table("k,m\n1,2,3\n"), "3 cells, the header has 2"),
    "a table without a column": (table("k,n\n1,2\n"), "no column 'm'"),
    "an empty table": (table(""), "table.csv"),
    "a missing table": (table("k,m\n", file="absent.csv"), "absent.csv"),
    "a task without a knob": (table("k,m\n1,1\n", knobs=[]), "'knobs' is empty"),
    "tasks that are no JSON": (lambda p: ["replay", p.file], "t.toml"),
    "a missing list of tasks": (lambda p: ["replay", p.folder / "absent.json"], "absent.json"),
    "a folder of tasks": (lambda p: ["replay", p.folder], "is a folder"),
    "a report of nothing": (lambda p: ["report", p.folder / "absent.db"], "no such file"),
    "a report of a folder": (lambda p: ["report", p.folder], "is a folder"),
    "a report of text": (lambda p: ["report", p.file], "not a study file"),
    "a strategy that is not there": (lambda p: ["replay", p.file, "--strategy", "magic"], ""),
    "a command that is not there": (lambda p: ["tuen", p.file], "tuen"),
    "a format that is not there": (lambda p: ["doctor", "--format", "yaml"], "yaml"),
    "no file": (lambda p: ["tune"], "file"),
    "no trials": (lambda p: ["tune", p.file, "--trials", "0"], "trials"),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_bad_input_gets_one_line_and_touches_nothing(name: str, place: Place) -> None:
    prepare, words = CASES[name]
    arguments = prepare(place) or ["tune", place.file]
    place.environment()
    before = place.snapshot()
    process = place.popen(*arguments)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 2, (process.returncode, err)
    assert err.startswith("bayestuner: ") and err.count("\n") == 1 and err.endswith("\n"), err
    assert out == ""
    assert words in err
    assert all(c.isprintable() or c == "\n" for c in err), "a message must not drive the terminal"
    assert place.snapshot() == before
    assert control_groups(process.pid) == []


def test_a_dry_run_touches_nothing(place: Place) -> None:
    place.environment()
    before = place.snapshot()
    code, out, err = place.run("tune", place.file, "--dry-run")
    assert (code, err) == (0, "") and "4 configurations" in out
    assert place.snapshot() == before


@contextlib.contextmanager
def small_disk(place: Place, kib: int) -> Iterator[pathlib.Path]:
    disk = place.folder / "disk"
    disk.mkdir()
    mounted = IS_ROOT and subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={kib}k,mode=1777", "tmpfs", disk], capture_output=True
    )  # fmt: skip
    if not mounted or mounted.returncode != 0:
        pytest.skip("needs the right to mount a small disk")
    try:
        yield disk
    finally:
        subprocess.run(["umount", disk], check=True)


def test_a_disk_that_is_full_from_the_start(place: Place) -> None:
    with small_disk(place, 4) as disk:
        place.edit('name = "t"', f'name = "t"\nstore = "{disk}/t.db"')
        with contextlib.suppress(OSError):
            (disk / "filler").write_bytes(b"x" * 100_000)
        code, out, err = place.run("tune", place.file)
        assert code == 2 and out == "" and err.count("\n") == 1 and "full" in err, (code, err)
        assert [p.name for p in disk.iterdir()] == ["filler"]


def test_a_disk_that_fills_up_loses_no_told_trial(place: Place) -> None:
    with small_disk(place, 1500) as disk:
        place.edit('name = "t"', f'name = "t"\nstore = "{disk}/t.db"')
        place.edit("high = 4", "high = 4000")
        place.edit("trials = 3", 'trials = 500\nstrategy = "random"')
        code, _, err = place.run("tune", place.file, "--quiet")
        assert code == 3 and err.count("\n") == 1 and "full" in err, (code, err)
        code, _, more = place.run("tune", place.file)
        told = [line for line in more.splitlines() if "/500" in line]
        subprocess.run(["mount", "-o", "remount,size=4m", disk], check=True)
        code, out, err = place.run("report", disk / "t.db", "--format", "json")
        trials = [t for t in json.loads(out)["trials"] if t["state"] == "complete"]
        assert code == 0 and len(trials) >= 10 and all(t["metrics"]["cost"] for t in trials), (len(trials), told)


SLOW = """command = ["/bin/sh", "-c", 'echo "{\\"cost\\": {a}}"; exec sleep 30']"""


@contextlib.contextmanager
def running(place: Place, *arguments: object) -> Iterator[subprocess.Popen[str]]:
    """A tune in the middle of its first trial."""
    process = place.popen("tune", *arguments)
    try:
        until = time.monotonic() + 20
        while not place.store.exists() and time.monotonic() < until and process.poll() is None:
            time.sleep(0.02)
        time.sleep(0.3)
        assert process.poll() is None, process.communicate()
        yield process
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)


def test_a_study_is_tuned_once_at_a_time(place: Place) -> None:
    place.edit(COMMAND_LINE, SLOW)
    place.edit("max_s = 5", "max_s = 20\nprecision = 1e-9\ntimeout_s = 60")
    place.edit("min_s = 0.02", "min_s = 20")
    with running(place, place.file) as first:
        code, out, err = place.run("tune", place.file)
        assert code == 3 and out == "" and err.count("\n") == 1, (code, err)
        assert f"study 't' in {place.store}: in use by process {first.pid}" in err
    assert first.returncode == 130
    assert "running" not in place.run("report", place.store, "--format", "json")[1]


def test_two_tunes_do_not_share_a_resource(place: Place) -> None:
    if not IS_ROOT or not os.access("/proc/sys/vm/swappiness", os.W_OK):
        pytest.skip("needs the right to write /proc/sys/vm/swappiness")
    found = pathlib.Path("/proc/sys/vm/swappiness").read_text()
    place.edit(COMMAND_LINE, SLOW)
    place.edit("max_s = 5", "max_s = 20\nprecision = 1e-9\ntimeout_s = 60")
    place.edit("min_s = 0.02", "min_s = 20")
    with_parameter(SWAPPINESS)(place)
    other = place.folder / "other.toml"
    other.write_text(place.file.read_text().replace('name = "t"', 'name = "other"'))
    with running(place, place.file) as first:
        before = place.snapshot()
        code, out, err = place.run("tune", other)
        assert code == 3 and out == "" and err.count("\n") == 1, (code, err)
        assert f"in use by process {first.pid}" in err and "swappiness" in err
        after = place.snapshot()
        assert {k: v for k, v in after.items() if "other" in k} == {k: v for k, v in before.items() if "other" in k}
    assert pathlib.Path("/proc/sys/vm/swappiness").read_text() == found
