#include "runner/http_message.hpp"

#include <gtest/gtest.h>

#include "bayestuner/core/error.hpp"
#include "runner/socket.hpp"

namespace bayestuner::runner::tests {

/// The answer after `text` arrived in pieces of `piece` bytes.
HttpAnswer parsed(const std::string& text, std::size_t piece) {
  HttpAnswer answer;
  for (std::size_t at = 0; at < text.size(); at += piece) {
    if (answer.feed(std::string_view(text).substr(at, piece)) && at + piece < text.size()) ADD_FAILURE() << "too early";
  }
  return answer;
}

TEST(HttpAnswer, ReadsLengthAndChunksHoweverTheyArrive) {
  const std::string with_length = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
  const std::string chunked =
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
      "3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\nTrailer: 1\r\n\r\n";
  for (const std::string& text : {with_length, chunked}) {
    for (const std::size_t piece : {std::size_t{1}, std::size_t{3}, text.size()}) {
      const HttpAnswer answer = parsed(text, piece);
      EXPECT_TRUE(answer.is_done());
      EXPECT_EQ(answer.status(), 200);
      EXPECT_EQ(answer.body(), "hello");
      EXPECT_TRUE(answer.keeps_alive());
    }
  }
}

TEST(HttpAnswer, ReadsUntilTheConnectionCloses) {
  HttpAnswer answer = parsed("HTTP/1.0 500 Oops\r\n\r\nall of it", 4);
  EXPECT_FALSE(answer.is_done());
  EXPECT_TRUE(answer.closed());
  EXPECT_EQ(answer.status(), 500);
  EXPECT_EQ(answer.body(), "all of it");
  EXPECT_FALSE(answer.keeps_alive());
  HttpAnswer cut = parsed("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel", 100);
  EXPECT_FALSE(cut.closed());
}

TEST(HttpAnswer, CallsRubbishBroken) {
  EXPECT_TRUE(parsed("SSH-2.0-OpenSSH\r\n\r\n", 100).is_broken());
  EXPECT_TRUE(parsed("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", 100).is_broken());
  EXPECT_TRUE(parsed("HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n", 100).is_broken());
  EXPECT_TRUE(parsed("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 100).is_broken());
}

TEST(Url, IsTakenApart) {
  const Url url = Url::parse("http://localhost:8000/v2/infer");
  EXPECT_EQ(url.host + "|" + url.port + "|" + url.path, "localhost|8000|/v2/infer");
  const Url bare = Url::parse("http://[::1]");
  EXPECT_EQ(bare.host + "|" + bare.port + "|" + bare.path, "::1|80|/");
  for (const char* bad : {"https://x/", "http://", "http://x:y/", "x"}) EXPECT_THROW(Url::parse(bad), InvalidArgument);
}

}  // namespace bayestuner::runner::tests
