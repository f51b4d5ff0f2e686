"""Knobs, meters, workloads and the runner from Python: ours and one's own."""

from __future__ import annotations

import itertools
import os
import sys
import textwrap
import threading
import time

import pytest

import bayestuner as bt
from bayestuner import knob, meter, runner

QUICK = bt.MeasureOptions(warm_up_s=0.0, settle_s=0.0, min_s=0.1, max_s=0.3, require_steady=False)


def spin(seconds: float) -> None:
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        pass


# -- knobs ------------------------------------------------------------------------------------------------------
def test_knobs_describe_what_they_are_and_plan_without_touching():
    threads = knob.Environment("OMP_NUM_THREADS", bt.Integer("threads", 1, 4), kind="threads")
    assert (threads.name, threads.describe().kind, threads.is_available) == ("threads", "threads", True)
    plan = threads.plan(2)
    assert [(w.action, w.target, w.value) for w in plan.writes][0][1:] == ("OMP_NUM_THREADS", "2")
    assert "OMP_NUM_THREADS" in plan.to_text()
    assert os.environ.get("OMP_NUM_THREADS") != "2"
    with pytest.raises(bt.InvalidArgument, match="threads"):
        threads.plan(9)


@pytest.mark.parametrize(
    "make",
    [
        lambda: knob.Cores(),
        lambda: knob.Cpuset(),
        lambda: knob.Affinity(),
        lambda: knob.CpuQuota(),
        lambda: knob.MemoryLimit(unit_bytes=2**20),
        lambda: knob.Argument(bt.Boolean("spin")),
        lambda: knob.ConfigFile("/tmp/x.conf", "spin = {spin}", bt.Boolean("spin")),
        lambda: knob.FileValue("/sys/nowhere", bt.Integer("x", 0, 3)),
        lambda: knob.Callable(bt.Integer("x", 0, 3), print),
    ],
)
def test_every_knob_is_a_knob_with_values_or_a_reason(make):
    made = make()
    assert isinstance(made, knob.Knob)
    assert made.parameter.name == made.name
    assert made.describe().allowed
    assert made.is_available or made.reason


def test_a_knob_wider_than_the_machine_is_refused():
    with pytest.raises(ValueError, match="cores"):
        knob.Cores(bt.Integer("cores", 1, 100_000))


def test_own_knobs_set_plan_and_reset():
    class Batch:
        parameter = bt.Integer("batch", 1, 8)
        seen: list = []

        def set(self, value):
            self.seen.append(value)

        def reset(self):
            self.seen.append("reset")

    class Planned:
        parameter = bt.Integer("level", 0, 3)

        def plan(self, value):
            return [knob.PrimitiveWrite.call(lambda: seen.append(value), "level")]

    seen: list = []
    run = bt.TrialRunner(lambda params: 1, knobs=[Batch(), Planned()], measure=QUICK)
    assert [p.name for p in run.parameters] == ["batch", "level"]
    run.run({"batch": 3, "level": 2})
    assert Batch.seen == [3, "reset"] and seen == [2]


def test_an_own_knob_that_raises_fails_the_trial_and_is_named():
    class Broken:
        parameter = bt.Integer("clock", 1, 3)

        def set(self, value):
            raise OSError("no such clock")

    run = bt.TrialRunner(lambda params: 1, knobs=[Broken()], measure=QUICK)
    with pytest.raises(bt.TrialFailed, match="clock.*no such clock") as failure:
        run.run({"clock": 2})
    assert failure.value.reason == "knob_refused"


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: bt.TrialRunner(lambda p: 1, knobs=[object()]), "has no parameter"),
        (lambda: bt.TrialRunner(lambda p: 1, meters=[object()]), r"has no method begin\(\)"),
        (lambda: bt.TrialRunner(lambda p: 1, meters=["power"]), "make_meter"),
        (lambda: bt.TrialRunner(3), "nor can it be called"),
        (lambda: bt.MeasureOptions(min_s=-1.0), "min_s"),
        (lambda: runner.ProcessWorkload([]), "command"),
        (lambda: runner.HttpLoad("ftp://x", ["{}"]), "http"),
        (lambda: meter.make_meter("sundial"), "sundial"),
        (lambda: bt.TrialRunner(lambda p: 1, timeout_s=0.0), "timeout_s: 0"),
    ],
)
def test_bad_input_gets_one_clear_line(make, text):
    with pytest.raises(ValueError, match=text) as error:
        make()
    assert "\n" not in str(error.value)


