#include "bayestuner/control/loop_json.hpp"

#include <nlohmann/json.hpp>

#include "analysis/json.hpp"

namespace bayestuner::control {

namespace {

using Json = nlohmann::ordered_json;
using analysis::number_or_null;

Json setting_json(const ServerSetting& s) {
  return {{"batch", s.batch}, {"level", number_or_null(s.level)}, {"instances", s.instances}};
}

}  // namespace

std::string to_json(const LoopWindow& w) {
  const Json json{{"kind", "window"},
                  {"time_s", w.time_s},
                  {"seconds", w.seconds},
                  {"served", setting_json(w.served)},
                  {"power_w", number_or_null(w.power_w)},
                  {"power_mean_w", number_or_null(w.power_mean_w)},
                  {"power_max_w", number_or_null(w.power_max_w)},
                  {"readings", w.readings},
                  {"cap_w", number_or_null(w.cap_w)},
                  {"within", w.within},
                  {"throughput", number_or_null(w.throughput)},
                  {"latency_p50_s", number_or_null(w.latency_p50_s)},
                  {"latency_p99_s", number_or_null(w.latency_p99_s)},
                  {"queue_length", number_or_null(w.queue_length)},
                  {"batches", w.batches},
                  {"mean_batch", number_or_null(w.mean_batch)},
                  {"reason", to_string(w.decision.reason)},
                  {"changed", w.decision.changed},
                  {"infeasible", w.decision.infeasible},
                  {"emergency", w.decision.emergency},
                  {"next", setting_json(w.next)}};
  return json.dump();
}

std::string to_json(const LoopEvent& e) {
  const Json json{
      {"kind", "event"}, {"time_s", e.time_s}, {"name", e.name}, {"text", e.text}, {"is_fault", e.is_fault}};
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string to_json(const LoopStatus& s) {
  const Json json{{"kind", "status"},
                  {"time_s", s.time_s},
                  {"served", setting_json(s.served)},
                  {"cap_w", number_or_null(s.cap_w)},
                  {"power_w", number_or_null(s.power_w)},
                  {"throughput", number_or_null(s.throughput)},
                  {"latency_p99_s", number_or_null(s.latency_p99_s)},
                  {"queue_length", number_or_null(s.queue_length)},
                  {"reason", to_string(s.reason)},
                  {"trust", to_string(s.trust)},
                  {"infeasible", s.infeasible},
                  {"idle", s.idle},
                  {"server_answers", s.server_answers},
                  {"emergency", s.emergency},
                  {"windows", s.windows},
                  {"windows_within", s.windows_within},
                  {"changes", s.changes},
                  {"faults", s.faults},
                  {"items", s.items},
                  {"batches", s.batches},
                  {"failed_batches", s.failed_batches},
                  {"reports_lost", s.reports_lost},
                  {"readings", s.readings},
                  {"readings_dropped", s.readings_dropped}};
  return json.dump();
}

}  // namespace bayestuner::control
