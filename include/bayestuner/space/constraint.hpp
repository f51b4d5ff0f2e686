#pragma once
/// Known constraints: rules over parameters that are checked before anything is measured.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bayestuner/core/error.hpp"
#include "bayestuner/space/configuration.hpp"
#include "bayestuner/space/detail/expression.hpp"
#include "bayestuner/space/point.hpp"

namespace bayestuner::space {

/// A rule that every configuration of a space obeys: an expression string, or any predicate. It holds by definition
/// where a parameter it reads is inactive.
class Constraint {
 public:
  using Predicate = std::function<bool(const Configuration&)>;

  /// `batch * instances <= 32`; the language is that of detail::Expression. Throws InvalidArgument.
  Constraint(const char* expression) : Constraint(std::string(expression)) {}  // NOLINT: a text is a constraint
  Constraint(std::string expression)                                           // NOLINT
      : expression_(std::make_shared<detail::Expression>(std::move(expression))), text_(expression_->source()) {}

  /// Any pure function of a configuration. `names`: the parameters it reads (empty: all, which makes the whole space
  /// one group and large ones uncountable). `text` stands for it in stores and messages.
  explicit Constraint(Predicate predicate, std::vector<std::string> names = {}, std::string text = "predicate")
      : predicate_(std::move(predicate)), names_(std::move(names)), text_(std::move(text)) {
    if (!predicate_) throw InvalidArgument("constraint: the predicate is empty");
  }

  /// A pure function of the points of one space, whose codes it knows how to read: what Space makes of a rule. Spares a
  /// Configuration a point.
  static Constraint on_points(std::function<bool(const Point&)> predicate, std::vector<std::string> names,
                              std::string text) {
    Constraint made;
    made.on_points_ = std::move(predicate);
    made.names_ = std::move(names);
    made.text_ = std::move(text);
    return made;
  }

  const std::string& text() const { return text_; }
  /// Parameters read; empty for a predicate that may read all.
  const std::vector<std::string>& names() const { return expression_ ? expression_->names() : names_; }

  const detail::Expression* expression() const { return expression_.get(); }
  /// Truth of a predicate; `configuration()` gives the point as a Configuration.
  template <class F>
  bool holds(const Point& point, F configuration) const {
    return on_points_ ? on_points_(point) : predicate_(configuration());
  }

 private:
  Constraint() = default;

  std::shared_ptr<const detail::Expression> expression_;
  Predicate predicate_;
  std::function<bool(const Point&)> on_points_;
  std::vector<std::string> names_;
  std::string text_;
};

}  // namespace bayestuner::space
