#pragma once
/// Parameters: what can be set, to which values, and how far apart two values are.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bayestuner/core/error.hpp"
#include "bayestuner/core/text.hpp"
#include "bayestuner/space/point.hpp"
#include "bayestuner/space/value.hpp"

namespace bayestuner::space {

/// Where a value lies on its axis [0, 1]. `automatic`: log if the lowest value is positive, the highest at least eight
/// times it and there are more than two levels, else linear. `rank`: by position. `power_of_two`: log, and only powers
/// of two are allowed.
enum class Scale { automatic, linear, log, power_of_two, rank };

inline const char* to_string(Scale scale) {
  constexpr const char* names[] = {"automatic", "linear", "log", "power_of_two", "rank"};
  return names[static_cast<int>(scale)];
}

/// Inverse of to_string. Throws InvalidArgument.
inline Scale scale_from_string(const std::string& text) {
  for (const Scale s : {Scale::automatic, Scale::linear, Scale::log, Scale::power_of_two, Scale::rank}) {
    if (text == to_string(s)) return s;
  }
  throw InvalidArgument("scale: '" + text + "' is none of automatic, linear, log, power_of_two, rank");
}

/// A parameter is active only where `parameter` has one of `values`.
struct Condition {
  std::string parameter;
  std::vector<Value> values;
};

struct RealOptions {
  Scale scale = Scale::automatic;
  double step = 0.0;  ///< 0: continuous; else the values are low, low + step, … up to high
};
struct IntegerOptions {
  Scale scale = Scale::automatic;
  std::int64_t step = 1;
};
struct OrdinalOptions {
  Scale scale = Scale::automatic;
};

enum class ParameterKind { real, integer, ordinal, categorical, boolean };

/// One parameter of a space: a value type over the five kinds. Made by real(), integer(), ordinal(), categorical(),
/// boolean(). A parameter with finitely many levels codes them 0, 1, …; a continuous one is its own code.
class Parameter {
 public:
  const std::string& name() const { return name_; }
  ParameterKind kind() const { return kind_; }
  Scale scale() const { return scale_; }
  const std::optional<Condition>& condition() const { return condition_; }

  /// Copy that is active only where `parameter` has one of `values`.
  Parameter when(std::string parameter, std::vector<Value> values) const {
    if (values.empty()) throw InvalidArgument(name_ + ": its condition on " + parameter + " allows no value");
    Parameter copy = *this;
    copy.condition_ = Condition{std::move(parameter), std::move(values)};
    return copy;
  }

  bool is_finite() const { return kind_ != ParameterKind::real || step_ > 0.0; }
  bool is_numeric() const { return kind_ != ParameterKind::categorical; }

  /// Levels of a finite parameter; 0 for a continuous one.
  std::int64_t level_count() const { return is_finite() ? levels_ : 0; }
  double low() const { return low_; }    ///< lowest number; 0 for labels
  double high() const { return high_; }  ///< highest number
  const std::vector<std::string>& labels() const { return labels_; }

  /// Number at `code`: the value, or the index of a label.
  double number(double code) const {
    switch (kind_) {
      case ParameterKind::real:
        if (step_ == 0.0) return code;
        // 0.3, not 3 * 0.1 = 0.30000000000000004, where bounds and step are short decimals.
        return decimal_ > 0.0 ? (decimal_low_ + code * decimal_step_) / decimal_ : low_ + code * step_;
      case ParameterKind::integer:
        return scale_ == Scale::power_of_two ? std::ldexp(low_, static_cast<int>(code)) : low_ + code * step_;
      case ParameterKind::ordinal:
        return numbers_[static_cast<std::size_t>(code)];
      case ParameterKind::categorical:
      case ParameterKind::boolean:
        return code;
    }
    return code;
  }

  Value value(double code) const {
    switch (kind_) {
      case ParameterKind::real:
        return number(code);
      case ParameterKind::integer:
        return static_cast<std::int64_t>(number(code));
      case ParameterKind::ordinal: {
        const double v = number(code);
        if (integral_) return static_cast<std::int64_t>(v);
        return v;
      }
      case ParameterKind::categorical:
        return labels_[static_cast<std::size_t>(code)];
      case ParameterKind::boolean:
        return code != 0.0;
    }
    return code;
  }

