#include <cmath>
#include <limits>
#include <map>

#include "bayestuner/control/control_spec.hpp"
#include "bayestuner/core/error.hpp"
#include "bayestuner/core/text.hpp"
#include "control/watts_file.hpp"
#include "runner/toml_file.hpp"
#include "runner/tune_file_parts.hpp"

namespace bayestuner::control {

namespace {

namespace fs = std::filesystem;
using runner::TomlTable;

void take(const TomlTable& table, const std::string& key, double& target) {
  target = table.number(key).value_or(target);
}

void take(const TomlTable& table, const std::string& key, std::uint32_t& target) {
  const auto given = table.integer(key);
  if (!given) return;
  if (*given < 0 || *given > std::numeric_limits<std::uint32_t>::max()) {
    table.fail(key, to_text(*given) + " is no count");
  }
  target = static_cast<std::uint32_t>(*given);
}

void take_positive(const TomlTable& table, const std::string& key, double& target) {
  take(table, key, target);
  if (!(target > 0.0) || !std::isfinite(target)) table.fail(key, to_text(target) + " must be above 0");
}

void read_latency(const TomlTable& table, Limits& limits) {
  const toml::node* const node = table.node("latency");
  if (node == nullptr) return;
  const auto* const array = node->as_array();
  if (array == nullptr) table.fail("latency", "must be an array of { quantile, limit_s }");
  if (array->size() > Limits::max_latency_limits) {
    table.fail("latency", to_text(array->size()) + " limits; at most " + to_text(Limits::max_latency_limits));
  }
  for (const toml::node& item : *array) {
    const auto* const inner = item.as_table();
    if (inner == nullptr) table.fail("latency", "must hold tables { quantile, limit_s }");
    const TomlTable limit(*inner, table.file(), "control.latency", {"quantile", "limit_s"});
    LatencyLimit& target = limits.latency[limits.latency_count++];
    take(limit, "quantile", target.quantile);
    const auto given = limit.number("limit_s");
    if (!given) limit.fail("limit_s", "is missing");
    target.limit_s = *given;
  }
}

void read_control(const TomlTable& table, ControlSpec& spec, const fs::path& folder) {
  spec.controller = table.text("controller").value_or(spec.controller);
  table.at("controller", [&] { return controller_options(spec.controller); });
  if (const toml::node* const node = table.node("options")) {
    const auto* const options = node->as_table();
    if (options == nullptr) table.fail("options", "must be a table of numbers");
    for (const auto& [key, value] : *options) {
      const auto number =
          value.is_boolean() ? std::optional(value.as_boolean()->get() ? 1.0 : 0.0) : value.value<double>();
      if (!number) table.fail("options", std::string(key.str()) + " must be a number or a flag");
      spec.options[std::string(key.str())] = *number;
    }
  }
  Limits& limits = spec.limits;
  if (const auto file = table.text("cap_file")) spec.loop.cap_file = (folder / *file).lexically_normal();
  if (const auto cap = table.number("power_cap_w")) {
    limits.power_cap_w = *cap;
  } else if (!spec.loop.cap_file.empty()) {
    const auto watts = read_watts(spec.loop.cap_file);
    if (!watts) {
      table.fail("cap_file", spec.loop.cap_file.string() + " holds no number of watts, and there is no power_cap_w");
    }
    limits.power_cap_w = *watts;
  } else {
    table.fail("power_cap_w", "is missing, and so is cap_file");
  }
  const std::map<std::string, PowerStatistic> statistics = {
      {"max", PowerStatistic::max}, {"mean", PowerStatistic::mean}, {"quantile", PowerStatistic::quantile}};
  const std::string statistic = table.text("statistic").value_or("max");
  const auto found = statistics.find(statistic);
  if (found == statistics.end()) table.fail("statistic", "\"" + statistic + "\" is none of max, mean, quantile");
  limits.power_statistic = found->second;
  take(table, "quantile", limits.power_quantile);
  take(table, "board_limit_w", limits.board_limit_w);
  read_latency(table, limits);
  table.at(table.has("power_cap_w") ? "power_cap_w" : "", [&] { require_valid(limits); });
  ControlLoopOptions& loop = spec.loop;
  take_positive(table, "window_s", loop.window_s);
  take(table, "window_readings", loop.window_readings);
  if (loop.window_readings < 1) table.fail("window_readings", "0 must be at least 1");
  take_positive(table, "tick_s", loop.tick_s);
  if (const auto journal = table.text("journal")) loop.journal = (folder / *journal).lexically_normal();
  const std::int64_t port = table.integer("http_port").value_or(-1);
  if (port < -1 || port > 65535) table.fail("http_port", to_text(port) + " is outside [0, 65535]; -1 is none");
  loop.http_port = static_cast<int>(port);
  if (table.has("seconds")) take_positive(table, "seconds", spec.seconds.emplace());
}

void read_server(const TomlTable& table, ControlSpec& spec) {
  HttpServerPortOptions& server = spec.server;
  server.url = table.require_text("url");
  if (server.url.rfind("http://", 0) != 0) table.fail("url", "\"" + server.url + "\" does not begin with http://");
  take_positive(table, "lease_s", server.lease_s);
  take_positive(table, "timeout_s", server.timeout_s);
  const std::int64_t pid = table.integer("pid").value_or(0);
  if (table.has("pid") && (pid < 1 || pid > std::numeric_limits<pid_t>::max())) {
    table.fail("pid", to_text(pid) + " is no process number");
  }
  spec.pid = static_cast<pid_t>(pid);
  const auto sizes = table.values("batches");
  if (!sizes) table.fail("batches", "is missing: the batch sizes to choose from, rising");
  for (const space::Value& value : *sizes) {
    const auto* const size = std::get_if<std::int64_t>(&value);
    if (size == nullptr || *size < 1 || *size > 1'000'000) {
      table.fail("batches", space::to_text(value) + " is no size of a batch: an integer of 1 or more");
    }
    spec.batches.push_back(static_cast<std::uint32_t>(*size));
  }
  table.at("batches", [&] { return KnobGrid(spec.batches); });
}

void read_level(const TomlTable& table, ControlSpec& spec, const fs::path& folder) {
  runner::TuneSpec scratch;
  runner::read_parameter(table, scratch, folder);
  const runner::ParameterSpec& given = scratch.parameters.front();
  LevelSpec level{.values = {}, .knob = given.knob, .parameter = given.parameter};
  const space::ParameterKind kind = given.parameter.kind();
  if (kind != space::ParameterKind::integer && kind != space::ParameterKind::ordinal) {
    table.fail("type", "must be integer or ordinal: the levels are numbers");
  }
  // Other knobs take effect where a process starts; here it runs.
  if (given.knob && given.knob->type != "file_value") {
    table.fail("knob", "\"" + given.knob->type + "\" does not reach a server that runs; \"file_value\" does");
  }
  if (given.parameter.level_count() > static_cast<std::int64_t>(KnobGrid::max_clocks)) {
    table.fail("name", to_text(given.parameter.level_count()) + " levels; at most " + to_text(KnobGrid::max_clocks));
  }
  for (std::int64_t i = 0; i < given.parameter.level_count(); ++i) {
    level.values.push_back(space::as_number(given.parameter.value(static_cast<double>(i))).value());
    if (!(level.values.back() > 0.0))
      table.fail("name", "a level of " + to_text(level.values.back()) + "; each must be above 0");
  }
  if (!given.knob) spec.server.level_name = given.parameter.name();
  spec.level = std::move(level);
  table.at("", [&] { return spec.grid(); });
}

void read_meter(const TomlTable& table, PowerSpec& meter) {
  meter.name = table.text("name").value_or(meter.name);
  const std::vector<std::string> known = {"power", "rapl.perf", "rapl.powercap", "hwmon", "estimate"};
  if (std::find(known.begin(), known.end(), meter.name) == known.end()) {
    table.fail("name", "\"" + meter.name + "\" is none of " + join(known));
  }
  meter.allow_estimates = table.boolean("allow_estimates").value_or(false);
  take_positive(table, "period_s", meter.period_s);
}

void read_fail_safe(const TomlTable& table, MeterWatchOptions& watch) {
  for (const auto& [key, target] : {std::pair{"silence_s", &watch.silence_s},
                                    {"safe_after_s", &watch.safe_after_s},
                                    {"emergency_after_s", &watch.emergency_after_s},
                                    {"spike_ratio", &watch.spike_ratio},
                                    {"slow_s", &watch.slow_s}}) {
    take(table, key, *target);
  }
  for (const auto& [key, target] : {std::pair{"stuck_readings", &watch.stuck_readings},
                                    {"recovery_readings", &watch.recovery_readings},
                                    {"failed_batches", &watch.failed_batches}}) {
    take(table, key, *target);
  }
}

void read_workload(const TomlTable& top, ControlSpec& spec, const fs::path& folder) {
  const auto workload = top.table("workload", runner::workload_keys());
  const auto load = top.table("load", runner::load_keys());
  if (!workload) {
    if (load) top.fail("load", "goes with [workload]: without one the server has a load already");
    return;
  }
  if (spec.pid != 0) top.fail("workload", "does not go with server.pid: the server is started here");
  runner::TuneSpec scratch;
  runner::read_workload(*workload, scratch, folder);
  if (load) runner::read_load(*load, scratch, folder);
  if (scratch.load.type == runner::LoadSpec::Type::command) {
    load->fail("type", "\"command\" reports to a tuning run; here there are http and none");
  }
  scratch.workload.may_end = false;  // a server that ends has crashed
  spec.workload = std::move(scratch.workload);
  spec.load = std::move(scratch.load);
}

ControlSpec read(const toml::table& root, const fs::path& path) {
  const std::string file = path.filename().string();
  const fs::path folder = fs::absolute(path).parent_path();
  const TomlTable top(root, file, "", {"control", "server", "level", "meter", "fail_safe", "workload", "load"});
  ControlSpec spec{.file = path};
  const auto control = top.table(
      "control", {"controller", "options", "power_cap_w", "cap_file", "statistic", "quantile", "board_limit_w",
                  "latency", "window_s", "window_readings", "tick_s", "journal", "http_port", "seconds"});
  if (!control) top.fail("control", "this section is missing");
  read_control(*control, spec, folder);
  const auto server = top.table("server", {"url", "lease_s", "timeout_s", "batches", "pid"});
  if (!server) top.fail("server", "this section is missing");
  read_server(*server, spec);
  if (const auto level = top.table("level", {"name", "type", "low", "high", "step", "levels", "knob"})) {
    read_level(*level, spec, folder);
  }
  if (const auto meter = top.table("meter", {"name", "allow_estimates", "period_s"})) read_meter(*meter, spec.meter);
  const auto fail_safe = top.table("fail_safe", {"silence_s", "safe_after_s", "emergency_after_s", "stuck_readings",
                                                 "spike_ratio", "recovery_readings", "slow_s", "failed_batches"});
  if (fail_safe) {
    read_fail_safe(*fail_safe, spec.loop.fail_safe);
    fail_safe->at("", [&] { return MeterWatch(spec.loop.fail_safe, spec.meter.period_s); });
  }
  read_workload(top, spec, folder);
  control->at("options", [&] { spec.check(); });
  return spec;
}

}  // namespace

KnobGrid ControlSpec::grid() const {
  return KnobGrid(batches, level ? std::span<const double>(level->values) : std::span<const double>());
}

void ControlSpec::check() const {
  require_valid(limits);
  static_cast<void>(make_controller(controller, grid(), limits, options));
  if (workload) {
    runner::check_template("server.url", server.url, {});
  } else if (!runner::placeholders(server.url).empty()) {
    throw InvalidArgument("server.url: \"" + server.url + "\" has a placeholder, but no [workload] fills it");
  }
}

ControlSpec parse_control_text(const std::string& text, const fs::path& file) {
  const toml::table root = runner::parse_toml(text, file);
  return read(root, file);
}

ControlSpec read_control_file(const fs::path& file) {
  return parse_control_text(runner::read_toml_text(file, "control file"), file);
}

}  // namespace bayestuner::control
