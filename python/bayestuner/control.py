"""Controllers of a live server: pure steps from what was measured to the next batch size, clock and instances; and the
loop that drives one against a server of this process or of another."""

from bayestuner._bayestuner.control import (
    Batch,
    Controller,
    ControlLoop,
    Engine,
    Measurement,
    Setting,
    controller_names,
    controller_options,
    replay,
)

__all__ = [
    "Batch",
    "ControlLoop",
    "Controller",
    "Engine",
    "Measurement",
    "Setting",
    "controller_names",
    "controller_options",
    "replay",
]
