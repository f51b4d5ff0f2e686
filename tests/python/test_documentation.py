"""The documentation cannot rot: its code runs, its C++ stands in a compiled example, its commands work or are named."""

from __future__ import annotations

import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import warnings

import pytest
import tomllib

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGES = sorted(p for p in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
COMMAND = os.environ.get("BAYESTUNER_COMMAND") or shutil.which("bayestuner")
LANGUAGES = {"", "text", "sh", "python", "cpp", "toml", "json"}


def blocks(page: pathlib.Path) -> list[tuple[str, str]]:
    """(language, code) of each fenced block, in order."""
    return re.findall(r"^```([^\n]*)\n(.*?)^```$", page.read_text(), re.DOTALL | re.MULTILINE)


def pages_with(language: str) -> list:
    found = [page for page in PAGES if any(name == language for name, _ in blocks(page))]
    return [pytest.param(page, id=str(page.relative_to(ROOT))) for page in found]


@pytest.mark.parametrize("page", [pytest.param(p, id=str(p.relative_to(ROOT))) for p in PAGES])
def test_fences_close_and_name_a_language_that_is_checked(page):
    assert len(re.findall(r"^```", page.read_text(), re.MULTILINE)) == 2 * len(blocks(page))
    assert {name for name, _ in blocks(page)} <= LANGUAGES


@pytest.mark.parametrize("page", [pytest.param(p, id=str(p.relative_to(ROOT))) for p in PAGES])
def test_links_lead_somewhere(page):
    prose = re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.DOTALL | re.MULTILINE)
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", prose):
        if "://" not in target:
            assert (page.parent / target).exists(), target


def run_my_server(cores, memory_gb, batch):
    """What README leaves to its reader."""
    return 20.0 + 4 * cores + batch / 4 + memory_gb, 25.0 * cores * batch / (batch + 4)


