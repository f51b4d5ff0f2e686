"""Controllers from Python: the published sequence, limits, snapshots, refusals, replay of a small table."""

from __future__ import annotations

import copy
import json

import pytest

import bayestuner as bt
from bayestuner import control

SIZES = [1, 2, 4, 8, 16, 32, 64, 128, 256]


def drive(controller: control.Controller, decisions: int, power_w) -> list[int]:
    served = []
    for i in range(decisions):
        served.append(controller.setting.batch_index)
        step = {"time_s": 10.0 * (i + 1), "batches": 10, "service_s": 10.0, "readings": 10}
        controller.step(step | {"power_w": power_w(served[-1]), "power_mean_w": 50.0})
    return served


def test_follows_the_published_sequence():
    controller = control.Controller("pseudo_binary", SIZES, power_cap_w=100.0, options={"reopen": 0})
    assert drive(controller, 5, lambda i: 60.0 + 15.0 * i) == [0, 4, 2, 2, 2]
    assert controller.batch == 4
    assert controller.clock_hz is None


def test_says_why():
    controller = control.Controller("stairs", SIZES, 100.0, clocks_hz=[1e9, 1.5e9, 2e9])
    decision = controller.step({"time_s": 3.0, "service_s": 3.0, "power_w": 130.0})
    assert decision["reason"] == "violated"
    assert decision["changed"]
    assert decision["clock_hz"] == controller.clock_hz == 1e9
    assert decision["batch_timeout_s"] is None


def test_takes_typed_measurements():
    controller = control.Controller("stairs", SIZES, 100.0, clocks_hz=[1e9, 2e9])
    m = control.Measurement()
    m.time_s = m.service_s = 3.0
    m.setting = controller.setting
    m.batch_size = controller.batch
    m.power_w = 130.0
    assert controller.step(m)["reason"] == "violated"


def test_a_snapshot_goes_on_where_it_was():
    make = lambda: control.Controller("guard", SIZES, 100.0, clocks_hz=[1e9, 2e9])  # noqa: E731
    lived = make()
    drive(lived, 4, lambda i: 60.0 + 5.0 * i)
    restored, twin = make(), copy.copy(lived)
    assert restored.restore(lived.snapshot())
    assert restored.snapshot() == lived.snapshot() == twin.snapshot()
    assert not restored.restore(b"nothing")
    lived.on_limits(40.0)
    assert lived.on_tick(40.1)["reason"] == "limits_changed"


def test_refuses_in_words():
    with pytest.raises(bt.InvalidArgument, match="none of fixed, pseudo_binary"):
        control.Controller("pseudobinary", SIZES)
    with pytest.raises(bt.InvalidArgument, match="sizes must rise"):
        control.Controller("guard", [2, 1])
    with pytest.raises(bt.InvalidArgument, match="has no option 'beta'"):
        control.Controller("guard", SIZES, options={"beta": 1})
    with pytest.raises(bt.InvalidArgument, match="power_cap_w: -1 is not above 0"):
        control.Controller("guard", SIZES, -1.0)
    with pytest.raises(bt.InvalidArgument, match="has no key 'power'"):
        control.Controller("guard", SIZES).step({"power": 3.0})
    with pytest.raises(bt.InvalidArgument, match="its setting is not in the controller's lists"):
        control.Controller("guard", SIZES).step({"setting": control.Setting(9)})
    with pytest.raises(bt.InvalidArgument, match="is not of the right kind"):
        control.Controller("guard", SIZES).step({"time_s": "now"})


def test_replays_a_table(tmp_path):
    rows = [(1, 60, 10), (2, 70, 18), (4, 65, 30), (8, 90, 45), (16, 120, 60)]
    text = "batch,power_w,rate\n" + "".join(f"{b},{p},{r}\n" for b, p, r in rows)
    (tmp_path / "table.csv").write_text(text)
    task = {
        "id": "small",
        "type": "constrained",
        "file": "table.csv",
        "knobs": ["batch"],
        "objective": {"column": "rate", "sense": "max"},
        "constraints": [{"column": "power_w", "op": "<=", "value": 100}],
        "optimum": {"value": 45},
        "budget": 40,
    }
    (tmp_path / "tasks.json").write_text(json.dumps({"dataset": "small", "tasks": [task]}))
    names = ["bracket", "survey", "fixed:batch_index=4"]
    best, searched, over = control.replay(tmp_path, names, windows=True)
    assert best["final"] == searched["final"] == [{"batch": 8.0, "clock": 0.0}]
    assert best["rest_goodput_share"] == [1.0]
    assert len(best["windows"][0]) == 40
    assert over["goodput_share"] == [0.0]
    assert over["violation_share"] == [1.0]
    assert over["violation_w"] == [20.0]
    assert control.replay(tmp_path, ["bracket"], caps_w=[75.0])[0]["final"][0]["batch"] == 4.0
    with pytest.raises(bt.InvalidArgument, match="not of the form option=number"):
        control.replay(tmp_path, ["bracket:tie"])
    with pytest.raises(bt.InvalidArgument, match="'large' is not in"):
        control.replay(tmp_path, tasks=["large"])
