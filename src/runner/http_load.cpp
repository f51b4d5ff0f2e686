#include "bayestuner/runner/http_load.hpp"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <ctime>
#include <deque>
#include <utility>

#include "bayestuner/core/clock.hpp"
#include "bayestuner/core/error.hpp"
#include "bayestuner/core/random.hpp"
#include "bayestuner/core/text.hpp"
#include "bayestuner/knob/launch.hpp"
#include "bayestuner/study/trial.hpp"
#include "runner/clean_text.hpp"
#include "runner/http_message.hpp"
#include "runner/socket.hpp"

namespace bayestuner::runner {
namespace {

constexpr double pause_after_error_s = 0.01;
constexpr double longest_wait_s = 0.05;  // between two looks at the stop request

/// One connection and the request on it.
struct Connection {
  enum class Phase { idle, connecting, sending, receiving };
  int fd = -1;
  Phase phase = Phase::idle;
  bool reused = false;        // has carried an answer before
  double not_before_s = 0.0;  // after an error
  std::size_t request = 0, sent = 0;
  double due_s = 0.0;  // when the request should have been sent
  HttpAnswer answer;

  bool is_active() const { return phase != Phase::idle; }
  void close() {
    if (fd >= 0) ::close(fd);
    fd = -1;
    reused = false;
  }
};

/// A request with its header, and answers that were compared before.
struct PreparedRequest {
  std::string bytes;
  const HttpRequest* request = nullptr;
  std::string known_right = {};
};

void require(bool holds, const std::string& message) {
  if (!holds) throw InvalidArgument("load: " + message);
}

}  // namespace

struct HttpLoad::State {
  HttpLoadOptions options;
  Stop stop;
  Address address;
  std::vector<PreparedRequest> requests;
  std::vector<Connection> connections;
  std::vector<pollfd> watched;
  std::vector<std::size_t> watched_connection;
  std::deque<double> waiting;  // open loop: arrivals without a connection
  Random random{0};
  std::size_t next_request = 0;
  double began_s = 0.0, next_arrival_s = 0.0, last_answer_s = 0.0, longest_latency_s = 0.0;
  bool begun = false, draining = false;

