#pragma once
/// Type erasure for strategies: what a study holds, whatever the user chose.

#include <memory>
#include <type_traits>
#include <utility>

#include "bayestuner/search/concepts.hpp"

namespace bayestuner::search {

/// Any model of SearchStrategy by value; a copy goes its own way. Knows no expected gain unless the model does.
class AnyStrategy {
 public:
  // The comparison first: asking whether this class is a strategy while it is being asked whether it can be copied has
  // no end (Clang 15 says so).
  template <class S>
    requires(!std::same_as<std::remove_cvref_t<S>, AnyStrategy> && SearchStrategy<S>)
  AnyStrategy(S strategy) : self_(std::make_unique<Model<S>>(std::move(strategy))) {}  // NOLINT: meant to convert

  /// Refuses, in words, a class that has some suggest() but is no strategy.
  template <class S>
    requires(!std::same_as<std::remove_cvref_t<S>, AnyStrategy> && !SearchStrategy<S> &&
             requires(S s, const History& h) { s.suggest(h); })
  AnyStrategy(const S&) {  // NOLINT: never made
    static_assert(SearchStrategy<S>,
                  "AnyStrategy: this class is no SearchStrategy: see bayestuner/search/concepts.hpp");
  }

  AnyStrategy(const AnyStrategy& other) : self_(other.self_->clone()) {}
  AnyStrategy(AnyStrategy&&) noexcept = default;
  AnyStrategy& operator=(AnyStrategy other) noexcept {
    self_ = std::move(other.self_);
    return *this;
  }
  ~AnyStrategy() = default;

  std::optional<space::Point> suggest(const History& history) { return self_->suggest(history); }
  /// nullopt where the model cannot tell.
  std::optional<Prospect> prospect(const History& history) { return self_->prospect(history); }
  /// Prospect::expected_gain alone.
  std::optional<double> expected_gain(const History& history) {
    const auto found = prospect(history);
    return found ? std::optional<double>(found->expected_gain) : std::nullopt;
  }

 private:
  struct Interface {
    virtual ~Interface() = default;
    virtual std::unique_ptr<Interface> clone() const = 0;
    virtual std::optional<space::Point> suggest(const History& history) = 0;
    virtual std::optional<Prospect> prospect(const History& history) = 0;
  };

  template <class S>
  struct Model final : Interface {
    explicit Model(S strategy) : model(std::move(strategy)) {}
    std::unique_ptr<Interface> clone() const override { return std::make_unique<Model>(model); }
    std::optional<space::Point> suggest(const History& history) override { return model.suggest(history); }
    std::optional<Prospect> prospect([[maybe_unused]] const History& history) override {
      if constexpr (ForesightedStrategy<S>) {
        return model.prospect(history);
      } else {
        return std::nullopt;
      }
    }
    S model;
  };

  std::unique_ptr<Interface> self_;
};

static_assert(ForesightedStrategy<AnyStrategy>);

}  // namespace bayestuner::search
