"""Examples are programs that must run."""

from __future__ import annotations

import importlib.util
import os
import pathlib
import re
import shutil
import subprocess
import sys

import pytest

import bayestuner as bt
from bayestuner import plots

ROOT = pathlib.Path(__file__).resolve().parents[2]
COMMAND = os.environ.get("BAYESTUNER_COMMAND") or shutil.which("bayestuner")


def test_the_script_runs():
    done = subprocess.run(
        [sys.executable, str(ROOT / "examples/tune_function.py")], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert "confirmed" in done.stdout and "power saved" in done.stdout


def test_the_notebook_runs_top_to_bottom(tmp_path):
    nbclient = pytest.importorskip("nbclient")
    nbformat = pytest.importorskip("nbformat")
    pytest.importorskip("ipykernel")
    notebook = nbformat.read(ROOT / "examples/tuning.ipynb", as_version=4)
    nbclient.NotebookClient(
        notebook, timeout=60, kernel_name="python3", resources={"metadata": {"path": tmp_path}}
    ).execute()
    shown = [out for cell in notebook.cells if cell.cell_type == "code" for out in cell.outputs]
    assert sum("image/png" in out.get("data", {}) for out in shown) == 5
    assert any("confirmed" in out.get("text", "") for out in shown)


def test_the_manual_of_the_python_side_runs(tmp_path, monkeypatch):
    """The first study of docs/python.md as it stands there; the rest of its code is checked for what it names."""
    monkeypatch.chdir(tmp_path)
    text = (ROOT / "docs/python.md").read_text()
    blocks = re.findall(r"```python\n(.*?)```", text, re.DOTALL)

    def run_my_server(cores, memory_gb, batch):
        return 20.0 + 4 * cores + batch / 4 + memory_gb, 25.0 * cores * batch / (batch + 4)

    names = {"run_my_server": run_my_server}
    exec(blocks[0], names)
    assert names["answer"].confirmed
    for block in blocks:
        compile(block, "docs/python.md", "exec")
    for name in re.findall(r"\bbt\.([A-Za-z_]+)", text):
        assert hasattr(bt, name), name
    for area, name in re.findall(r"\b(knob|meter|runner)\.([A-Z][A-Za-z_]+)", text):
        assert hasattr(getattr(bt, area), name), name
    for name in re.findall(r"`(plot_[a-z_]+)`", text):
        assert hasattr(plots, name), name


@pytest.mark.skipif(not COMMAND, reason="the command is not built; set BAYESTUNER_COMMAND")
def test_the_control_example_is_a_whole_control_file(tmp_path):
    text = (ROOT / "examples/control/control.toml").read_text()
    file = tmp_path / "control.toml"
    file.write_text(text.replace('cap_file = "../run-output/cap_w"', "power_cap_w = 5"))
    done = subprocess.run([COMMAND, "control", "run", file, "--check"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("guard over batches 1 2 4 8 16 and threads 1")


def test_the_control_example_asks_for_different_settings():
    path = ROOT / "examples/control/measure.py"
    measure = importlib.util.module_from_spec(importlib.util.spec_from_file_location("measure", path))
    sys.modules["measure"] = measure  # dataclasses look their module up
    measure.__spec__.loader.exec_module(measure)
    low = measure.Fixed(1, 1, [4.0] * 19 + [9.0], 50.0)  # one window in twenty may be above
    high = measure.Fixed(16, 2, [7.0] * 20, 80.0)
    assert low.keeps(4.0) and not low.keeps(3.9) and not high.keeps(6.9)
    caps = measure.choose_caps([low, high])
    assert len(set(caps)) == 4 and high.keeps(caps[0]) and not high.keeps(caps[2])
    rates = measure.choose_rates([low, high], [8.0, 5.0], 10.0)
    assert [at for at, _ in rates] == [0.0, 6.0, 10.0, 16.0]
    assert [rate for _, rate in rates] == pytest.approx([48.0, 88.0, 30.0, 55.0])
    assert [measure.rate_at(rates, s) for s in (0.0, 5.9, 6.0, 99.0)] == pytest.approx([48.0, 48.0, 88.0, 55.0])
