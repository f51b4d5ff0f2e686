#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <numbers>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "bayestuner/core/error.hpp"
#include "bayestuner/images/decode.hpp"
#include "bayestuner/images/image_features.hpp"
#include "images/edge_segments.hpp"

namespace bayestuner::images {
namespace {

using Colour = std::array<std::uint8_t, 3>;

struct Picture {
  std::vector<std::uint8_t> pixels;
  int height, width, channels;

  Picture(int h, int w, int c) : pixels(static_cast<std::size_t>(h) * w * c), height(h), width(w), channels(c) {}
  ImageView view() const { return {.pixels = pixels.data(), .height = height, .width = width, .channels = channels}; }
  std::uint8_t* at(int y, int x) { return &pixels[(static_cast<std::size_t>(y) * width + x) * channels]; }
};

Picture painted(int height, int width, const std::function<Colour(int, int)>& colour) {
  Picture p(height, width, 3);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) std::ranges::copy(colour(y, x), p.at(y, x));
  }
  return p;
}

Picture square(int size, int side, std::uint8_t inside, std::uint8_t outside) {
  return painted(size, size, [&](int y, int x) {
    const int low = (size - side) / 2;
    const bool in = y >= low && y < low + side && x >= low && x < low + side;
    const std::uint8_t v = in ? inside : outside;
    return Colour{v, v, v};
  });
}

/// A bright bar of the given length and thickness through the middle, anticlockwise by `degrees`.
Picture bar(int size, double length, double thickness, double degrees) {
  const double a = degrees / 180.0 * std::numbers::pi;
  return painted(size, size, [&](int y, int x) {
    const double right = x - size / 2.0, up = size / 2.0 - y;
    const double along = right * std::cos(a) + up * std::sin(a), across = up * std::cos(a) - right * std::sin(a);
    const std::uint8_t v = std::abs(along) < length / 2 && std::abs(across) < thickness / 2 ? 230 : 20;
    return Colour{v, v, v};
  });
}

/// Smooth colours with a fine texture: something in every feature.
Picture scene(int height, int width) {
  return painted(height, width, [](int y, int x) {
    const auto wave = [](double t) { return static_cast<std::uint8_t>(std::lround(127.5 + 127.0 * std::sin(t))); };
    return (x / 24 + y / 20) % 3 == 0 ? Colour{wave(x * 0.05), wave(y * 0.07), wave((x + y) * 0.03)}
                                      : Colour{wave(x * 0.01), wave(x * 0.02 + y * 0.01), 60};
  });
}

double feature(const ImageFeatures& f, std::string_view name) {
  const auto at = std::ranges::find(image_feature_names, name);
  EXPECT_NE(at, image_feature_names.end()) << name;
  return f[at - image_feature_names.begin()];
}

double of(const Picture& p, std::string_view name) {
  return feature(image_features(p.view()), name);
}

double sum(const ImageFeatures& f, const std::string& stem) {
  double total = 0;
  for (int i = 1; i <= 7; ++i) total += feature(f, stem + std::to_string(i));
  return total;
}

std::string refusal(const std::function<void()>& call) {
  try {
    call();
  } catch (const InvalidArgument& error) {
    return error.what();
  }
  return "accepted";
}

TEST(ImageFeatures, HasTheTwentyNineNamesOfThePaperOnceEach) {
  const std::set<std::string_view> names(image_feature_names.begin(), image_feature_names.end());
  EXPECT_EQ(names.size(), 29U);
  EXPECT_EQ(image_feature_names.back(), "hue7");
  EXPECT_EQ(image_features_version, "image_features_v1");
}

TEST(ImageFeatures, OfAUniformPictureAreDefined) {
  for (const int level : {0, 1, 100, 255}) {
    const auto v = static_cast<std::uint8_t>(level);
    const ImageFeatures f = image_features(painted(60, 100, [v](int, int) { return Colour{v, v, v}; }).view());
    EXPECT_EQ(feature(f, "contrast"), 0.0);
    EXPECT_EQ(feature(f, "n_keypoints"), 0.0);
    EXPECT_EQ(sum(f, "edge_length"), 0.0);
    EXPECT_EQ(sum(f, "edge_angle"), 0.0);
    EXPECT_EQ(sum(f, "hue"), 0.0);
    EXPECT_DOUBLE_EQ(feature(f, "area_by_perim"), 60.0 * 100.0 / 320.0);  // the whole frame
    EXPECT_DOUBLE_EQ(feature(f, "aspect_ratio"), 100.0 / 60.0);
    for (const char* name :
         {"avg_brightness", "brightness_rms", "avg_perceived_brightness", "perceived_brightness_rms"}) {
      EXPECT_NEAR(feature(f, name), v / 255.0, 1e-12) << name;
    }
  }
}

