// Two models of different cost: which of them suits an input, why, and whether the inputs still look as they did.
#include <bayestuner/core/random.hpp>
#include <bayestuner/selection/drift.hpp>
#include <bayestuner/selection/explanation.hpp>
#include <cstdio>

using namespace bayestuner;

int main() {
  // Stands in for what you recorded: a feature of each input, whether each model was right, what a call costs.
  Random random(1);
  Eigen::MatrixXd length(400, 1), right(400, 2);
  for (Eigen::Index i = 0; i < 400; ++i) {
    length(i, 0) = random.uniform(0.0, 60.0);
    right.row(i) << (random.uniform() < (length(i, 0) < 24.0 ? 0.95 : 0.1)), random.uniform() < 0.9;
  }
  const auto x = selection::features(length, {"length"});
  const selection::ScoreMatrix scores{.models = {"small", "large"}, .values = right};
  const selection::CostModel costs{.per_call = Eigen::Vector2d(1.0, 4.0), .unit = "J"};

  selection::ModelSelector selector({.estimator = "knn", .policy = selection::Policy::max_score(2.5)});
  selector.fit(x, scores, costs);
  selector.save("choose_model.selector");

  const std::vector<double> input{12.0};
  selection::Decision decision;  // kept and passed again: no memory is taken after the first call
  selector.select(input, decision);
  std::printf("%s\n", selector.models()[static_cast<std::size_t>(decision.model)].c_str());

  const selection::Explanation why = selection::explain(selector, input, 3);
  std::fputs(why.to_text().c_str(), stdout);

  selection::DriftMonitor monitor(
      selector, {}, [](const selection::DriftEvent& event) { std::printf("%s\n", event.to_text().c_str()); });
  for (int i = 0; i < 400; ++i) {
    const std::vector<double> later{random.uniform(20.0, 80.0)};
    monitor.select(later, decision);
    const bool was_right = random.uniform() < 0.5;  // where it becomes known
    monitor.observe_score(decision.probability, was_right ? 1.0 : 0.0);
  }
  std::remove("choose_model.selector");
  return monitor.drifted() ? 0 : 1;
}
