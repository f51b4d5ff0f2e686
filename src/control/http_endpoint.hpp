#pragma once

#include <functional>
#include <memory>
#include <string>

namespace bayestuner::control {

/// A request as far as an operator's endpoint needs it.
struct EndpointRequest {
  std::string method, path, body;
};
struct EndpointAnswer {
  int status = 200;
  std::string body;
  std::string type = "application/json";
};

/// A few requests a second over HTTP/1.1 on 127.0.0.1, one at a time, in a thread of its own. A client that dawdles is
/// dropped after 2 s, one that sends more than 16 KiB at once.
class HttpEndpoint {
 public:
  /// `port` 0: any free one. `answer` is called from the endpoint's thread; what it throws becomes a status 400 with
  /// the message. Throws DeviceError where the port cannot be had.
  HttpEndpoint(int port, std::function<EndpointAnswer(const EndpointRequest&)> answer);
  ~HttpEndpoint();
  HttpEndpoint(const HttpEndpoint&) = delete;
  HttpEndpoint& operator=(const HttpEndpoint&) = delete;
  int port() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace bayestuner::control
