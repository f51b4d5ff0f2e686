#pragma once
/// The typed search space: names and value types are checked by the compiler.

#include <Eigen/Core>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "bayestuner/space/concepts.hpp"
#include "bayestuner/space/dynamic_space.hpp"
#include "bayestuner/space/enumeration.hpp"
#include "bayestuner/space/rule.hpp"
#include "bayestuner/space/typed_configuration.hpp"
#include "bayestuner/space/typed_parameter.hpp"

namespace bayestuner::space {

/// A value for a named parameter; see Space::configuration(). Made by set().
template <FixedString Name, class A>
struct Setting {
  static constexpr std::string_view name = Name.view();
  A value;
};

/// `set<"cores">(8)`.
template <FixedString Name, class A>
Setting<Name, detail::kept_as<A>> set(A value) {
  return {std::move(value)};
}

template <class List>
class Space;

/// An ordered list of typed parameters with the rules that tie them:
///
///     space::Space knobs{space::integer<"cores">(1, 28), space::ordinal<"memory_gb">({1, 2, 4, 8}),
///                        space::categorical<"runtime">({"ort", "openvino"}),
///                        space::integer<"threads">(1, 8).when<"runtime">("ort"),
///                        space::rule<"cores", "memory_gb">([](int cores, int gb) { return cores <= 4 * gb; }),
///                        "memory_gb <= cores"};
///     const int cores = knobs.sample(random).get<"cores">();
///
/// The compiler refuses unknown and repeated names, conditions and settings of the wrong type. Everything else is the
/// DynamicSpace behind it, `dynamic()`, which a Space converts to: counts, indices, draws, encodings and errors are the
/// same. Immutable and cheap to copy; const members may be called from several threads.
/// Its type is Space<std::tuple<P...>> of the parameters alone, whatever the rules.
template <class... P>
class Space<std::tuple<P...>> {
  static_assert(sizeof...(P) > 0, "Space: has no parameter");
  static_assert((detail::is_typed_parameter<P> && ...),
                "Space<std::tuple<P...>>: every P is a TypedParameter; let Space{...} deduce");

  // Whether no two parameters have one name.
  static constexpr bool distinct = [] {
    const std::string_view names[] = {P::name...};
    for (std::size_t i = 0; i < sizeof...(P); ++i) {
      for (std::size_t j = 0; j < i; ++j) {
        if (names[i] == names[j]) return false;
      }
    }
    return true;
  }();
  static_assert(distinct, "Space: two parameters have the same name");

 public:
  using configuration_type = TypedConfiguration<P...>;

  /// `parts`: the parameters, and in any order among them rules, Constraints and expression strings. Throws
  /// InvalidArgument as DynamicSpace does.
  template <class... Parts>
    requires(sizeof...(Parts) >= sizeof...(P) && !(std::same_as<Parts, Space> && ...))
  explicit Space(Parts... parts)
      : parameters_(std::make_shared<const std::tuple<P...>>(std::tuple_cat(parameter_in(parts)...))),
        dynamic_(make_dynamic(parts...)) {}

  /// The same parameters, of which only these rows exist. Throws InvalidArgument if there is none.
  Space pool(const std::vector<configuration_type>& rows) const {
    std::vector<Configuration> list(rows.begin(), rows.end());
    return Space(parameters_, DynamicSpace::pool(dynamic_.parameters(), list));
  }

  const DynamicSpace& dynamic() const { return dynamic_; }
  operator const DynamicSpace&() const { return dynamic_; }  // NOLINT: it is one

  static constexpr std::size_t dimension() { return sizeof...(P); }

  /// Typed view of a configuration, of a trial (anything with `params`) or of a point. Throws InvalidArgument if the
  /// space does not contain it.
  configuration_type typed(const Configuration& configuration) const { return wrap(dynamic_.point(configuration)); }
  template <class Trial>
    requires requires(const Trial& t) {
               { t.params } -> std::convertible_to<const Configuration&>;
             }
  configuration_type typed(const Trial& trial) const {
    return typed(trial.params);
  }
  configuration_type typed(const Point& point) const {
    if (!dynamic_.contains(point)) throw InvalidArgument("point: the space does not contain it");
    return wrap(point);
  }

  /// A configuration out of values: `configuration(set<"cores">(8), set<"batch">(16))`. Conditional parameters may be
  /// left out. A name that is unknown, missing or given twice, or a value of the wrong type, does not compile; throws
  /// InvalidArgument if the space does not contain the configuration.
  template <class... S>
  configuration_type configuration(const S&... settings) const {
    static_assert(((detail::place_of<P...>(S::name) < sizeof...(P)) && ...),
                  "set: the space has no parameter of this name");
    static_assert((is_given_once<S, S...> && ...), "configuration: a parameter is set twice");
    static_assert((is_given<P, S...> && ...), "configuration: a parameter that is always active is not set");
    Configuration values;
    (values.set(std::string(S::name), erased(settings)), ...);
    return typed(values);
  }

