#include "bayestuner/core/clock.hpp"
#include "bayestuner/runner/callable_workload.hpp"
#include "bayestuner/runner/http_load.hpp"
#include "bayestuner/runner/line_load.hpp"
#include "bayestuner/runner/process_workload.hpp"
#include "bayestuner/runner/subprocess.hpp"
#include "python_workload.hpp"

namespace bayestuner::python {

namespace {

using runner::Slice;

template <class W>
struct Named : SharedWorkload {
  explicit Named(W workload) : SharedWorkload(std::make_shared<runner::AnyWorkload>(std::move(workload))) {}
};

// A function of a configuration as CallableWorkload's: the dict of the parameters is made once a trial.
class Loop {
 public:
  Loop(const py::object& function, const py::object& prepare, const py::object& tidy_up)
      : function_(py::object(function)) {
    if (PyCallable_Check(function.ptr()) == 0) {
      throw InvalidArgument("workload: " + py::repr(function).cast<std::string>() + " cannot be called");
    }
    if (!prepare.is_none()) prepare_ = Handle(prepare);
    if (!tidy_up.is_none()) tidy_up_ = Handle(tidy_up);
  }

  runner::CallableWorkload workload() {
    const auto params = std::make_shared<Handle>();
    return runner::CallableWorkload(
        [function = function_, params](const space::Configuration&) {
          return with_python([&] { return to_result((*function)(**params)); });
        },
        [prepare = prepare_, params](const space::Configuration& configuration) {
          with_python([&] {
            *params = Handle(from_configuration(configuration));
            if (prepare) (*prepare)(**params);
          });
        },
        [tidy_up = tidy_up_, params](const space::Configuration&) {
          if (tidy_up) with_python([&] { (*tidy_up)(**params); });
        });
  }

 private:
  static runner::CallResult to_result(const py::object& object) {
    if (object.is_none()) return {};
    if (py::isinstance<runner::CallResult>(object)) return object.cast<runner::CallResult>();
    if (py::isinstance<py::bool_>(object)) return {.correct = object.cast<bool>()};
    if (py::isinstance<py::dict>(object)) return {.metrics = object.cast<std::map<std::string, double>>()};
    return {.items = object.cast<double>()};
  }

