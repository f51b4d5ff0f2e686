#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "control/live_view.hpp"

namespace bayestuner::control {
namespace {

using testing::HasSubstr;
using testing::Not;

ViewTitle title() {
  return {.controller = "guard",
          .url = "http://127.0.0.1:1/control",
          .meter = "estimate",
          .provenance = Provenance::estimated,
          .level_name = "threads"};
}

LoopWindow window(double power_w, double cap_w) {
  LoopWindow w;
  w.time_s = 12.34;
  w.power_w = power_w;
  w.cap_w = cap_w;
  w.within = power_w <= cap_w;
  w.throughput = 51.26;
  w.served = {.batch = 4, .level = 2.0};
  w.next = {.batch = 2, .level = 1.0};
  w.decision.reason = Reason::violated;
  w.decision.changed = true;
  return w;
}

std::size_t characters(const std::string& text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

std::string joined(const LiveView& view, std::size_t width) {
  std::string text;
  for (const std::string& line : view.lines(width)) text += line + "\n";
  return text;
}

TEST(DecisionLine, SaysPowerCapSettingAndWhy) {
  EXPECT_EQ(decision_line(window(7.0, 6.0), title()),
            "   12.3 s  ~7.0 W of 6.0 W OVER  51.3/s  p99 –  batch 4, threads 2 → batch 2, threads 1  violated");
}

TEST(LiveView, ShowsPowerAsABarWithTheCapInIt) {
  LiveView view(title());
  LoopStatus status;
  status.cap_w = 8.0;
  status.power_w = 6.0;
  view.set(status);
  // 48 characters are 12 W: 24 filled, then up to the mark at 32 none.
  std::string bar;
  for (int i = 0; i < 48; ++i) bar += i == 32 ? "│" : i < 24 ? "█" : "░";
  EXPECT_THAT(joined(view, 100), HasSubstr(bar + "  ~6.0 W"));
  status.power_w = 12.0;
  view.set(status);
  EXPECT_THAT(joined(view, 100), HasSubstr("█│▓"));
}

TEST(LiveView, KeepsTheLastDecisionsAndEventsAndNoRecordedWindow) {
  LiveView view(title());
  for (int i = 0; i < 600; ++i) {
    view.add(window(5.0, 6.0 + i));
    view.add(LoopEvent{.time_s = 1.0 * i, .name = "limits", .text = "cap"});
  }
  LoopWindow recorded = window(5.0, 7777.0);
  recorded.decision.reason = Reason::recorded;
  view.add(recorded);
  const std::string text = joined(view, 200);
  EXPECT_THAT(text, HasSubstr("of 605 W"));
  EXPECT_THAT(text, Not(HasSubstr("of 599 W")));
  EXPECT_THAT(text, Not(HasSubstr("7777")));
  EXPECT_THAT(text, HasSubstr("  599.0 s  limits: cap"));
  EXPECT_THAT(text, Not(HasSubstr("  595.0 s  limits: cap")));
}

TEST(LiveView, FitsAnyWidthAndSteersNoTerminal) {
  LiveView view(title());
  for (int i = 0; i < 300; ++i) view.add(window(i, 100.0));
  view.add(LoopEvent{.name = "server_dead", .text = "\x1b[2J\nbad", .is_fault = true});
  for (const std::size_t width : {1u, 10u, 20u, 21u, 40u, 79u, 200u}) {
    for (const std::string& line : view.lines(width)) {
      EXPECT_LE(characters(line), width) << line;
      for (const char c : line) EXPECT_FALSE(static_cast<unsigned char>(c) < ' ') << line;
    }
  }
}

TEST(LiveView, HasNoNumbersBeforeThereAreAny) {
  EXPECT_THAT(joined(LiveView(title()), 80), HasSubstr("p50 –   p99 –"));
}

}  // namespace
}  // namespace bayestuner::control
