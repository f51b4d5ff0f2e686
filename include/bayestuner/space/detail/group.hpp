#pragma once
/// Parameters tied together by constraints or conditions, and the rows of them that exist.

#include <algorithm>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "bayestuner/core/error.hpp"
#include "bayestuner/core/random.hpp"
#include "bayestuner/space/constraint.hpp"
#include "bayestuner/space/parameter.hpp"
#include "bayestuner/space/point.hpp"

namespace bayestuner::space::detail {

/// A condition with its parameter's place and codes resolved.
struct ResolvedCondition {
  std::size_t parent = 0;
  std::vector<double> codes;
};

/// A constraint with its parameters' places resolved.
struct ResolvedConstraint {
  Constraint rule;
  std::vector<std::size_t> reads;
};

/// What all groups of one space share. Immutable.
struct Rules {
  std::vector<Parameter> parameters;
  std::vector<std::optional<ResolvedCondition>> conditions;  // one a parameter
  std::vector<std::size_t> order;                            // parents before children
  std::vector<ResolvedConstraint> constraints;

  bool is_active(std::size_t i, const Point& point) const {
    if (!conditions[i]) return true;
    const double parent = point[conditions[i]->parent];
    const auto& codes = conditions[i]->codes;
    return !std::isnan(parent) && std::find(codes.begin(), codes.end(), parent) != codes.end();
  }

  Configuration configuration(const Point& point) const {
    Configuration c;
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      if (!std::isnan(point[i])) c.set(parameters[i].name(), parameters[i].value(point[i]));
    }
    return c;
  }

  bool holds(const ResolvedConstraint& constraint, const Point& point) const {
    for (const std::size_t i : constraint.reads) {
      if (std::isnan(point[i])) return true;
    }
    const Expression* expression = constraint.rule.expression();
    if (!expression) return constraint.rule.holds(point, [&] { return configuration(point); });
    constexpr std::size_t few = 16;
    Operand buffer[few];
    std::vector<Operand> many(constraint.reads.size() > few ? constraint.reads.size() : 0);
    Operand* values = many.empty() ? buffer : many.data();
    for (std::size_t k = 0; k < constraint.reads.size(); ++k) {
      const Parameter& p = parameters[constraint.reads[k]];
      const double code = point[constraint.reads[k]];
      values[k] = p.kind() == ParameterKind::categorical ? Operand{0.0, &p.labels()[static_cast<std::size_t>(code)]}
                                                         : Operand{p.number(code)};
    }
    return expression->holds(values);
  }
};

/// Parameters that depend on each other. Its feasible rows are found once, on first use, by walking its grid; a group
/// that is not finite, or whose grid has more than `grid_limit` cells, is sampled by rejection instead.
class Group {
 public:
  static constexpr std::uint64_t grid_limit = std::uint64_t{1} << 24;
  static constexpr int rejection_limit = 1'000'000;

  Group(std::shared_ptr<const Rules> rules, std::vector<std::size_t> members, std::vector<std::size_t> constraints)
      : rules_(std::move(rules)), members_(std::move(members)), constraints_(std::move(constraints)) {
    for (const std::size_t i : members_) {
      const Parameter& p = rules_->parameters[i];
      finite_ = finite_ && p.is_finite();
      conditional_ = conditional_ || rules_->conditions[i].has_value();
      const std::uint64_t levels = static_cast<std::uint64_t>(std::max<std::int64_t>(p.level_count(), 1));
      grid_ = grid_ > UINT64_MAX / levels ? UINT64_MAX : grid_ * levels;
    }
    tied_ = conditional_ || !constraints_.empty();
    for (const std::size_t i : rules_->order) {
      if (std::find(members_.begin(), members_.end(), i) != members_.end()) order_.push_back(i);
    }
  }

  const std::vector<std::size_t>& members() const { return members_; }
  bool is_finite() const { return finite_; }
  bool is_countable() const { return finite_ && (!tied_ || grid_ <= grid_limit); }
  bool is_conditional() const { return conditional_; }

  /// Rows that exist, or nullopt.
  std::optional<std::uint64_t> count() const {
    if (!is_countable()) return std::nullopt;
    return tied_ ? table().size() : grid_;
  }

  /// Throws InvalidArgument if no row satisfies the rules. Lists small groups; draws from larger ones until a row does.
  void require_not_empty() const {
    if (!tied_) return;
    constexpr std::uint64_t small = std::uint64_t{1} << 20;
    if (is_countable() && (grid_ <= small || !draw_any(1000))) {
      (void)table();
    } else if (!is_countable() && !draw_any(rejection_limit)) {
      throw_never_found();
    }
  }

