#include <algorithm>

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

}  // namespace

void bind_analysis(py::module_& m) {
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
