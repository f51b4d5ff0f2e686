"""Explorations: fronts with their uncertainty, volumes against random sampling, resuming, the machine, bad input."""

from __future__ import annotations

import csv
import io
import json
import math

import numpy as np
import pytest

import bayestuner as bt
from conftest import serve
from place import COMMAND, Place


@pytest.fixture
def two() -> bt.Problem:
    return bt.Problem().minimize("power_w", 120.0).maximize("throughput", 1.0)


def noisy(trial: bt.Trial) -> dict:
    values = serve(trial)
    return {"power_w": (values["power_w"], 0.5), "throughput": (values["throughput"], 1.0)}


def test_the_whole_story(space, two, tmp_path):
    told = []
    result = bt.explore(
        noisy, two, space=space, against="random", store=tmp_path / "e.db", seed=1,
        today={"cores": 16, "batch": 8}, callbacks=[lambda study, trial: told.append(study.name)],
    )  # fmt: skip
    assert told == ["study"] * 40 + ["study-random"] * 40 and result.reason == "trials"
    ours, random = result.exploration, result.against
    assert ours.finished == random.finished == 40 and ours.reference == random.reference == [120.0, 1.0]
    assert ours.reference_rules == ["stated", "stated"]
    assert ours.points[0].trial.params == {"cores": 16, "batch": 8}
    assert result.hypervolume == ours.hypervolume > random.hypervolume > 0
    # The front is what the points say, sorted by the first objective.
    values = np.array([[p.trial.values["power_w"], -p.trial.values["throughput"]] for p in ours.points])
    front = {ours.points[i].trial.number for i in bt.non_dominated(values)}
    assert {t.number for t in result.front} == front and not front & set(ours.dominated)
    powers = [t.values["power_w"] for t in result.front]
    assert powers == sorted(powers) and result.knee.number in front
    assert all(t.metrics["power_w"].standard_error == 0.5 for t in result.front)
    assert all(0.0 <= p <= 1.0 for p in ours.front_probabilities) and max(ours.front_probabilities) > 0.9
    history = [volume for _, volume in ours.history]
    assert [n for n, _ in ours.history] == list(range(1, 41)) and history == sorted(history)
    assert history[-1] == pytest.approx(bt.hypervolume(values, np.array([120.0, -1.0])))

    found = json.loads(result.to_json())
    assert [e["study"] for e in found] == ["study", "study-random"]
    assert found[0]["knee"] == result.knee.number and found[0]["front"] == [t.number for t in result.front]
    assert found[0]["objectives"][1] == {
        "metric": "throughput", "sense": "maximize", "reference": 1.0, "reference_rule": "stated"
    }  # fmt: skip
    rows = list(csv.DictReader(io.StringIO(result.to_csv())))
    assert len(rows) == 80 and {r["number"] for r in rows if r["front"] == "true" and r["study"] == "study"} == {
        str(n) for n in front
    }
    assert rows[0]["params_cores"] == "16" and rows[0]["sem_power_w"] == "0.5"
    text = str(result)
    assert "times that of study-random" in text and f"{result.knee.number}*" in text and "±" in text
    page = result.html_report()
    assert page.count("<svg") >= 4 and "Hypervolume" in page and "study-random" in page and "(knee)" in page

    again = bt.explore(
        lambda trial: pytest.fail("measured again"), two,
        space=space, against="random", store=tmp_path / "e.db", seed=1, today={"cores": 16, "batch": 8},
    )  # fmt: skip
    assert again.hypervolume == result.hypervolume and again.against.hypervolume == random.hypervolume
    assert bt.explorations(bt.Study.open(tmp_path / "e.db", "study-random"))[0].finished == 40


def test_criteria_and_sizes_are_adjustable(space, two):
    found = {}
    for criterion in ("ehvi", "hvpoi", "poi"):
        result = bt.explore(serve, two, space=space, n_initial=6, n_guided=6, criterion=criterion)
        found[criterion] = [tuple(p.trial.params.values()) for p in result.exploration.points]
        assert len(found[criterion]) == 12 and result.against is None
    assert found["ehvi"][:6] == found["hvpoi"][:6] == found["poi"][:6]
    assert found["ehvi"] != found["hvpoi"]
    forest = bt.explore(serve, two, space=space, n_initial=4, n_guided=4, strategy="bo:forest")
    assert len(forest.exploration.points) == 8


def test_a_runner_is_explored_over_its_knobs():
    setting = {}

    class Level:
        parameter = bt.Integer("level", 1, 6)

        def set(self, value):
            setting["level"] = value

        def reset(self):
            setting.clear()

    def work(params):
        return {"cost": float(setting["level"]), "speed": float(setting["level"] ** 2)}

    measure = bt.MeasureOptions(warm_up_s=0, settle_s=0, min_s=0.01, max_s=0.02, require_steady=False)
    problem = bt.Problem().minimize("cost").maximize("speed")
    with bt.TrialRunner(work, knobs=[Level()], meters=[], measure=measure) as runner:
        result = bt.explore(runner, problem, n_initial=3, n_guided=10)
    assert len(result.front) == 6, "every level is a trade-off; the space has no more"
    assert result.reason == "exhausted" and setting == {}


