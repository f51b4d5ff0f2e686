#pragma once
/// A configuration of a typed space: `config.get<"cores">()` is checked by the compiler.

#include <cmath>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

#include "bayestuner/space/configuration.hpp"
#include "bayestuner/space/fixed_string.hpp"
#include "bayestuner/space/point.hpp"
#include "bayestuner/space/typed_parameter.hpp"

namespace bayestuner::space {

/// One allowed value for each active parameter of a Space<P...>, which makes it. A regular value type; shares the
/// parameters with its space and may outlive it.
template <class... P>
class TypedConfiguration {
 public:
  TypedConfiguration(std::shared_ptr<const std::tuple<P...>> parameters, Point point)
      : parameters_(std::move(parameters)), point_(std::move(point)) {}

  /// Value of the parameter, in the type it was declared with; std::optional of it for a conditional parameter, empty
  /// where that is inactive. A name that is none of the space's does not compile.
  template <FixedString Name>
  auto get() const {
    constexpr std::size_t place = detail::place_of<P...>(Name.view());
    static_assert(place < sizeof...(P), "get: the space has no parameter of this name");
    if constexpr (place < sizeof...(P)) {
      const auto& parameter = std::get<place>(*parameters_);
      using Typed = std::remove_cvref_t<decltype(parameter)>;
      const double code = point_[place];
      if constexpr (Typed::is_conditional) {
        using Result = std::optional<typename Typed::value_type>;
        return std::isnan(code) ? Result() : Result(parameter.value(code));
      } else {
        return parameter.value(code);
      }
    } else {
      return detail::NoSuchParameter{};
    }
  }
  /// The same as a function: in templates `get<"cores">(config)` needs no `template` keyword.
  template <FixedString Name>
  friend auto get(const TypedConfiguration& configuration) {
    return configuration.template get<Name>();
  }

  const Point& point() const { return point_; }

  /// Names and values, as stores and reports take them.
  Configuration dynamic() const {
    Configuration out;
    std::size_t i = 0;
    std::apply(
        [&](const P&... parameter) {
          ((std::isnan(point_[i]) ? void() : out.set(std::string(P::name), parameter.dynamic().value(point_[i])), ++i),
           ...);
        },
        *parameters_);
    return out;
  }
  operator Configuration() const { return dynamic(); }  // NOLINT: it is one
  /// `cores=4 batch=8`.
  std::string to_text() const { return dynamic().to_text(); }

  friend bool operator==(const TypedConfiguration& a, const TypedConfiguration& b) {
    return same_point(a.point_, b.point_);
  }

 private:
  std::shared_ptr<const std::tuple<P...>> parameters_;
  Point point_;
};

}  // namespace bayestuner::space