  bool is_finite() const { return dynamic_.is_finite(); }
  bool is_pool() const { return dynamic_.is_pool(); }
  std::optional<std::uint64_t> count() const { return dynamic_.count(); }
  configuration_type at(std::uint64_t index) const { return wrap(dynamic_.at(index)); }
  std::optional<std::uint64_t> index_of(const configuration_type& c) const { return dynamic_.index_of(c.point()); }
  /// All configurations, lazily, in the order of at().
  Enumeration<Space> enumerate() const { return {*this, dynamic_.enumerate().size()}; }
  bool contains(const configuration_type& c) const { return dynamic_.contains(c.point()); }
  configuration_type sample(Random& random) const { return wrap(dynamic_.sample(random)); }
  std::vector<configuration_type> neighbours(const configuration_type& c) const {
    std::vector<configuration_type> found;
    for (Point& point : dynamic_.neighbours(c.point())) found.push_back(wrap(std::move(point)));
    return found;
  }
  configuration_type nearest(const Eigen::Ref<const Eigen::VectorXd>& coordinates) const {
    return wrap(dynamic_.nearest(coordinates));
  }
  configuration_type nearest(const Configuration& values) const { return wrap(dynamic_.nearest(values)); }
  Eigen::VectorXd coordinates(const configuration_type& c) const { return dynamic_.coordinates(c.point()); }
  const std::vector<AxisKind>& axes() const { return dynamic_.axes(); }
  Eigen::MatrixXd encode(std::span<const configuration_type> rows) const { return dynamic_.encode(points(rows)); }
  Eigen::MatrixXd encode_for_trees(std::span<const configuration_type> rows) const {
    return dynamic_.encode_for_trees(points(rows));
  }
  std::string fingerprint() const { return dynamic_.fingerprint(); }

 private:
  using Parameters = std::shared_ptr<const std::tuple<P...>>;

  Space(Parameters parameters, DynamicSpace dynamic)
      : parameters_(std::move(parameters)), dynamic_(std::move(dynamic)) {}

  configuration_type wrap(Point point) const { return {parameters_, std::move(point)}; }

  template <class Part>
  static auto parameter_in(const Part& part) {
    static_assert(detail::is_typed_parameter<Part> || detail::is_rule<Part> || std::is_convertible_v<Part, Constraint>,
                  "Space: takes parameters as integer<\"name\">(1, 8), rules as rule<\"name\">(predicate), and "
                  "expression strings");
    if constexpr (detail::is_typed_parameter<Part>) {
      return std::tuple<Part>(part);
    } else {
      return std::tuple<>();
    }
  }

  template <class Part>
  void add_constraint(const Part& part, std::vector<Constraint>& constraints) const {
    if constexpr (detail::is_rule<Part>) {
      constraints.push_back(part.constraint(parameters_));
    } else if constexpr (std::is_convertible_v<Part, Constraint>) {
      constraints.push_back(part);
    }
  }

  // The run-time parameter with its condition.
  template <class Q>
  Parameter with_condition(const Q& parameter) const {
    if constexpr (Q::is_conditional) {
      using Activation = typename Q::activity_type;
      constexpr std::size_t place = detail::place_of<P...>(Activation::parent);
      static_assert(place < sizeof...(P), "when: the space has no parameter of this name");
      static_assert(Activation::parent != Q::name, "when: a parameter cannot depend on itself");
      if constexpr (place < sizeof...(P)) {
        const auto& parent = std::get<place>(*parameters_);
        using Parent = std::remove_cvref_t<decltype(parent)>;
        constexpr bool fits = detail::same_kind<typename Parent::value_type, typename Activation::value_type>;
        static_assert(fits, "when: the value is of another type than the parameter's (number, text, bool, enumerator)");
        if constexpr (fits) {
          std::vector<Value> values;
          for (const auto& value : parameter.activity().values) values.push_back(parent.erase(value));
          return parameter.dynamic().when(std::string(Activation::parent), std::move(values));
        }
      }
    }
    return parameter.dynamic();
  }

  template <class... Parts>
  DynamicSpace make_dynamic(const Parts&... parts) const {
    std::vector<Parameter> list;
    std::apply([&](const P&... parameter) { (list.push_back(with_condition(parameter)), ...); }, *parameters_);
    std::vector<Constraint> constraints;
    (add_constraint(parts, constraints), ...);
    return DynamicSpace(std::move(list), std::move(constraints));
  }

  template <class One, class... S>
  static constexpr bool is_given_once = ((One::name == S::name ? 1 : 0) + ... + 0) == 1;
  template <class Q, class... S>
  static constexpr bool is_given = Q::is_conditional || ((Q::name == S::name) || ...);

  template <FixedString Name, class A>
  Value erased(const Setting<Name, A>& setting) const {
    constexpr std::size_t place = detail::place_of<P...>(Name.view());
    if constexpr (place < sizeof...(P)) {
      const auto& parameter = std::get<place>(*parameters_);
      constexpr bool fits = detail::same_kind<typename std::remove_cvref_t<decltype(parameter)>::value_type, A>;
      static_assert(fits, "set: the value is of another type than the parameter's (number, text, bool, enumerator)");
      if constexpr (fits) return parameter.erase(setting.value);
    }
    return Value();
  }

  static std::vector<Point> points(std::span<const configuration_type> rows) {
    std::vector<Point> out;
    for (const configuration_type& row : rows) out.push_back(row.point());
    return out;
  }

  Parameters parameters_;
  DynamicSpace dynamic_;
};

template <class... Parts>
Space(Parts...) -> Space<decltype(std::tuple_cat(
    std::declval<std::conditional_t<detail::is_typed_parameter<Parts>, std::tuple<Parts>, std::tuple<>>>()...))>;
template <class List>
Space(Space<List>) -> Space<List>;

static_assert(SearchSpace<Space<std::tuple<TypedParameter<"any", int>>>>);

}  // namespace bayestuner::space
