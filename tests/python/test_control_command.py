"""`bayestuner control run`: a live server under a cap, as people meet it."""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import pty
import select
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator

import pytest

COMMAND = os.environ.get("BAYESTUNER_COMMAND") or shutil.which("bayestuner")
pytestmark = pytest.mark.skipif(not COMMAND, reason="the command is not built; set BAYESTUNER_COMMAND")

SERVER = pathlib.Path(__file__).with_name("batch_server.py")
FOUND = {"max_batch": 4, "threads": 1}
CONTROL = """
[control]
controller = "pseudo_binary"
options = {{ window_batches = 1 }}
power_cap_w = 1000.0
window_s = 0.2
journal = "journal.jsonl"
{control}
[server]
url = "http://127.0.0.1:{port}/control"
batches = [1, 2, 4, 8, 16]
{server}
[meter]
name = "estimate"
allow_estimates = true
period_s = 0.05
[fail_safe]
spike_ratio = 100.0
{more}
"""


class Place:
    """A folder with a control file, and the server that it names."""

    def __init__(self, folder: pathlib.Path, port: int, pid: int):
        self.folder, self.port, self.pid = folder, port, pid
        self.file = folder / "control.toml"
        self.write()

    def write(self, control: str = "", more: str = "", server: str = "", change: tuple[str, str] = ("", "")) -> None:
        server = server or f"pid = {self.pid}"
        text = CONTROL.format(port=self.port, control=control, server=server, more=more)
        assert change[0] in text
        self.file.write_text(text.replace(*change) if change[0] else text)

    def run(self, *args: object, code: int = 0) -> subprocess.CompletedProcess[str]:
        command = [COMMAND, "control", "run", str(self.file), *map(str, args)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        assert done.returncode == code, done.stdout + done.stderr
        return done

    @contextlib.contextmanager
    def running(self, *args: object) -> Iterator[subprocess.Popen[str]]:
        command = [COMMAND, "control", "run", str(self.file), *map(str, args)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        try:
            yield process
        finally:
            process.kill()
            process.communicate()

    def journal(self) -> list[dict]:
        path = self.folder / "journal.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def state(self) -> dict:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/control", timeout=10) as answer:
            return json.load(answer)

    def setting(self) -> dict:
        return {key: value for key, value in self.state().items() if key != "posts"}


def wait_until(holds: Callable[[], object]) -> None:
    while not holds():  # the test's time limit ends it
        time.sleep(0.02)


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


@pytest.fixture
def live(tmp_path: pathlib.Path) -> Iterator[Place]:
    port = free_port()
    process = subprocess.Popen([sys.executable, SERVER, "--port", str(port)])
    place = Place(tmp_path, port, process.pid)

    def answers() -> bool:
        try:
            return place.setting() == FOUND
        except OSError:
            return False

    wait_until(answers)
    yield place
    process.kill()
    process.wait()


def test_controls_journals_and_gives_the_server_back(live):
    result = json.loads(live.run("--seconds", 3, "--format", "json").stdout)
    assert result["provenance"] == "estimated" and result["meter"] == "estimate"
    assert result["windows"] > 3 and result["within"] == result["windows"]
    assert [phase["cap_w"] for phase in result["phases"]] == [1000.0]
    assert result["phases"][0]["last"]["batch"] == 16
    records = live.journal()
    assert records[0]["kind"] == "begin" and records[-1]["name"] == "stopped"
    assert live.setting() == FOUND


def test_the_cap_changes_by_a_file_and_by_reading_the_control_file_again(live):
    cap = live.folder / "cap"
    cap.write_text("1000")
    live.write('cap_file = "cap"')
    with live.running() as process:
        wait_until(lambda: live.setting()["max_batch"] == 16)
        cap.write_text("0.001")
        wait_until(lambda: live.setting()["max_batch"] == 1)
        wait_until(lambda: any(r.get("infeasible") for r in live.journal()))
        process.send_signal(signal.SIGHUP)  # the control file still says 1000 W
        wait_until(lambda: live.setting()["max_batch"] == 16)
        live.file.write_text("[control")
        process.send_signal(signal.SIGHUP)
        line = ""
        while "FAULT reload" not in line:
            line = process.stdout.readline()
            assert line
        assert "control.toml:1:" in line
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert process.returncode == 0 and err == ""
    assert "~" in out and "ESTIMATED" in out
    assert live.setting() == FOUND


def test_a_loop_that_is_killed_leaves_the_server_as_it_was_found(live):
    live.write(server=f"pid = {live.pid}\nlease_s = 1")
    with live.running() as process:
        wait_until(lambda: live.setting()["max_batch"] == 16)
        process.kill()
        wait_until(lambda: live.setting() == FOUND)


def test_a_dry_run_decides_and_sets_nothing(live):
    live.run("--dry-run", "--seconds", 1.5)
    windows = [r for r in live.journal() if r["kind"] == "window"]
    assert windows and windows[-1]["next"]["batch"] > 1
    assert live.state()["posts"] == 0


def test_the_cap_of_the_command_line_counts(live):
    live.run("--seconds", 1.5, "--cap", 0.001, "--quiet")
    windows = [r for r in live.journal() if r["kind"] == "window"]
    assert windows and {w["cap_w"] for w in windows} == {0.001} and {w["served"]["batch"] for w in windows} == {1}


def test_a_level_of_the_server_is_the_second_axis(live):
    live.write(
        change=('"pseudo_binary"\noptions = { window_batches = 1 }', '"fixed"\noptions = { clock_index = 1 }'),
        more='[level]\nname = "threads"\ntype = "ordinal"\nlevels = [1, 2]',
    )
    with live.running() as process:
        wait_until(lambda: live.setting() == {"max_batch": 1, "threads": 2})
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    assert live.setting() == FOUND


WORKLOAD = """
[workload]
command = ["{{python}}", "{server}", "--port", "{{port}}", "--live-s", "{live_s}"]
ready = {{ http = "http://127.0.0.1:{{port}}/control" }}
"""


def with_workload(place: Place, live_s: float) -> None:
    place.port = "{port}"
    place.write(more=WORKLOAD.format(server=SERVER, live_s=live_s), server="lease_s = 2")


def test_starts_and_ends_the_server_of_a_workload(tmp_path, monkeypatch):
    monkeypatch.setenv("BAYESTUNER_PYTHON", sys.executable)
    place = Place(tmp_path, 0, 0)
    with_workload(place, 60)
    assert json.loads(place.run("--seconds", 2, "--format", "json").stdout)["windows"] > 1


def test_a_server_that_dies_ends_the_command_with_one_line(tmp_path, monkeypatch):
    monkeypatch.setenv("BAYESTUNER_PYTHON", sys.executable)
    place = Place(tmp_path, 0, 0)
    with_workload(place, 2)
    error = place.run(code=3).stderr
    assert "the workload exited with code 0" in error and error.count("\n") == 1


def test_a_terminal_shows_a_screen(live):
    ours, theirs = pty.openpty()
    command = [COMMAND, "control", "run", str(live.file)]
    process = subprocess.Popen(command, stdout=theirs, stderr=subprocess.STDOUT, close_fds=True)
    os.close(theirs)
    text = ""
    while not ("in_band" in text or "too_low" in text):  # the test's time limit ends it
        assert select.select([ours], [], [], 30)[0]
        text += os.read(ours, 65536).decode(errors="replace")
    process.send_signal(signal.SIGINT)
    with contextlib.suppress(OSError):  # the other end has gone
        while os.read(ours, 65536):
            pass
    os.close(ours)
    assert process.wait(30) == 0
    for expected in ("█", "│", "cap 1000 W", "estimated by estimate", "p99", "started: cap 1000 W", "\x1b[J"):
        assert expected in text, expected


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("[control]", "[kontrol]"), "kontrol: unknown key; allowed here: control"),
        (("power_cap_w = 1000.0", ""), "control.power_cap_w: is missing, and so is cap_file"),
        (("power_cap_w = 1000.0", "power_cap_w = -3"), "power_cap_w: -3 is not above 0"),
        (("power_cap_w = 1000.0", 'cap_file = "none"'), "holds no number of watts, and there is no power_cap_w"),
        (('"pseudo_binary"', '"magic"'), "magic"),
        (("window_batches = 1", "windows = 1"), "has no option 'windows'"),
        (("window_s = 0.2", "window_s = 0"), "control.window_s: 0 must be above 0"),
        (("window_s = 0.2", 'statistic = "median"'), '"median" is none of max, mean, quantile'),
        (("window_s = 0.2", "latency = [{ quantile = 0.99 }]"), "control.latency.limit_s: is missing"),
        (("http://", "https://"), "does not begin with http://"),
        (("[1, 2, 4, 8, 16]", "[4, 2]"), "sizes must rise"),
        (("[1, 2, 4, 8, 16]", "[1, 2.5]"), "2.5 is no size of a batch"),
        (('name = "estimate"', 'name = "cpu_time"'), '"cpu_time" is none of power, rapl.perf'),
        (("allow_estimates = true", "allow_estimates = false"), "needs allow_estimates"),
        (("period_s = 0.05", "period_s = -1"), "meter.period_s: -1 must be above 0"),
        (("pid = ", "pid = 4194304 # "), "there is no such process"),
        (("pid = ", "# "), "server.pid: is missing"),
        (("[fail_safe]", '[load]\ntype = "none"\n[fail_safe]'), "goes with [workload]"),
        (("[fail_safe]", '[level]\nname = "n"\ntype = "boolean"\n[fail_safe]'), "must be integer or ordinal"),
        (
            ("[fail_safe]", '[level]\nname = "n"\ntype = "ordinal"\nlevels = [1, 2]\n[fail_safe]'),
            'does not say its "n"',
        ),
        (
            (
                "[fail_safe]",
                '[level]\nname = "n"\ntype = "integer"\nlow = 1\nhigh = 2\nknob = { type = "cores" }\n[fail_safe]',
            ),
            '"cores" does not reach a server that runs',
        ),
        (("spike_ratio = 100.0", "spike_ratio = 0"), "spike_ratio"),
    ],
)
def test_a_bad_file_is_one_line_and_touches_nothing(live, change, words):
    live.write(change=change)
    done = live.run("--seconds", 1, code=2)
    assert done.stdout == "" and done.stderr.count("\n") == 1 and words in done.stderr, done.stderr
    assert live.state()["posts"] == 0 and not (live.folder / "journal.jsonl").exists()


def test_a_server_that_does_not_answer_and_a_file_that_is_not_there_are_one_line(tmp_path):
    place = Place(tmp_path, free_port(), os.getpid())
    assert "Connection refused" in place.run(code=2).stderr
    place.file.unlink()
    assert "cannot be read: No such file" in place.run(code=2).stderr


def test_check_says_what_would_be_controlled(tmp_path):
    place = Place(tmp_path, 1, os.getpid())
    out = place.run("--check").stdout
    assert out.startswith(
        "pseudo_binary over batches 1 2 4 8 16, cap 1000 W, meter estimate, server http://127.0.0.1:1/"
    )