TEST(ImageFeatures, FindTheSquareWhicheverIsBrighter) {
  for (const Picture& p : {square(200, 64, 255, 0), square(200, 64, 0, 255)}) {
    const ImageFeatures f = image_features(p.view());
    EXPECT_NEAR(feature(f, "area_by_perim"), 16.0, 0.5);
    EXPECT_DOUBLE_EQ(feature(f, "aspect_ratio"), 1.0);
    EXPECT_EQ(feature(f, "edge_length4") + feature(f, "edge_length5"), 4.0);  // its sides, 62 to 66 pixels
    EXPECT_EQ(feature(f, "edge_angle4"), 2.0);                                // two of them upright
  }
}

TEST(ImageFeatures, OfAHalfBlackHalfWhitePictureHaveTheKnownContrast) {
  const Picture p = painted(64, 64, [](int, int x) { return x < 32 ? Colour{0, 0, 0} : Colour{255, 255, 255}; });
  const ImageFeatures f = image_features(p.view());
  EXPECT_DOUBLE_EQ(feature(f, "avg_brightness"), 0.5);
  EXPECT_DOUBLE_EQ(feature(f, "contrast"), 0.5);
  EXPECT_DOUBLE_EQ(feature(f, "brightness_rms"), std::sqrt(0.5));
  EXPECT_DOUBLE_EQ(feature(f, "avg_perceived_brightness"), 0.5);
}

TEST(ImageFeatures, WeighTheColoursOfPerceivedBrightness) {
  EXPECT_DOUBLE_EQ(of(painted(9, 9,
                              [](int, int) {
                                return Colour{255, 0, 0};
                              }),
                      "avg_perceived_brightness"),
                   std::sqrt(0.241));
  EXPECT_DOUBLE_EQ(of(painted(9, 9,
                              [](int, int) {
                                return Colour{0, 255, 0};
                              }),
                      "avg_perceived_brightness"),
                   std::sqrt(0.691));
  EXPECT_NEAR(of(painted(9, 9, [](int, int) { return Colour{0, 0, 255}; }), "avg_brightness"), 29.0 / 255.0, 1e-12);
}

TEST(ImageFeatures, PutAPureHueIntoOnePart) {
  const std::vector<std::pair<Colour, int>> hues{{{255, 0, 0}, 1},   {{255, 200, 0}, 1}, {{255, 255, 0}, 2},
                                                 {{0, 255, 0}, 3},   {{0, 255, 255}, 4}, {{0, 0, 255}, 5},
                                                 {{255, 0, 255}, 6}, {{255, 0, 60}, 7}};
  for (const auto& [colour, part] : hues) {
    const ImageFeatures f = image_features(painted(20, 20, [pure = colour](int, int) { return pure; }).view());
    EXPECT_EQ(feature(f, "hue" + std::to_string(part)), 1.0) << int(colour[0]) << ' ' << int(colour[1]);
    EXPECT_EQ(sum(f, "hue"), 1.0);
  }
  // Grey by the rule: saturation below 0.1.
  EXPECT_EQ(sum(image_features(painted(20, 20, [](int, int) { return Colour{200, 181, 181}; }).view()), "hue"), 0.0);
}

TEST(ImageFeatures, PutARotatedBarIntoItsAngle) {
  for (int part = 0; part < 7; ++part) {
    const double degrees = (part + 0.5) * 180.0 / 7.0;
    const ImageFeatures f = image_features(bar(240, 180, 24, degrees).view());
    EXPECT_GE(feature(f, "edge_angle" + std::to_string(part + 1)), 2.0) << degrees;  // its two long sides
    EXPECT_EQ(feature(f, "edge_length6"), 2.0) << degrees;                           // 128 to 192 pixels
    EXPECT_LE(sum(f, "edge_length"), 8.0) << degrees;
  }
}

