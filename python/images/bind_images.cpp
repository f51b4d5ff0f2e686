#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <filesystem>
#include <opencv2/core.hpp>
#include <string>

#include "bayestuner/images/decode.hpp"
#include "bayestuner/images/image_features.hpp"

namespace py = pybind11;
using namespace bayestuner::images;

namespace {

using Array = py::array_t<double>;

/// One extractor a thread and size, for its buffers.
ImageFeatures extract(const ImageView& view, int work_size) {
  thread_local int size = 256;
  thread_local ImageFeatureExtractor extractor;
  if (size != work_size) {
    extractor = ImageFeatureExtractor({.work_size = work_size});
    size = work_size;
  }
  return extractor(view);
}

Array to_array(const ImageFeatures& features) {
  return Array(features.size(), features.data());
}

/// `pixels`: uint8, (height, width, channels), the last two without gaps; bayestuner.images sees to that.
Array of_array(const py::array_t<std::uint8_t>& pixels, int work_size) {
  const auto side = [](py::ssize_t n) { return static_cast<int>(std::min<py::ssize_t>(n, 1 << 30)); };
  const ImageView view{.pixels = pixels.data(),
                       .height = side(pixels.shape(0)),
                       .width = side(pixels.shape(1)),
                       .channels = side(pixels.shape(2)),
                       .row_bytes = pixels.strides(0)};
  ImageFeatures features;
  {
    const py::gil_scoped_release release;
    features = extract(view, work_size);
  }
  return to_array(features);
}

Array of_bytes(const py::bytes& encoded, int work_size) {
  const std::string_view bytes = encoded;
  ImageFeatures features;
  {
    const py::gil_scoped_release release;
    const Image image = decode_image({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
    features = extract(image.view(), work_size);
  }
  return to_array(features);
}

Array of_path(const std::string& path, int work_size) {
  ImageFeatures features;
  {
    const py::gil_scoped_release release;
    features = extract(read_image(path).view(), work_size);
  }
  return to_array(features);
}

}  // namespace

PYBIND11_MODULE(_bayestuner_images, m) {
  m.doc() = "The features of pictures, by OpenCV; import bayestuner.images instead.";
  // This copy of OpenCV is ours alone: no threads besides the caller's.
  cv::setNumThreads(1);
  py::tuple names(n_image_features);
  for (std::size_t i = 0; i < n_image_features; ++i) names[i] = py::str(std::string(image_feature_names[i]));
  m.attr("image_feature_names") = names;
  m.attr("image_features_version") = std::string(image_features_version);
  m.def("of_array", &of_array);
  m.def("of_bytes", &of_bytes);
  m.def("of_path", &of_path);
}
