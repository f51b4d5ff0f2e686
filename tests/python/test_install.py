"""pip install as a stranger does it: a wheel from this tree in a virtual environment of its own, and what an sdist
holds."""

from __future__ import annotations

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tarfile
import textwrap

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
TREE = pathlib.Path(os.environ.get("BAYESTUNER_BUILD", "/nowhere"))
pytestmark = pytest.mark.slow


def run(*command: object, **options) -> str:
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=1500, **options)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    return done.stdout


def flags_of_the_tree() -> dict[str, str]:
    """Flags of the build under test: with the same ones, the compiler's cache has compiled the wheel already."""
    cache = TREE / "CMakeCache.txt"
    wanted = {"CMAKE_BUILD_TYPE", "CMAKE_CXX_FLAGS_DEBUG", "BAYESTUNER_UNITY", "BAYESTUNER_WERROR"}
    lines = cache.read_text().splitlines() if cache.exists() else []
    pairs = (re.fullmatch(r"(\w+):\w+=(.*)", line) for line in lines)
    return {m[1]: m[2] for m in pairs if m and m[1] in wanted}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> pathlib.Path:
    """Built without isolation, so that the pybind11 is the one of the tree under test; beside that tree, because the
    compiler's cache knows files by their names relative to the build folder."""
    pytest.importorskip("scikit_build_core")
    folder = tmp_path_factory.mktemp("wheel")
    flags = flags_of_the_tree()
    build = TREE.with_name(f"{TREE.name}-wheel") if flags else folder / "build"
    shutil.rmtree(build, ignore_errors=True)
    settings = {"cmake.build-type": flags.pop("CMAKE_BUILD_TYPE", "Release"), "build-dir": str(build)}
    settings |= {f"cmake.define.{key}": value for key, value in flags.items()}
    options = [f"--config-settings={key}={value}" for key, value in settings.items()]
    run(sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "-w", folder, *options, ROOT)
    (made,) = folder.glob("*.whl")
    return made


def test_a_wheel_installs_into_a_fresh_environment(wheel, tmp_path):
    run("/usr/bin/python3", "-m", "venv", tmp_path / "venv")
    python = tmp_path / "venv" / "bin" / "python"
    run(python, "-m", "pip", "install", "--quiet", wheel)
    script = """
        import bayestuner as bt
        study = bt.Study(bt.Space([bt.Integer("a", 0, 99)]), bt.Problem().minimize("y"), seed=1)
        study.optimize(lambda trial: (trial["a"] - 42) ** 2, n_trials=15)
        print(bt.__version__, study.best_value, bt.__file__)
        """
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    version, best, file = run(python, "-c", textwrap.dedent(script), cwd=tmp_path, env=environment).split()
    assert float(best) < 10 and str(tmp_path) in file
    command = tmp_path / "venv" / "bin" / "bayestuner"
    assert version in run(command, "--version", env=environment)
    assert '"knobs"' in run(command, "doctor", "--format", "json", env=environment)
    files = run(python, "-m", "pip", "show", "-f", "bayestuner")
    assert "bayestuner/py.typed" in files and "bayestuner/_bayestuner/__init__.pyi" in files


def test_an_sdist_holds_what_is_needed_and_no_more(tmp_path):
    pytest.importorskip("scikit_build_core")
    code = "import sys; from scikit_build_core.build import build_sdist; print(build_sdist(sys.argv[1]))"
    name = run(sys.executable, "-c", code, tmp_path, cwd=ROOT).split()[-1]
    with tarfile.open(tmp_path / name) as archive:
        names = {member.name.partition("/")[2] for member in archive.getmembers()}
        size = sum(member.size for member in archive.getmembers())
    tracked = set(run("git", "ls-files", cwd=ROOT).split("\n")) if (ROOT / ".git").exists() else set()
    needed = {f for f in tracked if f.startswith(("include/", "src/", "python/", "cmake/"))}
    needed |= {"CMakeLists.txt", "pyproject.toml", "README.md", "LICENSE"}
    assert needed <= names, sorted(needed - names)
    assert not any(n.startswith(("build/", ".venv", "tests/data")) for n in names)
    assert size < 5e6
