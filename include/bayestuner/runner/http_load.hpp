#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "bayestuner/runner/load.hpp"

namespace bayestuner::runner {

/// One request of a load, ready to send.
struct HttpRequest {
  std::string body;
  std::string expect = {};  ///< JSON text that outputs[0].data of the answer must equal; empty: any answer will do
  double items = 1.0;       ///< what a right answer counts
};

/// Reads a file of JSON lines {"body": …, "expect": […], "items": n}. A body that is a text is sent as it is. Items
/// default to the batch: inputs[0].shape[0] of the body, else 1. Throws InvalidArgument: `requests.jsonl:3: …`.
std::vector<HttpRequest> read_requests(const std::filesystem::path& file);

/// Whether an answer's outputs[0].data equals `expect`: texts exactly, numbers within 1e-3 relative (runtimes reorder
/// sums), NaN never. `why` gets one line.
bool answer_matches(const std::string& answer, const std::string& expect, std::string* why = nullptr);

/// From `at_s` seconds after the load began on: arrivals per second.
struct RateStep {
  double at_s = 0.0;
  double rate = 0.0;
};

struct HttpLoadOptions {
  std::string url;  ///< http://host:port/path, with placeholders
  std::vector<HttpRequest> requests = {};
  std::string content_type = "application/json";
  bool open = false;    ///< open loop: Poisson arrivals at `rate`, whatever the server does; else a closed loop
  int concurrency = 1;  ///< closed loop: requests under way at any time
  double rate = 0.0;    ///< open loop: arrivals per second
  std::vector<RateStep> later_rates = {};  ///< open loop: what `rate` becomes, in order of time
  int connections = 256;    ///< open loop: most connections; arrivals beyond wait, and their latency runs
  double timeout_s = 10.0;  ///< a request without an answer after this is an error
  std::uint64_t seed = 0;
};

/// HTTP requests over kept-alive connections, from one thread. Latency in an open loop counts from the moment the
/// request should have been sent, so that a stalled server cannot hide behind requests that were never made
/// (coordinated omission; Schroeder, Wierman & Harchol-Balter, NSDI 2006, for open against closed loops).
/// A connection that the server closed between two requests is opened again and the request repeated; any other loss
/// is an error.
class HttpLoad {
 public:
  /// Throws InvalidArgument: options out of range, no requests, a URL that is not http.
  explicit HttpLoad(HttpLoadOptions options);
  ~HttpLoad();
  HttpLoad(HttpLoad&&) noexcept;
  HttpLoad& operator=(HttpLoad&&) noexcept;

  void begin(const LoadStart& start);
  Slice run(double until_s);
  Slice finish();
  void end() noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};
static_assert(Load<HttpLoad>);

}  // namespace bayestuner::runner
