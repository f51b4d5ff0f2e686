"""Sweeps the fixed settings of control.toml under a full load, runs the controller while the cap changes three times,
and prints both side by side: windows to settle, windows within the cap, throughput, latency.

A fixed setting keeps a cap if at most 5 % of its windows lie above it. A load below what a setting could serve bounds
what it would have served.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import pathlib
import re
import subprocess

import tomllib

FILE = pathlib.Path(__file__).with_name("control.toml")


@dataclasses.dataclass
class Fixed:
    """A setting as the sweep found it under a full load."""

    batch: int
    threads: int
    power_w: list[float]
    throughput: float

    def keeps(self, cap_w: float) -> bool:
        return sum(p > cap_w for p in self.power_w) <= 0.05 * len(self.power_w)


class Example:
    def __init__(self, command: str, output: pathlib.Path):
        self.command, self.output = command, output
        self.text = FILE.read_text()
        self.plan = tomllib.loads(self.text)

    def start(self, name: str, seconds: float, changes: dict[str, str]) -> subprocess.Popen[str]:
        """Runs control.toml with some keys changed, from a copy beside it: its paths are relative."""
        text = self.text
        for key, line in (changes | {"journal": f'journal = "../run-output/{name}.jsonl"'}).items():
            text, count = re.subn(rf"^{key} = .*$", line, text, flags=re.MULTILINE)
            assert count == 1, key
        (self.output / f"{name}.jsonl").unlink(missing_ok=True)
        copy = FILE.with_name(f".{name}.toml")
        copy.write_text(text)
        arguments = ["control", "run", copy, "--seconds", f"{seconds:g}", "--format", "json"]
        try:
            process = subprocess.Popen([self.command, *arguments], stdout=subprocess.PIPE, text=True)
            self.wait_for_begin(process, name)
        finally:
            copy.unlink()
        return process

    def wait_for_begin(self, process: subprocess.Popen[str], name: str) -> None:
        journal = self.output / f"{name}.jsonl"
        while process.poll() is None and not (journal.exists() and journal.stat().st_size):
            try:
                process.wait(0.05)
            except subprocess.TimeoutExpired:
                pass
        if process.poll():
            raise SystemExit(process.returncode)

    def finish(self, process: subprocess.Popen[str]) -> dict:
        out = process.communicate()[0]
        if process.returncode:
            raise SystemExit(process.returncode)
        return json.loads(out)

    def windows(self, name: str) -> list[dict]:
        records = map(json.loads, (self.output / f"{name}.jsonl").read_text().splitlines())
        return [r for r in records if r["kind"] == "window"]

    def sweep(self, seconds: float, rate: float) -> list[Fixed]:
        found = []
        level = self.plan["level"]
        high = len(os.sched_getaffinity(0)) if level["high"] == "cpus" else level["high"]
        for j, threads in enumerate(range(level["low"], high + 1)):
            for i, batch in enumerate(self.plan["server"]["batches"]):
                changes = {
                    "controller": 'controller = "fixed"',
                    "options": f"options = {{ batch_index = {i}, clock_index = {j} }}",
                    "cap_file": "power_cap_w = 1e6",
                    "rate": f"rate = {rate:g}",
                }
                self.finish(self.start("sweep", seconds, changes))
                windows = self.windows("sweep")[1:]  # the server warms up in the first
                if not windows:
                    continue
                throughput = sum(w["throughput"] * w["seconds"] for w in windows) / sum(w["seconds"] for w in windows)
                found.append(Fixed(batch, threads, [w["power_w"] for w in windows], throughput))
                power = sum(found[-1].power_w) / len(windows)
                print(f"  batch {batch:>2}, threads {threads}: {throughput:6.1f}/s at {power:5.2f} W", flush=True)
        return found

    def control(self, name: str, caps_w: list[float], phase_s: float, rates: list[tuple[float, float]]) -> dict:
        cap = self.output / "cap_w"
        cap.write_text(f"{caps_w[0]:g}\n")
        steps = ", ".join(f"[{at:g}, {rate:.4g}]" for at, rate in rates)
        changes = {"controller": f'controller = "{name}"', "rate": f"rate = [{steps}]"}
        process = self.start(f"control-{name}", phase_s * len(caps_w), changes)
        for watts in caps_w[1:]:
            try:
                process.wait(phase_s)
            except subprocess.TimeoutExpired:
                pass
            cap.write_text(f"{watts:g}\n")
        return self.finish(process)


def choose_caps(found: list[Fixed]) -> list[float]:
    """Above everything, between the threads, near the least, between again: caps that ask for different settings."""
    most = sorted(sorted(f.power_w)[int(0.95 * (len(f.power_w) - 1))] for f in found)
    low, high = most[0], most[-1]
    return [
        round(1.05 * high, 2),
        round(low + 0.4 * (high - low), 2),
        round(1.03 * low, 2),
        round(low + 0.7 * (high - low), 2),
    ]


def choose_rates(found: list[Fixed], caps_w: list[float], phase_s: float) -> list[tuple[float, float]]:
    """(second, requests a second): two rates in each phase, of which the second is a tenth above what the best fixed
    setting under that phase's cap can serve."""
    rates = []
    for i, cap_w in enumerate(caps_w):
        best = max((f.throughput for f in found if f.keeps(cap_w)), default=found[0].throughput)
        rates += [(i * phase_s, 0.6 * best), ((i + 0.6) * phase_s, 1.1 * best)]
    return rates