# -- meters -----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "make",
    [
        meter.CpuTime,
        meter.MemoryUse,
        meter.Pressure,
        meter.RaplPowercap,
        meter.RaplPerf,
        meter.HwmonPower,
        meter.EstimatedPower,
    ],
)
def test_every_meter_measures_or_says_why_not(make):
    made = make()
    assert isinstance(made, meter.Meter)
    if not made.is_available:
        assert made.reason
        return
    made.begin(meter.Target(pid=os.getpid()))
    for _ in range(3):
        spin(0.02)
        made.sample()
    metrics = made.end()
    assert metrics and all(m.value >= 0.0 for m in metrics.values())
    assert all(m.provenance == made.describe().provenance for m in metrics.values())


def test_own_meter_its_provenance_and_its_error_reach_the_metrics():
    class Wattmeter:
        name = "wattmeter"

        def describe(self):
            return meter.Description(unit="W", domain="whole box", provenance=bt.Provenance.simulated)

        def begin(self, target):
            self.samples = 0

        def sample(self):
            self.samples += 1

        def end(self):
            return {"power_w": (42.0, 0.5), "samples": self.samples}

    metrics = bt.TrialRunner(lambda params: 1, meters=[Wattmeter()], measure=QUICK).run({})
    assert (metrics["power_w"].value, metrics["power_w"].standard_error) == (42.0, 0.5)
    assert metrics["power_w"].provenance == bt.Provenance.simulated
    assert metrics["samples"].value > 0
    assert metrics["energy_per_item_j"].value == pytest.approx(42.0 / metrics["throughput"].value)


def test_a_meter_that_cannot_see_a_knob_is_refused_as_its_objective():
    class Clock:
        parameter = bt.Integer("clock", 1, 3)

        def describe(self):
            return knob.Description(kind="clock", mechanism="test")

        def set(self, value):
            pass

    run = bt.TrialRunner(lambda params: 1, knobs=[Clock()], meters=[meter.EstimatedPower()], measure=QUICK)
    study = bt.Study(bt.Space(run.parameters), bt.Problem().minimize("power_w"))
    with pytest.raises(ValueError, match="cannot see the knob 'clock'"):
        study.optimize(run, n_trials=1)
    assert study.trials == []


# -- workloads --------------------------------------------------------------------------------------------------
def test_what_a_function_may_return():
    def measured(function):
        return bt.TrialRunner(function, measure=QUICK).run({"n": 3})

    def slow(value):
        def call(params):
            time.sleep(0.005)
            return value

        return call

    one, ten = measured(slow(None))["throughput"].value, measured(slow(10))["throughput"].value
    assert one > 0 and ten / one > 3  # ten, but for what else the machine does
    assert measured(slow({"loss": 0.25}))["loss"].value == pytest.approx(0.25)
    assert measured(slow(True))["correct"].value == 1.0
    half = itertools.cycle([True, False])
    mixed = measured(lambda params: runner.CallResult(items=1, correct=next(half), metrics={"loss": 1.0}))
    assert 0.3 < mixed["correct"].value < 0.7
    with pytest.raises(bt.TrialFailed, match="right"):
        measured(slow(False))


def test_prepare_and_tidy_up_frame_a_trial():
    calls = []
    work = runner.CallableWorkload(
        lambda params: calls.append("call"), lambda p: calls.append(("prepare", p["n"])), lambda p: calls.append("tidy")
    )
    bt.TrialRunner(work, measure=QUICK).run({"n": 7})
    assert calls[0] == ("prepare", 7) and calls[-1] == "tidy" and calls[1] == "call"


