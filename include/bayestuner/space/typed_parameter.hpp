#pragma once
/// Parameters whose name and value type the compiler knows: the parts of a Space<...>.

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "bayestuner/core/error.hpp"
#include "bayestuner/space/fixed_string.hpp"
#include "bayestuner/space/parameter.hpp"

namespace bayestuner::space {

template <class T>
concept Number = std::integral<T> || std::floating_point<T>;
template <class T>
concept Integral = std::integral<T> && !
std::same_as<T, bool>;
template <class T>
concept Enum = std::is_enum_v<T>;

namespace detail {

/// What a value given as A is kept as: texts as std::string, the rest as it is.
template <class A>
using kept_as = std::conditional_t<std::is_convertible_v<A, std::string_view>, std::string, A>;

/// Whether a parameter with values of type T can be compared with, or set to, an A: label with text, boolean with
/// boolean, number with number, enumeration with itself.
template <class T, class A>
inline constexpr bool same_kind = (std::same_as<T, std::string> && std::is_convertible_v<A, std::string_view>) ||
                                  (std::same_as<T, bool> && std::same_as<A, bool>) || (Enum<T> && std::same_as<A, T>) ||
                                  (Number<T> && Number<A> && !std::same_as<T, bool> && !std::same_as<A, bool>);

}  // namespace detail

/// Active everywhere.
struct Always {};
/// Active only where the parameter `Parent` has one of `values`.
template <FixedString Parent, class V>
struct When {
  static constexpr std::string_view parent = Parent.view();
  using value_type = V;
  std::vector<V> values;
};

/// A Parameter with its name and the type T of its values in its own type. Made by real<"x">(), integer<"n">(),
/// ordinal<"m">(), categorical<"c">(), boolean<"b">(). A regular value type.
template <FixedString Name, class T, class Activity = Always>
class TypedParameter {
 public:
  static constexpr std::string_view name = Name.view();
  static_assert(!name.empty(), "a parameter needs a name");
  static constexpr bool is_conditional = !std::same_as<Activity, Always>;
  using value_type = T;
  using activity_type = Activity;

  explicit TypedParameter(Parameter parameter, std::vector<T> levels = {}, Activity activity = {})
      : parameter_(std::move(parameter)), levels_(std::move(levels)), activity_(std::move(activity)) {}

  /// Copy that is active only where `Parent` has one of the values: `.when<"runtime">("ort", "openvino")`. Its value is
  /// then a std::optional.
  template <FixedString Parent, class A, class... More>
  auto when(A first, More... more) const {
    static_assert(!is_conditional, "when: this parameter has a condition already");
    static_assert((std::same_as<detail::kept_as<A>, detail::kept_as<More>> && ...),
                  "when: the values must be of one type");
    using Activation = When<Parent, detail::kept_as<A>>;
    return TypedParameter<Name, T, Activation>(parameter_, levels_, Activation{{std::move(first), std::move(more)...}});
  }

  const Parameter& dynamic() const { return parameter_; }
  const Activity& activity() const { return activity_; }

  /// Value at a point's code, which is not `inactive`.
  T value(double code) const {
    if constexpr (std::same_as<T, std::string>) {
      return parameter_.labels()[static_cast<std::size_t>(code)];
    } else if constexpr (Enum<T>) {
      return levels_[static_cast<std::size_t>(code)];
    } else if constexpr (std::same_as<T, bool>) {
      return code != 0.0;
    } else {
      return static_cast<T>(parameter_.number(code));
    }
  }

  /// `value` as the run-time space knows it. Throws InvalidArgument for an enumerator that is no level.
  template <class A>
  Value erase(const A& value) const {
    if constexpr (Enum<T>) {
      for (std::size_t i = 0; i < levels_.size(); ++i) {
        if (levels_[i] == value) return parameter_.labels()[i];
      }
      throw InvalidArgument(parameter_.name() + ": enumerator " +
                            to_text(static_cast<std::int64_t>(static_cast<std::underlying_type_t<T>>(value))) +
                            " is none of its levels " + join(parameter_.labels()));
    } else if constexpr (std::same_as<T, std::string>) {
      return std::string(std::string_view(value));
    } else if constexpr (std::same_as<T, bool>) {
      return value;
    } else if constexpr (std::integral<A>) {
      return static_cast<std::int64_t>(value);
    } else {
      return static_cast<double>(value);
    }
  }