@pytest.mark.parametrize("page", pages_with("python"))
def test_python_blocks_run_one_after_the_other(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = {"run_my_server": run_my_server, "__name__": "__main__"}
    with warnings.catch_warnings():
        warnings.simplefilter("error", DeprecationWarning)
        for name, code in blocks(page):
            if name == "python":
                program = compile(code, str(page), "exec")
                if "server.py" not in code:  # a server of the reader's own
                    exec(program, names)
    if page.name == "README.md":
        assert len(names["study"].trials) == 20


@pytest.mark.parametrize("page", pages_with("cpp"))
def test_cpp_blocks_are_quotations_of_compiled_programs(page):
    programs = {
        p: p.read_text() for folder in ("examples", "tests", "benchmarks") for p in ROOT.glob(f"{folder}/**/*.cpp")
    }
    for name, code in blocks(page):
        if name == "cpp":
            assert any(code in text for text in programs.values()), (
                f"{page.name}: in no example, line for line:\n{code}"
            )


def test_json_blocks_parse():
    for page in PAGES:
        for name, code in blocks(page):
            if name == "json":
                json.loads(code)


@pytest.mark.parametrize("page", pages_with("toml"))
def test_toml_blocks_parse_and_whole_files_are_accepted(page, tmp_path):
    for name, code in blocks(page):
        sections = tomllib.loads(code) if name == "toml" else {}
        checks = {"control": ["control", "run", "--check"], "workload": ["tune", "--dry-run"]}
        check = next((arguments for section, arguments in checks.items() if section in sections), None)
        if check and COMMAND:
            file = tmp_path / "file.toml"
            file.write_text(code)
            done = subprocess.run([COMMAND, *check, file], capture_output=True, text=True)
            assert done.returncode == 0, done.stderr


SERVER = """
[study]
trials = 6
verify = false
[problem]
minimize = "power_w"
[[parameter]]
name = "cores"
type = "integer"
low = 1
high = 8
default = 4
[workload]
type = "process"
command = ["sh", "-c", "while :; do echo '{\\"power_w\\": {cores}}'; sleep 0.01; done"]
[load]
type = "none"
[measure]
meters = []
warm_up_s = 0
require_steady = false
min_s = 0.05
max_s = 0.1
"""
CONTROL = f"""
[control]
power_cap_w = 1000
seconds = 1
[server]
url = "http://127.0.0.1:{{port}}/control"
batches = [1, 2, 4]
[meter]
name = "estimate"
allow_estimates = true
[workload]
command = ["{{python}}", "{pathlib.Path(__file__).with_name("batch_server.py")}", "--port", "{{port}}"]
ready = {{ tcp = "{{port}}" }}
"""
TASK = {
    "id": "small", "type": "constrained", "file": "table.csv", "knobs": ["k"], "constraints": [],
    "objective": {"column": "m", "sense": "min"}, "optimum": {"value": 1.0}, "budget": 3,
}  # fmt: skip


def command_lines(page: pathlib.Path) -> list[str]:
    lines = "".join(code for name, code in blocks(page) if name == "sh").replace("\\\n", " ").splitlines()
    return [line for line in (re.sub(r"(^|\s)#.*", "", line).strip() for line in lines) if line]


def check_without_running(words: list[str]) -> bool:
    """Commands that are too long for a test, or would change the machine. .ci/run runs those that it can."""
    presets = json.loads((ROOT / "CMakePresets.json").read_text())
    bootstrap = (ROOT / "cmake/bootstrap.sh").read_text()
    if words[0].startswith(("./", ".ci/", "benchmarks/")):
        return os.access(ROOT / words[0], os.X_OK)
    match words:
        case ["cmake", "--workflow", "--preset", name]:
            return any(p["name"] == name for p in presets["workflowPresets"])
        case ["cmake", "--install", folder, *_]:
            return any(p["name"] == pathlib.Path(folder).name for p in presets["configurePresets"])
        case ["ctest", "--preset", name, *_]:
            return any(p["name"] == name for p in presets["testPresets"])
        case ["cmake", "--build", "--preset", name, *_]:
            return any(p["name"] == name for p in presets["buildPresets"])
        case ["sudo", "apt-get", "install", *names]:  # what the scripts install, and all that a build needs
            lists = re.findall(r"^(?:build|test)_packages=\((.*?)\)", bootstrap, re.DOTALL | re.MULTILINE)
            build, test = (set(text.split()) for text in lists)
            return set(names) <= build | test and build - {"ccache", "python3", "python3-venv"} <= set(names)
        case ["pip", "install", *_]:
            return (ROOT / "pyproject.toml").exists()
        case ["conan", "create", ".", *_]:
            return (ROOT / "conanfile.py").exists()
        case ["pre-commit", *_]:
            return (ROOT / ".pre-commit-config.yaml").exists()
    return False


@pytest.mark.parametrize("page", pages_with("sh"))
def test_shell_blocks_run(page, tmp_path):
    (tmp_path / "server.toml").write_text(SERVER)
    both = SERVER.replace('minimize = "power_w"', 'minimize = "power_w"\nmaximize = "throughput"')
    (tmp_path / "trade_off.toml").write_text(both.replace("{cores}}", '{cores}, \\"throughput\\": {cores}}'))
    (tmp_path / "control.toml").write_text(CONTROL)
    (tmp_path / "table.csv").write_text("k,m\n1,1\n2,2\n3,3\n4,4\n")
    (tmp_path / "tasks.json").write_text(json.dumps({"dataset": "test", "tasks": [TASK]}))
    requests = [f"{n},{int(n < 50)},{int(n % 10 > 0)}" for n in range(100)]
    (tmp_path / "requests.csv").write_text("\n".join(["length,small,large", *requests]) + "\n")
    for line in command_lines(page):
        words = shlex.split(line)
        if words[0] != "bayestuner":
            assert check_without_running(words), f"{page.name}: nothing here runs or checks `{line}`"
        elif COMMAND:
            done = subprocess.run([COMMAND, *words[1:]], cwd=tmp_path, capture_output=True, text=True)
            assert done.returncode == 0, f"{line}: {done.stderr}"
