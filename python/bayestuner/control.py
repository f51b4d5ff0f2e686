"""Controllers of a live server: pure steps from what was measured to the next batch size, clock and instances."""

from bayestuner._bayestuner.control import (
    Controller,
    Measurement,
    Setting,
    controller_names,
    controller_options,
    replay,
)

__all__ = [
    "Controller",
    "Measurement",
    "Setting",
    "controller_names",
    "controller_options",
    "replay",
]