TEST(ImageFeatures, CountEachDotThatIsBrightEnoughAsAKeypoint) {
  const auto dots = [](std::uint8_t v) {
    return painted(160, 120, [v](int y, int x) {
      return y % 20 == 10 && x % 20 == 10 ? Colour{v, v, v} : Colour{50, 50, 50};
    });
  };
  EXPECT_EQ(of(dots(71), "n_keypoints"), 48.0);
  EXPECT_EQ(of(dots(70), "n_keypoints"), 0.0);
}

TEST(ImageFeatures, OfGreyAreThoseOfThreeEqualChannels) {
  const Picture colour = scene(300, 410);
  Picture grey(300, 410, 1), three(300, 410, 3), four(300, 410, 4);
  for (int y = 0; y < 300; ++y) {
    for (int x = 0; x < 410; ++x) {
      const std::uint8_t v = colour.pixels[(static_cast<std::size_t>(y) * 410 + x) * 3];
      *grey.at(y, x) = v;
      std::fill_n(three.at(y, x), 3, v);
      std::fill_n(four.at(y, x), 3, v);
      four.at(y, x)[3] = static_cast<std::uint8_t>(x);  // alpha says nothing
    }
  }
  for (const int size : {0, 64, 256}) {
    const ImageFeatures f = image_features(grey.view(), {.work_size = size});
    EXPECT_EQ(f, image_features(three.view(), {.work_size = size}));
    EXPECT_EQ(f, image_features(four.view(), {.work_size = size}));
  }
}

TEST(ImageFeatures, HeedTheOrderOfTheColoursAndTheGapsBetweenRows) {
  const Picture p = scene(70, 90);
  std::vector<std::uint8_t> bgr(70 * 300, 77);
  for (int y = 0; y < 70; ++y) {
    for (int x = 0; x < 90; ++x) {
      const std::uint8_t* from = &p.pixels[(static_cast<std::size_t>(y) * 90 + x) * 3];
      std::reverse_copy(from, from + 3, &bgr[static_cast<std::size_t>(y) * 300 + 3 * x]);
    }
  }
  const ImageView view{.pixels = bgr.data(), .height = 70, .width = 90, .row_bytes = 300, .order = ChannelOrder::bgr};
  EXPECT_EQ(image_features(view), image_features(p.view()));
}

TEST(ImageFeatures, ReduceByTheSmallestIntegerThatFits) {
  // 512 wide is reduced by two: a picture of doubled pixels gives what the original gives.
  const Picture small = scene(128, 256);
  const Picture large = painted(256, 512, [&](int y, int x) {
    const std::uint8_t* v = &small.pixels[(static_cast<std::size_t>(y / 2) * 256 + x / 2) * 3];
    return Colour{v[0], v[1], v[2]};
  });
  EXPECT_EQ(image_features(large.view()), image_features(small.view()));
  EXPECT_NE(image_features(large.view(), {.work_size = 0}), image_features(small.view()));
}

TEST(ImageFeatures, OfTheSmallestAndOfAVeryLargePictureAreFinite) {
  const ImageFeatures one = image_features(painted(1, 1, [](int, int) { return Colour{10, 20, 30}; }).view());
  EXPECT_DOUBLE_EQ(feature(one, "area_by_perim"), 0.25);
  EXPECT_DOUBLE_EQ(feature(one, "aspect_ratio"), 1.0);
  for (const auto& [height, width] : {std::pair(1, 7), std::pair(9, 1), std::pair(2, 3), std::pair(3, 5000)}) {
    for (const double v : image_features(scene(height, width).view())) EXPECT_TRUE(std::isfinite(v));
  }
  Picture large(8000, 6000, 1);
  for (int y = 2000; y < 6000; ++y) std::fill_n(large.at(y, 1000), 4000, std::uint8_t{255});
  const ImageFeatures f = image_features(large.view());
  EXPECT_NEAR(feature(f, "avg_brightness"), 1.0 / 3.0, 0.01);
  EXPECT_NEAR(feature(f, "area_by_perim"), 125.0 / 4.0, 0.5);  // 4000 / 32 pixels on a side
}

