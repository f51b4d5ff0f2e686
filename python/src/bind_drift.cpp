#include "bayestuner/selection/drift.hpp"
#include "call_python.hpp"
#include "named_decision.hpp"

namespace bayestuner::python {

namespace {

using namespace selection;

const char* kind_of(const DriftEvent& event) {
  switch (event.kind) {
    case DriftEvent::Kind::feature:
      return "feature";
    case DriftEvent::Kind::out_of_range:
      return "out_of_range";
    case DriftEvent::Kind::distance:
      return "distance";
    default:
      return "calibration";
  }
}

OnDrift to_on_drift(const std::string& text) {
  if (text == "report") return OnDrift::report;
  if (text == "fallback") return OnDrift::fallback;
  throw InvalidArgument("on_drift: '" + text + "' is neither report nor fallback");
}

// A monitor and its reference, a selector that nobody changes.
class Monitor {
 public:
  Monitor(const ModelSelector& selector, const py::object& callback, const DriftOptions& options)
      : selector_(&selector), monitor_(selector, options, to_callback(callback)) {}

  NamedDecision select(const Eigen::Ref<const Eigen::VectorXd>& x, const std::optional<std::vector<bool>>& available) {
    NamedDecision out;
    monitor_.select(to_span(x), out.decision, to_mask(available));
    out.model = name_or_none(*selector_, out.decision.model);
    return out;
  }
  DriftMonitor& operator*() { return monitor_; }
  const DriftMonitor* operator->() const { return &monitor_; }

 private:
  static DriftMonitor::Callback to_callback(const py::object& object) {
    if (object.is_none()) return {};
    if (PyCallable_Check(object.ptr()) == 0) {
      throw InvalidArgument("callback: " + py::repr(object).cast<std::string>() + " cannot be called");
    }
    return [function = Handle(object)](const DriftEvent& event) { with_python([&] { (*function)(event); }); };
  }

  const ModelSelector* selector_;
  DriftMonitor monitor_;
};

}  // namespace

void bind_drift(py::module_& m) {
  py::class_<DriftEvent>(m, "DriftEvent", "What was found, with its numbers; once a kind and feature until reset.")
      .def_property_readonly("kind", &kind_of, "feature, out_of_range, distance or calibration.")
      .def_readonly("feature", &DriftEvent::feature, "Name, of the kind feature; else empty.")
      .def_readonly("input", &DriftEvent::input, "Inputs watched until then.")
      .def_readonly("value", &DriftEvent::value, "What was found: population stability index, share, or sum.")
      .def_readonly("expected", &DriftEvent::expected, "Of the value, without drift.")
      .def_readonly("threshold", &DriftEvent::threshold, "That the value reached.")
      .def("__str__", &DriftEvent::to_text)
      .def("__repr__", [](const DriftEvent& e) { return "DriftEvent('" + e.to_text() + "')"; });

  py::class_<Monitor>(
      m, "DriftMonitor",
      "Watches whether inputs and scores still look as those learnt; ModelSelector.drift_monitor() makes "
      "one.")
      .def(py::init([](const ModelSelector& selector, const py::object& callback, int window, int bins,
                       double least_psi, double false_alarms, double tolerated_residual, const std::string& on_drift) {
             return Monitor(selector, callback,
                            {.window = window,
                             .bins = bins,
                             .least_psi = least_psi,
                             .false_alarms = false_alarms,
                             .tolerated_residual = tolerated_residual,
                             .on_drift = to_on_drift(on_drift)});
           }),
           "selector"_a, "callback"_a, "window"_a, "bins"_a, "least_psi"_a, "false_alarms"_a, "tolerated_residual"_a,
           "on_drift"_a, py::keep_alive<1, 2>(),
           "selector: what was learnt. The rest as in ModelSelector.drift_monitor(). Raises InvalidArgument.")
      .def("select", &Monitor::select, "x"_a, "available"_a = py::none(),
           "The Decision for one input (d,), of which note is taken; the fallback while there is drift, if that was "
           "asked for. available: (m,), which models may be chosen.")
      .def(
          "observe",
          [](Monitor& w, const Eigen::Ref<const Eigen::VectorXd>& x, const NamedDecision& decision) {
            (*w).observe(to_span(x), decision.decision);
          },
          "x"_a, "decision"_a, "Take note of an input (d,) and what the selector decided.")
      .def(
          "observe_score", [](Monitor& w, double probability, double score) { (*w).observe_score(probability, score); },
          "probability"_a, "score"_a,
          "Take note of the score in [0, 1] of a model that was chosen with this probability. Raises InvalidArgument.")
      .def(
          "reset", [](Monitor& w) { (*w).reset(); }, "Forget windows, sums and events: after a false alarm.")
      .def_property_readonly(
          "drifted", [](const Monitor& w) { return w->drifted(); }, "Whether an event was raised since reset.")
      .def_property_readonly(
          "events", [](const Monitor& w) { return w->events(); }, "DriftEvent each, since reset.")
      .def_property_readonly(
          "inputs", [](const Monitor& w) { return w->inputs(); }, "Inputs watched since reset.")
      .def(
          "report",
          [](const Monitor& w) {
            py::dict psi;
            for (const auto& feature : w->report().features) psi[py::str(feature.name)] = feature.psi;
            return py::dict("psi"_a = psi, "out_of_range"_a = w->report().out_of_range,
                            "unsupported"_a = w->report().unsupported, "page_hinkley"_a = w->report().page_hinkley);
          },
          "Of the last full window: the population stability index of each feature, shares out of range and "
          "unsupported; of all scores: the Page-Hinkley sum.");
}

}  // namespace bayestuner::python
