"""The control loop in Python: over an Engine, an object of one's own, an HTTP server; callbacks, cap, faults, ends."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable

import pytest

import bayestuner as bt
from bayestuner import control

SIZES = [1, 2, 4, 8]
SHORT = {"window_s": 0.05, "tick_s": 0.01, "period_s": 0.01, "fail_safe": {"spike_ratio": 100.0}}


def wait_until(holds: Callable[[], object]) -> None:
    while not holds():  # the test's time limit ends it
        time.sleep(0.01)


class Watts:
    """A meter that shows 10 W for each request of the batch in force, a little restless."""

    def __init__(self, batch: Callable[[], int]):
        self.batch, self.n, self.broken = batch, 0, False

    def begin(self, target: object) -> None:
        pass

    def end(self) -> dict[str, float]:
        if self.broken:
            raise OSError("the sensor is gone")
        self.n += 1
        return {"power_w": 10.0 * self.batch() + 1e-6 * self.n}


class Served:
    """An Engine, and a thread that ends batches."""

    def __init__(self) -> None:
        self.engine = control.Engine(3)
        self.ends = False
        self.thread = threading.Thread(target=self.serve)
        self.thread.start()

    def serve(self) -> None:
        while not self.ends:
            batch = self.engine.begin_batch()
            time.sleep(0.002)
            self.engine.on_batch_done(batch, batch.batch, queue_length=100)
            self.engine.on_latency(0.002)

    def __enter__(self) -> Served:
        return self

    def __exit__(self, *_: object) -> None:
        self.ends = True
        self.thread.join()


def make_controller() -> control.Controller:
    return control.Controller("pseudo_binary", SIZES, options={"window_batches": 1})


def test_follows_its_cap_over_an_engine_and_gives_it_back():
    windows, events = [], []
    with Served() as served:
        engine = served.engine
        meter = Watts(lambda: engine.batch)
        loop = control.ControlLoop(
            make_controller(), engine, meter, 200.0, on_window=windows.append, on_event=events.append, **SHORT
        )
        with loop:
            wait_until(lambda: engine.batch == 8)
            assert loop.cap_w == 200.0
            loop.cap_w = 15.0
            wait_until(lambda: engine.batch == 1)
            with pytest.raises(bt.InvalidArgument, match="power_cap_w: -1 is not above 0"):
                loop.cap_w = -1.0
            loop.set_limits(200.0, latency=[(0.99, 1.0)])
            wait_until(lambda: engine.batch == 8)
            status = loop.status
            assert status["cap_w"] == 200.0 and status["windows"] > 0
            assert "bayestuner_control_batch" in loop.prometheus()
            assert loop.http_port is None
        assert engine.batch == 3
        assert [e["name"] for e in (events[0], events[-1])] == ["started", "stopped"]
        assert {w["served"]["batch"] for w in windows} >= {1, 8}
        assert loop.take_windows() == windows[-4096:] and len(loop.take_events()) == len(events)
        loop.stop()  # again


class Own:
    """A server as somebody has it: no class of ours."""

    def __init__(self) -> None:
        self.size, self.levels, self.released = 5, [], False
        self.last_s = time.monotonic()

    def set_batch(self, batch: int) -> None:
        self.size = batch

    def set_level(self, level: float) -> None:
        self.levels.append(level)

    def release(self) -> None:
        self.released, self.size = True, 5

    def collect(self) -> list[dict]:
        begin, self.last_s = self.last_s, time.monotonic()
        return [{"begin_s": begin, "end_s": self.last_s, "size": self.size, "latencies_s": [0.01], "queue_length": 9}]


def test_drives_an_object_with_set_batch_and_collect():
    own = Own()
    controller = control.Controller("fixed", SIZES, clocks_hz=[1.0, 2.0], options={"batch_index": 3, "clock_index": 1})
    with control.ControlLoop(controller, own, Watts(lambda: own.size), 100.0, **SHORT) as loop:
        wait_until(lambda: loop.status["windows"] > 2)
        assert loop.status["served"] == {"batch": 8, "level": 2.0, "instances": 1}
        assert own.levels[0] == 2.0 and own.size == 8
    assert own.released and own.size == 5


def test_what_a_server_or_a_callback_raises_is_an_event(tmp_path):
    class Broken(Own):
        def collect(self) -> list[dict]:
            if self.size == 5:
                raise ValueError("not today")
            return super().collect() if not self.released else [{"nonsense": 1}]

    def complain(window: dict) -> None:
        raise KeyError("mine")

    own, journal = Broken(), tmp_path / "journal.jsonl"
    options = SHORT | {"journal": journal, "on_window": complain}
    with control.ControlLoop(make_controller(), own, Watts(lambda: own.size), 100.0, **options) as loop:
        wait_until(lambda: loop.status["windows"] > 1)
        own.size = 5
        wait_until(lambda: not loop.status["server_answers"])
        own.size = 1
        wait_until(lambda: loop.status["server_answers"])
        own.released = True
        wait_until(lambda: not loop.status["server_answers"])
    texts = {r["name"]: r["text"] for r in map(json.loads, journal.read_text().splitlines()) if r["kind"] == "event"}
    assert "mine" in texts["callback_failed"]
    assert "nonsense" in texts["server_dead"]


def test_a_meter_that_raises_is_silence_and_calls_for_help():
    calls = []
    with Served() as served:
        meter = Watts(lambda: served.engine.batch)
        options = SHORT | {"fail_safe": {"silence_s": 0.05, "emergency_after_s": 0.3, "spike_ratio": 100.0}}
        options["emergency"] = lambda: calls.append(1)
        with control.ControlLoop(make_controller(), served.engine, meter, 200.0, **options):
            wait_until(lambda: served.engine.batch == 8)
            meter.broken = True
            wait_until(lambda: served.engine.batch == 1 and calls)
            meter.broken = False
            wait_until(lambda: served.engine.batch == 8)


def test_a_dry_run_sets_nothing_and_http_takes_a_cap():
    with Served() as served:
        meter = Watts(lambda: served.engine.batch)
        options = SHORT | {"dry_run": True, "http_port": 0}
        with control.ControlLoop(make_controller(), served.engine, meter, 200.0, **options) as loop:
            wait_until(lambda: loop.status["windows"] > 3)
            body = json.dumps({"power_cap_w": 70}).encode()
            urllib.request.urlopen(f"http://127.0.0.1:{loop.http_port}/cap", body, timeout=10).close()
            wait_until(lambda: loop.cap_w == 70.0)
            assert served.engine.batch == 3


def test_refusals_name_what_is_wrong(tmp_path):
    engine, meter = control.Engine(1), Watts(lambda: 1)

    def loop(server: object = engine, cap_w: float = 1.0, **more: object) -> None:
        control.ControlLoop(make_controller(), server, meter, cap_w, **more)

    with pytest.raises(bt.InvalidArgument, match="power_cap_w: 0 is not above 0"):
        loop(cap_w=0.0)
    with pytest.raises(bt.InvalidArgument, match="no method set_batch"):
        loop(server=object())
    with pytest.raises(bt.InvalidArgument, match="http"):
        loop(server="ftp://x")
    with pytest.raises(bt.InvalidArgument, match="has no key 'slow'"):
        loop(fail_safe={"slow": 1})
    with pytest.raises(bt.InvalidArgument, match="window_s: 0 must be above 0"):
        loop(window_s=0.0)
    with pytest.raises(bt.InvalidArgument, match="batch of 0"):
        control.Engine(0)
    with (
        pytest.raises(OSError, match="cannot be written"),
        control.ControlLoop(make_controller(), engine, meter, 1.0, journal=tmp_path / "none" / "journal"),
    ):
        pass


def test_a_program_that_forgets_its_loop_ends_all_the_same():
    program = """
import bayestuner.control as control
class Meter:
    def begin(self, target): pass
    def end(self): return {"power_w": 1.0}
loop = control.ControlLoop(control.Controller("fixed", [1]), control.Engine(1), Meter(), 5.0, tick_s=0.001,
                           period_s=0.001, on_event=print)
loop.start()
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and done.stderr == ""
    assert "'stopped'" in done.stdout
