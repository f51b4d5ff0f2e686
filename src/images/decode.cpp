#include "bayestuner/images/decode.hpp"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <limits>
#include <opencv2/core.hpp>
#include <opencv2/imgcodecs.hpp>
#include <string>

#include "bayestuner/core/error.hpp"

namespace bayestuner::images {

Image decode_image(std::span<const std::uint8_t> bytes, std::string_view name) {
  const std::string what(name);
  if (bytes.empty()) throw InvalidArgument(what + ": empty, expected an encoded picture (PNG, JPEG, ...)");
  if (bytes.size() > static_cast<std::size_t>(std::numeric_limits<int>::max())) {
    throw InvalidArgument(what + ": " + std::to_string(bytes.size()) + " bytes are more than OpenCV decodes");
  }
  cv::Mat decoded;
  try {
    const cv::Mat input(1, static_cast<int>(bytes.size()), CV_8U, const_cast<std::uint8_t*>(bytes.data()));
    decoded = cv::imdecode(input, cv::IMREAD_COLOR);
  } catch (const cv::Exception& error) {
    throw InvalidArgument(what + ": cannot be decoded: " + error.err);
  }
  if (decoded.empty()) {
    throw InvalidArgument(what + ": " + std::to_string(bytes.size()) +
                          " bytes that cannot be decoded as a picture (PNG, JPEG, ...)");
  }
  Image image{.pixels = {}, .height = decoded.rows, .width = decoded.cols};
  const cv::Mat rows = decoded.isContinuous() ? decoded : decoded.clone();
  image.pixels.assign(rows.data, rows.data + rows.total() * rows.elemSize());
  return image;
}

Image read_image(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::vector<char> bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  if (!file) throw DeviceError(path.string() + ": " + std::strerror(errno));
  return decode_image({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()}, path.string());
}

}  // namespace bayestuner::images