  Handle function_, prepare_, tidy_up_;
};

runner::AnyLoad to_load(const py::object& object);

// Loads are moved into a workload, so Python holds what makes them.
struct LoadMaker {
  std::function<runner::AnyLoad()> make;
  std::vector<std::string> templates;  // texts that may hold placeholders
};

runner::AnyLoad to_load(const py::object& object) {
  if (object.is_none()) return runner::PrintedMetrics();
  if (py::isinstance<LoadMaker>(object)) return object.cast<LoadMaker>().make();
  return PythonLoad(object);
}

runner::HttpRequest to_request(const py::handle& object) {
  if (py::isinstance<runner::HttpRequest>(object)) return object.cast<runner::HttpRequest>();
  if (py::isinstance<py::str>(object)) return {.body = object.cast<std::string>()};
  if (!py::isinstance<py::dict>(object)) {
    throw InvalidArgument("requests: " + py::repr(object).cast<std::string>() +
                          " is neither a text nor a dict nor a HttpRequest");
  }
  const py::object dumps = py::module_::import("json").attr("dumps");
  return {.body = dumps(object).cast<std::string>()};
}

std::vector<runner::HttpRequest> to_requests(const py::object& object) {
  if (py::isinstance<py::list>(object) || py::isinstance<py::tuple>(object)) {
    std::vector<runner::HttpRequest> requests;
    for (const auto& item : object) requests.push_back(to_request(item));
    return requests;
  }
  return runner::read_requests(py::module_::import("os").attr("fspath")(object).cast<std::string>());
}

std::string to_path(const py::object& object) {
  return object.is_none() ? std::string() : py::module_::import("os").attr("fspath")(object).cast<std::string>();
}

void bind_slice(py::module_& m) {
  py::class_<Slice>(
      m, "Slice",
      "What a workload did in a stretch of time. Times are of the monotonic clock, seconds; those left out "
      "are those of the call, answers are counted from latencies_s.")
      .def(py::init([](double items, std::vector<double> latencies_s, std::int64_t answers, std::int64_t checked,
                       std::int64_t correct, std::int64_t errors, std::int64_t unanswered,
                       std::vector<std::map<std::string, double>> readings, const std::string& first_problem,
                       double begin_s, double end_s, double last_item_s, bool ended) {
             return Slice{begin_s,
                          end_s,
                          items,
                          last_item_s,
                          answers,
                          checked,
                          correct,
                          errors,
                          unanswered,
                          std::move(latencies_s),
                          std::move(readings),
                          first_problem,
                          ended};
           }),
           "items"_a = 0.0, py::kw_only(), "latencies_s"_a = std::vector<double>(), "answers"_a = 0, "checked"_a = 0,
           "correct"_a = 0, "errors"_a = 0, "unanswered"_a = 0,
           "readings"_a = std::vector<std::map<std::string, double>>(), "first_problem"_a = "", "begin_s"_a = 0.0,
           "end_s"_a = 0.0, "last_item_s"_a = 0.0, "ended"_a = false, "See the attributes.")
      .def_readwrite("items", &Slice::items, "Processed rightly; wrong answers are no throughput.")
      .def_readwrite("latencies_s", &Slice::latencies_s, "Seconds of every answer.")
      .def_readwrite("answers", &Slice::answers, "Requests or calls that ended, errors included.")
      .def_readwrite("checked", &Slice::checked, "Of those: the right answer is known.")
      .def_readwrite("correct", &Slice::correct, "Of the checked ones.")
      .def_readwrite("errors", &Slice::errors, "No answer: refused, closed, timed out.")
      .def_readwrite("unanswered", &Slice::unanswered, "Under way at the end.")
      .def_readwrite("readings", &Slice::readings, "Metrics that the workload reported by itself, dicts in order.")
      .def_readwrite("first_problem", &Slice::first_problem, "First error or wrong answer, one line.")
      .def_readwrite("begin_s", &Slice::begin_s, "Beginning, monotonic clock.")
      .def_readwrite("end_s", &Slice::end_s, "End, monotonic clock.")
      .def_readwrite("last_item_s", &Slice::last_item_s, "When the last item was done; 0: none.")
      .def_readwrite("ended", &Slice::ended, "Nothing more will come.");
}

void bind_start(py::module_& m) {
  using runner::Subprocess;
  py::class_<Subprocess>(m, "Subprocess", "A child process with everything it starts; made by Start.launch().")
      .def_property_readonly("pid", &Subprocess::pid, "Number of the process.")
      .def(
          "poll",
          [](Subprocess& p) -> std::optional<std::string> {
            const auto& status = p.poll();
            return status ? std::optional(status->to_text()) : std::nullopt;
          },
          "How it ended, in words ('exited with code 3'); None while it runs.")
      .def("stop", &Subprocess::stop, "grace_s"_a = 10.0, py::call_guard<py::gil_scoped_release>(),
           "SIGTERM, `grace_s` seconds, then SIGKILL for it and for everything it has started.");

  using runner::Start;
  py::class_<Start>(m, "Start", "One start of a workload, as its start() gets it.")
      .def_property_readonly(
          "params", [](const Start& s) { return from_configuration(s.params); }, "The configuration, a dict.")
      .def_property_readonly(
          "environment", [](const Start& s) { return s.launch.environment; },
          "Variables that knobs add to the environment of its processes.")
      .def_property_readonly(
          "arguments", [](const Start& s) { return s.launch.arguments; }, "Texts of placeholders that knobs set.")
      .def_property_readonly(
          "cpus", [](const Start& s) { return std::vector<int>(s.launch.cpus.begin(), s.launch.cpus.end()); },
          "CPUs its processes must be confined to; empty: no matter.")
      .def_property_readonly(
          "groups",
          [](const Start& s) {
            std::vector<std::string> paths;
            for (const auto& g : s.launch.groups) paths.push_back(g.path);
            return paths;
          },
          "Folders of the control groups its processes must be in.")
      .def_property_readonly(
          "directory", [](const Start& s) { return s.directory.string(); }, "Folder for its logs; exists.")
      .def(
          "should_stop", [](const Start& s) { return runner::wants_stop(s.stop); },
          "Whether the trial is to be given up; ask it in long waits.")
      .def(
          "register_process",
          [](const Start& s, int pid) {
            if (s.register_process) s.register_process(pid);
          },
          "pid"_a, "Tell the journal about a process, so that it dies with us. launch() does it by itself.")
      .def(
          "launch",
          [](const Start& s, std::vector<std::string> argv, std::map<std::string, std::string> environment,
             const py::object& directory, const py::object& log) {
            std::map<std::string, std::string> all = s.launch.environment;
            for (auto& [name, value] : environment) all[name] = std::move(value);
            const std::string log_file = log.is_none() ? (s.directory / "log").string() : to_path(log);
            return Subprocess({.argv = std::move(argv),
                               .environment = std::move(all),
                               .directory = to_path(directory),
                               .log = log_file},
                              s.launch, s.register_process);
          },
          "argv"_a, "environment"_a = std::map<std::string, std::string>(), "directory"_a = py::none(),
          "log"_a = py::none(),
          "Start a program inside the groups, CPUs and environment of the knobs; no shell. log: file for its output "
          "(default: `log` in directory). Raises WorkloadError if it cannot be run, DeviceError if the knobs do not "
          "take.");

  using runner::LoadStart;
  py::class_<LoadStart>(m, "LoadStart", "One beginning of a load, as its begin() gets it.")
      .def_readonly("values", &LoadStart::values, "Texts of the placeholders: parameters, port, python.")
      .def_property_readonly(
          "directory", [](const LoadStart& s) { return s.directory.string(); }, "Folder for its logs; exists.")
      .def_property_readonly(
          "workload_log", [](const LoadStart& s) { return s.workload_log.string(); },
          "File with the output of the workload.")
      .def(
          "should_stop", [](const LoadStart& s) { return runner::wants_stop(s.stop); },
          "Whether the trial is to be given up; ask it in long waits.");
}

void bind_loads(py::module_& m) {
  py::class_<runner::HttpRequest>(m, "HttpRequest", "One request of a load, ready to send.")
      .def(py::init([](std::string body, std::string expect, double items) {
             return runner::HttpRequest{std::move(body), std::move(expect), items};
           }),
           "body"_a, "expect"_a = "", "items"_a = 1.0,
           "expect: JSON text that outputs[0].data of the answer must equal, empty: any answer will do. items: what a "
           "right answer counts.")
      .def_readonly("body", &runner::HttpRequest::body, "Text that is sent.")
      .def_readonly("expect", &runner::HttpRequest::expect, "Right answer, JSON text; may be empty.")
      .def_readonly("items", &runner::HttpRequest::items, "What a right answer counts.");

  py::class_<LoadMaker>(m, "Load",
                        "Who asks a ProcessWorkload for work. Made by HttpLoad, CommandLoad, PrintedMetrics; an object "
                        "of your own with run(until_s) serves as well (bayestuner.protocols).")
      .def("__repr__", [](const LoadMaker&) { return "Load"; });
  m.def(
      "HttpLoad",
      [](const std::string& url, const py::object& requests, const std::string& content_type, int concurrency,
         const std::optional<double>& rate, int connections, double timeout_s, std::uint64_t seed) {
        runner::HttpLoadOptions options{.url = url,
                                        .requests = to_requests(requests),
                                        .content_type = content_type,
                                        .open = rate.has_value(),
                                        .concurrency = concurrency,
                                        .rate = rate.value_or(0.0),
                                        .connections = connections,
                                        .timeout_s = timeout_s,
                                        .seed = seed};
        (void)runner::HttpLoad(options);  // refuses what is wrong now
        return LoadMaker{[options] { return runner::AnyLoad(runner::HttpLoad(options)); }, {url}};
      },
      "url"_a, "requests"_a, py::kw_only(), "content_type"_a = "application/json", "concurrency"_a = 1,
      "rate"_a = py::none(), "connections"_a = 256, "timeout_s"_a = 10.0, "seed"_a = 0,
      "HTTP requests. url may hold placeholders: 'http://127.0.0.1:{port}/v2/models/m/infer'. requests: a file of JSON "
      "lines, or a list of texts, dicts and HttpRequests. Closed loop of `concurrency` requests under way, or, with "
      "`rate` (arrivals per second), an open loop of Poisson arrivals whose latency counts from the due time. "
      "timeout_s: "
      "seconds after which a request is an error. Raises InvalidArgument.");
  m.def(
      "CommandLoad",
      [](const std::vector<std::string>& argv, const py::object& directory) {
        const std::string folder = to_path(directory);
        (void)runner::CommandLoad(argv, folder);
        return LoadMaker{[argv, folder] { return runner::AnyLoad(runner::CommandLoad(argv, folder)); }, argv};
      },
      "argv"_a, "directory"_a = py::none(),
      "A program that asks for work and prints one JSON object of metrics a line. argv may hold placeholders. Raises "
      "InvalidArgument if it is empty.");
  m.def(
      "PrintedMetrics",
      [] {
        return LoadMaker{[] { return runner::AnyLoad(runner::PrintedMetrics()); }, {}};
      },
      "The workload asks itself and prints one JSON object of metrics a line. The default.");

  py::class_<runner::Readiness>(m, "Readiness", "When a server counts as ready; one of the four, or none: at once.")
      .def(py::init([](const std::string& http, const std::string& tcp, const std::string& line,
                       const std::string& file, double timeout_s) {
             return runner::Readiness{http, tcp, line, file, timeout_s};
           }),
           py::kw_only(), "http"_a = "", "tcp"_a = "", "line"_a = "", "file"_a = "", "timeout_s"_a = 60.0,
           "http: URL that answers 200; tcp: port or host:port that accepts; line: text in its output; file: path that "
           "exists. All may hold placeholders. timeout_s: seconds, then the trial fails as timed_out.")
      .def_readonly("http", &runner::Readiness::http, "URL that answers GET with 200.")
      .def_readonly("tcp", &runner::Readiness::tcp, "Port or host:port that accepts a connection.")
      .def_readonly("line", &runner::Readiness::line, "Text in a line of its output.")
      .def_readonly("file", &runner::Readiness::file, "Path that exists.")
      .def_readonly("timeout_s", &runner::Readiness::timeout_s, "Seconds to wait at most.");
}

// The placeholders of a workload's own texts, for callers who did not list the parameters.
std::vector<std::string> placeholders_of(const runner::ProcessOptions& options, const py::object& load) {
  std::vector<std::string> texts = options.command;
  for (const auto& [name, value] : options.environment) texts.push_back(value);
  for (const auto& text : {options.ready.http, options.ready.tcp, options.ready.line, options.ready.file}) {
    texts.push_back(text);
  }
  if (py::isinstance<LoadMaker>(load)) {
    for (const auto& text : load.cast<LoadMaker>().templates) texts.push_back(text);
  }
  std::vector<std::string> names;
  for (const std::string& text : texts) {
    for (std::string& name : runner::placeholders(text)) names.push_back(std::move(name));
  }
  return names;
}

}  // namespace

runner::AnyWorkload to_workload(const py::object& object) {
  if (py::isinstance<SharedWorkload>(object)) return object.cast<SharedWorkload>();
  if (py::hasattr(object, "run")) return PythonWorkload(object);
  if (PyCallable_Check(object.ptr()) != 0) return Loop(object, py::none(), py::none()).workload();
  throw InvalidArgument("workload: " + py::repr(object).cast<std::string>() +
                        " is neither a workload, nor has it run(until_s), nor can it be called");
}

void bind_workload(py::module_& m) {
  bind_slice(m);
  bind_start(m);
  bind_loads(m);

  py::class_<runner::CallResult>(m, "CallResult", "What one call of a CallableWorkload's function did.")
      .def(py::init([](double items, std::optional<bool> correct, std::map<std::string, double> metrics) {
             return runner::CallResult{items, correct, std::move(metrics)};
           }),
           "items"_a = 1.0, "correct"_a = py::none(), "metrics"_a = std::map<std::string, double>(),
           "items: processed in this call; correct: whether the answers were right, if known; metrics: averaged.")
      .def_readonly("items", &runner::CallResult::items, "Processed in this call.")
      .def_readonly("correct", &runner::CallResult::correct, "Whether the answers were right; None: not known.")
      .def_readonly("metrics", &runner::CallResult::metrics, "Further metrics, averaged over the calls.");

  py::class_<SharedWorkload>(m, "Workload",
                             "What a trial runs. Base of the workloads below; an object of your own with run(until_s) "
                             "serves as well (bayestuner.protocols), and so does a plain function.")
      .def_property_readonly("is_process", &SharedWorkload::is_process, "Whether knobs can confine it.")
      .def_property_readonly("pid", &SharedWorkload::pid, "Root of its processes; 0 when not started.");
  py::class_<Named<runner::CallableWorkload>, SharedWorkload>(
      m, "CallableWorkload",
      "A loop of this process: function(params) is called again and again, params a dict. It returns the items it "
      "processed (a number), whether the answer was right (a bool), metrics (a dict), a CallResult, or None (one "
      "item). "
      "Knobs that act on processes fail the trial as knob_refused.")
      .def(py::init([](const py::object& function, const py::object& prepare, const py::object& tidy_up) {
             return Named<runner::CallableWorkload>(Loop(function, prepare, tidy_up).workload());
           }),
           "function"_a, "prepare"_a = py::none(), "tidy_up"_a = py::none(),
           "prepare(params) runs before the first call of a trial, tidy_up(params) after the last, also after "
           "failures.");
  py::class_<Named<runner::ProcessWorkload>, SharedWorkload>(
      m, "ProcessWorkload",
      "A server or job in a process of its own, with everything it starts. Templates may hold {parameter}, {port} (a "
      "free one, new for each trial) and {python}.")
      .def(py::init([](std::vector<std::string> command, const py::object& load,
                       std::map<std::string, std::string> environment, const py::object& directory,
                       const std::optional<runner::Readiness>& ready, double stop_timeout_s, bool may_end,
                       const std::optional<std::vector<std::string>>& parameters) {
             runner::ProcessOptions options{.command = std::move(command),
                                            .environment = std::move(environment),
                                            .directory = to_path(directory),
                                            .ready = ready.value_or(runner::Readiness{}),
                                            .stop_timeout_s = stop_timeout_s,
                                            .may_end = may_end};
             auto names = parameters ? *parameters : placeholders_of(options, load);
             return Named<runner::ProcessWorkload>(
                 runner::ProcessWorkload(std::move(options), to_load(load), std::move(names)));
           }),
           "command"_a, "load"_a = py::none(), py::kw_only(), "environment"_a = std::map<std::string, std::string>(),
           "directory"_a = py::none(), "ready"_a = py::none(), "stop_timeout_s"_a = 10.0, "may_end"_a = false,
           "parameters"_a = py::none(),
           "command: templates, the first is the program; no shell. load: who asks for work (default: it prints its "
           "metrics). ready: a Readiness. stop_timeout_s: from SIGTERM to SIGKILL. may_end: a job, whose exit code 0 "
           "ends the load. parameters: names templates may use; default: whatever they name, checked at the first "
           "trial. Raises InvalidArgument.");
}

}  // namespace bayestuner::python
