#include "control/loop_json.hpp"

#include <cmath>
#include <nlohmann/json.hpp>

namespace bayestuner::control {

namespace {

using Json = nlohmann::ordered_json;

Json known(double value) {
  return std::isfinite(value) ? Json(value) : Json(nullptr);
}

Json setting_json(const ServerSetting& s) {
  return {{"batch", s.batch}, {"level", known(s.level)}, {"instances", s.instances}};
}

}  // namespace

std::string to_json(const LoopWindow& w) {
  const Json json{{"kind", "window"},
                  {"time_s", w.time_s},
                  {"seconds", w.seconds},
                  {"served", setting_json(w.served)},
                  {"power_w", known(w.power_w)},
                  {"power_mean_w", known(w.power_mean_w)},
                  {"power_max_w", known(w.power_max_w)},
                  {"readings", w.readings},
                  {"cap_w", known(w.cap_w)},
                  {"within", w.within},
                  {"throughput", known(w.throughput)},
                  {"latency_p50_s", known(w.latency_p50_s)},
                  {"latency_p99_s", known(w.latency_p99_s)},
                  {"queue_length", known(w.queue_length)},
                  {"batches", w.batches},
                  {"mean_batch", known(w.mean_batch)},
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
                  {"cap_w", known(s.cap_w)},
                  {"power_w", known(s.power_w)},
                  {"throughput", known(s.throughput)},
                  {"latency_p99_s", known(s.latency_p99_s)},
                  {"queue_length", known(s.queue_length)},
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
