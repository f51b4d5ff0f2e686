"""Fails where an include points upwards: an area may include its own and lower areas only."""

from __future__ import annotations

import pathlib
import sys

# Low to high, as in docs/architecture.md. knob and meter know nothing of search and study.
ALLOWED = {"core": set(), "space": {"core"}}
ALLOWED["surrogate"] = ALLOWED["space"] | {"space"}
ALLOWED["acquisition"] = ALLOWED["surrogate"] | {"surrogate"}
ALLOWED["search"] = ALLOWED["acquisition"] | {"acquisition"}
ALLOWED["study"] = ALLOWED["search"] | {"search"}
ALLOWED["knob"] = {"core", "space"}
ALLOWED["meter"] = {"core", "space"}
ALLOWED["runner"] = ALLOWED["study"] | {"study", "knob", "meter"}
ALLOWED["selection"] = ALLOWED["surrogate"] | {"surrogate"}
ALLOWED["analysis"] = ALLOWED["study"] | {"study", "selection"}
# Controllers need core alone; the loop that drives one reads meters and sets knobs, the replay reads tables.
ALLOWED["control"] = ALLOWED["analysis"] | ALLOWED["runner"] | {"analysis", "runner"}
ALLOWED["images"] = {"core"}
EVERYTHING = set(ALLOWED) | {"conformance"}


def area_of(path: pathlib.PurePath, root: str) -> str | None:
    parts = path.parts
    return parts[parts.index(root) + 1] if root in parts and len(parts) > parts.index(root) + 2 else None


def main() -> int:
    root = pathlib.Path(__file__).resolve().parent.parent
    found = 0
    for folder, anchor in (("include/bayestuner", "bayestuner"), ("src", "src")):
        for path in sorted((root / folder).rglob("*.[hc]pp")):
            area = area_of(path.relative_to(root / "include" if anchor == "bayestuner" else root), anchor)
            allowed = EVERYTHING if area in (None, "conformance", "command") else ALLOWED[area] | {area}
            for number, line in enumerate(path.read_text().splitlines(), 1):
                if line.startswith('#include "bayestuner/'):
                    target = line.split('"')[1].split("/")
                    if len(target) == 2 and area is None:
                        continue
                    if len(target) < 3 or target[1] not in allowed:
                        print(f"{path.relative_to(root)}:{number}: {area} may not include {line.split(chr(34))[1]}")
                        found += 1
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
