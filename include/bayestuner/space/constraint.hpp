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

  const std::string& text() const { return text_; }
  /// Parameters read; empty for a predicate that may read all.
  const std::vector<std::string>& names() const { return expression_ ? expression_->names() : names_; }

  const detail::Expression* expression() const { return expression_.get(); }
  const Predicate& predicate() const { return predicate_; }

 private:
  std::shared_ptr<const detail::Expression> expression_;
  Predicate predicate_;
  std::vector<std::string> names_;
  std::string text_;
};

}  // namespace bayestuner::space