  /// Code of `value`, or nullopt where it is not allowed.
  std::optional<double> code(const Value& value) const {
    if (kind_ == ParameterKind::categorical) {
      const auto* label = std::get_if<std::string>(&value);
      const auto it = label ? std::find(labels_.begin(), labels_.end(), *label) : labels_.end();
      if (it == labels_.end()) return std::nullopt;
      return static_cast<double>(it - labels_.begin());
    }
    const auto v = as_number(value);
    if (!v || !std::isfinite(*v)) return std::nullopt;
    if (!is_finite()) return *v >= low_ && *v <= high_ ? std::optional(*v + 0.0) : std::nullopt;
    const double nearest = nearest_level(*v);
    const double there = number(nearest);
    const double tolerance =
        kind_ == ParameterKind::real ? 1e-9 * std::max({std::abs(low_), std::abs(high_), step_}) : 0;
    return std::abs(there - *v) <= tolerance ? std::optional(nearest) : std::nullopt;
  }

  /// Code of `value`. Throws InvalidArgument: `cores: 64 is outside [1, 16]`.
  double require_code(const Value& value) const {
    if (const auto c = code(value)) return *c;
    throw InvalidArgument(name_ + ": " + to_text(value) + " is " + allowed_text(value));
  }

  /// Whether `code` is one of this parameter's codes.
  bool has_code(double code) const {
    if (!is_finite()) return code >= low_ && code <= high_;
    return code >= 0.0 && code < static_cast<double>(levels_) && code == std::floor(code);
  }

  /// Place of `code` on the axis, in [0, 1]; 0 if there is one level. Labels are placed by index.
  double coordinate(double code) const {
    if (levels_ == 1 || high_ == low_) return 0.0;
    if (kind_ == ParameterKind::categorical || axis_ == Scale::rank) return code / static_cast<double>(levels_ - 1);
    return place_of(number(code));
  }

  /// Place on the axis of any number, whether or not it is allowed: the nearest end for one outside the bounds. Not for
  /// labels.
  double coordinate_of(double number) const {
    if (levels_ == 1 || high_ == low_) return 0.0;
    const double v = std::clamp(number, low_, high_);
    return axis_ == Scale::rank ? nearest_level(v) / static_cast<double>(levels_ - 1) : place_of(v);
  }

  /// Code nearest to a place on the axis (clamped to [0, 1]).
  double code_at(double coordinate) const {
    const double c = std::clamp(coordinate, 0.0, 1.0);
    if (is_finite() && levels_ == 1) return 0.0;
    if (kind_ == ParameterKind::categorical || axis_ == Scale::rank) {
      return std::round(c * static_cast<double>(levels_ - 1));
    }
    if (low_ == high_) return low_;
    const double v = axis_ == Scale::log ? std::exp(std::log(low_) + c * (std::log(high_) - std::log(low_)))
                                         : low_ + c * (high_ - low_);
    if (!is_finite()) return c == 0.0 ? low_ : c == 1.0 ? high_ : std::clamp(v, low_, high_);
    // Nearest on the axis, not in the value: compare with both neighbours.
    double best = nearest_level(v);
    for (const double other : {best - 1.0, best + 1.0}) {
      if (has_code(other) && std::abs(this->coordinate(other) - c) < std::abs(this->coordinate(best) - c)) best = other;
    }
    return best;
  }

  /// JSON text that identifies the parameter in a store.
  std::string fingerprint() const;

 private:
  friend Parameter real(std::string, double, double, RealOptions);
  friend Parameter integer(std::string, std::int64_t, std::int64_t, IntegerOptions);
  friend Parameter ordinal(std::string, std::vector<double>, OrdinalOptions);
  friend Parameter categorical(std::string, std::vector<std::string>);
  friend Parameter boolean(std::string);

