#include "analysis/svg.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <set>
#include <tuple>

#include "analysis/html.hpp"

namespace bayestuner::analysis::svg {

namespace {

constexpr double width = 370, height = 260, left = 58, right = 14, top = 30, bottom = 42;

// A span that is never empty, with a margin.
struct Range {
  double low = 0.0, high = 1.0;
  double at(double v, double from, double to) const { return from + (v - low) / (high - low) * (to - from); }
};

Range fitted(const std::vector<double>& values) {
  if (values.empty()) return {};
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  const double span = *high > *low ? *high - *low : std::max(std::abs(*high), 1.0);
  return {*low - 0.06 * span, *high + 0.06 * span};
}

// Zero may come out as -0, which + 0.0 turns into what people write.
// 1, 2 or 5 times a power of ten, about four in the range.
double tick_step(const Range& r) {
  const double raw = (r.high - r.low) / 4, power = std::pow(10.0, std::floor(std::log10(raw)));
  for (const double m : {1.0, 2.0, 5.0}) {
    if (m * power >= raw) return m * power;
  }
  return 10 * power;
}

}  // namespace

std::string Plot::to_string() const {
  std::vector<double> xs, ys;
  for (const Mark& m : points_) {
    xs.push_back(m.x - m.x_error);
    xs.push_back(m.x + m.x_error);
    ys.push_back(m.y - m.error);
    ys.push_back(m.y + m.error);
  }
  for (const Line& line : lines_) {
    for (const auto& [x, y] : line.points) {
      xs.push_back(x);
      ys.push_back(y);
    }
  }
  for (const Mark& m : ticks_) xs.push_back(m.x);
  for (const auto& [x, label] : verticals_) xs.push_back(x);
  for (std::size_t i = 0; i < names_.size(); ++i) xs.push_back(static_cast<double>(i));
  const Range rx = fitted(xs), ry = fitted(ys);
  const auto px = [&](double v) { return rx.at(v, left, width - right); };
  const auto py = [&](double v) { return ry.at(v, height - bottom, top); };

  std::string s = fmt::format(
      "<svg xmlns='http://www.w3.org/2000/svg' width='{0}' height='{1}' viewBox='0 0 {0} {1}' "
      "font-family='system-ui,sans-serif' font-size='11' fill='#1d2733'>",
      width, height);
  s += fmt::format("<text x='{}' y='18' font-size='12.5' font-weight='600'>{}</text>", left, html_escaped(title_));
  for (double v = std::ceil(ry.low / tick_step(ry)) * tick_step(ry); v <= ry.high; v += tick_step(ry)) {
    s += fmt::format("<line x1='{}' x2='{}' y1='{:.1f}' y2='{:.1f}' stroke='#eceff3'/>", left, width - right, py(v),
                     py(v));
    s += fmt::format("<text x='{}' y='{:.1f}' text-anchor='end'>{:.4g}</text>", left - 5, py(v) + 4, v + 0.0);
  }
  if (names_.empty()) {
    for (double v = std::ceil(rx.low / tick_step(rx)) * tick_step(rx); v <= rx.high; v += tick_step(rx)) {
      s += fmt::format("<text x='{:.1f}' y='{}' text-anchor='middle'>{:.4g}</text>", px(v), height - bottom + 15,
                       v + 0.0);
    }
  }
  for (std::size_t i = 0; i < names_.size(); ++i) {
    s += fmt::format("<text x='{:.1f}' y='{}' text-anchor='middle'>{}</text>", px(static_cast<double>(i)),
                     height - bottom + 15, html_escaped(names_[i]));
  }
  s += fmt::format("<text x='{}' y='{}' text-anchor='middle'>{}</text>", (left + width - right) / 2, height - 8,
                   html_escaped(x_label_));
  s += fmt::format("<text x='13' y='{0}' text-anchor='middle' transform='rotate(-90 13 {0})'>{1}</text>",
                   (top + height - bottom) / 2, html_escaped(y_label_));
  s += fmt::format("<path d='M{0} {1}V{2}H{3}' fill='none' stroke='#7b8794'/>", left, top, height - bottom,
                   width - right);
  for (const auto& [x, label] : verticals_) {
    s += fmt::format(
        "<line x1='{0:.1f}' x2='{0:.1f}' y1='{1}' y2='{2}' stroke='#c0392b' stroke-dasharray='4 3'>"
        "<title>{3}</title></line>",
        px(x), top, height - bottom, html_escaped(label));
  }
  for (const Line& line : lines_) {
    s += "<polyline fill='none' stroke='" + std::string(line.colour) + "' stroke-width='1.5' points='";
    for (const auto& [x, y] : line.points) s += fmt::format("{:.1f},{:.1f} ", px(x), py(y));
    s += "'/>";
  }
  // A mark that would lie on another of its colour, to two pixels, adds bytes and shows nothing.
  std::set<std::tuple<std::int64_t, std::int64_t, const char*>> drawn;
  const auto is_new = [&](double x, double y, const char* colour) {
    return drawn.emplace(std::llround(x / 2), std::llround(y / 2), colour).second;
  };
  for (const Mark& m : ticks_) {
    if (!is_new(px(m.x), -10.0, m.colour)) continue;
    s += fmt::format("<path d='M{:.1f} {} l-4 -8 h8 z' fill='{}'/>", px(m.x), height - bottom, m.colour);
  }
  for (const Mark& m : points_) {
    if (!is_new(px(m.x), py(m.y), m.colour)) continue;
    if (m.x_error > 0.0) {
      s += fmt::format("<line x1='{0:.1f}' x2='{1:.1f}' y1='{2:.1f}' y2='{2:.1f}' stroke='{3}'/>", px(m.x - m.x_error),
                       px(m.x + m.x_error), py(m.y), m.colour);
    }
    if (m.error > 0.0) {
      s += fmt::format("<line x1='{0:.1f}' x2='{0:.1f}' y1='{1:.1f}' y2='{2:.1f}' stroke='{3}'/>", px(m.x),
                       py(m.y - m.error), py(m.y + m.error), m.colour);
    }
    s += fmt::format("<circle cx='{:.1f}' cy='{:.1f}' r='3.6' fill='{}' fill-opacity='.85'><title>{}</title></circle>",
                     px(m.x), py(m.y), m.colour, html_escaped(m.hover));
  }
  return s + "</svg>";
}

}  // namespace bayestuner::analysis::svg
