#include "runner/socket.hpp"

#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "bayestuner/core/clock.hpp"
#include "bayestuner/core/error.hpp"
#include "runner/http_message.hpp"

namespace bayestuner::runner {
namespace {

/// Waits until `fd` is ready for `events`; false at the time's end.
bool wait_for(int fd, short events, double until_s) {
  for (;;) {
    const double left = until_s - monotonic_s();
    if (left <= 0.0) return false;
    pollfd watched{.fd = fd, .events = events, .revents = 0};
    const int ready = ::poll(&watched, 1, static_cast<int>(left * 1e3) + 1);
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return false;
  }
}

/// A connected socket or -errno.
int connect_within(const Address& address, double until_s) {
  const int fd = begin_connect(address);
  if (fd < 0) return fd;
  int error = ETIMEDOUT;
  socklen_t size = sizeof error;
  if (wait_for(fd, POLLOUT, until_s)) ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
  if (error == 0) return fd;
  ::close(fd);
  return -error;
}

}  // namespace

Url Url::parse(const std::string& text) {
  const std::string scheme = "http://";
  if (text.compare(0, scheme.size(), scheme) != 0) {
    throw InvalidArgument("url: \"" + text + "\" does not begin with http://");
  }
  Url url;
  const std::size_t path = std::min(text.find('/', scheme.size()), text.size());
  std::string place = text.substr(scheme.size(), path - scheme.size());
  if (path < text.size()) url.path = text.substr(path);
  const std::size_t bracket = place.find(']');  // [::1]:80
  const std::size_t colon = place.find(':', bracket == std::string::npos ? 0 : bracket);
  if (colon != std::string::npos) {
    url.port = place.substr(colon + 1);
    place.resize(colon);
  }
  if (place.size() > 2 && place.front() == '[') place = place.substr(1, place.size() - 2);
  url.host = place;
  if (url.host.empty() || url.port.empty() || url.port.find_first_not_of("0123456789") != std::string::npos) {
    throw InvalidArgument("url: \"" + text + "\" is not http://host:port/path");
  }
  return url;
}

Address resolve(const std::string& host, const std::string& port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int error = ::getaddrinfo(host.c_str(), port.c_str(), &hints, &found);
  if (error != 0) throw WorkloadError(host + ":" + port + ": cannot be looked up: " + ::gai_strerror(error));
  Address address;
  std::memcpy(&address.storage, found->ai_addr, found->ai_addrlen);
  address.size = found->ai_addrlen;
  address.family = found->ai_family;
  ::freeaddrinfo(found);
  return address;
}

int begin_connect(const Address& address) {
  const int fd = ::socket(address.family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return -errno;
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address.storage), address.size) != 0 && errno != EINPROGRESS) {
    const int error = errno;
    ::close(fd);
    return -error;
  }
  return fd;
}

int try_connect(const std::string& host, const std::string& port, double timeout_s) {
  const int fd = connect_within(resolve(host, port), monotonic_s() + timeout_s);
  if (fd < 0) return -fd;
  ::close(fd);
  return 0;
}

HttpReply http_exchange(const Url& url, const std::string& method, const std::string& body, double timeout_s) {
  const double until_s = monotonic_s() + timeout_s;
  const int fd = connect_within(resolve(url.host, url.port), until_s);
  if (fd < 0) return {.status = fd};
  std::string request = method + " " + url.path + " HTTP/1.1\r\nHost: " + url.host + ":" + url.port + "\r\n";
  if (!body.empty()) {
    request += "Content-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) + "\r\n";
  }
  request += "Connection: close\r\n\r\n" + body;
  HttpAnswer answer;
  HttpReply reply{.status = -ETIMEDOUT};
  std::size_t sent = 0;
  while (sent < request.size() && wait_for(fd, POLLOUT, until_s)) {
    const ssize_t put = ::send(fd, request.data() + sent, request.size() - sent, MSG_NOSIGNAL);
    if (put < 0 && errno != EAGAIN && errno != EINTR) break;
    if (put > 0) sent += static_cast<std::size_t>(put);
  }
  std::array<char, 4096> buffer;
  while (sent == request.size() && wait_for(fd, POLLIN, until_s)) {
    const ssize_t got = ::recv(fd, buffer.data(), buffer.size(), 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) continue;
    if (got <= 0) {
      reply.status = answer.closed() ? answer.status() : -ECONNRESET;
      break;
    }
    if (answer.feed({buffer.data(), static_cast<std::size_t>(got)})) {
      reply.status = answer.is_done() ? answer.status() : -EPROTO;
      break;
    }
  }
  ::close(fd);
  if (reply.status > 0) reply.body = answer.body();
  return reply;
}

int http_status(const Url& url, double timeout_s) {
  return http_exchange(url, "GET", {}, timeout_s).status;
}

}  // namespace bayestuner::runner
