#include <mutex>

#include "bayestuner/runner/trial_runner.hpp"
#include "interrupt.hpp"
#include "python_knob.hpp"
#include "python_meter.hpp"
#include "python_workload.hpp"

namespace bayestuner::python {

namespace {

using runner::MeasureOptions;

// A TrialRunner that Python holds: one trial at a time, whatever the threads; Ctrl-C ends the trial under way.
class Runner {
 public:
  Runner(const py::object& workload, const py::list& knobs, const py::list& meters, const MeasureOptions& measure,
         double timeout_s, double cool_down_s, bool account, const std::string& log_directory,
         const std::string& state_directory, const py::object& phase) {
    runner::TrialRunnerOptions options{.measure = measure,
                                       .timeout_s = timeout_s,
                                       .cool_down_s = cool_down_s,
                                       .account = account,
                                       .log_directory = log_directory};
    options.session.state_dir = state_directory;
    for (const auto& item : knobs) {
      const auto object = py::reinterpret_borrow<py::object>(item);
      knobs_.push_back(to_knob(object));
      if (!py::isinstance<knob::AnyKnob>(object) && py::hasattr(object, "reset")) resets_.emplace_back(object);
    }
    for (const auto& item : meters) options.meters.push_back(to_meter(py::reinterpret_borrow<py::object>(item)));
    for (const auto& item : meters) meters_.push_back(to_meter(py::reinterpret_borrow<py::object>(item)));
    options.knobs = knobs_;
    options.stop = [this] { return interrupt_ != nullptr && (*interrupt_)(); };
    if (!phase.is_none()) {
      options.phase = [handle = Handle(phase)](runner::Phase at) {
        with_python([&] { (*handle)(runner::to_string(at)); });
      };
    }
    runner::AnyWorkload made = to_workload(workload);
    const py::gil_scoped_release release;
    runner_.emplace(std::move(made), std::move(options));
  }

  study::Metrics run(const space::Configuration& params) {
    Interrupt interrupt;
    study::Metrics metrics;
    std::exception_ptr failure;
    {
      const py::gil_scoped_release release;
      const std::lock_guard guard(mutex_);
      if (!runner_) throw InvalidArgument("TrialRunner: is closed");
      interrupt_ = &interrupt;
      try {
        metrics = runner_->run(params);
      } catch (...) {
        failure = std::current_exception();
      }
      interrupt_ = nullptr;
    }
    for (auto reset = resets_.rbegin(); reset != resets_.rend(); ++reset) (**reset).attr("reset")();
    interrupt.rethrow();
    if (failure) std::rethrow_exception(failure);
    return metrics;
  }

  std::vector<space::Parameter> parameters() const {
    std::vector<space::Parameter> all;
    for (const auto& k : knobs_) all.push_back(k.parameter());
    return all;
  }

  void check(const study::Problem& problem) const { runner::refuse_blind_meters(meters_, knobs_, problem.metrics()); }

  // Lets go of the resources of the knobs, once the trial under way has ended.
  void close() {
    const py::gil_scoped_release release;
    const std::lock_guard guard(mutex_);
    runner_.reset();
  }

  std::map<std::string, std::string> notes() const {
    return runner_ ? runner_->notes() : std::map<std::string, std::string>{};
  }
  std::string recovered() const { return runner_ ? runner_->recovered().to_text() : std::string(); }

