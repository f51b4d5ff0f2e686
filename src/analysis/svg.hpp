#pragma once
// Small scatter plots as SVG text.

#include <string>
#include <utility>
#include <vector>

namespace bayestuner::analysis::svg {

inline constexpr const char* blue = "#2563b0";
inline constexpr const char* grey = "#9aa3ad";
inline constexpr const char* red = "#c0392b";
inline constexpr const char* orange = "#d98a1f";

// Collects marks in data coordinates; axes are fitted when it is written.
class Plot {
 public:
  Plot(std::string title, std::string x_label, std::string y_label)
      : title_(std::move(title)), x_label_(std::move(x_label)), y_label_(std::move(y_label)) {}

  // `error`: half length of a vertical bar; 0 = none; `x_error` of a horizontal one. `hover`: text under the pointer.
  void point(double x, double y, double error, const char* colour, std::string hover, double x_error = 0.0) {
    points_.push_back({x, y, error, colour, std::move(hover), x_error});
  }
  void line(std::vector<std::pair<double, double>> points, const char* colour) {
    lines_.push_back({std::move(points), colour});
  }
  // A mark on the x axis for something without a y.
  void tick(double x, const char* colour) { ticks_.push_back({x, 0, 0, colour, {}, 0}); }
  void vertical(double x, std::string label) { verticals_.emplace_back(x, std::move(label)); }
  // Names for x = 0, 1, … in place of numbers.
  void labels(std::vector<std::string> names) { names_ = std::move(names); }

  std::string to_string() const;

 private:
  struct Mark {
    double x, y, error;
    const char* colour;
    std::string hover;
    double x_error;
  };
  struct Line {
    std::vector<std::pair<double, double>> points;
    const char* colour;
  };
  std::string title_, x_label_, y_label_;
  std::vector<Mark> points_, ticks_;
  std::vector<Line> lines_;
  std::vector<std::pair<double, std::string>> verticals_;
  std::vector<std::string> names_;
};

}  // namespace bayestuner::analysis::svg
