"""Prints `SKIPPED name: reason` for each test that the latest ctest run of a build folder left out."""

from __future__ import annotations

import pathlib
import re
import sys


def skipped(log: str) -> list[str]:
    """GoogleTest's reason stands between its `file:line: Skipped` and `[  SKIPPED ] name`."""
    found = re.findall(r": Skipped\n(.*?)\n\[  SKIPPED \] (\S+) \(", log, re.DOTALL)
    return sorted({f"SKIPPED {name}: {' '.join(reason.split())}" for reason, name in found})


if __name__ == "__main__":
    path = pathlib.Path(sys.argv[1]) / "Testing/Temporary/LastTest.log"
    print("".join(line + "\n" for line in skipped(path.read_text(errors="replace"))), end="")