  /// Writes row `index` < count() into `point`.
  void write(std::uint64_t index, Point& point) const {
    write_grid(tied_ ? table()[index] : index, point);
    deactivate(point);
  }

  /// Row of a point that this group contains.
  std::uint64_t index_of(const Point& point) const {
    std::uint64_t cell = 0;
    for (const std::size_t i : members_) {
      const double code = std::isnan(point[i]) ? 0.0 : point[i];
      cell = cell * static_cast<std::uint64_t>(rules_->parameters[i].level_count()) + static_cast<std::uint64_t>(code);
    }
    if (!tied_) return cell;
    const auto& rows = table();
    return static_cast<std::uint64_t>(std::lower_bound(rows.begin(), rows.end(), static_cast<std::uint32_t>(cell)) -
                                      rows.begin());
  }

  /// Uniform draw: over the rows where they can be counted; else over the axes, given the rules.
  void sample(Random& random, Point& point) const {
    if (is_countable()) return write(random.below(*count()), point);
    for (int attempt = 0; attempt < rejection_limit; ++attempt) {
      draw(random, point);
      // A finite inactive parameter counts once: only its first level stands for "inactive".
      bool counted = true;
      if (finite_) {
        Point active = point;
        deactivate(active);
        for (const std::size_t i : members_) counted = counted && (!std::isnan(active[i]) || point[i] == 0.0);
      }
      deactivate(point);
      if (counted && holds(point)) return;
    }
    throw_never_found();
  }

  bool holds(const Point& point) const {
    return std::all_of(constraints_.begin(), constraints_.end(),
                       [&](std::size_t c) { return rules_->holds(rules_->constraints[c], point); });
  }

  /// Sets codes of inactive members to NaN.
  void deactivate(Point& point) const {
    if (!tied_) return;
    for (const std::size_t i : order_) {
      if (!rules_->is_active(i, point)) point[i] = inactive;
    }
  }

  std::string rule_text() const {
    std::vector<std::string> texts;
    for (const std::size_t c : constraints_) texts.push_back("'" + rules_->constraints[c].rule.text() + "'");
    return texts.empty() ? "its conditions" : join(texts, " and ");
  }

 private:
  // One draw of every member's own axis, whatever the rules.
  void draw(Random& random, Point& point) const {
    for (const std::size_t i : members_) {
      const Parameter& p = rules_->parameters[i];
      point[i] = p.is_finite() ? static_cast<double>(random.below(static_cast<std::uint64_t>(p.level_count())))
                               : p.code_at(random.uniform());
    }
  }
  // Whether one of `draws` satisfies the rules.
  bool draw_any(int draws) const {
    Random random(0xe3);
    Point point(rules_->parameters.size(), 0.0);
    for (int k = 0; k < draws; ++k) {
      draw(random, point);
      deactivate(point);
      if (holds(point)) return true;
    }
    return false;
  }
  [[noreturn]] void throw_never_found() const {
    throw InvalidArgument("space: a million draws found no configuration that satisfies " + rule_text());
  }

  struct Table {
    std::once_flag once;
    std::vector<std::uint32_t> rows;
  };

  void write_grid(std::uint64_t cell, Point& point) const {
    for (auto it = members_.rbegin(); it != members_.rend(); ++it) {
      const std::uint64_t levels = static_cast<std::uint64_t>(rules_->parameters[*it].level_count());
      point[*it] = static_cast<double>(cell % levels);  // NOLINT(clang-analyzer-core.DivideZero): finite axes have some
      cell /= levels;
    }
  }

  const std::vector<std::uint32_t>& table() const {
    std::call_once(table_->once, [this] {
      Point point(rules_->parameters.size(), 0.0);
      for (std::uint64_t cell = 0; cell < grid_; ++cell) {
        write_grid(cell, point);
        bool canonical = true;
        for (const std::size_t i : order_) {
          if (rules_->is_active(i, point)) continue;
          canonical = canonical && point[i] == 0.0;
          point[i] = inactive;
        }
        if (canonical && holds(point)) table_->rows.push_back(static_cast<std::uint32_t>(cell));
      }
      table_->rows.shrink_to_fit();
    });
    if (table_->rows.empty()) throw InvalidArgument("space: empty, no configuration satisfies " + rule_text());
    return table_->rows;
  }

  std::shared_ptr<const Rules> rules_;
  std::vector<std::size_t> members_, constraints_, order_;
  bool finite_ = true, conditional_ = false, tied_ = false;
  std::uint64_t grid_ = 1;
  std::shared_ptr<Table> table_ = std::make_shared<Table>();
};

}  // namespace bayestuner::space::detail
