"""Tune a function of your own from Python; here a model of a server stands in for the test run.

examples/tuning.ipynb tells the same story with plots; docs/python.md is the manual.
"""

import bayestuner as bt

space = bt.Space(
    [bt.Integer("cores", 1, 28), bt.Ordinal("memory_gb", [1, 2, 4, 8]), bt.Integer("batch", 1, 32, scale="log")],
    constraints=["batch <= 4 * cores"],
)


def measure(trial: bt.Trial) -> dict[str, float | tuple[float, float]]:
    """One test run: metrics as a number or (mean, standard error), or TrialFailed with the reason."""
    cores, memory, batch = trial["cores"], trial["memory_gb"], trial["batch"]
    if memory * 4 < batch / 4:
        raise bt.TrialFailed("the batch does not fit", "out_of_memory")
    throughput = 25 * cores * batch / (batch + 4) / (1 + 0.02 * cores)
    return {"power_w": 30 + 4 * cores + 0.5 * batch + memory, "throughput": (throughput, 0.01 * throughput)}


answer = bt.minimize_power(
    measure,
    space,
    min_throughput="0.95 * baseline",
    today={"cores": 28, "memory_gb": 8, "batch": 8},
    n_trials=20,
    seed=1,
    callbacks=[lambda study, trial: print(f"trial {trial.number:2}: {trial.params} {trial.values or trial.reason}")],
)
if answer is None:  # nothing kept the bound
    raise SystemExit("no configuration serves enough")
print("recommended:", answer.params, "confirmed" if answer.confirmed else "not confirmed")
print(f"power saved: {100 * answer.gain.value:.0f} % ± {100 * answer.gain.standard_error:.0f} %")
