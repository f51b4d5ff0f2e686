#pragma once
/// Known constraints of a typed space as C++ predicates over typed values.

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "bayestuner/space/constraint.hpp"
#include "bayestuner/space/fixed_string.hpp"
#include "bayestuner/space/typed_configuration.hpp"
#include "bayestuner/space/typed_parameter.hpp"

namespace bayestuner::space {

/// A predicate over the parameters `Names`, or over whole configurations if there are none. Made by rule().
template <class F, FixedString... Names>
struct Rule {
  F predicate;
  std::string text;

  /// The constraint of a space of these parameters.
  template <class... P>
  Constraint constraint(std::shared_ptr<const std::tuple<P...>> parameters) const {
    static_assert(((detail::place_of<P...>(Names.view()) < sizeof...(P)) && ...),
                  "rule: the space has no parameter of this name");
    if constexpr (sizeof...(Names) == 0) {
      constexpr bool fits = std::is_invocable_r_v<bool, const F&, const TypedConfiguration<P...>&>;
      static_assert(fits, "rule: a predicate without names must take a configuration and return bool");
      if constexpr (fits) {
        return Constraint::on_points(
            [f = predicate, p = std::move(parameters)](const Point& point) {
              return static_cast<bool>(f(TypedConfiguration<P...>(p, point)));
            },
            {}, text);
      }
    } else if constexpr (((detail::place_of<P...>(Names.view()) < sizeof...(P)) && ...)) {
      constexpr bool fits = std::is_invocable_r_v<
          bool, const F&,
          typename std::tuple_element_t<detail::place_of<P...>(Names.view()), std::tuple<P...>>::value_type...>;
      static_assert(fits, "rule: the predicate must take the values of the named parameters and return bool");
      if constexpr (fits) {
        return Constraint::on_points(
            [f = predicate, p = std::move(parameters)](const Point& point) {
              return static_cast<bool>(f(std::get<detail::place_of<P...>(Names.view())>(*p).value(
                  point[detail::place_of<P...>(Names.view())])...));
            },
            {std::string(Names.view())...}, text);
      }
    }
    return Constraint("never == 0");  // reached only where the program does not compile
  }
};

/// A known constraint: `rule<"batch", "cores">([](int batch, int cores) { return batch <= 4 * cores; })`. It is pure,
/// holds by definition where one of the parameters is inactive, and ties only those it names. `text` stands for it in
/// stores and messages: give the expression that says the same, and study::Study::open can rebuild the space.
template <FixedString... Names, class F>
  requires(sizeof...(Names) > 0)
Rule<F, Names...> rule(F predicate, std::string text = "rule") {
  return {std::move(predicate), std::move(text)};
}
/// A known constraint over whole configurations: `rule([](const auto& c) { return get<"batch">(c) <= 8; })`. It ties
/// all parameters into one group, so name what it reads where a space is large.
template <class F>
Rule<F> rule(F predicate, std::string text = "rule") {
  return {std::move(predicate), std::move(text)};
}

namespace detail {

template <class T>
inline constexpr bool is_rule = false;
template <class F, FixedString... Names>
inline constexpr bool is_rule<Rule<F, Names...>> = true;

}  // namespace detail

}  // namespace bayestuner::space
