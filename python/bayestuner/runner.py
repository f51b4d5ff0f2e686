"""One trial on this machine: workloads, who asks them for work, how long and how well to measure."""

from bayestuner._bayestuner.runner import (
    CallableWorkload,
    CallResult,
    CommandLoad,
    HttpLoad,
    HttpRequest,
    Load,
    LoadStart,
    MeasureOptions,
    PrintedMetrics,
    ProcessWorkload,
    Readiness,
    Slice,
    Start,
    Subprocess,
    TrialRunner,
    Workload,
)

__all__ = [
    "CallResult",
    "CallableWorkload",
    "CommandLoad",
    "HttpLoad",
    "HttpRequest",
    "Load",
    "LoadStart",
    "MeasureOptions",
    "PrintedMetrics",
    "ProcessWorkload",
    "Readiness",
    "Slice",
    "Start",
    "Subprocess",
    "TrialRunner",
    "Workload",
]
