#include <benchmark/benchmark.h>

#include <cmath>
#include <cstdint>
#include <opencv2/core.hpp>
#include <vector>

#include "bayestuner/images/image_features.hpp"

namespace bayestuner::images {
namespace {

/// Colours, shapes of several sizes and noise: edges and corners about as dense as in a photograph.
std::vector<std::uint8_t> scene(int height, int width) {
  std::vector<std::uint8_t> pixels;
  pixels.reserve(static_cast<std::size_t>(height) * width * 3);
  std::uint32_t state = 1;
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const bool shape = (x / 37 + y / 29) % 4 == 0 || std::hypot(x - width / 3, y - height / 2) < height / 5.0;
      for (int c = 0; c < 3; ++c) {
        state = state * 1664525U + 1013904223U;
        const double v = (shape ? 170 : 90) + 50 * std::sin(0.02 * (x + c * y)) + static_cast<double>(state >> 28);
        pixels.push_back(static_cast<std::uint8_t>(v));
      }
    }
  }
  return pixels;
}

void features(benchmark::State& state, int work_size) {
  cv::setNumThreads(1);
  const int width = static_cast<int>(state.range(0)), height = static_cast<int>(state.range(1));
  const std::vector<std::uint8_t> pixels = scene(height, width);
  ImageFeatureExtractor extract({.work_size = work_size});
  const ImageView view{.pixels = pixels.data(), .height = height, .width = width};
  ImageFeatures last{};
  for (auto _ : state) {
    last = extract(view);
    benchmark::DoNotOptimize(last);
  }
  state.SetItemsProcessed(state.iterations());
  state.counters["keypoints"] = last[0];
  double segments = 0;
  for (int i = 6; i < 13; ++i) segments += last[i];
  state.counters["segments"] = segments;
}
BENCHMARK_CAPTURE(features, work_256, 256)->Args({224, 224})->Args({500, 375})->Args({1920, 1080});
BENCHMARK_CAPTURE(features, original_size, 0)->Args({224, 224})->Args({500, 375});

}  // namespace
}  // namespace bayestuner::images