def test_own_workload_in_this_process():
    class Loop:
        stopped = 0

        def start(self, start):
            self.n = start.params["n"]

        def run(self, until_s):
            time.sleep(max(0.0, until_s - time.monotonic()))
            return runner.Slice(items=self.n, latencies_s=[0.001] * self.n)

        def stop(self):
            self.stopped += 1

    loop = Loop()
    metrics = bt.TrialRunner(loop, measure=QUICK).run({"n": 4})
    assert metrics["throughput"].value > 0 and metrics["latency_mean_s"].value == pytest.approx(0.001, rel=0.05)
    assert loop.stopped == 1


def test_own_workload_that_starts_a_process_under_the_knobs(tmp_path):
    class Sleeper:
        is_process = True
        pid = 0

        def start(self, start):
            code = (
                "import os,time; print(os.environ['LEVEL'], len(os.sched_getaffinity(0)), flush=True); time.sleep(60)"
            )
            self.log = os.path.join(start.directory, "log")
            self.child = start.launch([sys.executable, "-c", code])
            self.pid = self.child.pid

        def wait_ready(self, until_s):
            while not os.path.getsize(self.log):
                assert self.child.poll() is None and time.monotonic() < until_s
                time.sleep(0.01)

        def run(self, until_s):
            time.sleep(max(0.0, until_s - time.monotonic()))
            self.seen = open(self.log).read().split()
            return {"level": float(self.seen[0])}

        def stop(self):
            self.child.stop(1.0)
            self.pid = 0

    sleeper = Sleeper()
    cpu = str(sorted(os.sched_getaffinity(0))[0])
    run = bt.TrialRunner(
        sleeper,
        knobs=[
            knob.Environment("LEVEL", bt.Integer("level", 1, 3)),
            knob.Affinity(bt.Categorical("affinity", [cpu])),
        ],
        meters=[meter.CpuTime(), meter.MemoryUse()],
        measure=QUICK,
        state_directory=str(tmp_path),
    )
    metrics = run.run({"level": 2, "affinity": cpu})
    assert sleeper.seen == ["2", "1"] and metrics["level"].value == pytest.approx(2.0)
    assert metrics["memory_peak_bytes"].value > 1e6
    assert sleeper.child.poll() is not None


def test_failures_come_out_as_trial_failed():
    def out_of_memory(params):
        raise MemoryError

    def own(params):
        raise bt.TrialFailed("does not fit", "out_of_memory", {"power_w": 3.0})

    def other(params):
        raise KeyError("x")

    for function, reason in ((out_of_memory, "out_of_memory"), (own, "out_of_memory")):
        with pytest.raises(bt.TrialFailed) as failure:
            bt.TrialRunner(function, measure=QUICK).run({})
        assert failure.value.reason == reason
    assert failure.value.metrics["power_w"].value == 3.0
    with pytest.raises(KeyError):
        bt.TrialRunner(other, measure=QUICK).run({})
    nothing = bt.TrialRunner(lambda p: {}, measure=QUICK)
    study = bt.Study(bt.Space([bt.Integer("a", 1, 3)]), bt.Problem().minimize("y"))
    with pytest.raises(ValueError, match="y: the problem needs this metric"):
        study.optimize(nothing, n_trials=1)


SERVER = textwrap.dedent(
    """
    import json, os, sys, time
    size, busy = int(sys.argv[1]), os.environ["BUSY"]
    while True:
        time.sleep(0.01)
        print(json.dumps({"cost": size + 10.0 * (busy == "yes"), "rate": 5.0 * size}), flush=True)
    """
)


def process_parts(tmp_path):
    script = tmp_path / "server.py"
    script.write_text(SERVER)
    work = runner.ProcessWorkload([sys.executable, str(script), "{size}"], ready=runner.Readiness(line="cost"))
    knobs = [
        knob.Argument(bt.Integer("size", 1, 6)),
        knob.Environment("BUSY", bt.Categorical("busy", ["no", "yes"])),
    ]
    return work, knobs


