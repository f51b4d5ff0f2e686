"""Plots: each is drawn to a file, also where there is little to see, and costs no more looks and artists for more
trials."""

from __future__ import annotations

import json
import pathlib

import pytest

import bayestuner as bt
from bayestuner import plots
from conftest import serve

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")

TWO = {"plot_pareto_front", "plot_hypervolume_history"}
ALL = sorted(name for name in plots.__all__ if name.startswith("plot_") and name != "plot_control")
EVALUATIONS = ("cores", "batch", "runtime", "pinned")


def make_space() -> bt.Space:
    return bt.Space(
        [
            bt.Integer("cores", 1, 16),
            bt.Integer("batch", 1, 1000, scale="log"),
            bt.Categorical("runtime", ["ort", "tvm"]),
            bt.Boolean("pinned", when={"runtime": ["ort"]}),
        ]
    )


def measured(trial: bt.Trial) -> dict[str, float]:
    if trial["batch"] > 900:
        raise bt.TrialFailed("too large", "out_of_memory")
    return serve(trial) | {"energy_j": 5.0}


def study_of(n: int, two: bool = False, seed: int = 1) -> bt.Study:
    problem = bt.Problem().minimize("power_w")
    problem = problem.maximize("throughput", 1.0) if two else problem.subject_to("throughput >= 0.5 * baseline")
    study = bt.Study(make_space(), problem, strategy="random", seed=seed)
    if n:
        study.optimize(measured, n_trials=n)
    return study


def draw(name: str, study: bt.Study, file: pathlib.Path) -> list:
    import matplotlib.pyplot as plt

    made = getattr(plots, name)(study)
    axes = made if isinstance(made, list) else [made]
    axes[0].figure.savefig(file)
    assert file.stat().st_size > 2000
    artists = [len(ax.get_children()) for ax in axes]
    plt.close("all")
    return artists


@pytest.mark.parametrize("name", ALL)
def test_each_is_drawn(name, tmp_path):
    draw(name, study_of(30, name in TWO), tmp_path / "plot.png")


@pytest.mark.parametrize("trials", [0, 2])
@pytest.mark.parametrize("name", ALL)
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_each_bears_little_to_see(name, trials, tmp_path):
    draw(name, study_of(trials, name in TWO), tmp_path / "plot.png")


class Counting:
    """A compiled study that counts the questions it is asked."""

    def __init__(self, core):
        self._core, self.calls = core, 0

    def __getattr__(self, name):
        self.calls += 1
        return getattr(self._core, name)


@pytest.mark.parametrize("name", ALL)
def test_cost_does_not_grow_with_the_square_of_the_trials(name, tmp_path):
    """Looks at the log are O(n) each, so their number must be constant; an artist is dear, so theirs must be as
    well."""
    costs = []
    for n in (30, 150):
        study = study_of(n, name in TWO)
        study._core = Counting(study._core)
        artists = draw(name, study, tmp_path / "plot.png")
        costs.append((study._core.calls, artists if name != "plot_contour" else None))
    assert costs[0] == costs[1]


def test_the_dataframe_costs_no_more_looks_either():
    pytest.importorskip("pandas")
    calls = []
    for n in (10, 200):
        study = study_of(n)
        study._core = Counting(study._core)
        study.trials_dataframe()
        calls.append(study._core.calls)
    assert calls[0] == calls[1]


