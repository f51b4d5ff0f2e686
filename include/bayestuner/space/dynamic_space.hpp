#pragma once
/// The run-time search space: parameters, known constraints, and every operation strategies need.

#include <Eigen/Core>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "bayestuner/core/random.hpp"
#include "bayestuner/space/axis.hpp"
#include "bayestuner/space/configuration.hpp"
#include "bayestuner/space/constraint.hpp"
#include "bayestuner/space/detail/group.hpp"
#include "bayestuner/space/enumeration.hpp"
#include "bayestuner/space/parameter.hpp"
#include "bayestuner/space/point.hpp"

namespace bayestuner::space {

/// An ordered list of parameters with the rules that tie them. Immutable and cheap to copy; const members may be called
/// from several threads.
///
/// Parameters linked by a constraint or a condition form a group; each group is enumerated once, on first use, and the
/// space is the product of its groups. So counting, sampling, indexing and enumeration are exact and need no memory
/// for the product: a million configurations without constraints take none, a constrained group 4 bytes a row.
class DynamicSpace {
 public:
  /// Throws InvalidArgument: no parameter, a name twice, an unknown name in a constraint or condition, a cycle of
  /// conditions, a text compared with a parameter that never has it, or no configuration that satisfies the rules.
  explicit DynamicSpace(std::vector<Parameter> parameters, std::vector<Constraint> constraints = {});

  /// Only the listed rows exist; equal rows are taken once. Throws InvalidArgument if a row is not in the parameters'
  /// product, or there is none.
  static DynamicSpace pool(std::vector<Parameter> parameters, const std::vector<Configuration>& rows);

  const DynamicSpace& dynamic() const { return *this; }

  const std::vector<Parameter>& parameters() const { return state_->rules->parameters; }
  std::size_t dimension() const { return parameters().size(); }
  /// Throws InvalidArgument for an unknown name.
  const Parameter& parameter(const std::string& name) const { return parameters()[position(name)]; }
  std::size_t position(const std::string& name) const;

  bool is_finite() const;
  bool is_pool() const { return !state_->rows.empty(); }
  /// Configurations that exist; nullopt: infinitely many, or tied groups too large to count.
  std::optional<std::uint64_t> count() const;
  /// Configuration `index` < count(). Throws InvalidArgument beyond, or where the space cannot be counted.
  Point at(std::uint64_t index) const;
  /// Inverse of at(); nullopt if the space does not contain `point` or cannot be counted.
  std::optional<std::uint64_t> index_of(const Point& point) const;
  /// All points, lazily, in the order of at().
  Enumeration<DynamicSpace> enumerate() const;

  bool contains(const Point& point) const;
  /// Exactly uniform over the configurations of a countable space; continuous axes uniform on their scale.
  Point sample(Random& random) const;
  /// Points that differ in one parameter: its next lower and next higher value that exists (up to 64 levels away), any
  /// other label, 5 % of a continuous axis. A parameter that becomes active takes the middle of its axis. Only points
  /// that exist; symmetric where all parameters are finite and none changes activity.
  std::vector<Point> neighbours(const Point& point) const;
  /// Point that exists nearest to unit coordinates (dimension). Exact for countable groups; else the snapped point, or,
  /// if that does not exist, the nearest of 1000 draws moved closer along one axis at a time. Throws InvalidArgument
  /// for another size or coordinates that are not finite.
  Point nearest(const Eigen::Ref<const Eigen::VectorXd>& coordinates) const;
  /// Point that exists nearest to the values of `configuration`, which need not be allowed; parameters that are missing
  /// are taken at the middle of their axes. Throws InvalidArgument for an unknown name, an unknown label, or a text
  /// where a number is needed.
  Point nearest(const Configuration& configuration) const;

  /// Unit coordinates (dimension); inactive parameters lie at 0.5.
  Eigen::VectorXd coordinates(const Point& point) const;
  /// Columns of encode(): one a parameter with more than one level; two labels make one numeric axis.
  const std::vector<AxisKind>& axes() const { return state_->axes; }
  /// Places in parameters() of the parameters behind those columns.
  const std::vector<std::size_t>& axis_parameters() const { return state_->axis_parameter; }
  /// (n, axes().size()) for kernels: numeric coordinates in [0, 1], label indices; inactive: 0.5, or -1 for labels.
  Eigen::MatrixXd encode(std::span<const Point> points) const;
  /// (n, dimension()) for trees: values or level indices of labels; inactive: NaN.
  Eigen::MatrixXd encode_for_trees(std::span<const Point> points) const;

  Configuration configuration(const Point& point) const { return state_->rules->configuration(point); }
  /// Throws InvalidArgument: an unknown, missing, inactive or not allowed parameter, or a rule that is violated.
  Point point(const Configuration& configuration) const;

  /// Text (JSON) that is equal for equal spaces; predicates stand in it by their given text.
  std::string fingerprint() const;

 private:
  struct State {
    std::shared_ptr<const detail::Rules> rules;
    std::vector<detail::Group> groups;
    std::vector<AxisKind> axes;
    std::vector<std::size_t> axis_parameter;
    std::vector<std::vector<double>> level_coordinates;  // [parameter][level], empty where there are too many
    std::vector<Point> rows;                             // pool only
    std::unordered_map<Point, std::uint64_t, PointHash, PointEqual> row_of;
  };

  DynamicSpace() = default;
  static std::shared_ptr<State> make_state(std::vector<Parameter> parameters, std::vector<Constraint> constraints);
  double coordinate(std::size_t i, double code) const {
    const auto& known = state_->level_coordinates[i];
    return known.empty() ? parameters()[i].coordinate(code) : known[static_cast<std::size_t>(code)];
  }
  Point approach(const Eigen::Ref<const Eigen::VectorXd>& wanted, Point point, const detail::Group& group) const;
  double squared_distance(const Eigen::Ref<const Eigen::VectorXd>& coordinates, const Point& point,
                          std::span<const std::size_t> members) const;

  std::shared_ptr<const State> state_;
};

}  // namespace bayestuner::space

#include "bayestuner/space/detail/dynamic_space.ipp"
