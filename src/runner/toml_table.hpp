#pragma once
// A TOML table whose every complaint names file, line and key.

#include <toml++/toml.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "bayestuner/core/error.hpp"
#include "bayestuner/space/value.hpp"

namespace bayestuner::runner {

class TomlTable {
 public:
  /// Throws InvalidArgument for a key that is not in `allowed`. `where`: name for messages, as `study`.
  TomlTable(const toml::table& table, std::string file, std::string where, std::vector<std::string> allowed);

  bool has(const std::string& key) const { return table_->contains(key); }
  /// Each is nullopt where the key is missing and throws InvalidArgument where it has another type.
  std::optional<std::string> text(const std::string& key) const;
  std::optional<double> number(const std::string& key) const;
  std::optional<std::int64_t> integer(const std::string& key) const;
  std::optional<bool> boolean(const std::string& key) const;
  std::optional<space::Value> value(const std::string& key) const;
  std::optional<std::vector<std::string>> texts(const std::string& key) const;
  std::optional<std::vector<space::Value>> values(const std::string& key) const;
  std::optional<TomlTable> table(const std::string& key, std::vector<std::string> allowed) const;
  /// A table whose keys are the user's.
  std::vector<std::pair<std::string, const toml::node*>> entries() const;
  const toml::node* node(const std::string& key) const { return table_->get(key); }

  std::string require_text(const std::string& key) const;

  /// Throws InvalidArgument at the line of `key`, or of the table.
  [[noreturn]] void fail(const std::string& key, const std::string& message) const;
  /// Runs `f`, whose InvalidArgument gets file and line of `key`.
  template <class F>
  auto at(const std::string& key, F&& f) const {
    try {
      return f();
    } catch (const InvalidArgument& error) {
      fail_as(key, error.what());
    }
  }
  const std::string& where() const { return where_; }
  const std::string& file() const { return file_; }

 private:
  [[noreturn]] void fail_as(const std::string& key, const std::string& message) const;
  [[noreturn]] void wrong_type(const std::string& key, const char* wanted) const;

  const toml::table* table_;
  std::string file_, where_;
};

/// A node as a value, nullopt for tables, arrays and dates.
std::optional<space::Value> value_of(const toml::node& node);

}  // namespace bayestuner::runner
