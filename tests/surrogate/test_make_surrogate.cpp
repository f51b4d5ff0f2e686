#include "bayestuner/surrogate/make_surrogate.hpp"

#include "checks.hpp"

namespace bayestuner::surrogate {
namespace {

TEST(MakeSurrogate, GivesEveryNameAModelThatLearns) {
  const Eigen::MatrixXd x = drawn_rows(60, 2, 1, 8), at = drawn_rows(200, 2, 2, 8);
  for (const char* name : {"forest", "boosting", "polynomial", "knn"}) {
    AnySurrogate model = make_surrogate(name);
    model.fit(x, bumps(x));
    const double spread = std::sqrt((bumps(at).array() - bumps(at).mean()).square().mean());
    EXPECT_LT(rmse(model.predict(at).mean, bumps(at)), 0.5 * spread) << name;
  }
}

TEST(MakeSurrogate, NamesWhatThereIs) {
  try {
    (void)make_surrogate("magic");
    FAIL();
  } catch (const InvalidArgument& e) {
    EXPECT_STREQ(e.what(), "surrogate: 'magic' is none of forest, boosting, polynomial, knn");
  }
}

TEST(AnySurrogate, ACopyGoesItsOwnWay) {
  const Eigen::MatrixXd x = drawn_rows(20, 1, 3);
  AnySurrogate first = make_surrogate("knn");
  first.fit(x, x.col(0));
  AnySurrogate second = first;
  second.fit(x, -x.col(0));
  EXPECT_EQ(first.predict(x).mean, -second.predict(x).mean);
}

TEST(AnySurrogate, HandsDownTheKindsOfColumns) {
  Eigen::MatrixXd x(4, 1);
  x << 0, 1, 2, 3;
  AnySurrogate model = NearestNeighbours({.neighbours = 4});
  model.declare_axes({space::AxisKind::categorical});
  model.fit(x, x.col(0));
  EXPECT_NEAR(model.predict(Eigen::MatrixXd::Constant(1, 1, 9.0)).mean[0], 1.5, 1e-12) << "all labels are equally far";
}

TEST(AnySurrogate, RefusesToAnswerForNobody) {
  EXPECT_THROW((void)AnySurrogate().predict(Eigen::MatrixXd()), InvalidArgument);
}

}  // namespace
}  // namespace bayestuner::surrogate
