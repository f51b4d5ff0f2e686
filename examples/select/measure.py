"""Measures every network on every input: what a selector learns from, and what it is judged by.

Writes table.csv (one row an input: split, text, kind, damage, features; right or wrong, confidence and seconds of each
network), tasks.json for `bayestuner select evaluate`, and costs.json: joules an input and where they come from.
"""

from __future__ import annotations

import csv
import json
import os
import pathlib
import struct
import sys
import time
from collections.abc import Callable

import numpy as np

import bayestuner as bt
from bayestuner import images
from inputs import Input, make_inputs
from servers import serving

NETWORKS = ["PP-OCRv6-tiny", "PP-OCRv6-small", "PP-OCRv5-mobile", "PP-OCRv4-mobile"]
FIRST = NETWORKS[0]  # the cheapest

FEATURES = (*images.image_feature_names, "width", "height")


def features_of(png: bytes) -> np.ndarray:
    """The features of the picture and, from the head of the file, its size: (31,)."""
    return np.concatenate([images.image_features(png), struct.unpack(">II", png[16:24])])


def joules_of(work: Callable[[], None], pids: list[int]) -> tuple[float, float]:
    """(joules, seconds) of `work` by the processes `pids`."""
    meters = [bt.meter.make_meter("power", allow_estimates=True) for _ in pids]
    if meters[0].name != "estimate":  # a sensor sees all of them at once
        del meters[1:]
    for meter, pid in zip(meters, pids, strict=False):
        meter.begin(bt.meter.Target(pid=pid))
    begin = time.perf_counter()
    work()
    seconds = time.perf_counter() - begin
    return sum(meter.end()["energy_j"].value for meter in meters), seconds


def energy_of(work: Callable[[], None], pids: list[int]) -> float:
    """Joules of `work` without what the same processes take while they do nothing."""
    idle_j, idle_s = joules_of(lambda: time.sleep(1.0), pids)
    joules, seconds = joules_of(work, pids)
    return max(0.0, joules - idle_j / idle_s * seconds)


def measure(made: list[Input], output: pathlib.Path) -> None:
    rows = [{"split": i.split, "text": i.text, "kind": i.kind, "damage": i.damage} for i in made]
    costs: dict[str, dict] = {}
    provenance = bt.meter.make_meter("power", allow_estimates=True).describe().provenance.name

    def features() -> None:
        for row, each in zip(rows, made, strict=True):
            begin = time.perf_counter()
            values = features_of(each.png)
            row["t_features_s"] = time.perf_counter() - begin
            row |= {f"f_{name}": value for name, value in zip(FEATURES, values, strict=True)}

    with serving(NETWORKS) as servers:
        for server in servers.values():  # the first answers of a network are slow
            for each in made[:20]:
                server(each.png)

        def record(name: str, pid: int, work: Callable[[], None]) -> None:
            begin = time.perf_counter()
            joules = energy_of(work, [pid]) / len(made)
            seconds = (time.perf_counter() - begin) / len(made)
            costs[name] = {"energy_j": joules, "time_s": seconds, "provenance": provenance}
            print(f"{name:16} {1e3 * seconds:6.2f} ms, {joules:.2g} J an input ({provenance}, without idle power)")

        record("features", os.getpid(), features)
        for name, server in servers.items():

            def answers(name: str = name, server: object = server) -> None:
                for row, each in zip(rows, made, strict=True):
                    begin = time.perf_counter()
                    text, confidence = server(each.png)
                    row[f"t_{name}_s"] = time.perf_counter() - begin
                    row[f"m_correct_{name}"] = int(text == each.text)
                    row[f"f_confidence_{name}"] = confidence

            record(name, server.pid, answers)

    with open(output / "table.csv", "w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, list(rows[0]))
        table.writeheader()
        table.writerows(rows)
    (output / "costs.json").write_text(json.dumps(costs, indent=1))
    (output / "tasks.json").write_text(json.dumps({"dataset": "select", "tasks": tasks(costs)}, indent=1))


def tasks(costs: dict) -> list[dict]:
    """Two tasks for one table: choose from the picture alone, or after the cheapest network has read it.

    In the second its confidence is a feature, and every other network costs its own energy and the cheapest one's.
    """
    common = {"type": "selection", "file": "table.csv", "models": NETWORKS, "score_columns": "m_correct_<model>"}
    common |= {"higher_is_better": True, "split_column": "split"}
    features = [f"f_{name}" for name in FEATURES]
    alone = {name: costs[name]["energy_j"] + costs["features"]["energy_j"] for name in NETWORKS}
    after = {name: joules + (name != FIRST) * alone[FIRST] for name, joules in alone.items()}
    return [
        {"id": "picture", **common, "features": features, "cost_per_call": alone},
        {"id": "first", **common, "features": [*features, f"f_confidence_{FIRST}"], "cost_per_call": after},
    ]


if __name__ == "__main__":
    measure(make_inputs(), pathlib.Path(sys.argv[1]))
