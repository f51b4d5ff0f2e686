#pragma once
// Loopback-scale TCP without blocking.

#include <netinet/in.h>
#include <sys/socket.h>

#include <string>

namespace bayestuner::runner {

/// Where to connect to.
struct Address {
  sockaddr_storage storage{};
  socklen_t size = 0;
  int family = 0;
};

/// A URL taken apart. Throws InvalidArgument unless it is http://host[:port][/path].
struct Url {
  std::string host;
  std::string port = "80";
  std::string path = "/";
  static Url parse(const std::string& text);
};

/// Looks a host and port up. Throws WorkloadError.
Address resolve(const std::string& host, const std::string& port);

/// A non-blocking socket on its way to `address`, or -errno.
int begin_connect(const Address& address);

/// Tries once to connect, within `timeout_s`. 0 or errno.
int try_connect(const std::string& host, const std::string& port, double timeout_s);

/// What a server answered.
struct HttpReply {
  int status = 0;  ///< or -errno where there was no answer
  std::string body = {};
};

/// One request on a connection of its own, within `timeout_s`. A body is JSON. Throws WorkloadError where the host
/// cannot be looked up.
HttpReply http_exchange(const Url& url, const std::string& method, const std::string& body, double timeout_s);

/// One GET, within `timeout_s`. The status, or -errno.
int http_status(const Url& url, double timeout_s);

}  // namespace bayestuner::runner