def test_tune_a_process_from_parts_and_resume_it(tmp_path):
    work, knobs = process_parts(tmp_path)
    problem = bt.Problem().minimize("cost").subject_to("rate >= 0.45 * baseline")
    options = {
        "knobs": knobs,
        "today": {"size": 6, "busy": "yes"},
        "measure": QUICK,
        "store": tmp_path / "s.db",
        "log_directory": tmp_path / "logs",
        "seed": 3,
    }
    seen: list[int] = []
    first = bt.tune(work, problem, n_trials=4, verify=False, callbacks=[lambda s, t: seen.append(t.number)], **options)
    assert seen == [0, 1, 2, 3] and first.recommendation is None
    assert any("power is not measured" in note for note in first.notes) or first.notes
    result = bt.tune(work, problem, n_trials=12, **options)  # the space has 12: all of them
    assert result.study.finished == 12 and len({str(t.params) for t in result.study.trials}) == 12
    assert result.recommendation is not None and result.recommendation.confirmed
    assert result.recommendation.params == {"size": 3, "busy": "no"}
    trial = result.study.trials[0]
    assert trial.metrics["cpu_time_s"].value >= 0.0 and "window_s" in trial.user_attrs
    assert list((tmp_path / "logs").iterdir())


def test_tune_says_what_is_missing():
    with pytest.raises(ValueError, match="space: without knobs"):
        bt.tune(lambda p: 1, bt.Problem().minimize("y"))
    with pytest.raises(ValueError, match="power"):
        bt.tune(
            lambda p: 1,
            bt.Problem().minimize("power_w"),
            space=bt.Space([bt.Integer("a", 1, 2)]),
            meters=["rapl.nothing"],
        )


def test_own_load_asks_a_process_for_work(tmp_path):
    class Asks:
        begun = ended = 0

        def begin(self, start):
            assert start.values["size"] == "2" and not start.should_stop()
            self.begun += 1

        def run(self, until_s):
            time.sleep(max(0.0, until_s - time.monotonic()))
            return runner.Slice(items=5)

        def end(self):
            self.ended += 1

    script = tmp_path / "server.py"
    script.write_text(SERVER)
    load = Asks()
    work = runner.ProcessWorkload(
        [sys.executable, str(script), "{size}"], load, environment={"BUSY": "no"}, ready=runner.Readiness(line="cost")
    )
    assert bt.TrialRunner(work, measure=QUICK).run({"size": 2})["throughput"].value > 0
    assert load.begun == 1 and load.ended >= 1


def test_one_trial_at_a_time_whatever_the_threads():
    busy, overlaps = [0], []

    def work(params):
        busy[0] += 1
        overlaps.append(busy[0])
        time.sleep(0.005)
        busy[0] -= 1

    study = bt.Study(bt.Space([bt.Integer("a", 0, 99)]), bt.Problem().maximize("throughput"))
    study.optimize(bt.TrialRunner(work, measure=QUICK), n_trials=4, n_jobs=2)
    assert set(overlaps) == {1} and study.finished == 4


def test_the_interpreter_is_free_while_cpp_measures(tmp_path):
    """Another Python thread makes progress while a trial of C++ alone runs."""
    work, knobs = process_parts(tmp_path)
    run = bt.TrialRunner(work, knobs=knobs, measure=QUICK)
    ticks, over = [0], threading.Event()

    def tick():
        while not over.is_set():
            ticks[0] += 1
            time.sleep(0.001)

    thread = threading.Thread(target=tick)
    thread.start()
    before = ticks[0]
    run.run({"size": 2, "busy": "no"})
    made = ticks[0] - before
    over.set()
    thread.join()
    assert made > 20


def test_a_runner_keeps_its_resources_until_it_is_closed(tmp_path):
    def make():
        knobs = [knob.Cores(bt.Integer("cores", 1, 1), mechanism="affinity")]
        work = runner.ProcessWorkload(["sleep", "60"])
        return bt.TrialRunner(work, knobs=knobs, measure=QUICK, state_directory=str(tmp_path))

    with make() as run:
        assert [p.name for p in run.parameters] == ["cores"]
    again = make()
    again.close()
    again.close()
    with pytest.raises(ValueError, match="TrialRunner: is closed"):
        again.run({"cores": 1})
    first = make()
    del first  # what nobody holds is let go of at once
    make().close()