TEST(ImageFeatures, AreThoseRecordedForThisScene) {
  // Another version of OpenCV, or another formula, would spoil the neighbours stored with a model.
  const ImageFeatures f = image_features(scene(375, 500).view());
  const ImageFeatures recorded{293,
                               0.486705131,
                               0.54040044,
                               0.493545112,
                               0.602278776,
                               0.234841969,
                               78,
                               203,
                               46,
                               0,
                               0,
                               0,
                               0,
                               136,
                               3,
                               14,
                               154,
                               3,
                               2,
                               15,
                               15.1583734,
                               0.542553191,
                               0.181761733,
                               0.230665468,
                               0.151250428,
                               0.0837187393,
                               0.0976147653,
                               0.0644270298,
                               0.190561836};
  for (std::size_t i = 0; i < f.size(); ++i) EXPECT_NEAR(f[i], recorded[i], 1e-6) << image_feature_names[i];
}

TEST(ImageFeatures, AreTheSameFromAnExtractorThatSawOtherPictures) {
  ImageFeatureExtractor extract;
  for (const auto& [height, width] : {std::pair(375, 500), std::pair(20, 900), std::pair(100, 100)}) {
    const Picture p = scene(height, width);
    EXPECT_EQ(extract(p.view()), image_features(p.view()));
  }
}

TEST(ImageFeatures, RefuseWhatIsNoPicture) {
  const Picture p = scene(8, 8);
  const auto refused = [&](auto change) {
    ImageView view = p.view();
    change(view);
    return refusal([&] { image_features(view); });
  };
  EXPECT_EQ(refused([](ImageView& v) { v.height = 0; }), "image: height is 0, allowed is 1 to 1000000");
  EXPECT_EQ(refused([](ImageView& v) { v.width = -3; }), "image: width is -3, allowed is 1 to 1000000");
  EXPECT_EQ(refused([](ImageView& v) { v.width = 1'000'001; }), "image: width is 1000001, allowed is 1 to 1000000");
  EXPECT_EQ(refused([](ImageView& v) { v.channels = 2; }), "image: channels is 2, allowed is 1, 3 or 4");
  EXPECT_EQ(refused([](ImageView& v) { v.row_bytes = 23; }),
            "image: row_bytes is 23, a row of 8 pixels needs at least 24");
  EXPECT_EQ(refused([](ImageView& v) { v.pixels = nullptr; }), "image: pixels is null");
  EXPECT_EQ(refusal([&] { image_features(p.view(), {.work_size = 3}); }), "work_size: 3 is neither 0 nor at least 8");
}

TEST(EdgeSegments, CutsAnAngleInTwoAndLeavesOutSinglePixels) {
  std::vector<std::uint8_t> edges(50 * 50, 0);
  for (int x = 5; x <= 45; ++x) edges[40 * 50 + x] = 255;  // level, 40 long
  for (int y = 10; y < 40; ++y) edges[y * 50 + 5] = 255;   // upright, 30 long
  edges[2 * 50 + 48] = 255;
  const SegmentCounts counts = EdgeSegments()(edges.data(), 50, 50);
  EXPECT_THAT(counts.length, testing::ElementsAre(0, 0, 1, 1, 0, 0, 0));
  EXPECT_THAT(counts.angle, testing::ElementsAre(1, 0, 0, 1, 0, 0, 0));
  EXPECT_EQ(std::ranges::count(edges, 0), 50 * 50);
}

TEST(DecodeImage, ReadsWhatWasEncoded) {
  const std::string ppm = std::string("P6\n3 2\n255\n") + "abcdefghijklmnopqr";
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(ppm.data());
  const Image image = decode_image({bytes, ppm.size()});
  EXPECT_EQ(image.height, 2);
  EXPECT_EQ(image.width, 3);
  const ImageView direct{.pixels = bytes + 11, .height = 2, .width = 3};
  EXPECT_EQ(image_features(image.view()), image_features(direct));
}

TEST(DecodeImage, RefusesWhatCannotBeDecoded) {
  const std::vector<std::uint8_t> noise{1, 2, 3, 4, 5};
  EXPECT_EQ(refusal([&] { decode_image(noise, "cat.jpg"); }),
            "cat.jpg: 5 bytes that cannot be decoded as a picture (PNG, JPEG, ...)");
  EXPECT_EQ(refusal([] { decode_image({}, "cat.jpg"); }),
            "cat.jpg: empty, expected an encoded picture (PNG, JPEG, ...)");
  EXPECT_THROW(read_image("/nowhere/cat.jpg"), DeviceError);
}

}  // namespace
}  // namespace bayestuner::images
