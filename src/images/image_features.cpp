#include "bayestuner/images/image_features.hpp"

#include <algorithm>
#include <cmath>
#include <opencv2/core.hpp>
#include <opencv2/features2d.hpp>
#include <opencv2/imgproc.hpp>
#include <string>
#include <utility>
#include <vector>

#include "bayestuner/core/error.hpp"
#include "images/edge_segments.hpp"
#include "images/pixel_pass.hpp"

namespace bayestuner::images {
namespace {

constexpr int longest_side = 1'000'000;  // so that the sum of a box fits into 32 bits

ImageView checked(ImageView image) {
  const auto side = [](const char* name, int value) {
    if (value >= 1 && value <= longest_side) return;
    throw InvalidArgument(std::string("image: ") + name + " is " + std::to_string(value) + ", allowed is 1 to " +
                          std::to_string(longest_side));
  };
  side("height", image.height);
  side("width", image.width);
  if (image.channels != 1 && image.channels != 3 && image.channels != 4) {
    throw InvalidArgument("image: channels is " + std::to_string(image.channels) + ", allowed is 1, 3 or 4");
  }
  if (image.pixels == nullptr) throw InvalidArgument("image: pixels is null");
  const std::ptrdiff_t row_bytes = static_cast<std::ptrdiff_t>(image.width) * image.channels;
  if (image.row_bytes == 0) image.row_bytes = row_bytes;
  if (image.row_bytes < row_bytes) {
    throw InvalidArgument("image: row_bytes is " + std::to_string(image.row_bytes) + ", a row of " +
                          std::to_string(image.width) + " pixels needs at least " + std::to_string(row_bytes));
  }
  return image;
}

double perceived(double r, double g, double b) {
  return std::sqrt(0.241 * r * r + 0.691 * g * g + 0.068 * b * b);
}

struct MainObject {
  double area_by_perimeter = 0.0, aspect_ratio = 0.0;
};

int pixels_on_frame(const cv::Mat& mask) {
  const int bottom = mask.rows - 1, right = mask.cols - 1;
  int n = cv::countNonZero(mask.row(0)) + cv::countNonZero(mask.col(0));
  if (bottom > 0) n += cv::countNonZero(mask.row(bottom));
  if (right > 0) n += cv::countNonZero(mask.col(right));
  return n;
}

MainObject main_object(const cv::Mat& blurred, cv::Mat& bright, cv::Mat& dark,
                       std::vector<std::vector<cv::Point>>& contours) {
  cv::threshold(blurred, bright, 0, 255, cv::THRESH_BINARY | cv::THRESH_OTSU);
  cv::bitwise_not(bright, dark);
  const int n_bright = cv::countNonZero(bright);
  const bool take_dark =
      n_bright == 0 || (n_bright < bright.rows * bright.cols && pixels_on_frame(dark) < pixels_on_frame(bright));
  cv::findContours(take_dark ? dark : bright, contours, cv::RETR_EXTERNAL, cv::CHAIN_APPROX_NONE);
  MainObject best;
  double largest = 0.0;
  std::pair<int, int> corner;
  for (const std::vector<cv::Point>& contour : contours) {
    // The contour runs through the centres of the rim's pixels: half a pixel more on each side.
    const double around = cv::arcLength(contour, true);
    const double area = cv::contourArea(contour) + around / 2 + 1;
    const cv::Rect box = cv::boundingRect(contour);
    if (area < largest || (area == largest && corner < std::pair(box.y, box.x))) continue;
    largest = area;
    corner = {box.y, box.x};
    best = {area / (around + 4), static_cast<double>(box.width) / box.height};
  }
  return best;
}

}  // namespace

struct ImageFeatureExtractor::Buffers {
  PixelPass pass;
  EdgeSegments segments;
  std::vector<cv::KeyPoint> keypoints;
  std::vector<std::vector<cv::Point>> contours;
  cv::Mat blurred, edges, bright, dark;
};

ImageFeatureExtractor::ImageFeatureExtractor(ImageFeatureOptions options)
    : options_(options), buffers_(std::make_unique<Buffers>()) {
  if (options.work_size != 0 && options.work_size < 8) {
    throw InvalidArgument("work_size: " + std::to_string(options.work_size) + " is neither 0 nor at least 8");
  }
}
ImageFeatureExtractor::~ImageFeatureExtractor() = default;
ImageFeatureExtractor::ImageFeatureExtractor(ImageFeatureExtractor&&) noexcept = default;
ImageFeatureExtractor& ImageFeatureExtractor::operator=(ImageFeatureExtractor&&) noexcept = default;

ImageFeatures ImageFeatureExtractor::operator()(const ImageView& image) {
  const ImageView view = checked(image);
  Buffers& b = *buffers_;
  const int longer = std::max(view.height, view.width), size = options_.work_size;
  pass_over(view, size == 0 ? 1 : (longer + size - 1) / size, b.pass);

  const PixelPass& p = b.pass;
  const double n = static_cast<double>(p.height) * p.width;
  const auto mean = [n](std::uint64_t sum) { return static_cast<double>(sum) / n / 255.0; };
  const auto rms = [n](std::uint64_t squares) { return std::sqrt(static_cast<double>(squares) / n) / 255.0; };
  const double y = static_cast<double>(p.luma_sum) / n;
  // Both quotients are exact for a uniform picture, whose contrast is 0 for that reason.
  const double variance = static_cast<double>(p.luma_sum_squares) / n - y * y;

  ImageFeatures f{};
  std::size_t next = 0;
  const cv::Mat luma(p.height, p.width, CV_8U, b.pass.luma.data());
  b.keypoints.clear();
  if (p.height >= 7 && p.width >= 7) cv::FAST(luma, b.keypoints, 20, true);  // a corner needs a circle of 7 pixels
  f[next++] = static_cast<double>(b.keypoints.size());
  f[next++] = mean(p.luma_sum);
  f[next++] = rms(p.luma_sum_squares);
  f[next++] = perceived(mean(p.sum[0]), mean(p.sum[1]), mean(p.sum[2]));
  f[next++] = perceived(rms(p.sum_squares[0]), rms(p.sum_squares[1]), rms(p.sum_squares[2]));
  f[next++] = std::sqrt(std::max(0.0, variance)) / 255.0;

  cv::GaussianBlur(luma, b.blurred, {3, 3}, 0.0);
  cv::Canny(b.blurred, b.edges, 100, 200);
  const SegmentCounts segments = b.segments(b.edges.data, p.height, p.width);
  for (const int count : segments.length) f[next++] = count;
  for (const int count : segments.angle) f[next++] = count;

  const MainObject object = main_object(b.blurred, b.bright, b.dark, b.contours);
  f[next++] = object.area_by_perimeter;
  f[next++] = object.aspect_ratio;

  std::uint64_t coloured = 0;
  for (const std::uint64_t hue : p.hues) coloured += hue;
  for (const std::uint64_t hue : p.hues) {
    f[next++] = coloured == 0 ? 0.0 : static_cast<double>(hue) / static_cast<double>(coloured);
  }
  return f;
}

ImageFeatures image_features(const ImageView& image, ImageFeatureOptions options) {
  return ImageFeatureExtractor(options)(image);
}

}  // namespace bayestuner::images
