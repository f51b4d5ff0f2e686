#pragma once
/// Twenty-nine cheap numbers about a picture, from which a selector guesses which network it needs.
/// Source of the names: Taylor, Sanz Marco, Wolff, Elkhatib & Wang 2018, doi:10.1145/3211332.3211336, table 2. It gives
/// no formulas: those below are this library's, frozen under `image_features_version`. Component `bayestuner::images`.

#include <array>
#include <cstddef>
#include <memory>
#include <string_view>

#include "bayestuner/images/image_view.hpp"

namespace bayestuner::images {

/// Kept with every model that learns from these numbers: another formula means another version.
inline constexpr std::string_view image_features_version = "image_features_v1";

inline constexpr std::size_t n_image_features = 29;

/// One number per name of `image_feature_names`, in that order.
using ImageFeatures = std::array<double, n_image_features>;

/// `contrast`, the means and root mean squares of brightness are in [0, 1]; `hue1`…`7` are shares; `area_by_perim` is
/// in pixels; `aspect_ratio` has no unit; the rest are counts. All of them finite, for any picture.
inline constexpr std::array<std::string_view, n_image_features> image_feature_names{"n_keypoints",
                                                                                    "avg_brightness",
                                                                                    "brightness_rms",
                                                                                    "avg_perceived_brightness",
                                                                                    "perceived_brightness_rms",
                                                                                    "contrast",
                                                                                    "edge_length1",
                                                                                    "edge_length2",
                                                                                    "edge_length3",
                                                                                    "edge_length4",
                                                                                    "edge_length5",
                                                                                    "edge_length6",
                                                                                    "edge_length7",
                                                                                    "edge_angle1",
                                                                                    "edge_angle2",
                                                                                    "edge_angle3",
                                                                                    "edge_angle4",
                                                                                    "edge_angle5",
                                                                                    "edge_angle6",
                                                                                    "edge_angle7",
                                                                                    "area_by_perim",
                                                                                    "aspect_ratio",
                                                                                    "hue1",
                                                                                    "hue2",
                                                                                    "hue3",
                                                                                    "hue4",
                                                                                    "hue5",
                                                                                    "hue6",
                                                                                    "hue7"};

struct ImageFeatureOptions {
  int work_size = 256;  ///< pixels: a longer side is reduced by the smallest integer that brings it there; 0: never
};

/// Computes the features, and keeps its buffers for the next picture. One thread at a time.
///
/// All on the picture reduced by boxes (the mean of each, rounded; those at the right and lower rim may be smaller) and
/// never enlarged. Y = 0.299 R + 0.587 G + 0.114 B, rounded to 8 bits.
/// - `n_keypoints`: FAST-9/16 corners of Y, threshold 20, without those that a stronger neighbour suppresses.
/// - `avg_brightness`, `brightness_rms`, `contrast`: mean, root mean square and standard deviation of Y / 255.
/// - `avg_perceived_brightness`, `perceived_brightness_rms`: sqrt(0.241 r^2 + 0.691 g^2 + 0.068 b^2) of the channels'
///   means, or root mean squares.
/// - `edge_length1`…`7`, `edge_angle1`…`7`: the straight segments (detail in src/images/edge_segments.hpp) of Canny's
///   edges (3 x 3 Gaussian, thresholds 100 and 200), by length in pixels, [0, 8), [8, 16), [16, 32), [32, 64),
///   [64, 128), [128, 192), [192, inf), and by direction, seven equal parts of 180 degrees counted anticlockwise from
///   the horizontal: a horizontal edge is on the border of the first and the last part.
/// - `area_by_perim`, `aspect_ratio`: of the main object, the largest outer contour of what Otsu's threshold of the
///   blurred Y leaves, dark or bright, whichever has fewer pixels on the frame (bright if equal). Area and perimeter
///   count whole pixels: w h / (2 (w + h)) for a rectangle. aspect = width / height of its bounding box.
/// - `hue1`…`7`: share of each seventh of the hue circle, from red, among pixels with saturation >= 0.1; 0 if none is.
///
/// OpenCV may use its worker threads for large `work_size`; cv::setNumThreads(1) keeps it to the caller's.
class ImageFeatureExtractor {
 public:
  /// Throws InvalidArgument unless work_size is 0 or at least 8.
  explicit ImageFeatureExtractor(ImageFeatureOptions options = {});
  ~ImageFeatureExtractor();
  ImageFeatureExtractor(ImageFeatureExtractor&&) noexcept;
  ImageFeatureExtractor& operator=(ImageFeatureExtractor&&) noexcept;

  /// Throws InvalidArgument for a side outside [1, 1 000 000], another number of channels, rows that overlap.
  ImageFeatures operator()(const ImageView& image);

 private:
  struct Buffers;
  ImageFeatureOptions options_;
  std::unique_ptr<Buffers> buffers_;
};

/// The features of one picture. Throws as ImageFeatureExtractor does.
ImageFeatures image_features(const ImageView& image, ImageFeatureOptions options = {});

}  // namespace bayestuner::images
