// Counts every allocation of this program: a decision must make none once its Decision has room.

#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>

#include "bayestuner/selection/model_selector.hpp"
#include "selection/clusters.hpp"

namespace {
std::atomic<long> allocations{0};
}

// malloc itself, not operator new alone: matrices are taken from it directly.
extern "C" void* __libc_malloc(std::size_t size);  // NOLINT: the name is glibc's
extern "C" void* malloc(std::size_t size) noexcept {
  ++allocations;
  return __libc_malloc(size);
}

namespace bayestuner::selection {
namespace {

std::vector<std::vector<double>> inputs_of(const FeatureMatrix& x) {
  std::vector<std::vector<double>> out;
  for (Eigen::Index i = 0; i < x.rows(); ++i) {
    out.emplace_back();
    for (Eigen::Index j = 0; j < x.values.cols(); ++j) out.back().push_back(x.values(i, j));
  }
  return out;
}

void expect_no_allocation(const ModelSelector& selector, const std::string& what) {
  const std::vector<std::vector<double>> inputs = inputs_of(clusters(500, 2, 3.0).x);
  const std::vector<char> available{1, 0};
  Decision decision;
  selector.select(inputs.front(), decision);
  const long before = allocations.load();
  for (const std::vector<double>& x : inputs) {
    selector.select(x, decision);
    selector.select(x, decision, available);
  }
  EXPECT_EQ(allocations.load(), before) << what;
}

TEST(Decision, TakesNoMemoryWhateverTheEstimator) {
  const Clusters data = clusters(300, 1, 3.0);
  for (const std::string& estimator : estimator_names()) {
    ModelSelector selector({.estimator = estimator, .policy = Policy::trade_off(0.1)});
    selector.fit(data.x, data.scores, data.costs);
    expect_no_allocation(selector, estimator);
  }
}

TEST(Decision, TakesNoMemoryWhateverThePolicy) {
  const Clusters data = clusters(300, 1, 3.0);
  for (const Policy& policy : {Policy::optimum(), Policy::max_score(2.0), Policy::min_cost(0.9), Policy::per_input(0.7),
                               Policy::trade_off(0.1)}) {
    for (const char* estimator : {"cascade", "logistic"}) {
      ModelSelector selector({.estimator = estimator, .policy = policy, .unsupported_to_fallback = true});
      selector.fit(data.x, data.scores, data.costs);
      expect_no_allocation(selector, policy.to_text() + " by " + estimator);
    }
  }
}

TEST(Decision, TakesNoMemoryToFindItsNeighboursInATree) {
  const Clusters data = clusters(3000, 1, 3.0);
  ModelSelector selector({.estimator = "cascade", .policy = Policy::optimum()});
  selector.fit(data.x, data.scores, data.costs);
  ASSERT_TRUE(selector.index().uses_tree());
  expect_no_allocation(selector, "3000 rows");
}

TEST(Decision, IsCountedWhereItDoesTakeMemory) {
  const Clusters data = clusters(300, 1, 3.0);
  ModelSelector selector({.estimator = "cascade", .policy = Policy::optimum()});
  selector.fit(data.x, data.scores, data.costs);
  const std::vector<double> x = inputs_of(data.x).front();
  const long before = allocations.load();
  Decision decision;
  selector.select(x, decision);
  const long first = allocations.load();
  EXPECT_GT(first, before);
  EXPECT_GT(Eigen::MatrixXd::Zero(8, 8).eval().size(), 0);
  EXPECT_GT(allocations.load(), first);
}

}  // namespace
}  // namespace bayestuner::selection
