#pragma once

#include <concepts>
#include <memory>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "bayestuner/selection/concepts.hpp"
#include "bayestuner/selection/decision.hpp"

namespace bayestuner::selection {

/// Holds any selector. Selectors do not change when they choose, so copies share one, also between threads where the
/// selector allows that.
class AnySelector {
 public:
  template <class S>
    requires(!std::same_as<std::remove_cvref_t<S>, AnySelector> && Selector<std::remove_cvref_t<S>>)
  AnySelector(S&& selector)  // NOLINT: implicit on purpose
      : selector_(std::make_shared<const Holder<std::remove_cvref_t<S>>>(std::forward<S>(selector))) {}

  void select(std::span<const double> x, Decision& decision) const { selector_->select(x, decision); }
  const std::vector<std::string>& models() const { return selector_->models(); }

 private:
  struct Interface {
    virtual ~Interface() = default;
    virtual void select(std::span<const double> x, Decision& decision) const = 0;
    virtual const std::vector<std::string>& models() const = 0;
  };
  template <class S>
  struct Holder final : Interface {
    explicit Holder(S s) : selector(std::move(s)) {}
    void select(std::span<const double> x, Decision& decision) const override { selector.select(x, decision); }
    const std::vector<std::string>& models() const override { return selector.models(); }
    S selector;
  };
  std::shared_ptr<const Interface> selector_;
};
static_assert(Selector<AnySelector>);

}  // namespace bayestuner::selection
