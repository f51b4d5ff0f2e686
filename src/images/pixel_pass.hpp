#pragma once
/// The one pass over a picture's pixels: reduction, brightness, sums and hues together.

#include <array>
#include <cstdint>
#include <vector>

#include "bayestuner/images/image_view.hpp"

namespace bayestuner::images {

/// What the pass leaves. Sums are exact, so the result does not depend on the order of addition.
struct PixelPass {
  int height = 0, width = 0;                   ///< of the reduced picture
  std::vector<std::uint8_t> luma;              ///< Y, height x width
  std::array<std::uint64_t, 3> sum{};          ///< of red, green, blue
  std::array<std::uint64_t, 3> sum_squares{};  ///< of their squares
  std::uint64_t luma_sum = 0, luma_sum_squares = 0;
  std::array<std::uint64_t, 7> hues{};  ///< pixels of saturation >= 0.1 in each seventh of the circle

  std::vector<std::uint32_t> boxes;  ///< scratch: one row of box sums
};

/// Reduces `image` by the integer `factor` >= 1 and gathers. The view has been checked.
void pass_over(const ImageView& image, int factor, PixelPass& pass);

}  // namespace bayestuner::images
