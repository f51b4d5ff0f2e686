#pragma once

#include <Eigen/Core>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "bayestuner/core/error.hpp"
#include "bayestuner/core/random.hpp"

namespace bayestuner {

/// Sobol's low-discrepancy sequence in up to 64 dimensions, in Gray-code order (Antonov & Saleev 1979), optionally with
/// a digital shift. Source of the direction numbers: Joe & Kuo 2008, doi:10.1137/070709359, set D6.
class SobolSequence {
 public:
  static constexpr std::size_t max_dimension = 64;

  /// Throws InvalidArgument unless 1 <= dimension <= 64.
  explicit SobolSequence(std::size_t dimension) : shift_(dimension, 0), directions_(dimension) {
    if (dimension == 0 || dimension > max_dimension) {
      throw InvalidArgument("SobolSequence: dimension: " + std::to_string(dimension) + " is outside [1, 64]");
    }
    for (std::size_t j = 0; j < dimension; ++j) directions_[j] = directions(j);
  }

  /// The same sequence with every coordinate's digits flipped by random bits of `random`.
  SobolSequence(std::size_t dimension, Random random) : SobolSequence(dimension) {
    for (std::uint32_t& bits : shift_) bits = static_cast<std::uint32_t>(random() >> 32);
  }

  /// Point `index` (dimension) in [0, 1); index < 2^32. Without a shift point 0 is the origin.
  Eigen::VectorXd point(std::uint64_t index) const {
    const std::uint64_t gray = index ^ (index >> 1);
    Eigen::VectorXd x(static_cast<Eigen::Index>(shift_.size()));
    for (std::size_t j = 0; j < shift_.size(); ++j) {
      std::uint32_t bits = shift_[j];
      for (std::uint64_t rest = gray; rest != 0; rest &= rest - 1) {
        bits ^= directions_[j][static_cast<std::size_t>(std::countr_zero(rest)) % 32];
      }
      x[static_cast<Eigen::Index>(j)] = static_cast<double>(bits) * 0x1p-32;
    }
    return x;
  }

 private:
  using Directions = std::array<std::uint32_t, 32>;

  /// A primitive polynomial over GF(2), coefficients as bits, and the first direction numbers.
  struct Generator {
    std::uint32_t polynomial;
    std::array<std::uint32_t, 9> first;
  };

  static Directions directions(std::size_t axis) {
    Directions v{};
    if (axis == 0) {
      for (unsigned i = 0; i < 32; ++i) v[i] = 1u << (31 - i);
      return v;
    }
    const Generator& g = generators()[axis - 1];
    const unsigned degree = static_cast<unsigned>(std::bit_width(g.polynomial)) - 1;
    for (unsigned i = 0; i < 32; ++i) {
      if (i < degree) {
        v[i] = g.first[i] << (31 - i);
        continue;
      }
      v[i] = v[i - degree] ^ (v[i - degree] >> degree);
      for (unsigned k = 1; k < degree; ++k) {
        if ((g.polynomial >> (degree - k)) & 1u) v[i] ^= v[i - k];
      }
    }
    return v;
  }

  static const std::array<Generator, max_dimension - 1>& generators();

  std::vector<std::uint32_t> shift_;
  std::vector<Directions> directions_;
};

inline const std::array<SobolSequence::Generator, SobolSequence::max_dimension - 1>& SobolSequence::generators() {
  // clang-format off
  static constexpr std::array<Generator, max_dimension - 1> table{{
    {3, {1}}, {7, {1, 3}}, {11, {1, 3, 1}}, {13, {1, 1, 1}}, {19, {1, 1, 3, 3}}, {25, {1, 3, 5, 13}},
    {37, {1, 1, 5, 5, 17}}, {41, {1, 1, 5, 5, 5}}, {47, {1, 1, 7, 11, 19}}, {55, {1, 1, 5, 1, 1}},
    {59, {1, 1, 1, 3, 11}}, {61, {1, 3, 5, 5, 31}}, {67, {1, 3, 3, 9, 7, 49}}, {91, {1, 1, 1, 15, 21, 21}},
    {97, {1, 3, 1, 13, 27, 49}}, {103, {1, 1, 1, 15, 7, 5}}, {109, {1, 3, 1, 15, 13, 25}},
    {115, {1, 1, 5, 5, 19, 61}}, {131, {1, 3, 7, 11, 23, 15, 103}}, {137, {1, 3, 7, 13, 13, 15, 69}},
    {143, {1, 1, 3, 13, 7, 35, 63}}, {145, {1, 3, 5, 9, 1, 25, 53}}, {157, {1, 3, 1, 13, 9, 35, 107}},
    {167, {1, 3, 1, 5, 27, 61, 31}}, {171, {1, 1, 5, 11, 19, 41, 61}}, {185, {1, 3, 5, 3, 3, 13, 69}},
    {191, {1, 1, 7, 13, 1, 19, 1}}, {193, {1, 3, 7, 5, 13, 19, 59}}, {203, {1, 1, 3, 9, 25, 29, 41}},
    {211, {1, 3, 5, 13, 23, 1, 55}}, {213, {1, 3, 7, 3, 13, 59, 17}}, {229, {1, 3, 1, 3, 5, 53, 69}},
    {239, {1, 1, 5, 5, 23, 33, 13}}, {241, {1, 1, 7, 7, 1, 61, 123}}, {247, {1, 1, 7, 9, 13, 61, 49}},
    {253, {1, 3, 3, 5, 3, 55, 33}}, {285, {1, 3, 1, 15, 31, 13, 49, 245}}, {299, {1, 3, 5, 15, 31, 59, 63, 97}},
    {301, {1, 3, 1, 11, 11, 11, 77, 249}}, {333, {1, 3, 1, 11, 27, 43, 71, 9}},
    {351, {1, 1, 7, 15, 21, 11, 81, 45}}, {355, {1, 3, 7, 3, 25, 31, 65, 79}}, {357, {1, 3, 1, 1, 19, 11, 3, 205}},
    {361, {1, 1, 5, 9, 19, 21, 29, 157}}, {369, {1, 3, 7, 11, 1, 33, 89, 185}}, {391, {1, 3, 3, 3, 15, 9, 79, 71}},
    {397, {1, 3, 7, 11, 15, 39, 119, 27}}, {425, {1, 1, 3, 1, 11, 31, 97, 225}},
    {451, {1, 1, 1, 3, 23, 43, 57, 177}}, {463, {1, 3, 7, 7, 17, 17, 37, 71}},
    {487, {1, 3, 1, 5, 27, 63, 123, 213}}, {501, {1, 1, 3, 5, 11, 43, 53, 133}},
    {529, {1, 3, 5, 5, 29, 17, 47, 173, 479}}, {539, {1, 3, 3, 11, 3, 1, 109, 9, 69}},
    {545, {1, 1, 1, 5, 17, 39, 23, 5, 343}}, {557, {1, 3, 1, 5, 25, 15, 31, 103, 499}},
    {563, {1, 1, 1, 11, 11, 17, 63, 105, 183}}, {601, {1, 1, 5, 11, 9, 29, 97, 231, 363}},
    {607, {1, 1, 5, 15, 19, 45, 41, 7, 383}}, {617, {1, 3, 7, 7, 31, 19, 83, 137, 221}},
    {623, {1, 1, 1, 3, 23, 15, 111, 223, 83}}, {631, {1, 1, 5, 13, 31, 15, 55, 25, 161}},
    {637, {1, 1, 3, 13, 25, 47, 39, 87, 257}},
  }};
  // clang-format on
  return table;
}

}  // namespace bayestuner
