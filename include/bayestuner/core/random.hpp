#pragma once
/// Reproducible random numbers: the same on every platform and compiler, seeded by (seed, stream).

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numbers>
#include <utility>
#include <vector>

namespace bayestuner {

/// One step of SplitMix64 (Steele, Lea & Flood 2014, doi:10.1145/2660193.2660195): a good 64-bit mixer.
constexpr std::uint64_t mix64(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15ULL;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31);
}

/// Generator with the state of SplitMix64. The standard distributions differ between libraries, hence the members.
/// A value type; `fork(key)` derives an independent stream, so that suggestion k depends on (seed, k) alone.
class Random {
 public:
  using result_type = std::uint64_t;

  explicit constexpr Random(std::uint64_t seed, std::uint64_t stream = 0)
      : state_(mix64(mix64(seed) ^ (stream * 0xd1342543de82ef95ULL + 0x632be59bd9b4e019ULL))) {}

  static constexpr result_type min() { return 0; }
  static constexpr result_type max() { return std::numeric_limits<result_type>::max(); }

  constexpr result_type operator()() {
    const std::uint64_t out = mix64(state_);
    state_ += 0x9e3779b97f4a7c15ULL;
    return out;
  }

  /// Independent stream for `key`; this generator is unchanged.
  constexpr Random fork(std::uint64_t key) const { return Random(state_, mix64(key)); }

  /// Uniform in [0, 1), 53 bits.
  constexpr double uniform() { return static_cast<double>((*this)() >> 11) * 0x1p-53; }
  constexpr double uniform(double low, double high) { return low + (high - low) * uniform(); }

  /// Uniform in {0, …, n - 1}, n > 0, without bias (rejection on the top).
  constexpr std::uint64_t below(std::uint64_t n) {
    const std::uint64_t limit = max() - max() % n;
    std::uint64_t draw = (*this)();
    while (draw >= limit) draw = (*this)();
    return draw % n;
  }

  /// Standard normal (Box & Muller, the cosine branch: no state between calls).
  double normal() {
    const double u = 1.0 - uniform();  // (0, 1]
    return std::sqrt(-2.0 * std::log(u)) * std::cos(2.0 * std::numbers::pi * uniform());
  }

  /// Uniform permutation of `items` (Fisher & Yates).
  template <class T>
  void shuffle(std::vector<T>& items) {
    for (std::size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[below(i)]);
  }

 private:
  std::uint64_t state_;
};

}  // namespace bayestuner