 private:
  std::vector<knob::AnyKnob> knobs_;
  std::vector<meter::AnyMeter> meters_;
  std::vector<Handle> resets_;  // of knobs of the user's own
  std::mutex mutex_;
  Interrupt* interrupt_ = nullptr;
  std::optional<runner::TrialRunner> runner_;
};

}  // namespace

void bind_runner(py::module_& m) {
  py::class_<MeasureOptions>(m, "MeasureOptions", "How long and how well to measure; times in seconds.")
      .def(py::init([](double warm_up_s, double settle_s, double min_s, double max_s, double precision, double drift,
                       bool require_steady, double noise_limit, bool watch_throughput, bool watch_latency) {
             MeasureOptions options{warm_up_s,        settle_s,     min_s,          max_s,
                                    precision,        drift,        require_steady, noise_limit,
                                    watch_throughput, watch_latency};
             options.check();
             return options;
           }),
           py::kw_only(), "warm_up_s"_a = 2.0, "settle_s"_a = 10.0, "min_s"_a = 4.0, "max_s"_a = 15.0,
           "precision"_a = 0.05, "drift"_a = 0.02, "require_steady"_a = true, "noise_limit"_a = 0.05,
           "watch_throughput"_a = true, "watch_latency"_a = false,
           "See the attributes. Raises InvalidArgument that names the option.")
      .def_readonly("warm_up_s", &MeasureOptions::warm_up_s, "Discarded at the beginning.")
      .def_readonly("settle_s", &MeasureOptions::settle_s,
                    "How much longer the warm-up may last until no trend is left.")
      .def_readonly("min_s", &MeasureOptions::min_s, "Shortest window.")
      .def_readonly("max_s", &MeasureOptions::max_s, "Longest window.")
      .def_readonly("precision", &MeasureOptions::precision,
                    "The window ends once the 95 % half width is below this share of the mean.")
      .def_readonly("drift", &MeasureOptions::drift, "Share of the mean that a trend may amount to in a steady run.")
      .def_readonly("require_steady", &MeasureOptions::require_steady, "Whether a run that never settles fails.")
      .def_readonly("noise_limit", &MeasureOptions::noise_limit,
                    "Share of the machine that others may use before a trial is noted as noisy.")
      .def_readonly("watch_throughput", &MeasureOptions::watch_throughput, "Whether the throughput must be precise.")
      .def_readonly("watch_latency", &MeasureOptions::watch_latency, "Whether the mean latency must be precise.");

  py::class_<Runner>(
      m, "TrialRunner",
      "One trial on this machine: configuration in, metrics or the reason of a failure out. Sets the knobs, starts the "
      "workload, waits until it is ready, measures, stops it, gives the machine back, whatever ends the trial. An "
      "objective for Study.optimize(); one trial at a time, also where several threads call it.")
      .def(
          py::init<const py::object&, const py::list&, const py::list&, const MeasureOptions&, double, double, bool,
                   const std::string&, const std::string&, const py::object&>(),
          "workload"_a, py::kw_only(), "knobs"_a = py::list(), "meters"_a = py::list(),
          py::arg_v("measure", MeasureOptions{}, "MeasureOptions()"), "timeout_s"_a = 120.0, "cool_down_s"_a = 0.0,
          "account"_a = true, "log_directory"_a = "", "state_directory"_a = "", "phase"_a = py::none(),
          "workload: a workload, an object with run(until_s), or a function of a dict. knobs: set where the "
          "configuration has a parameter of their name. timeout_s: of a whole trial. cool_down_s: after a trial. "
          "account: put processes into control groups of ours where the machine lets us. log_directory: keeps a folder "
          "per trial. state_directory: journals; empty: the usual folder. phase(text): called as the trial proceeds. "
          "Takes the resources of the knobs for its whole life. Raises InvalidArgument for options out of range, "
          "DeviceError "
          "for a knob or meter that is unavailable, BusyError where another process tunes the same.")
      .def(
          "__call__", [](Runner& r, const study::Trial& trial) { return from_metrics(r.run(trial.params)); }, "trial"_a,
          "Run a trial; see run().")
      .def(
          "run", [](Runner& r, const py::dict& params) { return from_metrics(r.run(to_configuration(params))); },
          "params"_a,
          "Run a configuration (a dict); dict of Metric by name: throughput (items/s), latency_mean_s, latency_p50_s, "
          "latency_p95_s, latency_p99_s, correct, errors, and what meters and workload report. Raises TrialFailed with "
          "the reason, RestoreError where the machine could not be given back, KeyboardInterrupt after tidying up.")
      .def_property_readonly("parameters", &Runner::parameters, "Parameters of the knobs, ready for a Space.")
      .def_property_readonly("notes", &Runner::notes,
                             "About the last trial: window_s, converged, half_width, noisy, first_problem, …; texts.")
      .def_property_readonly("recovered", &Runner::recovered,
                             "What was put back for tuners that died before, one line each; empty: nothing.")
      .def("close", &Runner::close,
           "Let go of the resources of the knobs, which no other runner can have meanwhile; run() is refused from then "
           "on. Done by itself when the object goes, and at the end of a with statement.")
      .def(
          "__enter__", [](Runner& r) -> Runner& { return r; }, py::return_value_policy::reference)
      .def("__exit__", [](Runner& r, const py::args&) { r.close(); })
      .def("check", &Runner::check, "problem"_a,
           "Refuse a problem whose metrics come from a meter that cannot see a knob that is varied: tuning it would "
           "optimise noise. Raises InvalidArgument.");
}

}  // namespace bayestuner::python
