#pragma once

#include <memory>
#include <string>

#include "bayestuner/control/server_port.hpp"

namespace bayestuner::control {

struct HttpServerPortOptions {
  std::string url;              ///< http://host:port/path of the server's control resource
  double lease_s = 5.0;         ///< a setting not renewed for so long is given up by the server itself
  double timeout_s = 1.0;       ///< of one exchange
  std::string level_name = {};  ///< what the server calls the second axis, as "threads"; empty: it has none
};

/// A batch server in another process, controlled over HTTP (docs/control.md, "What a server must answer"):
/// `POST url {"max_batch": 8, "threads": 2, "lease_s": 5}` sets, `GET url` says what is in force, and
/// `GET url/batches?since=N` lists the batches from number N on. The lease gives the server back where the loop is
/// killed.
class HttpServerPort {
 public:
  /// Throws InvalidArgument for a URL that is not http or times that are not above 0. Asks the server nothing yet.
  explicit HttpServerPort(HttpServerPortOptions options);
  ~HttpServerPort();
  HttpServerPort(HttpServerPort&&) noexcept;
  HttpServerPort& operator=(HttpServerPort&&) noexcept;

  void apply(const ServerSetting& setting);
  ServerSetting in_force();
  /// Also renews the lease.
  void collect(Collected& collected);
  void release() noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};
static_assert(BatchServerPort<HttpServerPort>);

}  // namespace bayestuner::control
