"""What a window of time cost: energy, power, CPU time, memory; each number with its error and where it comes from."""

from bayestuner._bayestuner.meter import (
    CpuTime,
    Description,
    EstimatedPower,
    HwmonPower,
    MemoryUse,
    Meter,
    Pressure,
    RaplPerf,
    RaplPowercap,
    Target,
    make_meter,
)

__all__ = [
    "CpuTime",
    "Description",
    "EstimatedPower",
    "HwmonPower",
    "MemoryUse",
    "Meter",
    "Pressure",
    "RaplPerf",
    "RaplPowercap",
    "Target",
    "make_meter",
]