def test_a_strategy_in_real_numbers_lands_on_allowed_values(two):
    """As in the Jetson exploration: continuous proposals go to the nearest value there is."""
    space = bt.Space(
        [bt.Ordinal("cores", [1, 2, 4, 8, 16]), bt.Integer("batch", 1, 32), bt.Categorical("os", ["a", "b"])]
    )
    assert space.nearest({"cores": 5.3, "batch": 99.0, "os": "b"}) == {"cores": 4, "batch": 32, "os": "b"}
    assert space.nearest([0.0, 1.0, 0.0])["batch"] == 32
    ruled = bt.Space([bt.Integer("a", 0, 10), bt.Integer("b", 0, 10)], ["a + b <= 10"])
    near = ruled.nearest({"a": 9.6, "b": 2.2})
    assert near in ruled and near["a"] + near["b"] == 10
    for wrong in ({"cors": 4}, {"os": "c"}, {"cores": "many"}):
        with pytest.raises(ValueError):
            space.nearest(wrong)

    class Continuous:
        def suggest(self, history):
            rng = np.random.default_rng(len(history["trials"]))
            wish = {"cores": rng.uniform(1, 16), "batch": rng.uniform(1, 32)}
            return history["space"].nearest(wish)

    study = bt.Study(space, two, strategy=Continuous())
    study.optimize(serve, n_trials=10)
    assert all(t.params["cores"] in (1, 2, 4, 8, 16) and isinstance(t.params["batch"], int) for t in study.trials)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"problem": bt.Problem().minimize("power_w")}, "objectives: 1; exploration needs two or three"),
        ({"criterion": "luck"}, "criterion: 'luck' is none of ehvi, hvpoi, poi"),
        ({"n_initial": 0}, "initial: 0 must be at least 1"),
        ({"against": "luck"}, "'luck' is none of"),
        ({"reference_rule": "best"}, "reference_rule: 'best' is none of worst, nadir"),
        ({"space": None}, "space: is needed"),
    ],
)
def test_bad_input_is_one_clear_line(space, two, change, text):
    options = {"space": space, "n_initial": 1, "n_guided": 0, **change}
    with pytest.raises(ValueError, match=text):
        bt.explore(serve, options.pop("problem", two), **options)


def test_nothing_found_is_an_answer(space, two):
    def fails(trial):
        raise bt.TrialFailed("killed", "out_of_memory")

    failed = bt.explore(fails, two, space=space, n_initial=3, n_guided=2)
    assert failed.front == [] and failed.knee is None and failed.hypervolume == 0.0
    assert failed.exploration.failed == 5 and "nothing feasible" in failed.report()
    assert "<svg" in failed.html_report() and json.loads(failed.to_json())[0]["front"] == []
    unknown = bt.Problem().minimize("a").minimize("b")
    nothing = bt.explore(fails, unknown, space=space, n_initial=2, n_guided=0)
    assert all(math.isnan(r) for r in nothing.exploration.reference) and "no hypervolume" in nothing.report()
    assert json.loads(nothing.to_json())[0]["objectives"][0]["reference"] is None
    infeasible = bt.explore(
        serve, bt.Problem().minimize("power_w").maximize("throughput").subject_to("throughput >= 1e9"),
        space=space, n_initial=3, n_guided=2,
    )  # fmt: skip
    assert infeasible.exploration.infeasible == [0, 1, 2, 3, 4] and infeasible.front == []
    # A reference that nothing dominates: a front, but no volume.
    high = bt.explore(serve, bt.Problem().minimize("power_w", 1.0).maximize("throughput", 1e6), space=space, n_guided=2)
    assert high.front and high.hypervolume == 0.0 and "no point is better" in high.report()


def test_a_model_of_too_high_a_degree_is_refused_and_explores_with_what_it_can(space, two):
    rows = np.random.default_rng(0).random((20, 3))
    with pytest.raises(ValueError, match="degree: 4 has more terms in 3 inputs than the sample has rows, 20"):
        bt.PolynomialRegression(4).fit(rows, rows[:, 0])
    result = bt.explore(serve, two, space=space, n_initial=2, n_guided=4, strategy="bo:polynomial")
    assert len(result.exploration.points) == 6 and result.front


