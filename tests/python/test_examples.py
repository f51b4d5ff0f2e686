"""Examples are programs that must run."""

from __future__ import annotations

import pathlib
import re
import subprocess
import sys

import pytest

import bayestuner as bt
from bayestuner import plots

ROOT = pathlib.Path(__file__).resolve().parents[2]


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
