#include "control/http_endpoint.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>
#include <thread>

#include "bayestuner/core/clock.hpp"
#include "bayestuner/core/error.hpp"
#include "bayestuner/core/text.hpp"

namespace bayestuner::control {

namespace {

constexpr double patience_s = 2.0;
constexpr std::size_t largest_request = 16 << 10;

// Length of the body that the header announces.
std::size_t body_length(const std::string& head) {
  std::string lower = head;
  for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  const std::size_t at = lower.find("\r\ncontent-length:");
  return at == std::string::npos ? 0 : std::strtoul(lower.c_str() + at + 17, nullptr, 10);
}

}  // namespace

struct HttpEndpoint::State {
  std::function<EndpointAnswer(const EndpointRequest&)> answer;
  int listener = -1, wake = -1, port = 0;
  std::thread thread;

  // Readable within the time, and nobody wants us to end.
  bool wait(int fd, double until_s) const {
    for (;;) {
      std::array<pollfd, 2> watched{{{fd, POLLIN, 0}, {wake, POLLIN, 0}}};
      const double left_s = until_s - monotonic_s();
      if (left_s <= 0.0) return false;
      const int ready = ::poll(watched.data(), watched.size(), static_cast<int>(left_s * 1e3) + 1);
      if (ready < 0 && errno != EINTR) return false;
      if (watched[1].revents != 0) return false;
      if (ready > 0 && watched[0].revents != 0) return true;
    }
  }
  bool ends() const {
    pollfd watched{wake, POLLIN, 0};
    return ::poll(&watched, 1, 0) > 0;
  }
  void serve(int fd) const;
  void run() const {
    while (!ends()) {
      if (!wait(listener, monotonic_s() + 3600.0)) continue;
      const int fd = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
      if (fd < 0) continue;
      serve(fd);
      ::close(fd);
    }
  }
};

void HttpEndpoint::State::serve(int fd) const {
  const double until_s = monotonic_s() + patience_s;
  std::string text;
  std::size_t head = std::string::npos, whole = 0;
  while (head == std::string::npos || text.size() < whole) {
    if (!wait(fd, until_s)) return;
    std::array<char, 4096> buffer;
    const ssize_t got = ::recv(fd, buffer.data(), buffer.size(), 0);
    if (got <= 0) return;
    text.append(buffer.data(), static_cast<std::size_t>(got));
    if (text.size() > largest_request) return;
    if (head == std::string::npos) {
      head = text.find("\r\n\r\n");
      if (head != std::string::npos) whole = head + 4 + body_length(text.substr(0, head));
    }
  }
  EndpointRequest request;
  const std::size_t space = text.find(' '), second = text.find(' ', space + 1);
  if (second == std::string::npos || second > head) return;
  request.method = text.substr(0, space);
  request.path = text.substr(space + 1, second - space - 1);
  request.body = text.substr(head + 4);
  EndpointAnswer given;
  try {
    given = answer(request);
  } catch (const std::exception& error) {
    given = {400, nlohmann::json{{"error", error.what()}}.dump()};
  }
  const std::string bytes = "HTTP/1.1 " + to_text(given.status) + (given.status == 200 ? " OK" : " Error") +
                            "\r\nContent-Type: " + given.type + "\r\nContent-Length: " + to_text(given.body.size()) +
                            "\r\nConnection: close\r\n\r\n" + given.body;
  std::size_t sent = 0;
  while (sent < bytes.size() && monotonic_s() < until_s) {
    const ssize_t put = ::send(fd, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
    if (put < 0 && (errno == EAGAIN || errno == EINTR)) {
      pollfd watched{fd, POLLOUT, 0};
      ::poll(&watched, 1, 50);
      continue;
    }
    if (put <= 0) return;
    sent += static_cast<std::size_t>(put);
  }
}

HttpEndpoint::HttpEndpoint(int port, std::function<EndpointAnswer(const EndpointRequest&)> answer)
    : state_(std::make_unique<State>()) {
  state_->answer = std::move(answer);
  state_->listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  state_->wake = ::eventfd(0, EFD_CLOEXEC);
  const int on = 1;
  ::setsockopt(state_->listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  if (::bind(state_->listener, generic, size) != 0 || ::listen(state_->listener, 8) != 0 ||
      ::getsockname(state_->listener, generic, &size) != 0) {
    const int error = errno;
    ::close(state_->listener);
    ::close(state_->wake);
    throw DeviceError("http_port " + to_text(port) + ": cannot listen there: " + std::strerror(error));
  }
  state_->port = ntohs(address.sin_port);
  state_->thread = std::thread([state = state_.get()] { state->run(); });
}

HttpEndpoint::~HttpEndpoint() {
  const std::uint64_t one = 1;
  static_cast<void>(!::write(state_->wake, &one, sizeof one));
  state_->thread.join();
  ::close(state_->listener);
  ::close(state_->wake);
}

int HttpEndpoint::port() const {
  return state_->port;
}

}  // namespace bayestuner::control