  void begin(const LoadStart& start);
  void pump(double until_s, Slice& slice);
  void arrive(double now);
  double arrival_after(double from_s);
  void hand_out(double now, Slice& slice);
  void start_request(Connection& c, double due_s, double now, Slice& slice);
  void connect(Connection& c, double now, Slice& slice);
  void send_more(Connection& c, double now, Slice& slice);
  void receive(Connection& c, Slice& slice);
  void complete(Connection& c, double now, Slice& slice);
  void lost(Connection& c, double now, const std::string& why, Slice& slice);
  void error(Connection& c, double now, const std::string& why, Slice& slice);
  void give_up_late_ones(double now, Slice& slice);
  bool is_idle() const;
  void close_all();
};

void HttpLoad::State::begin(const LoadStart& start) {
  close_all();
  const Url url = Url::parse(knob::render_template(options.url, start.values));
  address = resolve(url.host, url.port);
  const std::string head = "POST " + url.path + " HTTP/1.1\r\nHost: " + url.host + ":" + url.port +
                           "\r\nContent-Type: " + options.content_type + "\r\nContent-Length: ";
  requests.clear();
  for (const HttpRequest& request : options.requests) {
    requests.push_back({head + to_text(request.body.size()) + "\r\n\r\n" + request.body, &request});
  }
  connections =
      std::vector<Connection>(static_cast<std::size_t>(options.open ? options.connections : options.concurrency));
  waiting.clear();
  random = Random(options.seed, 0x6874'7470);
  next_request = 0;
  began_s = next_arrival_s = last_answer_s = longest_latency_s = 0.0;
  draining = false;
  stop = start.stop;
  begun = true;
}

void HttpLoad::State::close_all() {
  for (Connection& c : connections) c.close();
  connections.clear();
}

void HttpLoad::State::arrive(double now) {
  if (!options.open || draining) return;
  if (next_arrival_s == 0.0) {
    began_s = now;
    next_arrival_s = arrival_after(now);
  }
  while (next_arrival_s <= now) {
    waiting.push_back(next_arrival_s);
    next_arrival_s = arrival_after(next_arrival_s);
  }
}

// Poisson arrivals have no memory: one that would come after the rate has changed is drawn anew from the change on.
double HttpLoad::State::arrival_after(double from_s) {
  double rate = options.rate;
  for (const RateStep& step : options.later_rates) {
    const double change_s = began_s + step.at_s;
    if (from_s < change_s) {
      const double arrival_s = from_s - std::log(1.0 - random.uniform()) / rate;
      if (arrival_s < change_s) return arrival_s;
      from_s = change_s;
    }
    rate = step.rate;
  }
  return from_s - std::log(1.0 - random.uniform()) / rate;
}

void HttpLoad::State::hand_out(double now, Slice& slice) {
  if (draining && waiting.empty()) return;
  for (Connection& c : connections) {
    if (options.open && waiting.empty()) return;
    if (c.is_active() || c.not_before_s > now) continue;
    double due = now;
    if (options.open) {
      due = waiting.front();
      waiting.pop_front();
    }
    start_request(c, due, now, slice);
  }
}

void HttpLoad::State::start_request(Connection& c, double due_s, double now, Slice& slice) {
  c.request = next_request;
  next_request = (next_request + 1) % requests.size();
  c.due_s = due_s;
  c.sent = 0;
  c.answer.clear();
  if (c.fd < 0) return connect(c, now, slice);
  c.phase = Connection::Phase::sending;
  send_more(c, now, slice);
}

void HttpLoad::State::connect(Connection& c, double now, Slice& slice) {
  c.close();
  c.fd = begin_connect(address);
  if (c.fd < 0) {
    const int code = -std::exchange(c.fd, -1);
    return error(c, now, std::string("connecting: ") + std::strerror(code), slice);
  }
  c.phase = Connection::Phase::connecting;
}

void HttpLoad::State::send_more(Connection& c, double now, Slice& slice) {
  const std::string& bytes = requests[c.request].bytes;
  while (c.sent < bytes.size()) {
    const ssize_t put = ::send(c.fd, bytes.data() + c.sent, bytes.size() - c.sent, MSG_NOSIGNAL);
    if (put < 0 && errno == EINTR) continue;
    if (put < 0 && errno == EAGAIN) return;
    if (put < 0) return lost(c, now, std::string("sending: ") + std::strerror(errno), slice);
    c.sent += static_cast<std::size_t>(put);
  }
  c.phase = Connection::Phase::receiving;
}

void HttpLoad::State::receive(Connection& c, Slice& slice) {
  std::array<char, 65536> buffer;
  for (;;) {
    const ssize_t got = ::recv(c.fd, buffer.data(), buffer.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) return;
    const double now = monotonic_s();
    if (got < 0) return lost(c, now, std::string("receiving: ") + std::strerror(errno), slice);
    if (got == 0) {
      if (c.answer.closed()) return complete(c, now, slice);
      return lost(c, now, "the server closed the connection without an answer", slice);
    }
    if (c.answer.feed({buffer.data(), static_cast<std::size_t>(got)})) {
      if (c.answer.is_broken()) {
        c.close();
        return error(c, now, "the answer is no HTTP", slice);
      }
      return complete(c, now, slice);
    }
  }
}

void HttpLoad::State::complete(Connection& c, double now, Slice& slice) {
  PreparedRequest& prepared = requests[c.request];
  last_answer_s = now;
  if (c.answer.status() != 200) {
    const std::string text = "status " + to_text(c.answer.status()) + ": " + clean_text(c.answer.body(), 160);
    if (!c.answer.keeps_alive()) c.close();
    return error(c, now, text, slice);
  }
  const double latency = std::max(0.0, now - c.due_s);
  longest_latency_s = std::max(longest_latency_s, latency);
  ++slice.answers;
  slice.latencies_s.push_back(latency);
  bool right = true;
  if (!prepared.request->expect.empty()) {
    ++slice.checked;
    // Parsing costs more than all the rest, and a right answer seldom changes a byte.
    std::string why;
    right = c.answer.body() == prepared.known_right || answer_matches(c.answer.body(), prepared.request->expect, &why);
    if (right) prepared.known_right = c.answer.body();
    slice.correct += right;
    if (!right && slice.first_problem.empty()) slice.first_problem = "wrong answer: " + why;
  }
  if (right) {
    slice.items += prepared.request->items;
    slice.last_item_s = now;
  }
  c.reused = true;
  if (!c.answer.keeps_alive()) c.close();
  c.phase = Connection::Phase::idle;
}

void HttpLoad::State::lost(Connection& c, double now, const std::string& why, Slice& slice) {
  // A server may close an idle connection at any time; only then is the request repeated.
  const bool stale = c.reused && !c.answer.has_begun();
  c.close();
  if (!stale) return error(c, now, why, slice);
  c.sent = 0;
  c.answer.clear();
  connect(c, now, slice);
}

void HttpLoad::State::error(Connection& c, double now, const std::string& why, Slice& slice) {
  ++slice.answers;
  ++slice.errors;
  // No answer is not the right answer.
  slice.checked += !requests[c.request].request->expect.empty();
  if (slice.first_problem.empty()) slice.first_problem = why;
  c.phase = Connection::Phase::idle;
  c.not_before_s = now + pause_after_error_s;
}

void HttpLoad::State::give_up_late_ones(double now, Slice& slice) {
  const std::string why = "no answer within " + to_text(options.timeout_s) + " s";
  bool any = false;
  for (Connection& c : connections) {
    if (!c.is_active() || now - c.due_s < options.timeout_s) continue;
    slice.latencies_s.push_back(now - c.due_s);
    c.close();
    error(c, now, why, slice);
    any = true;
  }
  while (!waiting.empty() && now - waiting.front() >= options.timeout_s) {
    slice.latencies_s.push_back(now - waiting.front());
    waiting.pop_front();
    ++slice.answers;
    ++slice.errors;
    slice.checked += !options.requests.front().expect.empty();
    if (slice.first_problem.empty()) slice.first_problem = why;
    any = true;
  }
  if (any && now - last_answer_s >= options.timeout_s) {
    throw study::TrialFailed(study::FailureReason::timed_out, "the server hangs: " + why + " to any request");
  }
}

bool HttpLoad::State::is_idle() const {
  return waiting.empty() &&
         std::none_of(connections.begin(), connections.end(), [](const Connection& c) { return c.is_active(); });
}

void HttpLoad::State::pump(double until_s, Slice& slice) {
  if (!begun) throw study::TrialFailed(study::FailureReason::invalid, "the load has not begun");
  for (;;) {
    throw_if_stopped(stop);
    double now = monotonic_s();
    if (now >= until_s || (draining && is_idle())) return;
    arrive(now);
    hand_out(now, slice);
    double wake_s = std::min(until_s, now + longest_wait_s);
    if (options.open && !draining) wake_s = std::min(wake_s, next_arrival_s);
    watched.clear();
    watched_connection.clear();
    for (std::size_t i = 0; i < connections.size(); ++i) {
      const Connection& c = connections[i];
      if (!c.is_active()) {
        if (!options.open || !waiting.empty()) wake_s = std::min(wake_s, std::max(now, c.not_before_s));
        continue;
      }
      const bool reads = c.phase == Connection::Phase::receiving;
      watched.push_back({.fd = c.fd, .events = static_cast<short>(reads ? POLLIN : POLLOUT), .revents = 0});
      watched_connection.push_back(i);
      wake_s = std::min(wake_s, c.due_s + options.timeout_s);
    }
    const double wait_s = std::max(0.0, wake_s - now);
    const timespec timeout{.tv_sec = static_cast<time_t>(wait_s),
                           .tv_nsec = static_cast<long>((wait_s - std::floor(wait_s)) * 1e9)};
    const int ready = ::ppoll(watched.data(), watched.size(), &timeout, nullptr);
    now = monotonic_s();
    for (std::size_t i = 0; ready > 0 && i < watched.size(); ++i) {
      if (watched[i].revents == 0) continue;
      Connection& c = connections[watched_connection[i]];
      if (c.phase == Connection::Phase::connecting) {
        int code = 0;
        socklen_t size = sizeof code;
        ::getsockopt(c.fd, SOL_SOCKET, SO_ERROR, &code, &size);
        if (code != 0) {
          c.close();
          error(c, now, std::string("connecting: ") + std::strerror(code), slice);
          continue;
        }
        c.phase = Connection::Phase::sending;
      }
      if (c.phase == Connection::Phase::sending) {
        send_more(c, now, slice);
      } else if (c.phase == Connection::Phase::receiving) {
        receive(c, slice);
      }
    }
    if (last_answer_s == 0.0) last_answer_s = now;  // the clock of a server that never answers
    give_up_late_ones(now, slice);
  }
}

HttpLoad::HttpLoad(HttpLoadOptions options) : state_(std::make_unique<State>()) {
  require(!options.requests.empty(), "has no requests");
  require(options.url.rfind("http://", 0) == 0, "url \"" + options.url + "\" does not begin with http://");
  require(options.concurrency >= 1 && options.concurrency <= 4096,
          "concurrency " + to_text(options.concurrency) + " is outside [1, 4096]");
  require(options.connections >= 1 && options.connections <= 4096,
          "connections " + to_text(options.connections) + " is outside [1, 4096]");
  require(!options.open || (options.rate > 0.0 && std::isfinite(options.rate)),
          "rate " + to_text(options.rate) + " must be above 0 in an open loop");
  double before_s = 0.0;
  for (const RateStep& step : options.later_rates) {
    require(step.at_s > before_s,
            "rate: the change at " + to_text(step.at_s) + " s does not come after " + to_text(before_s) + " s");
    require(step.rate > 0.0 && std::isfinite(step.rate), "rate " + to_text(step.rate) + " must be above 0");
    before_s = step.at_s;
  }
  require(options.timeout_s > 0.0 && std::isfinite(options.timeout_s),
          "timeout_s " + to_text(options.timeout_s) + " must be above 0");
  state_->options = std::move(options);
}

HttpLoad::~HttpLoad() {
  if (state_) state_->close_all();
}
HttpLoad::HttpLoad(HttpLoad&&) noexcept = default;
HttpLoad& HttpLoad::operator=(HttpLoad&& other) noexcept {
  if (state_) state_->close_all();
  state_ = std::move(other.state_);
  return *this;
}

void HttpLoad::begin(const LoadStart& start) {
  state_->begin(start);
}

Slice HttpLoad::run(double until_s) {
  Slice slice{.begin_s = monotonic_s()};
  state_->pump(until_s, slice);
  slice.end_s = monotonic_s();
  return slice;
}

Slice HttpLoad::finish() {
  State& state = *state_;
  Slice slice{.begin_s = monotonic_s()};
  if (!state.begun) return slice;
  if (state.options.open) {
    // Who was due in the window belongs to it, however late the answer.
    state.draining = true;
    state.pump(slice.begin_s + state.options.timeout_s, slice);
  } else {
    // Those under way for longer than any answer took are at least that late; the others are like those counted.
    for (const Connection& c : state.connections) {
      const double age = slice.begin_s - c.due_s;
      slice.unanswered += c.is_active();
      if (c.is_active() && age > state.longest_latency_s) slice.latencies_s.push_back(age);
    }
  }
  slice.end_s = monotonic_s();
  return slice;
}

void HttpLoad::end() noexcept {
  state_->close_all();
  state_->begun = false;
}

}  // namespace bayestuner::runner