  Parameter(std::string name, ParameterKind kind) : name_(std::move(name)), kind_(kind) {
    if (name_.empty()) throw InvalidArgument("name: a parameter needs one");
  }

  // The least power of ten that makes low and step integers which a double holds exactly.
  void seek_decimal() {
    const auto is_integer = [](double v) { return std::abs(v - std::round(v)) <= 1e-12 * std::abs(v); };
    for (double ten = 1.0; ten <= 1e12; ten *= 10.0) {
      const double first = low_ * ten, step = step_ * ten;
      if (std::abs(first) + step * static_cast<double>(levels_) > 0x1p52) return;
      if (!is_integer(first) || !is_integer(step)) continue;
      decimal_ = ten;
      decimal_low_ = std::round(first);
      decimal_step_ = std::round(step);
      return;
    }
  }

  void set_axis(Scale scale) {
    scale_ = scale;
    axis_ = scale == Scale::power_of_two ? Scale::log : scale;
    if (scale == Scale::automatic) {
      const bool wide = low_ > 0.0 && high_ / low_ >= 8.0 && (!is_finite() || levels_ > 2);
      axis_ = wide ? Scale::log : Scale::linear;
    }
    if (axis_ == Scale::log && low_ <= 0.0) {
      throw InvalidArgument(name_ + ": a log scale needs values above 0, not " + bayestuner::to_text(low_));
    }
    if (axis_ == Scale::rank && !is_finite()) {
      throw InvalidArgument(name_ + ": a rank scale needs levels; give a step");
    }
  }

  // Place of a number within the bounds on a linear or log axis.
  double place_of(double v) const {
    const double c = axis_ == Scale::log ? (std::log(v) - std::log(low_)) / (std::log(high_) - std::log(low_))
                                         : (v - low_) / (high_ - low_);
    return std::clamp(c, 0.0, 1.0);
  }

  double nearest_level(double v) const {
    const double last = static_cast<double>(levels_ - 1);
    if (kind_ == ParameterKind::ordinal) {
      const auto it = std::lower_bound(numbers_.begin(), numbers_.end(), v);
      if (it == numbers_.end()) return last;
      const auto i = it - numbers_.begin();
      return static_cast<double>(i > 0 && v - numbers_[i - 1] < *it - v ? i - 1 : i);
    }
    if (kind_ == ParameterKind::boolean) return v >= 0.5 ? 1.0 : 0.0;
    if (scale_ == Scale::power_of_two) return v <= low_ ? 0.0 : std::min(std::round(std::log2(v / low_)), last);
    return std::clamp(std::round((v - low_) / step_), 0.0, last);
  }

  std::string allowed_text(const Value& value) const {
    if (kind_ == ParameterKind::categorical) return "none of " + join(labels_);
    if (kind_ == ParameterKind::boolean) return "neither true nor false";
    const auto v = as_number(value);
    if (!v) return "not a number";
    if (kind_ == ParameterKind::ordinal) {
      std::vector<std::string> all;
      for (const double n : numbers_) all.push_back(bayestuner::to_text(n));
      return "none of " + join(all);
    }
    const std::string range = "[" + bayestuner::to_text(low_) + ", " + bayestuner::to_text(high_) + "]";
    if (!(*v >= low_ && *v <= high_)) return "outside " + range;
    if (scale_ == Scale::power_of_two) return "not a power of two in " + range;
    return "not on the steps of " + bayestuner::to_text(step_) + " in " + range;
  }