def test_plots_show_errors_and_the_study_compared_with(space, two):
    pytest.importorskip("matplotlib").use("Agg")
    import matplotlib.pyplot as plt

    from bayestuner import plots

    result = bt.explore(noisy, two, space=space, n_initial=5, n_guided=5, against="random")
    both = plots.plot_pareto_front(result.study, against=result.against_study)
    fronts = [line for line in both.lines if line.get_linestyle() != "None"]
    assert [len(line.get_xdata()) for line in fronts] == [len(result.front), len(result.against.front)]
    bars = both.collections[2].get_segments()  # after the two groups of points: bars of the first objective
    assert len(bars) == len(result.front) and bars[0][1][0] - bars[0][0][0] == pytest.approx(2 * 0.5)
    history = plots.plot_hypervolume_history(result.study, against=result.against_study)
    assert [line.get_ydata()[-1] for line in history.lines] == [result.hypervolume, result.against.hypervolume]
    other = plots.plot_hypervolume_history(result.study, [200.0, 0.0])
    assert other.lines[0].get_ydata()[-1] > result.hypervolume
    plt.close("all")


def test_a_page_of_many_trials_stays_small(two):
    """Marks that would lie on one another are drawn once: a page grows with its table alone."""
    space = bt.Space([bt.Integer("cores", 1, 16), bt.Integer("batch", 1, 1000)])
    study = bt.Study(space, two)
    for params in space.sample(3000, 1):
        power, throughput = 10.0 + params["cores"], params["cores"] * params["batch"] / (params["batch"] + 500.0)
        study.add_trial(params, {"power_w": power, "throughput": throughput})
    page = study.html_report()
    assert page.count("<tr>") > 3000 and page.count("<circle") < 6000, "four plots of 3000 points"


pytest_command = pytest.mark.skipif(not COMMAND, reason="the command is not built; set BAYESTUNER_COMMAND")


def two_objectives(place: Place) -> None:
    place.edit('minimize = "cost"', 'minimize = "cost"\nmaximize = "speed"')
    place.edit('{\\"cost\\": {a}}', '{\\"cost\\": {a}, \\"speed\\": $(({a} * {a} % 7))}')
    place.edit("high = 4", "high = 12")
    place.edit("[problem]", "[explore]\ninitial = 4\nguided = 3\n[problem]")


@pytest_command
def test_the_command_explores_resumes_and_compares(place: Place):
    two_objectives(place)
    code, out, err = place.run("explore", place.file, "--dry-run")
    assert code == 0 and "12 configurations" in out and not place.store.exists()
    code, out, err = place.run("explore", place.file, "--guided", 1)
    assert code == 0 and "t: 5 trials (0 failed, 0 infeasible), front of" in out, err
    assert "front of" in err and "5/5" in err
    code, out, err = place.run("explore", place.file, "--against", "random", "--format", "json")
    assert (code, err) == (0, "")
    answer = json.loads(out)
    assert [(e["study"], e["finished"]) for e in answer["explorations"]] == [("t", 7), ("t-random", 7)]
    assert answer["reason"] == "trials" and not answer["stopped"]
    code, out, err = place.run("explore", place.file, "--against", "random", "--format", "csv", "--out", "front.csv")
    assert (code, out) == (0, "") and len((place.folder / "front.csv").read_text().splitlines()) == 15
    for form, text in (
        ("table", "times that of t-random"),
        ("html", "Hypervolume"),
        ("json", '"knee"'),
        ("csv", "t-random"),
    ):
        code, out, err = place.run(
            "report", place.store, "--name", "t", "--against", "t-random", "--format", form
        )  # fmt: skip
        assert code == 0 and text in out, err
    code, out, err = place.run("report", place.store, "--name", "t")
    assert code == 0 and "* knee" in out


@pytest_command
def test_the_command_refuses_in_one_line(place: Place):
    code, _, err = place.run("explore", place.file)
    assert code == 2 and err == "bayestuner: objectives: 1; exploration needs two or three\n"
    two_objectives(place)
    for args, text in (
        (["--criterion", "luck"], "criterion: 'luck' is none of"),
        (["--against", "luck"], "'luck' is none of"),
        (["--reference-rule", "best"], "reference_rule: 'best' is none of"),
        (["--initial", "0"], "initial"),
    ):
        code, out, err = place.run("explore", place.file, *args)
        assert code == 2 and text in err and err.count("\n") == 1, err
    place.edit("guided = 3", 'guided = 3\ncriterion = "luck"')
    code, _, err = place.run("explore", place.file)
    assert code == 2 and "t.toml:" in err and "criterion: 'luck' is none of ehvi" in err
    assert not place.store.exists()


@pytest_command
def test_nothing_feasible_is_exit_code_four_and_failures_are_results(place: Place):
    two_objectives(place)
    place.edit('maximize = "speed"', 'maximize = "speed"\nsubject_to = ["speed >= 100"]')
    code, out, err = place.run("explore", place.file)
    assert code == 4 and "nothing feasible was measured" in out, err
    place.edit('"/bin/sh", "-c", \'echo', '"/bin/sh", "-c", \'exit 3; echo')
    place.edit('name = "t"', 'name = "fails"')
    code, out, err = place.run("explore", place.file)
    assert code == 2 and "the configuration in force today" in err and err.count("\n") == 1
