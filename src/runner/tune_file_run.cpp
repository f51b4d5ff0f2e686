#include <limits>

#include "bayestuner/core/text.hpp"
#include "runner/tune_file_parts.hpp"

namespace bayestuner::runner {
namespace {

std::filesystem::path below(const std::filesystem::path& folder, const std::string& path) {
  return (folder / path).lexically_normal();
}

void take(const TomlTable& table, const std::string& key, double& target) {
  target = table.number(key).value_or(target);
}

double positive(const TomlTable& table, const std::string& key, double otherwise) {
  const double value = table.number(key).value_or(otherwise);
  if (!(value > 0.0)) table.fail(key, space::to_text(space::Value(value)) + " must be above 0");
  return value;
}

// A number, or [[0, 20], [60, 80]]: 20 a second, from second 60 on 80.
void read_rate(const TomlTable& table, HttpLoadOptions& http) {
  const toml::node* const node = table.node("rate");
  if (node == nullptr) {
    if (http.open) table.fail("rate", "is missing; an open loop needs it");
    return;
  }
  const auto* const steps = node->as_array();
  if (steps == nullptr) {
    http.rate = positive(table, "rate", 0.0);
    return;
  }
  double before_s = -1.0;
  for (const toml::node& item : *steps) {
    const auto* const pair = item.as_array();
    const auto at_s = pair != nullptr && pair->size() == 2 ? (*pair)[0].value<double>() : std::nullopt;
    const auto rate = at_s ? (*pair)[1].value<double>() : std::nullopt;
    if (!rate) table.fail("rate", "must be a number or pairs [second, rate]");
    if (before_s < 0.0 ? *at_s != 0.0 : !(*at_s > before_s)) {
      table.fail("rate", "the seconds must begin with 0 and rise, not be " + to_text(*at_s));
    }
    if (!(*rate > 0.0)) table.fail("rate", to_text(*rate) + " must be above 0");
    if (before_s < 0.0) {
      http.rate = *rate;
    } else {
      http.later_rates.push_back({*at_s, *rate});
    }
    before_s = *at_s;
  }
  if (before_s < 0.0) table.fail("rate", "is empty");
}

}  // namespace

std::vector<std::string> workload_keys() {
  return {"type", "command", "environment", "directory", "ready", "stop_timeout_s"};
}
std::vector<std::string> load_keys() {
  return {"type", "url",         "requests", "content_type", "mode", "concurrency",
          "rate", "connections", "command",  "timeout_s",    "seed"};
}
std::vector<std::string> measure_keys() {
  return {"meters",    "allow_estimates", "warm_up_s",   "settle_s",    "min_s",          "max_s", "precision",
          "timeout_s", "cool_down_s",     "drift_every", "noise_limit", "require_steady", "logs"};
}

void read_workload(const TomlTable& table, TuneSpec& spec, const std::filesystem::path& folder) {
  if (const std::string type = table.text("type").value_or("process"); type != "process") {
    table.fail("type", "\"" + type + "\" is not supported in a file, only \"process\"");
  }
  ProcessOptions& workload = spec.workload;
  workload.command = table.texts("command").value_or(std::vector<std::string>{});
  if (workload.command.empty()) table.fail("command", "is missing: an array of program and arguments");
  workload.directory = below(folder, table.text("directory").value_or("."));
  if (const toml::node* const node = table.node("environment")) {
    const auto* variables = node->as_table();
    if (variables == nullptr) table.fail("environment", "must be a table of texts");
    for (const auto& [key, value] : *variables) {
      const auto given = value_of(value);
      if (!given) table.fail("environment", std::string(key.str()) + " must be a text");
      workload.environment[std::string(key.str())] = space::to_text(*given);
    }
  }
  if (const auto ready = table.table("ready", {"http", "tcp", "line", "file", "timeout_s"})) {
    const int kinds = ready->has("http") + ready->has("tcp") + ready->has("line") + ready->has("file");
    if (kinds != 1) table.fail("ready", "must have exactly one of http, tcp, line, file");
    workload.ready = {.http = ready->text("http").value_or(""),
                      .tcp = ready->text("tcp").value_or(""),
                      .line = ready->text("line").value_or(""),
                      .file = ready->text("file").value_or(""),
                      .timeout_s = positive(*ready, "timeout_s", 60.0)};
  }
  workload.stop_timeout_s = table.number("stop_timeout_s").value_or(workload.stop_timeout_s);
  if (workload.stop_timeout_s < 0.0) table.fail("stop_timeout_s", "must be at least 0");
}

void read_load(const TomlTable& table, TuneSpec& spec, const std::filesystem::path& folder) {
  LoadSpec& load = spec.load;
  const std::string type = table.require_text("type");
  const std::vector<std::string> http_keys = {"url",  "requests",    "content_type", "mode", "concurrency",
                                              "rate", "connections", "timeout_s",    "seed"};
  const auto refuse = [&](const std::vector<std::string>& keys) {
    for (const std::string& key : keys) {
      if (table.has(key)) table.fail(key, "does not go with type \"" + type + "\"");
    }
  };
  if (type == "none") {
    load.type = LoadSpec::Type::none;
    refuse(http_keys);
    refuse({"command"});
    spec.workload.may_end = true;
  } else if (type == "command") {
    load.type = LoadSpec::Type::command;
    refuse(http_keys);
    load.command = table.texts("command").value_or(std::vector<std::string>{});
    if (load.command.empty()) table.fail("command", "is missing: an array of program and arguments");
  } else if (type == "http") {
    load.type = LoadSpec::Type::http;
    refuse({"command"});
    HttpLoadOptions& http = load.http;
    http.url = table.require_text("url");
    if (http.url.rfind("http://", 0) != 0) table.fail("url", "\"" + http.url + "\" does not begin with http://");
    load.requests = below(folder, table.require_text("requests"));
    http.content_type = table.text("content_type").value_or(http.content_type);
    const std::string mode = table.text("mode").value_or("closed");
    if (mode != "closed" && mode != "open") table.fail("mode", "\"" + mode + "\" is neither closed nor open");
    http.open = mode == "open";
    const auto count = [&](const std::string& key, int otherwise) {
      const std::int64_t given = table.integer(key).value_or(otherwise);
      if (given < 1 || given > 4096) table.fail(key, to_text(given) + " is outside [1, 4096]");
      return static_cast<int>(given);
    };
    http.concurrency = count("concurrency", http.concurrency);
    http.connections = count("connections", http.connections);
    read_rate(table, http);
    http.timeout_s = positive(table, "timeout_s", http.timeout_s);
    http.seed = static_cast<std::uint64_t>(table.integer("seed").value_or(0));
    spec.measure.options.watch_throughput = !http.open;
    spec.measure.options.watch_latency = http.open;
  } else {
    table.fail("type", "\"" + type + "\" is none of http, command, none");
  }
}

void read_measure(const TomlTable& table, TuneSpec& spec, const std::filesystem::path& folder) {
  MeasureSpec& measure = spec.measure;
  const std::vector<std::string> known = {"power",     "cpu_time",      "memory", "pressure",
                                          "rapl.perf", "rapl.powercap", "hwmon",  "estimate"};
  measure.meters = table.texts("meters").value_or(measure.meters);
  for (const std::string& name : measure.meters) {
    bool found = false;
    for (const std::string& k : known) found = found || k == name;
    if (!found) table.fail("meters", "\"" + name + "\" is none of " + join(known));
  }
  measure.allow_estimates = table.boolean("allow_estimates").value_or(false);
  MeasureOptions& options = measure.options;
  take(table, "warm_up_s", options.warm_up_s);
  take(table, "settle_s", options.settle_s);
  take(table, "min_s", options.min_s);
  take(table, "max_s", options.max_s);
  take(table, "precision", options.precision);
  take(table, "noise_limit", options.noise_limit);
  options.require_steady = table.boolean("require_steady").value_or(options.require_steady);
  table.at(table.has("max_s") ? "max_s" : "min_s", [&] { options.check(); });
  measure.timeout_s = positive(table, "timeout_s", measure.timeout_s);
  take(table, "cool_down_s", measure.cool_down_s);
  if (measure.cool_down_s < 0.0) table.fail("cool_down_s", "must be at least 0");
  const std::int64_t every = table.integer("drift_every").value_or(0);
  if (every < 0 || every > std::numeric_limits<int>::max()) table.fail("drift_every", "must be at least 0");
  measure.drift_every = static_cast<int>(every);
  if (const auto logs = table.text("logs")) measure.log_directory = below(folder, *logs);
}

}  // namespace bayestuner::runner
