#include "bayestuner/knob/discover.hpp"
#include "bayestuner/knob/restore.hpp"
#include "bayestuner/meter/discover.hpp"
#include "bayestuner/runner/explore.hpp"
#include "bayestuner/runner/tune.hpp"
#include "bayestuner/runner/tune_file.hpp"
#include "call_python.hpp"
#include "interrupt.hpp"

namespace bayestuner::python {

namespace {

runner::TuneCallbacks to_callbacks(const py::object& callback, const py::object& note) {
  runner::TuneCallbacks callbacks;
  if (!callback.is_none()) {
    callbacks.trial = [handle = Handle(callback)](const runner::TuneProgress& p) {
      with_python([&] { (*handle)(py::cast(p.trial)); });
    };
  }
  if (!note.is_none()) {
    callbacks.note = [handle = Handle(note)](const std::string& line) { with_python([&] { (*handle)(line); }); };
  }
  return callbacks;
}

runner::TuneSpec read_file(const py::object& file) {
  return runner::read_tune_file(py::module_::import("os").attr("fspath")(file).cast<std::string>());
}

// `run(spec, callbacks, stop)` without the interpreter's lock; Ctrl-C is raised once it has tidied up.
template <class Run>
auto run_file(const runner::TuneSpec& spec, const py::object& callback, const py::object& note, Run run) {
  Interrupt interrupt;
  const runner::TuneCallbacks callbacks = to_callbacks(callback, note);
  auto result = [&] {
    const py::gil_scoped_release release;
    return run(spec, callbacks, [&] { return interrupt(); });
  }();
  interrupt.rethrow();
  return result;
}

py::object tune_file(const py::object& file, const py::object& callback, const py::object& note) {
  return py::cast(run_file(read_file(file), callback, note, runner::run_tune).recommendation);
}

std::vector<study::Exploration> explore_file(const py::object& file, const std::optional<std::string>& against,
                                             const py::object& callback, const py::object& note) {
  runner::TuneSpec spec = read_file(file);
  if (against) spec.explore.against = *against;
  return run_file(spec, callback, note, runner::run_explore).explorations;
}

py::list restore(const std::string& state) {
  knob::RestoreReport report;
  {
    const py::gil_scoped_release release;
    report = knob::restore_all(state);
  }
  if (!report.complete()) throw knob::RestoreError("restore: " + report.to_text());
  py::list items;
  for (const auto& item : report.items) {
    items.append(py::dict("journal"_a = item.journal.string(), "resource"_a = item.resource,
                          "outcome"_a = knob::to_text(item.outcome), "message"_a = item.message));
  }
  return items;
}

py::dict doctor() {
  py::list knobs, meters;
  for (const auto& k : knob::discover()) {
    const knob::Description& d = k.description;
    knobs.append(py::dict(
        "name"_a = k.type, "available"_a = static_cast<bool>(k.availability), "reason"_a = k.availability.reason(),
        "remedy"_a = k.availability.remedy(), "detail"_a = d.mechanism + "; " + d.allowed, "mechanism"_a = d.mechanism,
        "allowed"_a = d.allowed, "unit"_a = d.unit, "privilege"_a = d.privilege, "side_effects"_a = d.side_effects));
  }
  for (const auto& x : meter::discover()) {
    const meter::Description& d = x.description;
    meters.append(py::dict("name"_a = x.name, "available"_a = static_cast<bool>(x.availability),
                           "reason"_a = x.availability.reason(), "remedy"_a = x.availability.remedy(),
                           "detail"_a = d.domain + " [" + d.unit + "], " + to_string(d.provenance) + ": " + d.source,
                           "domain"_a = d.domain, "unit"_a = d.unit, "provenance"_a = to_string(d.provenance),
                           "expected_error"_a = d.expected_error, "source"_a = d.source));
  }
  return py::dict("knobs"_a = knobs, "meters"_a = meters);
}

}  // namespace

void bind_tune(py::module_& m) {
  m.def("tune_file", &tune_file, "file"_a, "callback"_a = py::none(), "note"_a = py::none(),
        "Run or resume a tune file (docs/tune_file.md); the Recommendation, or None if nothing feasible was found. "
        "callback(trial) follows each trial, note(text) gets what there is to say about this machine. Ctrl-C raises "
        "KeyboardInterrupt with the machine restored and the study resumable. Raises InvalidArgument (`file:line: …`), "
        "DeviceError, BusyError, RestoreError, StoreError, WorkloadError.");
  m.def(
      "explore_file", &explore_file, "file"_a, "against"_a = py::none(), "callback"_a = py::none(),
      "note"_a = py::none(),
      "Run or resume the exploration of a tune file (docs/exploration.md); a list of Exploration: what was found, and "
      "that of the strategy it is compared with. against: that strategy, instead of the file's; callback(trial) "
      "follows each trial, note(text) gets what there is to say about this machine. Ctrl-C raises KeyboardInterrupt "
      "with the machine restored and the study resumable. Raises as tune_file().");
  m.def("restore", &restore, "state"_a = "",
        "Put back what dead tuners left behind, from the journals in the folder `state` (empty: the usual ones). List "
        "of dicts: journal, resource, outcome, message. Raises RestoreError if something could not be put back.");
  m.def("doctor", &doctor,
        "What this machine can set and read, and why not the rest: {'knobs': [...], 'meters': [...]}, each a dict with "
        "name, available, reason, remedy, detail, and what it says of itself.");
}

}  // namespace bayestuner::python
