#include "bayestuner/selection/stream.hpp"

#include <algorithm>
#include <cmath>

#include "bayestuner/core/error.hpp"
#include "bayestuner/core/text.hpp"

namespace bayestuner::selection {

namespace {

void require(bool valid, const char* name, double value, const char* allowed) {
  if (!valid) throw InvalidArgument(std::string(name) + ": " + to_text(value) + " is not " + allowed);
}

}  // namespace

StreamBudget::StreamBudget(const ModelSelector& selector, const StreamOptions& options)
    : selector_(&selector), budget_(options.max_mean_cost), allowance_(options.allowance), lambda_(selector.lambda()) {
  if (!selector.is_fitted()) throw InvalidArgument("selector: nothing has been learnt yet; call fit first");
  require(options.horizon >= 1, "horizon", options.horizon, "at least 1");
  require(allowance_ >= 0.0, "allowance", allowance_, "at least 0");
  const Policy& policy = selector.options().policy;
  if (budget_ == 0.0 && policy.kind == Policy::Kind::max_score) budget_ = policy.value;
  require(std::isfinite(budget_) && budget_ > 0.0, "max_mean_cost", budget_, "finite and above 0");
  double low = std::numeric_limits<double>::infinity(), high = 0.0;
  const Eigen::VectorXd& cost = selector.costs();
  offered_.resize(static_cast<std::size_t>(cost.size()));
  for (Eigen::Index j = 0; j < cost.size(); ++j) {
    offered_[static_cast<std::size_t>(j)] = selector.offers(j) ? 1 : 0;
    if (!selector.offers(j)) continue;
    low = std::min(low, cost[j]);
    high = std::max(high, cost[j]);
  }
  require_affordable(cost, budget_, offered_);
  const double range = high > low ? high - low : 1.0;
  step_ = 1.0 / (range * range * std::sqrt(static_cast<double>(options.horizon)));
}

void StreamBudget::charge(double cost) {
  spent_ += cost;
  lambda_ = std::max(0.0, lambda_ + step_ * (cost - budget_));
}

void StreamBudget::select(std::span<const double> x, Decision& d, std::span<const char> available) {
  selector_->select(x, d, available);
  const Eigen::VectorXd& cost = selector_->costs();
  const double room = budget_ * (static_cast<double>(inputs_) + 1.0) - spent_ + allowance_;
  if (d.status == Status::chosen) {
    Eigen::Index cheapest = -1;
    for (std::size_t j = 0; j < offered_.size(); ++j) {
      const auto model = static_cast<Eigen::Index>(j);
      const bool open = selector_->offers(model, available);
      offered_[j] = open && cost[model] <= room ? 1 : 0;
      if (open && (cheapest < 0 || cost[model] < cost[cheapest])) cheapest = model;
    }
    const Eigen::Index best = pick(d.scores, {cost.data(), offered_.size()}, lambda_, offered_);
    selector_->put(d, best >= 0 ? best : cheapest, Status::chosen);
    d.lambda = lambda_;
  }
  ++inputs_;
  charge(d.expected_cost);
}

void StreamBudget::settle(const Decision& decision, double cost) {
  require(std::isfinite(cost) && cost >= 0.0, "cost", cost, "finite and at least 0");
  const double more = cost - decision.expected_cost;
  spent_ += more;
  lambda_ = std::max(0.0, lambda_ + step_ * more);
}

Explorer::Explorer(double share, std::uint64_t seed) : share_(share), random_(seed, 0xe391) {
  require(share >= 0.0 && share <= 1.0, "share", share, "in [0, 1]");
}

Exploration Explorer::operator()(const ModelSelector& selector, Decision& d, std::span<const char> available) {
  if (d.model < 0) return {};
  const auto open = [&](std::size_t j) { return selector.offers(static_cast<Eigen::Index>(j), available); };
  std::uint64_t count = 0;
  for (std::size_t j = 0; j < d.scores.size(); ++j) count += open(j);
  if (count == 0) return {};  // a fallback that the policy would not have taken
  const Eigen::Index chosen = d.model;
  Exploration out{.explored = random_.uniform() < share_};
  if (out.explored) {
    std::uint64_t left = random_.below(count);
    for (std::size_t j = 0; j < d.scores.size(); ++j) {
      if (!open(j) || left-- != 0) continue;
      selector.put(d, static_cast<Eigen::Index>(j), d.status);
      break;
    }
  }
  const double drawn = open(static_cast<std::size_t>(d.model)) ? share_ / static_cast<double>(count) : 0.0;
  out.propensity = drawn + (d.model == chosen ? 1.0 - share_ : 0.0);
  return out;
}

}  // namespace bayestuner::selection
