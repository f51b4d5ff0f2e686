"""Examples are programs that must run; the README's Python code is one of them."""

from __future__ import annotations

import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]


def test_the_script_runs():
    done = subprocess.run(
        [sys.executable, str(ROOT / "examples/tune_function.py")], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert "confirmed" in done.stdout and "power saved" in done.stdout


def test_the_readme_code_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    assert len(blocks) >= 2

    def run_my_server(cores, memory_gb, batch):
        return 20.0 + 4 * cores + batch / 4 + memory_gb, 25.0 * cores * batch / (batch + 4)

    names = {"run_my_server": run_my_server}
    for block in blocks:
        exec(block, names)
    assert len(names["study"].trials) == 20
