#include <atomic>

#include "bayestuner/analysis/replay.hpp"
#include "bayestuner/analysis/report.hpp"
#include "bayestuner/knob/discover.hpp"
#include "bayestuner/knob/restore.hpp"
#include "bayestuner/meter/discover.hpp"
#include "bayestuner/runner/tune.hpp"
#include "bayestuner/runner/tune_file.hpp"
#include "python_strategy.hpp"

namespace bayestuner::python {

namespace {

// Asks Python whether Ctrl-C came, from the thread that runs the trial.
bool interrupted() {
  const py::gil_scoped_acquire lock;
  if (PyErr_CheckSignals() == 0) return false;
  PyErr_Clear();
  return true;
}

}  // namespace

void bind_device(py::module_& m) {
  m.def(
      "tune_file",
      [](const std::string& file, const std::optional<py::function>& callback) {
        const runner::TuneSpec spec = runner::read_tune_file(file);
        runner::TuneCallbacks callbacks;
        if (callback) {
          callbacks.trial = [handle = Handle(*callback)](const runner::TuneProgress& p) {
            const py::gil_scoped_acquire lock;
            (*handle)(py::cast(p.trial));
          };
        }
        std::optional<runner::TuneResult> result;
        {
          const py::gil_scoped_release release;
          result = runner::run_tune(spec, callbacks, [] { return interrupted(); });
        }
        if (result->stopped) {
          PyErr_SetNone(PyExc_KeyboardInterrupt);
          throw py::error_already_set();
        }
        return result->recommendation;
      },
      "file"_a, "callback"_a = py::none(),
      "Run or resume a tune file; the Recommendation, or None if nothing feasible was found.");
  m.def(
      "restore",
      [](const std::string& state) {
        const auto report = knob::restore_all(state);
        if (!report.complete()) throw DeviceError("restore: " + report.to_text());
        return report.items.size();
      },
      "state"_a = "", "Put back what dead tuners left behind; number of things looked at. Raises DeviceError.");
  m.def(
      "doctor",
      [] {
        py::list knobs, meters;
        for (const auto& k : knob::discover()) {
          knobs.append(py::dict("name"_a = k.type, "available"_a = static_cast<bool>(k.availability),
                                "reason"_a = k.availability.reason(), "remedy"_a = k.availability.remedy(),
                                "allowed"_a = k.description.allowed));
        }
        for (const auto& x : meter::discover()) {
          meters.append(py::dict("name"_a = x.name, "available"_a = static_cast<bool>(x.availability),
                                 "reason"_a = x.availability.reason(), "remedy"_a = x.availability.remedy(),
                                 "provenance"_a = to_string(x.description.provenance)));
        }
        return py::dict("knobs"_a = knobs, "meters"_a = meters);
      },
      "What this machine can set and read, and why not the rest.");
  m.def(
      "replay",
      [](const std::string& tasks, const std::vector<std::string>& ids, const std::vector<std::string>& strategies,
         int seeds) {
        std::vector<std::pair<analysis::RecordedTask, analysis::RecordedTable>> loaded;
        for (const auto& task : analysis::read_tasks(tasks)) {
          if (ids.empty() || std::find(ids.begin(), ids.end(), task.id) != ids.end()) {
            loaded.emplace_back(task, analysis::load_table(task));
          }
        }
        std::vector<std::string> lines;
        const py::gil_scoped_release release;
        for (const auto& r : analysis::replay(loaded, {.strategies = strategies, .seeds = seeds})) {
          lines.push_back(r.to_json());
        }
        return lines;
      },
      "tasks"_a, "ids"_a = std::vector<std::string>(), "strategies"_a = std::vector<std::string>{"bo"}, "seeds"_a = 1,
      "Strategies on recorded tables; one JSON text for each task and strategy.");
  m.def(
      "html_report", [](study::Study& s) { return analysis::html_report(s); }, "study"_a);
  m.def(
      "text_report", [](study::Study& s) { return analysis::text_report(s); }, "study"_a);
}

}  // namespace bayestuner::python
