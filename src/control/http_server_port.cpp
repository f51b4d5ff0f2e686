#include "bayestuner/control/http_server_port.hpp"

#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "bayestuner/core/clock.hpp"
#include "bayestuner/core/error.hpp"
#include "bayestuner/core/text.hpp"
#include "runner/clean_text.hpp"
#include "runner/socket.hpp"

namespace bayestuner::control {

struct HttpServerPort::State {
  HttpServerPortOptions options;
  runner::Url url;
  std::optional<ServerSetting> leased;
  double renew_at_s = 0.0;
  std::uint64_t next = 0;    // number of the first batch not seen yet
  std::string process = {};  // of the server: another one begins to count anew

  nlohmann::json ask(const char* method, const std::string& suffix, const std::string& body = {}) const {
    runner::Url whole = url;
    whole.path += suffix;
    const runner::HttpReply reply = runner::http_exchange(whole, method, body, options.timeout_s);
    const std::string where = std::string(method) + " " + options.url + suffix + ": ";
    if (reply.status < 0) throw WorkloadError(where + std::strerror(-reply.status));
    if (reply.status != 200) {
      throw WorkloadError(where + "status " + to_text(reply.status) + ": " + runner::clean_text(reply.body, 160));
    }
    try {
      return nlohmann::json::parse(reply.body);
    } catch (const nlohmann::json::exception&) {
      throw WorkloadError(where + "the answer is no JSON: " + runner::clean_text(reply.body, 160));
    }
  }
  void put(const ServerSetting& setting) {
    nlohmann::json body{{"max_batch", setting.batch}, {"lease_s", options.lease_s}};
    if (!options.level_name.empty() && !std::isnan(setting.level)) {
      // Whole numbers as such: a server may count threads.
      const bool whole = setting.level == std::floor(setting.level) && std::abs(setting.level) < 1e15;
      body[options.level_name] =
          whole ? nlohmann::json(static_cast<std::int64_t>(setting.level)) : nlohmann::json(setting.level);
    }
    ask("POST", "", body.dump());
    leased = setting;
    renew_at_s = monotonic_s() + options.lease_s / 3.0;
  }
  double number(const nlohmann::json& object, const std::string& key) const {
    const auto it = object.find(key);
    return it != object.end() && it->is_number() ? it->get<double>() : std::nan("");
  }
};

HttpServerPort::HttpServerPort(HttpServerPortOptions options) : state_(std::make_unique<State>()) {
  state_->url = runner::Url::parse(options.url);
  for (const auto& [name, value] : {std::pair{"lease_s", options.lease_s}, {"timeout_s", options.timeout_s}}) {
    if (!(value > 0.0)) throw InvalidArgument(std::string(name) + ": " + to_text(value) + " must be above 0");
  }
  state_->options = std::move(options);
}
HttpServerPort::~HttpServerPort() = default;
HttpServerPort::HttpServerPort(HttpServerPort&&) noexcept = default;
HttpServerPort& HttpServerPort::operator=(HttpServerPort&&) noexcept = default;

void HttpServerPort::apply(const ServerSetting& setting) {
  state_->put(setting);
}

ServerSetting HttpServerPort::in_force() {
  const nlohmann::json now = state_->ask("GET", "");
  ServerSetting setting;
  const double batch = state_->number(now, "max_batch");
  if (!(batch >= 1.0)) throw WorkloadError(state_->options.url + ": the answer has no max_batch");
  setting.batch = static_cast<std::uint32_t>(batch);
  if (!state_->options.level_name.empty()) setting.level = state_->number(now, state_->options.level_name);
  return setting;
}

void HttpServerPort::collect(Collected& collected) {
  State& s = *state_;
  if (s.leased && monotonic_s() >= s.renew_at_s) s.put(*s.leased);
  const nlohmann::json answer = s.ask("GET", "/batches?since=" + to_text(s.next));
  const std::string process = answer.value("process", "");
  if (process != s.process) {
    const bool restarted = !s.process.empty();
    s.process = process;
    s.next = answer.value("next", std::uint64_t{0});
    // Old batches are not ours, and a new process knows nothing of what was set.
    if (restarted) throw WorkloadError(s.options.url + ": the server has started anew");
    return;
  }
  // The server's clock may have another zero.
  const double offset_s = monotonic_s() - answer.value("now_s", monotonic_s());
  for (const nlohmann::json& b : answer.value("batches", nlohmann::json::array())) {
    collected.batches.push_back(
        {.begin_s = s.number(b, "begin_s") + offset_s,
         .end_s = s.number(b, "end_s") + offset_s,
         .size = b.value("size", 0u),
         .limit = b.value("max_batch", 0u),
         .level = s.options.level_name.empty() ? std::nan("") : s.number(b, s.options.level_name),
         .first = b.value("first", false),
         .failed = b.value("failed", false),
         .queue_length = s.number(b, "queue_length")});
    for (const nlohmann::json& latency : b.value("latencies_s", nlohmann::json::array())) {
      if (latency.is_number()) collected.latencies_s.push_back(latency.get<float>());
    }
  }
  collected.lost = answer.value("lost", std::uint64_t{0});
  collected.queue_length = s.number(answer, "queue_length");
  collected.arrivals = s.number(answer, "arrivals");
  collected.running_since_s = s.number(answer, "running_since_s") + offset_s;
  s.next = answer.value("next", s.next);
}

void HttpServerPort::release() noexcept {
  if (!state_ || !state_->leased) return;
  try {
    state_->ask("POST", "", R"({"release": true})");
  } catch (const std::exception&) {  // the lease runs out
  }
  state_->leased.reset();
}

}  // namespace bayestuner::control