 private:
  struct Nothing {
    Nothing(const std::vector<T>&) {}  // NOLINT: only enumerations have a list of their own
    operator std::vector<T>() const { return {}; }
  };

  Parameter parameter_;
  [[no_unique_address]] std::conditional_t<Enum<T>, std::vector<T>, Nothing> levels_;
  [[no_unique_address]] Activity activity_;
};

/// double in [low, high]; see real(). Throws InvalidArgument.
template <FixedString Name>
TypedParameter<Name, double> real(double low, double high, RealOptions options = {}) {
  return TypedParameter<Name, double>(real(std::string(Name.view()), low, high, options));
}

/// Integer of the bounds' common type: `integer<"cores">(1, 28)` has int values. See integer(). Throws InvalidArgument.
template <FixedString Name, Integral L, Integral H>
auto integer(L low, H high, IntegerOptions options = {}) {
  if (!std::in_range<std::int64_t>(low) || !std::in_range<std::int64_t>(high)) {
    throw InvalidArgument(std::string(Name.view()) + ": bounds must lie within ±2^53");
  }
  return TypedParameter<Name, std::common_type_t<L, H>>(
      integer(std::string(Name.view()), static_cast<std::int64_t>(low), static_cast<std::int64_t>(high), options));
}

/// Number of the levels' type: `ordinal<"memory_gb">({1, 2, 4, 8})` has int values. See ordinal(). Throws
/// InvalidArgument.
template <FixedString Name, Number T>
TypedParameter<Name, T> ordinal(const std::vector<T>& levels, OrdinalOptions options = {}) {
  return TypedParameter<Name, T>(
      ordinal(std::string(Name.view()), std::vector<double>(levels.begin(), levels.end()), options));
}
template <FixedString Name, Number T>
TypedParameter<Name, T> ordinal(std::initializer_list<T> levels, OrdinalOptions options = {}) {
  return ordinal<Name>(std::vector<T>(levels), options);
}

/// std::string out of `labels`; see categorical(). Throws InvalidArgument.
template <FixedString Name>
TypedParameter<Name, std::string> categorical(std::vector<std::string> labels) {
  return TypedParameter<Name, std::string>(categorical(std::string(Name.view()), std::move(labels)));
}

/// Enumerator, with the label that stands for it in stores, files and reports:
/// `categorical<"precision", Precision>({{Precision::fp32, "fp32"}, {Precision::fp16, "fp16"}})`. Throws
/// InvalidArgument.
template <FixedString Name, Enum E>
TypedParameter<Name, E> categorical(std::initializer_list<std::pair<E, const char*>> levels) {
  std::vector<std::string> labels;
  std::vector<E> values;
  for (const auto& [value, label] : levels) {
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (values[i] == value) {
        throw InvalidArgument(std::string(Name.view()) + ": '" + labels[i] + "' and '" + label +
                              "' stand for the same enumerator");
      }
    }
    values.push_back(value);
    labels.emplace_back(label);
  }
  return TypedParameter<Name, E>(categorical(std::string(Name.view()), std::move(labels)), std::move(values));
}

/// bool; see boolean().
template <FixedString Name>
TypedParameter<Name, bool> boolean() {
  return TypedParameter<Name, bool>(boolean(std::string(Name.view())));
}

namespace detail {

template <class T>
inline constexpr bool is_typed_parameter = false;
template <FixedString Name, class T, class Activity>
inline constexpr bool is_typed_parameter<TypedParameter<Name, T, Activity>> = true;

/// Place of `name` among the parameters P; their number where it is none of them.
template <class... P>
constexpr std::size_t place_of(std::string_view name) {
  std::size_t place = 0;
  (void)((P::name == name || (++place, false)) || ...);
  return place;
}

/// Stands for the value of a parameter that does not exist, so that the compiler complains of nothing else.
struct NoSuchParameter {
  template <class T>
  operator T() const;  // NOLINT: never called
};

}  // namespace detail

}  // namespace bayestuner::space
