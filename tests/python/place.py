"""A place to run the command in: a folder with a tune file, a state folder of its own, and a way to be nobody."""

from __future__ import annotations

import os
import pathlib
import shutil
import subprocess
import tempfile
from collections.abc import Iterator

import pytest

COMMAND = os.environ.get("BAYESTUNER_COMMAND") or shutil.which("bayestuner")
IS_ROOT = os.geteuid() == 0

# A run of three trials of a tenth of a second; every case changes one thing of it.
TUNE = """
[study]
name = "t"
trials = 3
verify = false
[problem]
minimize = "cost"
[[parameter]]
name = "a"
type = "integer"
low = 1
high = 4
default = 2
[workload]
command = ["/bin/sh", "-c", 'echo "{\\"cost\\": {a}}"']
[load]
type = "none"
[measure]
meters = []
warm_up_s = 0
min_s = 0.02
max_s = 5
"""


class Place:
    """A folder that an unprivileged user may enter, with the command in it and a state folder of its own."""

    def __init__(self, folder: pathlib.Path):
        self.folder = folder
        self.file = folder / "t.toml"
        self.store = folder / "t.db"
        self.command = folder / "bin" / "bayestuner"
        self.command.parent.mkdir()
        shutil.copy(COMMAND or "", self.command)
        self.file.write_text(TUNE)
        self.user: str | None = None

    def edit(self, change: str, to: str) -> None:
        text = self.file.read_text()
        assert change in text
        self.file.write_text(text.replace(change, to))

    def environment(self) -> dict[str, str]:
        scratch, state = self.folder / "tmp", self.folder / "state"
        scratch.mkdir(exist_ok=True)
        scratch.chmod(0o1777)
        env = {"PATH": "/usr/bin:/bin", "TMPDIR": str(scratch), "HOME": "/nonexistent"}
        # Somebody else's state folder is his business: journal-less refusals never make one.
        if self.user is None:
            env["BAYESTUNER_STATE_DIR"] = str(state)
        return env

    def popen(self, *args: object) -> subprocess.Popen[str]:
        who = {"user": self.user, "group": "nogroup", "extra_groups": []} if self.user else {}
        return subprocess.Popen(
            [self.command, *map(str, args)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            errors="replace", env=self.environment(), cwd=self.folder, **who,
        )  # fmt: skip

    def run(self, *args: object) -> tuple[int, str, str]:
        process = self.popen(*args)
        try:
            out, err = process.communicate(timeout=60)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
        return process.returncode, out, err

    def tune(self) -> None:
        code, _, err = self.run("tune", self.file)
        assert code == 0, err

    def snapshot(self) -> dict[str, bytes | str]:
        """Every file and folder but the locks, which name nobody once their holder is gone."""
        found: dict[str, bytes | str] = {}
        for path in sorted(self.folder.rglob("*")):
            name = str(path.relative_to(self.folder))
            if name.split("/")[0] in ("bin", "tmp") or name.startswith("state"):
                continue
            found[name] = path.read_bytes() if path.is_file() else "folder"
        found["journals"] = str(sorted(self.folder.glob("state/*.jsonl")))
        found["scratch"] = str(sorted(self.folder.glob("tmp/*")))
        return found


def control_groups(pid: int) -> list[pathlib.Path]:
    return sorted(pathlib.Path("/sys/fs/cgroup").glob(f"**/bayestuner-{pid}-*"))


@pytest.fixture
def place() -> Iterator[Place]:
    folder = pathlib.Path(tempfile.mkdtemp(prefix="bayestuner-refusals-"))
    folder.chmod(0o755)
    yield Place(folder)
    shutil.rmtree(folder)


def as_nobody(place: Place) -> None:
    if not IS_ROOT:
        pytest.skip("needs root to become nobody")
    place.user = "nobody"
    place.folder.chmod(0o777)