  std::string name_;
  ParameterKind kind_;
  Scale scale_ = Scale::automatic;
  Scale axis_ = Scale::linear;  // linear, log or rank
  double low_ = 0.0, high_ = 1.0, step_ = 1.0;
  double decimal_ = 0.0, decimal_low_ = 0.0, decimal_step_ = 0.0;  // power of ten that makes low and step integers
  std::int64_t levels_ = 0;
  bool integral_ = false;
  std::vector<double> numbers_;      // ordinal
  std::vector<std::string> labels_;  // categorical
  std::optional<Condition> condition_;
};

/// Real number in [low, high], continuous unless `step` is given. Throws InvalidArgument.
inline Parameter real(std::string name, double low, double high, RealOptions options = {}) {
  Parameter p(std::move(name), ParameterKind::real);
  if (!std::isfinite(low) || !std::isfinite(high) || low > high) {
    throw InvalidArgument(p.name_ + ": bounds [" + to_text(low) + ", " + to_text(high) +
                          "] must be finite and in order");
  }
  if (!std::isfinite(high - low)) {
    throw InvalidArgument(p.name_ + ": bounds [" + to_text(low) + ", " + to_text(high) + "] are too far apart");
  }
  if (!(options.step >= 0.0) || !std::isfinite(options.step)) {
    throw InvalidArgument(p.name_ + ": step " + to_text(options.step) + " must be positive, or 0 for none");
  }
  if (low < high && options.step > (high - low) * (1.0 + 1e-9)) {
    throw InvalidArgument(p.name_ + ": step " + to_text(options.step) + " is larger than the range [" + to_text(low) +
                          ", " + to_text(high) + "]");
  }
  if (options.scale == Scale::power_of_two) throw InvalidArgument(p.name_ + ": power_of_two is for integers");
  p.low_ = low;
  p.high_ = high;
  p.step_ = options.step;
  if (options.step > 0.0) {
    const double count = std::floor((high - low) / options.step + 1e-9) + 1.0;
    if (count > 0x1p53) throw InvalidArgument(p.name_ + ": step " + to_text(options.step) + " gives too many levels");
    p.levels_ = static_cast<std::int64_t>(count);
    p.seek_decimal();
    p.high_ = p.number(count - 1.0);
  }
  p.set_axis(options.scale);
  return p;
}

/// Integer in [low, high] by `step`; with Scale::power_of_two only powers of two. Throws InvalidArgument.
inline Parameter integer(std::string name, std::int64_t low, std::int64_t high, IntegerOptions options = {}) {
  Parameter p(std::move(name), ParameterKind::integer);
  if (low > high) {
    throw InvalidArgument(p.name_ + ": bounds [" + to_text(low) + ", " + to_text(high) + "] are the wrong way round");
  }
  if (options.step < 1) throw InvalidArgument(p.name_ + ": step " + to_text(options.step) + " must be at least 1");
  constexpr std::int64_t limit = std::int64_t{1} << 53;
  if (low < -limit || high > limit) throw InvalidArgument(p.name_ + ": bounds must lie within ±2^53");
  if (options.scale == Scale::power_of_two) {
    if (options.step != 1) throw InvalidArgument(p.name_ + ": power_of_two takes no step");
    if (low < 1) throw InvalidArgument(p.name_ + ": low " + to_text(low) + " must be at least 1 for power_of_two");
    std::int64_t first = 1;
    while (first < low) first *= 2;
    if (first > high)
      throw InvalidArgument(p.name_ + ": no power of two in [" + to_text(low) + ", " + to_text(high) + "]");
    p.low_ = static_cast<double>(first);
    p.levels_ = 1;
    while (first * 2 <= high) first *= 2, ++p.levels_;
    p.high_ = static_cast<double>(first);
  } else {
    if (low < high && options.step > high - low) {
      throw InvalidArgument(p.name_ + ": step " + to_text(options.step) + " is larger than the range [" + to_text(low) +
                            ", " + to_text(high) + "]");
    }
    if ((high - low) / options.step >= limit) throw InvalidArgument(p.name_ + ": there are more than 2^53 levels");
    p.low_ = static_cast<double>(low);
    p.step_ = static_cast<double>(options.step);
    p.levels_ = (high - low) / options.step + 1;
    p.high_ = static_cast<double>(low + (p.levels_ - 1) * options.step);
  }
  p.set_axis(options.scale);
  return p;
}

/// Numbers in order, e.g. {1, 2, 4, 8}. Throws InvalidArgument unless they are finite and strictly increasing.
inline Parameter ordinal(std::string name, std::vector<double> levels, OrdinalOptions options = {}) {
  Parameter p(std::move(name), ParameterKind::ordinal);
  if (levels.empty()) throw InvalidArgument(p.name_ + ": levels is empty");
  if (options.scale == Scale::power_of_two) throw InvalidArgument(p.name_ + ": power_of_two is for integers");
  for (std::size_t i = 0; i < levels.size(); ++i) {
    if (!std::isfinite(levels[i])) throw InvalidArgument(p.name_ + ": level " + to_text(levels[i]) + " is not finite");
    if (i > 0 && levels[i] <= levels[i - 1]) {
      throw InvalidArgument(p.name_ + ": levels must increase, but " + to_text(levels[i]) + " follows " +
                            to_text(levels[i - 1]));
    }
  }
  p.integral_ =
      std::all_of(levels.begin(), levels.end(), [](double v) { return v == std::floor(v) && std::abs(v) <= 0x1p53; });
  p.low_ = levels.front();
  p.high_ = levels.back();
  p.levels_ = static_cast<std::int64_t>(levels.size());
  p.numbers_ = std::move(levels);
  p.set_axis(options.scale);
  return p;
}

/// Labels without order. Throws InvalidArgument if there is none or one stands twice.
inline Parameter categorical(std::string name, std::vector<std::string> labels) {
  Parameter p(std::move(name), ParameterKind::categorical);
  if (labels.empty()) throw InvalidArgument(p.name_ + ": labels is empty");
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (std::find(labels.begin(), labels.begin() + static_cast<std::ptrdiff_t>(i), labels[i]) !=
        labels.begin() + static_cast<std::ptrdiff_t>(i)) {
      throw InvalidArgument(p.name_ + ": label '" + labels[i] + "' stands twice");
    }
  }
  p.levels_ = static_cast<std::int64_t>(labels.size());
  p.high_ = static_cast<double>(p.levels_ - 1);
  p.labels_ = std::move(labels);
  return p;
}

