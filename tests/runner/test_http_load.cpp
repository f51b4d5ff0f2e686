#include "bayestuner/runner/http_load.hpp"

#include "bayestuner/core/error.hpp"
#include "bayestuner/meter/latency_histogram.hpp"
#include "runner/fixtures.hpp"

namespace bayestuner::runner::tests {

/// A server that is ready, and a load on it.
class Served {
 public:
  Served(const std::string& mode, HttpLoadOptions load, std::vector<std::string> more = {})
      : workload_(server(mode, std::move(more)), HttpLoad(std::move(load)), {}) {
    workload_.start({.directory = folder_.path()});
    workload_.wait_ready(monotonic_s() + 120.0);
  }
  Slice run(double seconds) { return workload_.run(monotonic_s() + seconds); }
  /// Runs until there is enough, however slow the machine is.
  Slice run_until(const std::function<bool(const Slice&)>& enough) {
    Slice slice = run(0.2);
    while (!enough(slice)) slice.append(run(0.2));
    return slice;
  }
  Slice finish() { return workload_.finish(); }

 private:
  Folder folder_;
  ProcessWorkload workload_;
};

TEST(HttpLoad, KeepsSoManyRequestsUnderWayAndNoMore) {
  // Two at once, 20 ms each: 100 a second at most, and four in the loop wait 40 ms each.
  Served served("normal", closed_load(4), {"--workers", "2", "--delay-ms", "20"});
  served.run(0.2);
  const Slice slice = served.run_until([](const Slice& s) { return s.answers >= 60; });
  EXPECT_EQ(slice.errors, 0) << slice.first_problem;
  EXPECT_EQ(slice.correct, slice.checked);
  EXPECT_EQ(slice.items, static_cast<double>(slice.answers));
  EXPECT_LE(slice.items, 100.0 * (slice.end_s - slice.begin_s) + 4.0);
  double sum = 0.0, longest = 0.0;
  for (const double latency : slice.latencies_s) {
    sum += latency;
    longest = std::max(longest, latency);
  }
  EXPECT_GT(sum / slice.items, 0.035) << "three in the loop would wait 30 ms";
  EXPECT_LE(sum, 4.0 * (slice.end_s - slice.begin_s + longest)) << "more than four were under way";
}

TEST(HttpLoad, NoticesWrongAnswersAndCountsThemAsNoThroughput) {
  Served served("sometimes_wrong", closed_load());
  const Slice slice = served.run_until([](const Slice& s) { return s.checked >= 100; });
  EXPECT_NEAR(static_cast<double>(slice.correct) / static_cast<double>(slice.checked), 0.9, 0.02);
  EXPECT_EQ(slice.items, static_cast<double>(slice.correct));
  EXPECT_EQ(slice.first_problem.substr(0, 23), "wrong answer: expected ") << slice.first_problem;
}

TEST(HttpLoad, CountsRefusalsAsErrors) {
  Served served("errors", closed_load());
  const Slice slice = served.run_until([](const Slice& s) { return s.errors > 5; });
  EXPECT_EQ(slice.answers, slice.checked);
  EXPECT_EQ(slice.correct + slice.errors, slice.checked);
  EXPECT_EQ(slice.first_problem, R"(status 503: {"error": "too busy"})");
}

TEST(HttpLoad, OpensAConnectionAgainOnlyWhereNothingIsLost) {
  Served one_shot("one_shot", closed_load());  // closes after every answer, as it may
  const Slice fine = one_shot.run_until([](const Slice& s) { return s.answers > 20; });
  EXPECT_EQ(fine.errors, 0) << fine.first_problem;
  EXPECT_EQ(fine.correct, fine.answers);
  Served closes("closes", closed_load());  // closes instead of answering
  const Slice broken = closes.run_until([](const Slice& s) { return s.errors > 0; });
  EXPECT_GT(broken.correct, 0);
}

TEST(HttpLoad, SaysThatAServerHangs) {
  Served served("hangs", closed_load(4, 0.7));
  const auto failure = failure_of([&] { served.run(10.0); });
  EXPECT_EQ(failure.reason, study::FailureReason::timed_out);
  EXPECT_STREQ(failure.what(), "the server hangs: no answer within 0.7 s to any request");
}

/// Share of the requests that met a pause, be it towards its end.
static double paused(Served& served) {
  Slice slice = served.run_until([](const Slice& s) { return s.answers >= 400; });
  slice.append(served.finish());
  return static_cast<double>(std::ranges::count_if(slice.latencies_s, [](double s) { return s > 0.15; })) /
         static_cast<double>(slice.latencies_s.size());
}

TEST(HttpLoad, ShowsAPauseInAnOpenLoopThatAClosedLoopHides) {
  // The server stops for 0.3 s every 200 requests. One closed worker meets each pause once in 200 requests.
  Served closed("pauses", closed_load(1), {"--after", "200"});
  EXPECT_LT(paused(closed), 0.02);
  // At 200 arrivals a second 60 of every 200 are due during the pause, 30 of them in its first half.
  HttpLoadOptions options = closed_load();
  options.open = true;
  options.rate = 200.0;
  options.timeout_s = 5.0;
  Served open("pauses", options, {"--after", "200", "--workers", "64"});
  EXPECT_GT(paused(open), 0.08);
}

TEST(HttpLoad, OpensAsManyRequestsAsItsRateSays) {
  HttpLoadOptions options = closed_load();
  options.open = true;
  options.rate = 100.0;
  options.timeout_s = 30.0;
  Served served("normal", options, {"--workers", "64"});
  Slice slice = served.run(2.0);
  const double seconds = slice.end_s - slice.begin_s;
  slice.append(served.finish());
  EXPECT_NEAR(slice.items, 100.0 * seconds, 60.0);  // Poisson: four standard deviations
  EXPECT_EQ(slice.errors, 0) << slice.first_problem;
}

TEST(HttpLoad, ChangesItsRateWhenItsTimeHasCome) {
  HttpLoadOptions options = closed_load();
  options.open = true;
  options.rate = 1e-9;  // no arrival in a lifetime: only an arrival drawn anew comes after the change
  options.later_rates = {{0.5, 200.0}, {1.5, 1e-9}};
  options.timeout_s = 30.0;
  Served served("normal", options, {"--workers", "64"});
  Slice slice = served.run(2.5);
  slice.append(served.finish());
  EXPECT_NEAR(slice.items, 200.0, 57.0);  // Poisson: four standard deviations
}

TEST(HttpLoad, RefusesOptionsThatMakeNoSense) {
  const auto with = [](auto change) {
    HttpLoadOptions options = closed_load();
    change(options);
    return options;
  };
  EXPECT_THROW(HttpLoad(with([](auto& o) { o.requests.clear(); })), InvalidArgument);
  EXPECT_THROW(HttpLoad(with([](auto& o) { o.url = "https://x"; })), InvalidArgument);
  EXPECT_THROW(HttpLoad(with([](auto& o) { o.concurrency = 0; })), InvalidArgument);
  EXPECT_THROW(HttpLoad(with([](auto& o) { o.open = true; })), InvalidArgument);
  EXPECT_THROW(HttpLoad(with([](auto& o) { o.timeout_s = 0.0; })), InvalidArgument);
  const auto steps = [&](std::vector<RateStep> later) {
    return with([&](auto& o) {
      o.open = true;
      o.rate = 1.0;
      o.later_rates = std::move(later);
    });
  };
  EXPECT_THROW(HttpLoad(steps({{0.0, 1.0}})), InvalidArgument);
  EXPECT_THROW(HttpLoad(steps({{2.0, 1.0}, {1.0, 1.0}})), InvalidArgument);
  EXPECT_THROW(HttpLoad(steps({{2.0, 0.0}})), InvalidArgument);
}

TEST(ReadRequests, TakesTheBatchFromTheShapeAndNamesTheLineOfAMistake) {
  const Folder folder;
  const fs::path file = folder.path() / "requests.jsonl";
  const auto read = [&](const std::string& text) {
    std::ofstream(file) << text;
    return read_requests(file);
  };
  const auto all = read(R"({"body":{"inputs":[{"shape":[4,2],"data":[]}]},"expect":[1,2,3,4]})"
                        "\n\n"
                        R"({"body":"raw text"})"
                        "\n"
                        R"({"body":{},"items":3})"
                        "\n");
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[0].items, 4.0);
  EXPECT_EQ(all[0].expect, "[1,2,3,4]");
  EXPECT_EQ(all[1].body, "raw text");
  EXPECT_EQ(all[1].items, 1.0);
  EXPECT_EQ(all[2].items, 3.0);
  const auto message = [&](const std::string& text) {
    try {
      read(text);
    } catch (const InvalidArgument& error) {
      return fs::path(error.what()).filename().string();
    }
    return std::string("accepted");
  };
  EXPECT_EQ(message("{\"body\":1}\n{oops\n"), "requests.jsonl:2: is no JSON");
  EXPECT_EQ(message("[]"), "requests.jsonl:1: is no object with a \"body\"");
  EXPECT_EQ(message(R"({"body":1,"expects":[]})"), "requests.jsonl:1: key \"expects\" is none of body, expect, items");
  EXPECT_EQ(message(R"({"body":1,"items":0})"), "requests.jsonl:1: \"items\" must be a number above 0");
  EXPECT_EQ(message("\n"), "requests.jsonl: holds no request");
  EXPECT_THROW(read_requests(folder.path() / "missing"), InvalidArgument);
}

TEST(AnswerMatches, ComparesTextsExactlyAndNumbersNearly) {
  const auto answer = [](const std::string& data) { return R"({"outputs":[{"data":)" + data + "}]}"; };
  EXPECT_TRUE(answer_matches(answer(R"(["a", "b"])"), R"(["a","b"])"));
  EXPECT_FALSE(answer_matches(answer(R"(["a", "B"])"), R"(["a","b"])"));
  EXPECT_TRUE(answer_matches(answer("[1.0000001, 2]"), "[1, 2.0]"));
  EXPECT_FALSE(answer_matches(answer("[1.01]"), "[1]"));
  EXPECT_FALSE(answer_matches(answer("[1, 2]"), "[1]"));
  EXPECT_FALSE(answer_matches(answer("[null]"), "[1]"));
  std::string why;
  EXPECT_FALSE(answer_matches(answer("[3]"), "[1]", &why));
  EXPECT_EQ(why, "expected [1], got [3]");
  EXPECT_FALSE(answer_matches("{}", "[1]", &why));
  EXPECT_EQ(why, "the answer has no outputs[0].data: {}");
  EXPECT_FALSE(answer_matches("oops", "[1]", &why));
}

}  // namespace bayestuner::runner::tests
