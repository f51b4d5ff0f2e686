"""Shared small problem: a smooth server of which more cores and larger batches are faster and dearer."""

from __future__ import annotations

import os
import pathlib

import pytest

import bayestuner as bt
from place import place  # noqa: F401 (a fixture)


@pytest.fixture
def space() -> bt.Space:
    return bt.Space([bt.Integer("cores", 1, 16), bt.Integer("batch", 1, 32)])


@pytest.fixture
def problem() -> bt.Problem:
    return bt.Problem().minimize("power_w").subject_to("throughput >= 100")


def serve(trial: bt.Trial) -> dict[str, float]:
    cores, batch = trial.params["cores"], trial.params["batch"]
    throughput = 40.0 * cores * batch / (batch + 4.0) / (1.0 + 0.03 * cores)
    return {"power_w": 10.0 + 6.0 * cores + 0.3 * batch, "throughput": throughput}


@pytest.fixture
def data() -> pathlib.Path:
    return pathlib.Path(os.environ.get("BAYESTUNER_TEST_DATA", pathlib.Path(__file__).parent.parent / "data"))