/// false or true.
inline Parameter boolean(std::string name) {
  Parameter p(std::move(name), ParameterKind::boolean);
  p.levels_ = 2;
  return p;
}

/// `text` as a JSON string.
inline std::string json_quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      constexpr char hex[] = "0123456789abcdef";
      out += "\\u00";
      out += hex[(c >> 4) & 0xf];
      out += hex[c & 0xf];
    } else {
      out += c;
    }
  }
  return out + '"';
}

inline std::string json_value(const Value& value) {
  return std::holds_alternative<std::string>(value) ? json_quoted(std::get<std::string>(value)) : to_text(value);
}

inline std::string Parameter::fingerprint() const {
  constexpr const char* kinds[] = {"real", "integer", "ordinal", "categorical", "boolean"};
  std::string text = "{\"name\":" + json_quoted(name_) + ",\"kind\":\"" + kinds[static_cast<int>(kind_)] + "\"";
  if (kind_ == ParameterKind::categorical) {
    std::vector<std::string> quoted;
    for (const std::string& label : labels_) quoted.push_back(json_quoted(label));
    text += ",\"labels\":[" + join(quoted, ",") + "]";
  } else if (kind_ == ParameterKind::ordinal) {
    std::vector<std::string> numbers;
    for (const double v : numbers_) numbers.push_back(bayestuner::to_text(v));
    text += ",\"levels\":[" + join(numbers, ",") + "]";
  } else if (kind_ != ParameterKind::boolean) {
    text += ",\"low\":" + bayestuner::to_text(low_) + ",\"high\":" + bayestuner::to_text(high_) +
            ",\"step\":" + bayestuner::to_text(step_);
  }
  if (kind_ != ParameterKind::categorical && kind_ != ParameterKind::boolean) {
    text += ",\"scale\":\"" + std::string(to_string(scale_)) + "\"";
  }
  if (condition_) {
    std::vector<std::string> values;
    for (const Value& v : condition_->values) values.push_back(json_value(v));
    text += ",\"when\":{" + json_quoted(condition_->parameter) + ":[" + join(values, ",") + "]}";
  }
  return text + "}";
}

}  // namespace bayestuner::space
