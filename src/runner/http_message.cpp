#include "runner/http_message.hpp"

#include <algorithm>
#include <charconv>

namespace bayestuner::runner {
namespace {

constexpr std::size_t most_header_bytes = std::size_t{64} * 1024;
constexpr std::size_t most_body_bytes = std::size_t{256} * 1024 * 1024;

bool same_word(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return a.size() == b.size() &&
         std::equal(a.begin(), a.end(), b.begin(), [&](char x, char y) { return lower(x) == lower(y); });
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t' || text.back() == '\r')) text.remove_suffix(1);
  return text;
}

bool parse_size(std::string_view text, int base, std::size_t& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  return error == std::errc{} && end == text.data() + text.size() && value <= most_body_bytes;
}

}  // namespace

void HttpAnswer::clear() {
  state_ = State::headers;
  begun_ = false;
  keep_alive_ = true;
  status_ = 0;
  left_ = 0;
  buffer_.clear();
  body_.clear();
}

bool HttpAnswer::take_line(std::string& line) {
  const std::size_t end = buffer_.find('\n');
  if (end == std::string::npos) {
    if (buffer_.size() > most_header_bytes) state_ = State::broken;
    return false;
  }
  line.assign(trimmed(std::string_view(buffer_).substr(0, end)));
  buffer_.erase(0, end + 1);
  return true;
}

bool HttpAnswer::parse_headers() {
  const std::size_t end = buffer_.find("\r\n\r\n");
  if (end == std::string::npos) {
    if (buffer_.size() > most_header_bytes) state_ = State::broken;
    return false;
  }
  const std::string head = buffer_.substr(0, end + 2);
  buffer_.erase(0, end + 4);
  if (head.size() < 12 || head.compare(0, 7, "HTTP/1.") != 0) {
    state_ = State::broken;
    return false;
  }
  std::size_t status = 0;
  if (!parse_size(std::string_view(head).substr(9, 3), 10, status)) {
    state_ = State::broken;
    return false;
  }
  status_ = static_cast<int>(status);
  if (status_ >= 100 && status_ < 200) return true;  // an interim answer: the real one follows
  keep_alive_ = head[7] != '0';
  bool chunked = false, has_length = false;
  for (std::size_t from = head.find("\r\n") + 2; from < head.size();) {
    const std::size_t to = std::min(head.find("\r\n", from), head.size());
    const std::string_view line = std::string_view(head).substr(from, to - from);
    from = to + 2;
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    const std::string_view name = line.substr(0, colon), value = trimmed(line.substr(colon + 1));
    if (same_word(name, "content-length")) {
      has_length = parse_size(value, 10, left_);
      if (!has_length) state_ = State::broken;
    } else if (same_word(name, "transfer-encoding")) {
      chunked = value.size() >= 7 && same_word(value.substr(value.size() - 7), "chunked");
    } else if (same_word(name, "connection")) {
      if (same_word(value, "close")) keep_alive_ = false;
      if (same_word(value, "keep-alive")) keep_alive_ = true;
    }
  }
  if (state_ == State::broken) return false;
  if (status_ == 204 || status_ == 304) {
    state_ = State::done;
  } else if (chunked) {
    state_ = State::chunk_size;
  } else if (has_length) {
    state_ = left_ == 0 ? State::done : State::body;
    body_.reserve(left_);
  } else {
    state_ = State::until_close;
    keep_alive_ = false;
  }
  return true;
}

bool HttpAnswer::feed(std::string_view bytes) {
  if (!bytes.empty()) begun_ = true;
  buffer_ += bytes;
  std::string line;
  for (;;) {
    switch (state_) {
      case State::headers:
        if (!parse_headers()) return is_broken();
        break;
      case State::body:
      case State::chunk_data: {
        const std::size_t take = std::min(left_, buffer_.size());
        body_.append(buffer_, 0, take);
        buffer_.erase(0, take);
        left_ -= take;
        if (left_ > 0) return false;
        state_ = state_ == State::body ? State::done : State::chunk_end;
        break;
      }
      case State::chunk_size:
        if (!take_line(line)) return is_broken();
        if (!parse_size(std::string_view(line).substr(0, line.find(';')), 16, left_) ||
            body_.size() + left_ > most_body_bytes) {
          state_ = State::broken;
          return true;
        }
        state_ = left_ == 0 ? State::trailers : State::chunk_data;
        break;
      case State::chunk_end:
        if (!take_line(line)) return is_broken();
        state_ = State::chunk_size;
        break;
      case State::trailers:
        if (!take_line(line)) return is_broken();
        if (line.empty()) state_ = State::done;
        break;
      case State::until_close:
        body_ += buffer_;
        buffer_.clear();
        if (body_.size() > most_body_bytes) state_ = State::broken;
        return is_broken();
      case State::done:
        if (!buffer_.empty()) keep_alive_ = false;  // bytes that belong to no request: do not reuse the connection
        return true;
      case State::broken:
        return true;
    }
  }
}

bool HttpAnswer::closed() {
  keep_alive_ = false;
  if (state_ == State::until_close) state_ = State::done;
  return is_done();
}

}  // namespace bayestuner::runner