def rate_at(rates: list[tuple[float, float]], second: float) -> float:
    return [rate for at, rate in rates if at <= second][-1]


def report(result: dict, windows: list[dict], found: list[Fixed], rates: list[tuple[float, float]]) -> None:
    about = "~" if result["provenance"] == "estimated" else ""
    print(f"{'cap W':>8} {'settled':>8} {'within':>8} {'throughput':>12} {'best fixed':>12} {'share':>7}  which is")
    for phase in result["phases"]:
        inside = [w for w in windows if w["cap_w"] == phase["cap_w"]]
        fixed = max((f for f in found if f.keeps(phase["cap_w"])), key=lambda f: f.throughput, default=None)
        seconds = sum(w["seconds"] for w in inside)
        served = sum(w["throughput"] * w["seconds"] for w in inside) / seconds
        settled = phase["windows_to_settle"]
        line = f"{about + format(phase['cap_w'], '.2f'):>8} {'never' if settled is None else settled:>8} "
        line += f"{100 * phase['within'] / phase['windows']:>7.1f}% {served:>10.1f}/s "
        if fixed is None:
            print(line + "       none keeps this cap")
            continue
        best = sum(min(rate_at(rates, w["time_s"]), fixed.throughput) * w["seconds"] for w in inside) / seconds
        print(line + f"{best:>10.1f}/s {served / best:>7.3f}  batch {fixed.batch}, threads {fixed.threads}")
    within, of = result["within"], result["windows"]
    print(f"{within} of {of} windows within the cap ({100 * within / of:.1f} %), ", end="")
    print(f"{result['changes']} changes, {result['faults']} faults")
    print(f"latency of {result['load_answers']} requests, {result['load_errors']} errors: ", end="")
    print(f"p50 {1e3 * result['latency_p50_s']:.0f} ms, p99 {1e3 * result['latency_p99_s']:.0f} ms, waiting included")
    if about:
        print("~ power is ESTIMATED from CPU time: no sensor measured it; see docs/power.md", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("command", help="bayestuner")
    parser.add_argument("output", type=pathlib.Path)
    parser.add_argument("--controller", default="guard,stairs", help="one or several, separated by commas")
    parser.add_argument("--sweep-s", type=float, default=6.0, help="seconds of each fixed setting")
    parser.add_argument("--phase-s", type=float, default=25.0, help="seconds under each of the four caps")
    args = parser.parse_args()
    example = Example(args.command, args.output)
    print("sweep of the fixed settings under a full load")
    found = example.sweep(args.sweep_s, rate=400.0)
    caps_w = choose_caps(found)
    rates = choose_rates(found, caps_w, args.phase_s)
    print(f"caps: {', '.join(f'{c:g} W' for c in caps_w)}, {args.phase_s:g} s each; load: ", end="")
    print(", ".join(f"{rate:.0f}/s from {at:g} s" for at, rate in rates), flush=True)
    for name in args.controller.split(","):
        print(name)
        result = example.control(name, caps_w, args.phase_s, rates)
        report(result, example.windows(f"control-{name}"), found, rates)


if __name__ == "__main__":
    main()
