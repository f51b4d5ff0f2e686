"""What a reader and a type checker see: docstrings everywhere, stubs that match the module, no error under mypy
--strict."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import pathlib
import re
import subprocess
import sys

import pytest

import bayestuner as bt

ROOT = pathlib.Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "python" / "bayestuner"
MODULES = ["bayestuner", "bayestuner.control", "bayestuner.knob", "bayestuner.meter", "bayestuner.runner"]
MODULES += ["bayestuner.protocols", "bayestuner.plots", "bayestuner.recipes", "bayestuner.study", "bayestuner.tuning"]
MODULES += ["bayestuner.images", "bayestuner.dispatcher", "bayestuner.selection"]
PLAIN = {"__init__", "__call__", "__getitem__"}  # special methods that need words; the others explain themselves


def own_words(thing: object) -> str:
    """The docstring without what pybind11 writes by itself: signatures and headings."""
    text = inspect.getdoc(thing) or ""
    lines = [
        line for line in text.splitlines() if not re.match(r"(\d+\. )?\w+\(.*\)( -> .*)?$|Overloaded function", line)
    ]
    return " ".join(lines).strip()


def members(cls: type):
    if hasattr(cls, "__members__"):  # an enumeration: its values speak
        return
    for name, value in vars(cls).items():
        if name.startswith("_") and name not in PLAIN:
            continue
        if isinstance(value, (classmethod, staticmethod)):
            value = value.__func__
        if isinstance(value, property) or callable(value):
            yield name, value


def public_things():
    for module_name in MODULES:
        module = importlib.import_module(module_name)
        yield module_name, module
        for name in getattr(module, "__all__", [n for n in vars(module) if not n.startswith("_")]):
            thing = getattr(module, name)
            if inspect.ismodule(thing) or getattr(thing, "__module__", "").split(".")[0] != "bayestuner":
                continue
            yield f"{module_name}.{name}", thing
            if inspect.isclass(thing):
                for member, value in members(thing):
                    yield f"{module_name}.{name}.{member}", value


def is_explained(name: str, thing: object) -> bool:
    if name.endswith("__init__"):  # explained by its class, or by words of its own where it is compiled
        return not own_words(thing) == "" or inspect.isfunction(thing) or "self" not in (inspect.getdoc(thing) or "")
    return len(own_words(thing)) >= 4


def test_every_public_thing_has_a_docstring():
    things = dict(public_things())
    assert len(things) > 250  # the walk finds what there is
    assert sorted(name for name, thing in things.items() if not is_explained(name, thing)) == []


def test_every_name_in_all_is_there_and_none_is_missing():
    for module_name in MODULES:
        module = importlib.import_module(module_name)
        names = getattr(module, "__all__", [])
        assert all(hasattr(module, name) for name in names) and len(names) == len(set(names))
    assert {"Study", "tune", "replay", "doctor", "restore", "pareto", "TrialRunner"} <= set(bt.__all__)


def test_the_stubs_are_those_of_the_module(tmp_path):
    pytest.importorskip("pybind11_stubgen")
    spec = importlib.util.spec_from_file_location("make_stubs", ROOT / "python" / "make_stubs.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.make_stubs(tmp_path)
    kept = {p.name: p.read_text() for p in (PACKAGE / "_bayestuner").glob("*.pyi")}
    made = {p.name: p.read_text() for p in (tmp_path / "_bayestuner").glob("*.pyi")}
    assert made == kept, "run python/make_stubs.py"
    assert (PACKAGE / "py.typed").exists()


def mypy(*arguments: object) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--config-file", str(ROOT / "pyproject.toml"), *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=300,
        cwd=ROOT / "python",
    )
    return done.stdout + done.stderr


def test_the_package_passes_mypy_strict():
    pytest.importorskip("mypy")
    assert "Success" in (out := mypy(PACKAGE)), out


USER = """
from __future__ import annotations

import numpy as np

import bayestuner as bt
from bayestuner import knob, meter, protocols, runner


class Nearest:
    def fit(self, x: protocols.Array, y: protocols.Array, noise: protocols.Array) -> None:
        self.x, self.y = x, y

    def predict(self, x: protocols.Array) -> tuple[protocols.Array, protocols.Array]:
        return np.zeros(len(x)), np.ones(len(x))


class Watts:
    def begin(self, target: meter.Target) -> None:
        self.pid = target.pid

    def end(self) -> dict[str, float]:
        return {"power_w": 1.0}


class Loop:
    def run(self, until_s: float) -> runner.Slice:
        return runner.Slice(items=1.0)


class Clock:
    parameter = bt.Integer("clock", 1, 3)

    def set(self, value: int) -> None:
        print(value)


def measure(trial: bt.Trial) -> dict[str, float | tuple[float, float]]:
    return {"power_w": float(trial["cores"]), "throughput": (2.0, 0.1)}


def tidy(study: bt.Study, trial: bt.Trial) -> None:
    print(trial.number, study.best_params)


surrogate: protocols.Surrogate = Nearest()
space = bt.Space([bt.Integer("cores", 1, 28), bt.Boolean("pin")], constraints=["cores >= 2"])
problem = bt.Problem().minimize("power_w").subject_to("throughput >= 0.95 * baseline")
study = bt.Study(space, problem, strategy=bt.BayesianOptimisation(surrogate=Nearest))
why: str = study.optimize(measure, n_trials=3, callbacks=[tidy], catch=ValueError)
asked = study.ask()
if asked is not None:
    study.tell(asked, {"power_w": bt.Metric(3.0, 0.1), "throughput": 3.0})
several: list[bt.Trial] = study.ask(n=2)
best: bt.Trial = study.best_trial
watts: float = best.metrics["power_w"].value
answer = study.recommend(measure)
if answer is not None and answer.gain is not None:
    print(answer.params["cores"], answer.gain.value)
run = bt.TrialRunner(Loop(), knobs=[Clock(), knob.Cores()], meters=[Watts(), meter.CpuTime()])
metrics: dict[str, bt.Metric] = run.run({"clock": 2})
result = bt.tune(Loop(), problem, knobs=[Clock()], meters=[Watts()])
print(result.study.trials_dataframe(), result.notes)
front: list[bt.Trial] = bt.pareto(measure, space, "power_w", "+throughput").best_trials
rows: list[dict[str, object]] = space.sample(3, seed=1)
gp = bt.GaussianProcess()
gp.fit(space.encode(rows), np.zeros(3))
mean: protocols.Array = gp.predict(space.encode(rows)).mean
for row in bt.replay("tasks.json", strategies=["bo"]):
    print(row["task"])
"""


def test_a_users_program_passes_mypy_strict(tmp_path):
    pytest.importorskip("mypy")
    (tmp_path / "user.py").write_text(USER)
    assert "Success" in (out := mypy(tmp_path / "user.py")), out
    (tmp_path / "wrong.py").write_text(USER + "\nwrong: int = study.best_trial\nstudy.optimise(measure)\n")
    out = mypy(tmp_path / "wrong.py")
    assert "Found 2 errors" in out, out  # it can fail
