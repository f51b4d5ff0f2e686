"""Settings of hardware and software that trials may vary. Every write is journalled, read back, and undone."""

from bayestuner._bayestuner.knob import (
    Affinity,
    Argument,
    Callable,
    ConfigFile,
    Cores,
    CpuQuota,
    Cpuset,
    Description,
    Environment,
    FileValue,
    Knob,
    MemoryLimit,
    Plan,
    PrimitiveWrite,
)

__all__ = [
    "Affinity",
    "Argument",
    "Callable",
    "ConfigFile",
    "Cores",
    "CpuQuota",
    "Cpuset",
    "Description",
    "Environment",
    "FileValue",
    "Knob",
    "MemoryLimit",
    "Plan",
    "PrimitiveWrite",
]
