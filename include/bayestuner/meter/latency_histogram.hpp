#pragma once
/// Latencies in fixed memory.

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>

#include "bayestuner/core/error.hpp"
#include "bayestuner/core/text.hpp"

namespace bayestuner::meter {

/// Log-linear histogram of durations from 1 ns to 73 minutes: values below 256 ns are exact, above that buckets are at
/// most 1/128 wide. Recording is a few instructions and allocates nothing; count, sum, least and largest are exact.
/// One writer; merge the histograms of several.
class LatencyHistogram {
 public:
  /// Longer durations count as the longest; negative and NaN ones throw InvalidArgument.
  void record(double seconds) {
    if (!(seconds >= 0.0)) throw InvalidArgument("latency_s: " + to_text(seconds) + " must be >= 0");
    const double ns = std::min(seconds * 1e9, static_cast<double>(longest_ns));
    record_ns(static_cast<std::uint64_t>(ns));
    sum_s_ += seconds;
    least_s_ = count_ == 1 ? seconds : std::min(least_s_, seconds);
    largest_s_ = std::max(largest_s_, seconds);
  }

  std::uint64_t count() const { return count_; }
  double mean_s() const { return count_ ? sum_s_ / static_cast<double>(count_) : std::nan(""); }
  double least_s() const { return count_ ? least_s_ : std::nan(""); }
  double largest_s() const { return count_ ? largest_s_ : std::nan(""); }

  /// Duration that the share `p` in [0, 1] does not exceed (nearest rank, middle of its bucket); NaN if empty.
  double percentile_s(double p) const {
    if (!(p >= 0.0 && p <= 1.0)) throw InvalidArgument("p: " + to_text(p) + " is outside [0, 1]");
    if (count_ == 0) return std::nan("");
    const auto rank = static_cast<std::uint64_t>(std::ceil(p * static_cast<double>(count_)));
    return at_rank(std::max<std::uint64_t>(rank, 1));
  }

  /// Standard error of that percentile from the binomial spread of its rank: half the distance between the order
  /// statistics one standard deviation to either side.
  double percentile_error_s(double p) const {
    if (count_ < 2) return 0.0;
    const double n = static_cast<double>(count_);
    const double spread = std::sqrt(n * p * (1.0 - p));
    const auto clamp = [&](double r) { return static_cast<std::uint64_t>(std::clamp(r, 1.0, n)); };
    return 0.5 * (at_rank(clamp(std::ceil(n * p + spread))) - at_rank(clamp(std::floor(n * p - spread))));
  }

  void merge(const LatencyHistogram& other) {
    if (other.count_ == 0) return;
    for (std::size_t i = 0; i < counts_.size(); ++i) counts_[i] += other.counts_[i];
    least_s_ = count_ ? std::min(least_s_, other.least_s_) : other.least_s_;
    largest_s_ = std::max(largest_s_, other.largest_s_);
    count_ += other.count_;
    sum_s_ += other.sum_s_;
  }

 private:
  static constexpr int linear_bits = 8;  // values below 2^8 have buckets of their own
  static constexpr int longest_bits = 42;
  static constexpr std::uint64_t longest_ns = (std::uint64_t{1} << longest_bits) - 1;
  static constexpr std::size_t half = std::size_t{1} << (linear_bits - 1);
  static constexpr std::size_t buckets = (longest_bits - linear_bits + 2) * half;

  static std::size_t bucket_of(std::uint64_t ns) {
    const int shift = std::max(0, static_cast<int>(std::bit_width(ns)) - linear_bits);
    return static_cast<std::size_t>(shift) * half + static_cast<std::size_t>(ns >> shift);
  }
  static double middle_s(std::size_t bucket) {
    const std::size_t shift = bucket < 2 * half ? 0 : bucket / half - 1;
    const double low = std::ldexp(static_cast<double>(bucket - shift * half), static_cast<int>(shift));
    return (low + 0.5 * (std::ldexp(1.0, static_cast<int>(shift)) - 1.0)) * 1e-9;
  }
  void record_ns(std::uint64_t ns) {
    ++counts_[bucket_of(ns)];
    ++count_;
  }
  double at_rank(std::uint64_t rank) const {
    std::uint64_t below = 0;
    for (std::size_t i = 0; i < counts_.size(); ++i) {
      below += counts_[i];
      if (below >= rank) return std::clamp(middle_s(i), least_s_, largest_s_);
    }
    return largest_s_;
  }

  std::array<std::uint64_t, buckets> counts_{};
  std::uint64_t count_ = 0;
  double sum_s_ = 0.0, least_s_ = 0.0, largest_s_ = 0.0;
};

}  // namespace bayestuner::meter