def test_what_they_show():
    import matplotlib.pyplot as plt

    study = study_of(60)
    history = plots.plot_optimization_history(study)
    best = history.lines[0].get_ydata()
    assert history.get_ylabel() == "power_w" and list(best) == sorted(best, reverse=True)
    assert best[-1] == study.best_value
    assert [line.get_xdata()[0] for line in plots.plot_power_throughput(study).lines] == study.thresholds
    assert len(plots.plot_knob_effects(study)) == 4 and len(plots.plot_slice(study, ["batch"])) == 1
    bars = plots.plot_param_importances(study)
    shares = dict(
        zip([t.get_text() for t in bars.get_yticklabels()], [p.get_width() for p in bars.patches], strict=True)
    )
    assert shares["batch"] > shares["cores"] > shares["pinned"] and shares["batch"] > 0.5 and shares["pinned"] < 0.2
    assert plots.plot_energy_timeline(study).lines[0].get_ydata()[-1] == 5.0 * sum(
        t.state == bt.TrialState.COMPLETE for t in study.trials
    )
    two = study_of(60, two=True)
    front = plots.plot_pareto_front(two).lines[0].get_xdata()
    assert sorted(front) == sorted(t.values["power_w"] for t in two.best_trials)
    volume = plots.plot_hypervolume_history(two, [200.0, 1.0]).lines[0].get_ydata()
    assert list(volume) == sorted(volume) and volume[-1] > 0
    own = plots.plot_optimization_history(study, target=lambda t: t.values["throughput"], target_name="items/s")
    assert own.get_ylabel() == "items/s"
    plt.close("all")


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda s: plots.plot_pareto_front(s), "one objective"),
        (lambda s: plots.plot_hypervolume_history(s), "one objective"),
        (lambda s: plots.plot_slice(s, ["colour"]), "params: colour is none of cores"),
        (lambda s: plots.plot_contour(s, ["cores"]), "1 parameters; two make a plane"),
    ],
)
def test_bad_input_gets_one_clear_line(call, text):
    with pytest.raises(ValueError, match=text):
        call(study_of(3))


BEGIN = {"kind": "begin", "meter": "estimate", "provenance": "estimated", "dry_run": False}


def window(i: int, **more: object) -> dict:
    served = {"batch": 2 ** (i % 3), "level": 1.0 + i % 2, "instances": 1}
    return {
        "kind": "window",
        "time_s": 0.5 * (i + 1),
        "served": served,
        "power_w": 5.0 + i % 3,
        "cap_w": 6.0,
        "within": i % 3 < 2,
        "throughput": 50.0,
        "latency_p50_s": 0.01,
        "latency_p99_s": None,
        "reason": "violated",
        "changed": True,
        "next": served,
    } | more


def journal_of(tmp_path: pathlib.Path, records: list) -> pathlib.Path:
    file = tmp_path / "journal.jsonl"
    file.write_text("".join((r if isinstance(r, str) else json.dumps(r)) + "\n" for r in records))
    return file


def test_a_journal_shows_power_cap_decisions_and_faults_of_its_last_run(tmp_path):
    fault = {"kind": "event", "time_s": 1.0, "name": "meter_silent", "text": "", "is_fault": True}
    journal = journal_of(tmp_path, [BEGIN, window(0, power_w=99.0), BEGIN, *map(window, range(9)), fault])
    power, batch, rate, latency = plots.plot_control(journal)
    drawn = {line.get_label(): list(line.get_ydata()) for line in power.get_lines()}
    assert drawn["power, estimated"] == [5.0, 6.0, 7.0] * 3 and drawn["cap"] == [6.0] * 9
    assert "meter_silent" in drawn
    assert power.get_title() == "6 of 9 windows within the cap; power estimated by estimate"
    assert {text.get_text() for text in batch.texts} == {"violated"} and len(batch.texts) == 9
    assert [list(line.get_ydata()) for line in rate.get_lines()] == [[50.0] * 9]
    file = tmp_path / "plot.svg"
    power.figure.savefig(file)
    assert file.stat().st_size > 2000


def test_a_journal_without_windows_is_drawn_and_another_file_is_refused(tmp_path):
    assert len(plots.plot_control(journal_of(tmp_path, [BEGIN]))) == 4
    with pytest.raises(bt.InvalidArgument, match="has no record of a loop's beginning"):
        plots.plot_control(journal_of(tmp_path, []))
    with pytest.raises(bt.InvalidArgument, match="journal.jsonl:2 is no record"):
        plots.plot_control(journal_of(tmp_path, [BEGIN, "{"]))
