#pragma once

#include <string>
#include <string_view>

namespace bayestuner::runner {

/// Takes an HTTP/1.1 answer apart as it arrives: by length, in chunks, or until the connection closes.
class HttpAnswer {
 public:
  enum class State { headers, body, chunk_size, chunk_data, chunk_end, trailers, until_close, done, broken };

  /// Makes it ready for the next answer.
  void clear();
  /// Takes bytes that arrived; returns true once the answer is complete or broken.
  bool feed(std::string_view bytes);
  /// The peer closed: completes a body without length. Returns whether the answer is complete.
  bool closed();

  bool is_done() const { return state_ == State::done; }
  bool is_broken() const { return state_ == State::broken; }
  bool has_begun() const { return begun_; }
  bool keeps_alive() const { return keep_alive_; }
  int status() const { return status_; }
  const std::string& body() const { return body_; }

 private:
  bool parse_headers();
  bool take_line(std::string& line);

  State state_ = State::headers;
  bool begun_ = false, keep_alive_ = true;
  int status_ = 0;
  std::size_t left_ = 0;
  std::string buffer_, body_;
};

}  // namespace bayestuner::runner
