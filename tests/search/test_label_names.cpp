// Labels whose names say what they are.

#include "bayestuner/search/detail/label_names.hpp"

#include <gtest/gtest.h>

#include "bayestuner/search/detail/kernel_rows.hpp"
#include "bayestuner/space/dynamic_space.hpp"

namespace bayestuner::search::detail {
namespace {

std::vector<std::string> three_families(int members) {
  std::vector<std::string> out;
  for (const char* family : {"resnet", "vit_patch", "mobilenetv3"}) {
    for (int i = 0; i < members; ++i) out.push_back(family + std::string("_") + std::to_string(10 + 7 * i));
  }
  return out;
}

TEST(LabelNames, MembersOfAFamilyLieTogether) {
  const Eigen::MatrixXd x = name_coordinates(three_families(8), 8);
  ASSERT_EQ(x.rows(), 24);
  EXPECT_LE(x.cols(), 8);
  EXPECT_GE(x.minCoeff(), 0.0);
  EXPECT_LE(x.maxCoeff(), 1.0);
  for (Eigen::Index i = 0; i < 24; ++i) {
    Eigen::Vector3d away = Eigen::Vector3d::Zero();  // mean squared distance to every family
    for (Eigen::Index j = 0; j < 24; ++j) away[j / 8] += (x.row(i) - x.row(j)).squaredNorm() / (j / 8 == i / 8 ? 7 : 8);
    Eigen::Index nearest = -1;
    away.minCoeff(&nearest);
    EXPECT_EQ(i / 8, nearest) << i;
  }
}

// The first component is what separates names without a common triple.
TEST(LabelNames, TheFirstComponentSeparatesTwoGroups) {
  const Eigen::MatrixXd x = name_coordinates({"aaaa", "AAAA", "bbbb", "bbbb "}, 1);
  ASSERT_EQ(x.cols(), 1);
  EXPECT_NEAR(x(0, 0), x(1, 0), 1e-9);  // case does not count
  EXPECT_GT(std::abs(x(0, 0) - x(2, 0)), 0.7);
  EXPECT_LT(std::abs(x(2, 0) - x(3, 0)), 0.4);
}

TEST(LabelNames, NothingInCommonOrNothingAtAllGivesNumbers) {
  EXPECT_TRUE(name_coordinates({"a", "b", "c", "d"}, 8).allFinite());
  EXPECT_TRUE(name_coordinates({"", "x", "", "y"}, 8).allFinite());
  EXPECT_EQ(name_coordinates({"same", "same", "same"}, 8).cols(), 0);
  EXPECT_EQ(name_coordinates({"alone"}, 8).cols(), 0);
}

TEST(KernelRows, NamesCountWhereThereAreMany) {
  const auto many = three_families(8);
  const space::DynamicSpace s(
      {space::categorical("model", many), space::integer("batch", 1, 4), space::categorical("mode", {"a", "b", "c"})});
  const std::vector<space::Point> points{s.at(0), s.at(s.count().value() - 1)};
  const KernelRows plain(s, false), named(s);
  EXPECT_EQ(plain(points), s.encode(points));
  const Eigen::MatrixXd x = named(points);
  ASSERT_EQ(x.cols(), static_cast<Eigen::Index>(named.axes().size()));
  EXPECT_GT(x.cols(), 3);
  EXPECT_EQ(Eigen::MatrixXd(x.leftCols(3)), s.encode(points));
  EXPECT_GT((x.row(0) - x.row(1)).tail(x.cols() - 3).norm(), 0.3);
}

}  // namespace
}  // namespace bayestuner::search::detail
