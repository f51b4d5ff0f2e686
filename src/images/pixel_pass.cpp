#include "images/pixel_pass.hpp"

#include <algorithm>
#include <cstddef>

namespace bayestuner::images {
namespace {

/// The seventh of the hue circle, in whole numbers: hue / 60 degrees = position / span, so the part is
/// floor(7 position / (6 span)). -1 below saturation 0.1.
int seventh_of_hue(int r, int g, int b) {
  const int most = std::max({r, g, b}), span = most - std::min({r, g, b});
  if (span == 0 || 10 * span < most) return -1;
  int position = most == r ? g - b : most == g ? 2 * span + b - r : 4 * span + r - g;
  if (position < 0) position += 6 * span;
  return 7 * position / (6 * span);
}

std::uint64_t square(std::uint64_t x) {
  return x * x;
}

struct Sums {
  std::array<std::uint32_t, 3> sum{};
  std::array<std::uint64_t, 3> squares{};
  std::uint32_t luma = 0;
  std::uint64_t luma_squares = 0;
};

template <bool Grey>
std::uint8_t take(std::uint32_t r, std::uint32_t g, std::uint32_t b, Sums& row, PixelPass& pass) {
  std::uint32_t y = r;
  if constexpr (!Grey) {
    y = (4899 * r + 9617 * g + 1868 * b + 8192) >> 14;  // the weights sum to 2^14, so grey stays as it is
    const int part = seventh_of_hue(static_cast<int>(r), static_cast<int>(g), static_cast<int>(b));
    if (part >= 0) ++pass.hues[part];
    row.sum[0] += r, row.sum[1] += g, row.sum[2] += b;
    row.squares[0] += square(r), row.squares[1] += square(g), row.squares[2] += square(b);
  }
  row.luma += y;
  row.luma_squares += square(y);
  return static_cast<std::uint8_t>(y);
}

/// Adds the boxes' parts of one row of the picture to `boxes` (width of the reduced picture x kept channels).
template <int Channels, int Kept>
void add_row(const std::uint8_t* in, int width, int factor, std::uint32_t* boxes) {
  for (int begin = 0; begin < width; begin += factor, boxes += Kept) {
    const int end = std::min(width, begin + factor);
    for (int x = begin; x < end; ++x, in += Channels) {
      for (int c = 0; c < Kept; ++c) boxes[c] += in[c];
    }
  }
}

template <int Channels>
void pass_of(const ImageView& image, int factor, PixelPass& pass) {
  constexpr int kept = Channels == 1 ? 1 : 3;
  const int red = image.order == ChannelOrder::rgb ? 0 : kept - 1, green = kept / 2, blue = kept - 1 - red;
  std::uint8_t* out = pass.luma.data();
  for (int y = 0; y < pass.height; ++y) {
    Sums row;
    const std::uint8_t* in = image.pixels + static_cast<std::ptrdiff_t>(y) * factor * image.row_bytes;
    if (factor == 1) {
      for (int x = 0; x < pass.width; ++x, in += Channels) {
        *out++ = take<Channels == 1>(in[red], in[green], in[blue], row, pass);
      }
    } else {
      const int rows = std::min(factor, image.height - y * factor);
      std::fill(pass.boxes.begin(), pass.boxes.end(), 0U);
      for (int i = 0; i < rows; ++i) {
        add_row<Channels, kept>(in + i * image.row_bytes, image.width, factor, pass.boxes.data());
      }
      const std::uint32_t* box = pass.boxes.data();
      const auto full = static_cast<std::uint32_t>(factor * rows);
      for (int x = 0; x < pass.width; ++x, box += kept) {
        const std::uint32_t n =
            x + 1 < pass.width ? full : static_cast<std::uint32_t>((image.width - x * factor) * rows);
        const auto mean = [n](std::uint32_t sum) { return (sum + n / 2) / n; };
        *out++ = take<Channels == 1>(mean(box[red]), mean(box[green]), mean(box[blue]), row, pass);
      }
    }
    for (int c = 0; c < 3; ++c) {
      pass.sum[c] += Channels == 1 ? row.luma : row.sum[c];
      pass.sum_squares[c] += Channels == 1 ? row.luma_squares : row.squares[c];
    }
    pass.luma_sum += row.luma;
    pass.luma_sum_squares += row.luma_squares;
  }
}

}  // namespace

void pass_over(const ImageView& image, int factor, PixelPass& pass) {
  pass.height = (image.height + factor - 1) / factor;
  pass.width = (image.width + factor - 1) / factor;
  pass.luma.resize(static_cast<std::size_t>(pass.height) * pass.width);
  pass.boxes.resize(static_cast<std::size_t>(pass.width) * (image.channels == 1 ? 1 : 3));
  pass.sum = pass.sum_squares = {};
  pass.luma_sum = pass.luma_sum_squares = 0;
  pass.hues = {};
  if (image.channels == 1) return pass_of<1>(image, factor, pass);
  if (image.channels == 3) return pass_of<3>(image, factor, pass);
  pass_of<4>(image, factor, pass);
}

}  // namespace bayestuner::images
