#pragma once
/// An 8-bit picture in somebody else's memory.

#include <cstddef>
#include <cstdint>

namespace bayestuner::images {

/// How a pixel's three colours follow one another; a fourth channel is alpha and is not looked at.
enum class ChannelOrder : std::uint8_t { rgb, bgr };

/// Rows from top to bottom, pixels of `channels` bytes from left to right without gaps. Does not own what it shows.
struct ImageView {
  const std::uint8_t* pixels = nullptr;  ///< the first byte of the top left pixel
  int height = 0;                        ///< pixels, 1 to 1 000 000
  int width = 0;                         ///< pixels, 1 to 1 000 000
  int channels = 3;                      ///< 1 (grey), 3 or 4
  std::ptrdiff_t row_bytes = 0;          ///< from one row to the next; 0: width * channels
  ChannelOrder order = ChannelOrder::rgb;
};

}  // namespace bayestuner::images
