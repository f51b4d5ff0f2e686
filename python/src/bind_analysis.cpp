#include <algorithm>
#include <utility>

#include "bayestuner/analysis/comparison.hpp"
#include "bayestuner/analysis/degree_study.hpp"
#include "bayestuner/analysis/functional_anova.hpp"
#include "bayestuner/analysis/importance.hpp"
#include "bayestuner/analysis/interactions.hpp"
#include "bayestuner/analysis/partial_dependence.hpp"
#include "bayestuner/analysis/prediction.hpp"
#include "bayestuner/analysis/replay.hpp"
#include "bayestuner/analysis/report.hpp"
#include "bayestuner/search/hypervolume.hpp"
#include "call_python.hpp"
#include "interrupt.hpp"
#include "python_strategy.hpp"

namespace bayestuner::python {

namespace {

using Tasks = std::vector<std::pair<analysis::RecordedTask, analysis::RecordedTable>>;

bool is_chosen(const std::vector<std::string>& wanted, const std::string& name) {
  return wanted.empty() || std::find(wanted.begin(), wanted.end(), name) != wanted.end();
}

// Strategies as names, or a dict of names and anything that to_strategy() takes.
std::map<std::string, search::AnyStrategy> own_strategies(const py::object& strategies,
                                                          std::vector<std::string>& names) {
  std::map<std::string, search::AnyStrategy> own;
  if (py::isinstance<py::str>(strategies)) {
    names = {strategies.cast<std::string>()};
  } else if (py::isinstance<py::dict>(strategies)) {
    for (const auto& [key, value] : py::reinterpret_borrow<py::dict>(strategies)) {
      names.push_back(key.cast<std::string>());
      own.emplace(names.back(), to_strategy(py::reinterpret_borrow<py::object>(value)));
    }
  } else {
    names = strategies.cast<std::vector<std::string>>();
  }
  return own;
}

py::list replay(const py::object& tasks, const std::vector<std::string>& ids, const py::object& strategies, int seeds,
                const std::vector<std::string>& types, std::uint64_t first_seed, std::optional<std::size_t> budget,
                int jobs, const py::object& callback) {
  const std::string file = py::module_::import("os").attr("fspath")(tasks).cast<std::string>();
  const py::object loads = py::module_::import("json").attr("loads");
  analysis::ReplayOptions options{
      .strategies = {}, .seeds = seeds, .first_seed = first_seed, .budget = budget, .jobs = jobs};
  const auto own = own_strategies(strategies, options.strategies);
  if (!own.empty()) {
    options.make_strategy = [&own](const std::string& name) { return own.at(name); };
  }
  Interrupt interrupt;
  options.stop = [&] { return interrupt(); };
  py::list results;
  const auto all = analysis::read_tasks(file);
  for (const std::string& id : ids) {
    if (std::none_of(all.begin(), all.end(), [&](const auto& t) { return t.id == id; })) {
      throw InvalidArgument("ids: '" + id + "' is not in " + file);
    }
  }
  Tasks loaded;
  for (const auto& task : all) {
    if (!is_chosen(ids, task.id) || !is_chosen(types, task.type)) continue;
    try {
      loaded.emplace_back(task, analysis::load_table(task));
    } catch (const Error& error) {
      results.append(py::dict("task"_a = task.id, "type"_a = task.type, "error"_a = error.what()));
    }
  }
  if (loaded.empty() && results.empty()) throw InvalidArgument("replay: no task matches");
  try {
    const py::gil_scoped_release release;
    analysis::replay(loaded, options, [&](const analysis::ReplayResult& result) {
      with_python([&] {
        results.append(loads(result.to_json()));
        if (!callback.is_none()) callback(results[results.size() - 1]);
      });
    });
  } catch (...) {
    interrupt.rethrow();
    throw;
  }
  return results;
}

std::vector<std::pair<std::string, std::string>> compare(const std::vector<std::string>& files,
                                                         const std::string& dicts, const std::string& baseline,
                                                         double confidence, int resamples, std::uint64_t seed,
                                                         bool fixed_tasks, double within) {
  const py::gil_scoped_release release;
  std::vector<analysis::ReplayResult> results = analysis::parse_results(dicts);
  for (const std::string& file : files) {
    for (auto& result : analysis::read_results(file)) results.push_back(std::move(result));
  }
  std::vector<std::pair<std::string, std::string>> out;
  for (const auto& one : analysis::compare(results, {.confidence = confidence,
                                                    .resamples = resamples,
                                                    .seed = seed,
                                                    .fixed_tasks = fixed_tasks,
                                                    .baseline = baseline,
                                                    .within = within})) {
    out.emplace_back(one.to_json(), one.to_text());
  }
  return out;
}

// What bayestuner.analysis makes an Analysis of: JSON, and the text for people.
using Made = std::pair<std::string, std::string>;

template <class Result>
Made made(const Result& result) {
  return {result.to_json(), result.to_text()};
}

// What is read off a surrogate with intervals by bootstrap.
template <auto Analyse>
Made of_model(const analysis::Sample& sample, const std::string& surrogate, int resamples, double confidence,
              std::uint64_t seed) {
  return made(
      Analyse(sample, {.surrogate = surrogate, .resamples = resamples, .confidence = confidence, .seed = seed}));
}

analysis::RecordedTable recorded_table(const std::string& file, const std::string& id) {
  for (const auto& task : analysis::read_tasks(file)) {
    if (task.id == id) return analysis::load_table(task);
  }
  throw InvalidArgument("task: '" + id + "' is not in " + file);
}

}  // namespace

void bind_analysis(py::module_& m) {
  auto own = m.def_submodule("analysis", "Analyses as pairs of JSON and text; use bayestuner.analysis instead.");
  own.def("compare", &compare, "files"_a, "results"_a, "baseline"_a, "confidence"_a, "resamples"_a, "seed"_a,
          "fixed_tasks"_a, "within"_a, "bayestuner.analysis.compare(): files, and further results as a JSON list.");
  using Release = py::call_guard<py::gil_scoped_release>;
  py::class_<analysis::Sample>(own, "Sample", "Measurements of one metric, each configuration once.")
      .def(py::init([](study::Study& study, const std::string& metric) { return analysis::sample_of(study, metric); }),
           "study"_a, "metric"_a, "Of a study's complete trials.")
      .def(py::init([](const std::string& file, const std::string& task, const std::string& metric) {
             return analysis::sample_of(recorded_table(file, task), metric);
           }),
           "file"_a, "task"_a, "metric"_a, "Of a recorded table's rows.")
      .def_readonly("metric", &analysis::Sample::metric, "Its name.")
      .def("__len__", &analysis::Sample::size);
  own.def(
      "interactions",
      [](const analysis::Sample& sample, int degree, int max_degree, double confidence, std::uint64_t seed) {
        return made(analysis::interactions(
            sample, {.degree = degree, .max_degree = max_degree, .confidence = confidence, .seed = seed}));
      },
      "sample"_a, "degree"_a, "max_degree"_a, "confidence"_a, "seed"_a, Release(),
      "bayestuner.analysis.interactions().");
  own.def("functional_anova", &of_model<analysis::functional_anova>, "sample"_a, "surrogate"_a, "resamples"_a,
          "confidence"_a, "seed"_a, Release(), "bayestuner.analysis.functional_anova().");
  own.def("importance", &of_model<analysis::importance>, "sample"_a, "surrogate"_a, "resamples"_a, "confidence"_a,
          "seed"_a, Release(), "bayestuner.analysis.importance().");
  own.def(
      "partial_dependence",
      [](const analysis::Sample& sample, const std::vector<std::string>& parameters, const std::string& surrogate,
         int resamples, double confidence, std::uint64_t seed) {
        return made(analysis::partial_dependence(
            sample, parameters,
            {.surrogate = surrogate, .resamples = resamples, .confidence = confidence, .seed = seed}));
      },
      "sample"_a, "parameters"_a, "surrogate"_a, "resamples"_a, "confidence"_a, "seed"_a, Release(),
      "bayestuner.analysis.partial_dependence().");
  own.def(
      "degree_study",
      [](const analysis::Sample& sample, int max_degree, double confidence, std::uint64_t seed, bool is_whole) {
        return made(analysis::degree_study(sample, {.max_degree = max_degree, .confidence = confidence, .seed = seed},
                                           is_whole ? &sample : nullptr));
      },
      "sample"_a, "max_degree"_a, "confidence"_a, "seed"_a, "is_whole"_a, Release(),
      "bayestuner.analysis.degree_study().");
  own.def(
      "prediction_study",
      [](const analysis::Sample& sample, double confidence, std::uint64_t seed) {
        return made(analysis::prediction_study({{"measured", {sample}}}, {.confidence = confidence, .seed = seed}));
      },
      "sample"_a, "confidence"_a, "seed"_a, Release(), "bayestuner.analysis.prediction_study() of one sample.");
  own.def(
      "prediction_study",
      [](const std::string& file, const std::string& task, const std::string& metric, const std::string& strategy,
         std::size_t evaluations, int repeats, double confidence, std::uint64_t seed) {
        const py::gil_scoped_release release;
        const auto table = recorded_table(file, task);
        Interrupt interrupt;
        return made(analysis::prediction_study(table, metric,
                                               {.strategy = strategy,
                                                .evaluations = evaluations,
                                                .repeats = repeats,
                                                .first_seed = seed,
                                                .stop = [&] { return interrupt(); }},
                                               {.confidence = confidence, .seed = seed}));
      },
      "file"_a, "task"_a, "metric"_a, "strategy"_a, "evaluations"_a, "repeats"_a, "confidence"_a, "seed"_a,
      "bayestuner.analysis.prediction_study() of a recorded table: guided against random samples.");
  m.def(
      "replay", &replay, "tasks"_a, "ids"_a = std::vector<std::string>(), "strategies"_a = "bo", "seeds"_a = 1,
      "types"_a = std::vector<std::string>(), "first_seed"_a = 0, "budget"_a = py::none(), "jobs"_a = 1,
      "callback"_a = py::none(),
      "Try strategies on recorded tables, without hardware. tasks: a tasks.json. ids, types: only those (empty: all). "
      "strategies: a name, a list of names, or a dict of names and strategies of your own. seeds: runs of each from "
      "first_seed on. budget: evaluations instead of each task's own. jobs: runs at once; equal seeds give equal "
      "results whatever it is. callback(result) follows each pair. List of dicts with the keys of `bayestuner replay "
      "--format json`; a task that cannot be run gives {'task', 'type', 'error'}. Raises InvalidArgument.");
  m.def(
      "hypervolume",
      [](const Eigen::Ref<const Eigen::MatrixXd>& points, const Eigen::Ref<const Eigen::RowVectorXd>& reference) {
        const py::gil_scoped_release release;
        return search::hypervolume(points, reference);
      },
      "points"_a, "reference"_a,
      "Volume dominated by the rows of points (n, m), all minimised, up to reference (m,). Raises InvalidArgument if "
      "the "
      "sizes differ.");
  m.def(
      "html_report",
      [](study::Study& s, std::optional<study::Study*> against) {
        return analysis::html_report(s, against.value_or(nullptr));
      },
      "study"_a, "against"_a = py::none(), py::call_guard<py::gil_scoped_release>(),
      "Study.html_report() of the compiled study.");
  m.def(
      "text_report", [](study::Study& s) { return analysis::text_report(s); }, "study"_a,
      py::call_guard<py::gil_scoped_release>(), "Study.report() of the compiled study.");
}

}  // namespace bayestuner::python
