#pragma once
/// A configuration: names and values, in the space's order.

#include <algorithm>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "bayestuner/core/error.hpp"
#include "bayestuner/space/value.hpp"

namespace bayestuner::space {

/// Ordered names and values. Inactive parameters are absent. A regular value type.
class Configuration {
 public:
  using Entry = std::pair<std::string, Value>;

  Configuration() = default;
  Configuration(std::initializer_list<Entry> entries) {
    for (const Entry& e : entries) set(e.first, e.second);
  }

  bool contains(const std::string& name) const { return find(name) != entries_.end(); }

  /// Throws InvalidArgument if `name` is not there.
  const Value& at(const std::string& name) const {
    const auto it = find(name);
    if (it == entries_.end()) throw InvalidArgument(name + ": not in this configuration (" + to_text() + ")");
    return it->second;
  }

  /// Value as T: bool, an integral type, a floating type or std::string. Numbers convert if nothing is lost; throws
  /// InvalidArgument otherwise.
  template <class T>
  T get(const std::string& name) const {
    const Value& value = at(name);
    if constexpr (std::is_same_v<T, std::string>) {
      if (const auto* s = std::get_if<std::string>(&value)) return *s;
    } else if constexpr (std::is_same_v<T, bool>) {
      if (const auto* b = std::get_if<bool>(&value)) return *b;
    } else if (const auto number = as_number(value)) {
      const T converted = static_cast<T>(*number);
      if (static_cast<double>(converted) == *number) return converted;
    }
    throw InvalidArgument(name + ": " + space::to_text(value) + " is not of the type asked for");
  }

  /// Adds or replaces.
  void set(const std::string& name, Value value) {
    const auto it = std::find_if(entries_.begin(), entries_.end(), [&](const Entry& e) { return e.first == name; });
    if (it != entries_.end()) {
      it->second = std::move(value);
    } else {
      entries_.emplace_back(name, std::move(value));
    }
  }

  std::size_t size() const { return entries_.size(); }
  bool empty() const { return entries_.empty(); }
  auto begin() const { return entries_.begin(); }
  auto end() const { return entries_.end(); }

  /// `cores=4 batch=8`.
  std::string to_text() const {
    std::string text;
    for (const auto& [name, value] : entries_) {
      if (!text.empty()) text += ' ';
      text += name + '=' + space::to_text(value);
    }
    return text;
  }

  /// Same names with equal values, whatever the order.
  friend bool operator==(const Configuration& a, const Configuration& b) {
    return a.size() == b.size() && std::all_of(a.begin(), a.end(), [&](const Entry& e) {
             const auto it = b.find(e.first);
             return it != b.end() && values_equal(e.second, it->second);
           });
  }

 private:
  std::vector<Entry>::const_iterator find(const std::string& name) const {
    return std::find_if(entries_.begin(), entries_.end(), [&](const Entry& e) { return e.first == name; });
  }

  std::vector<Entry> entries_;
};

}  // namespace bayestuner::space
