#pragma once
/// Pictures from files and from encoded bytes (PNG, JPEG and what else this OpenCV reads).

#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>
#include <vector>

#include "bayestuner/images/image_view.hpp"

namespace bayestuner::images {

/// A picture that owns its pixels: three channels, blue first, rows without gaps, turned as its EXIF data says.
struct Image {
  std::vector<std::uint8_t> pixels;  ///< height * width * 3
  int height = 0;
  int width = 0;

  /// Valid as long as this object lives and stays unchanged.
  [[nodiscard]] ImageView view() const {
    return {.pixels = pixels.data(), .height = height, .width = width, .order = ChannelOrder::bgr};
  }
};

/// Decodes a whole file's bytes; `name` stands for it in the error. Throws InvalidArgument where they are no picture.
Image decode_image(std::span<const std::uint8_t> bytes, std::string_view name = "image");

/// Throws DeviceError for a file that cannot be read, InvalidArgument for one that holds no picture.
Image read_image(const std::filesystem::path& path);

}  // namespace bayestuner::images
