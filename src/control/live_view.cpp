#include "control/live_view.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <span>

namespace bayestuner::control {

namespace {

constexpr std::size_t most_history = 512;  // windows: wider than any terminal

template <class T>
void keep(std::deque<T>& kept, T value, std::size_t most) {
  kept.push_back(std::move(value));
  if (kept.size() > most) kept.pop_front();
}

std::string quantity(double value, const char* unit) {
  if (!std::isfinite(value)) return std::string("– ") + unit;
  return fmt::format("{:.{}f} {}", value, std::abs(value) < 100.0 ? 1 : 0, unit);
}

std::string latency(double seconds) {
  if (!std::isfinite(seconds)) return "–";
  return seconds < 1.0 ? fmt::format("{:.0f} ms", 1e3 * seconds) : fmt::format("{:.2f} s", seconds);
}

std::string served(const ServerSetting& s, const ViewTitle& title) {
  std::string text = fmt::format("batch {}", s.batch);
  if (!title.level_name.empty()) text += fmt::format(", {} {:g}", title.level_name, s.level);
  if (s.instances > 1) text += fmt::format(", {} instances", s.instances);
  return text;
}

const char* mark(const ViewTitle& title) {
  return title.provenance == Provenance::estimated ? "~" : "";
}

// The end of a history as eighths of a block, from 0 to `top`.
std::string sparkline(const std::deque<double>& values, double top, std::size_t width) {
  constexpr const char* blocks[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  std::string text;
  const std::size_t from = values.size() > width ? values.size() - width : 0;
  for (std::size_t i = from; i < values.size(); ++i) {
    const double share = std::isfinite(values[i]) && top > 0.0 ? std::clamp(values[i] / top, 0.0, 1.0) : 0.0;
    text += blocks[std::min<std::size_t>(7, static_cast<std::size_t>(share * 8.0))];
  }
  return text;
}

// Power as a filled bar with the cap as a mark in it; the bar ends at 1.5 caps.
std::string bar(double power_w, double cap_w, std::size_t width) {
  const double top = 1.5 * cap_w;
  const auto place = [&](double w) {
    const double share = std::isfinite(w) && std::isfinite(top) ? std::clamp(w / top, 0.0, 1.0) : 0.0;
    return static_cast<std::size_t>(std::lround(share * static_cast<double>(width)));
  };
  const std::size_t filled = place(power_w), cap = std::isfinite(cap_w) ? place(cap_w) : width;
  std::string text;
  for (std::size_t i = 0; i < width; ++i) text += i == cap ? "│" : i < filled ? (i > cap ? "▓" : "█") : "░";
  return text;
}

// At most `width` characters, and none that would steer a terminal.
std::string clipped(const std::string& text, std::size_t width) {
  std::string out;
  std::size_t characters = 0;
  for (const char c : text) {
    const bool begins = (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
    if (begins && ++characters > width) break;
    out += static_cast<unsigned char>(c) < ' ' || c == 127 ? ' ' : c;
  }
  return out;
}

double largest(const std::deque<double>& values, std::size_t width) {
  double most = 0.0;
  const std::size_t from = values.size() > width ? values.size() - width : 0;
  for (std::size_t i = from; i < values.size(); ++i) {
    if (std::isfinite(values[i])) most = std::max(most, values[i]);
  }
  return most;
}

}  // namespace

std::string decision_line(const LoopWindow& w, const ViewTitle& title) {
  const std::string next = w.decision.changed ? " → " + served(w.next, title) : "";
  return fmt::format("{:>7.1f} s  {}{} of {}{}  {}/s  p99 {}  {}{}  {}{}", w.time_s, mark(title),
                     quantity(w.power_w, "W"), quantity(w.cap_w, "W"), w.within ? "" : " OVER",
                     std::isfinite(w.throughput) ? fmt::format("{:.1f}", w.throughput) : "–", latency(w.latency_p99_s),
                     served(w.served, title), next, to_string(w.decision.reason),
                     w.decision.infeasible ? " (infeasible)" : "");
}

std::string event_line(const LoopEvent& e) {
  return fmt::format("{:>7.1f} s  {}{}{}{}", e.time_s, e.is_fault ? "FAULT " : "", e.name, e.text.empty() ? "" : ": ",
                     e.text);
}

void LiveView::add(const LoopWindow& window) {
  last_ = window;
  keep(power_w_, window.power_w, most_history);
  keep(cap_w_, window.cap_w, most_history);
  keep(throughput_, window.throughput, most_history);
  if (window.decision.reason != Reason::recorded) {
    keep(decisions_, decision_line(window, title_), shown_decisions);
  }
}

void LiveView::add(const LoopEvent& event) {
  keep(events_, event_line(event), shown_events);
}

std::vector<std::string> LiveView::lines(std::size_t width) const {
  const std::size_t label = 9, inner = width > label + 12 ? width - label - 12 : 10;
  std::vector<std::string> out;
  const auto line = [&](const std::string& name, const std::string& text) {
    out.push_back(clipped(fmt::format("{:<{}}{}", name, label, text), width));
  };
  line("control", fmt::format("{} of {}{}   {:.0f} s", title_.controller, title_.url,
                              title_.dry_run ? " (dry run: nothing is set)" : "", status_.time_s));
  line("power", fmt::format("{}  {}{}", bar(status_.power_w, status_.cap_w, std::min<std::size_t>(inner, 48)),
                            mark(title_), quantity(status_.power_w, "W")));
  line("", fmt::format("cap {}   {} by {}", quantity(status_.cap_w, "W"), to_string(title_.provenance), title_.meter));
  const double top = std::max(largest(power_w_, inner), largest(cap_w_, inner));
  line("", sparkline(power_w_, top, inner));
  line("cap", sparkline(cap_w_, top, inner));
  line("serving", served(status_.served, title_));
  line("rate",
       fmt::format("{:<12}{}", quantity(status_.throughput, "/s"),
                   sparkline(throughput_, largest(throughput_, inner), inner - std::min<std::size_t>(inner, 12))));
  line("latency", fmt::format("p50 {}   p99 {}   queue {}", latency(last_.latency_p50_s), latency(last_.latency_p99_s),
                              std::isfinite(status_.queue_length) ? fmt::format("{:.0f}", status_.queue_length) : "–"));
  const double share =
      status_.windows > 0 ? static_cast<double>(status_.windows_within) / static_cast<double>(status_.windows) : 1.0;
  line("windows",
       fmt::format("{}, {:.0f} % within the cap   {} changes   {} faults{}{}{}", status_.windows, 100.0 * share,
                   status_.changes, status_.faults, status_.idle ? "   idle" : "",
                   status_.server_answers ? "" : "   THE SERVER DOES NOT ANSWER",
                   status_.trust == Trust::good ? "" : fmt::format("   meter: {}", to_string(status_.trust))));
  line("decided", "");
  for (const std::string& text : decisions_) out.push_back(clipped("  " + text, width));
  line("events", "");
  for (const std::string& text : events_) out.push_back(clipped("  " + text, width));
  return out;
}

}  // namespace bayestuner::control
