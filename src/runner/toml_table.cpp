#include "runner/toml_table.hpp"

#include <algorithm>

#include "bayestuner/core/text.hpp"

namespace bayestuner::runner {
namespace {

const char* type_name(const toml::node& node) {
  switch (node.type()) {
    case toml::node_type::table:
      return "a table";
    case toml::node_type::array:
      return "an array";
    case toml::node_type::string:
      return "a text";
    case toml::node_type::integer:
      return "an integer";
    case toml::node_type::floating_point:
      return "a number";
    case toml::node_type::boolean:
      return "true or false";
    default:
      return "a date or time";
  }
}

std::string dotted(const std::string& where, const std::string& key) {
  return where.empty() ? key : where + "." + key;
}

}  // namespace

std::optional<space::Value> value_of(const toml::node& node) {
  if (const auto* b = node.as_boolean()) return space::Value(b->get());
  if (const auto* i = node.as_integer()) return space::Value(i->get());
  if (const auto* d = node.as_floating_point()) return space::Value(d->get());
  if (const auto* s = node.as_string()) return space::Value(s->get());
  return std::nullopt;
}

TomlTable::TomlTable(const toml::table& table, std::string file, std::string where, std::vector<std::string> allowed)
    : table_(&table), file_(std::move(file)), where_(std::move(where)) {
  for (const auto& [key, node] : table) {
    const std::string name(key.str());
    if (std::find(allowed.begin(), allowed.end(), name) != allowed.end()) continue;
    fail_as(name, dotted(where_, name) + ": unknown key; allowed here: " + join(allowed));
  }
}

void TomlTable::fail_as(const std::string& key, const std::string& message) const {
  const toml::node* const found = key.empty() ? nullptr : table_->get(key);
  auto line = (found != nullptr ? found->source() : table_->source()).begin.line;
  if (line == 0) line = 1;
  throw InvalidArgument(file_ + ":" + to_text(line) + ": " + message);
}

void TomlTable::fail(const std::string& key, const std::string& message) const {
  fail_as(key, dotted(where_, key) + ": " + message);
}

void TomlTable::wrong_type(const std::string& key, const char* wanted) const {
  fail(key, std::string("must be ") + wanted + ", not " + type_name(*table_->get(key)));
}

std::optional<std::string> TomlTable::text(const std::string& key) const {
  const toml::node* const found = node(key);
  if (found == nullptr) return std::nullopt;
  if (const auto* s = found->as_string()) return s->get();
  wrong_type(key, "a text");
}

std::optional<double> TomlTable::number(const std::string& key) const {
  const toml::node* const found = node(key);
  if (found == nullptr) return std::nullopt;
  if (const auto* i = found->as_integer()) return static_cast<double>(i->get());
  if (const auto* d = found->as_floating_point()) return d->get();
  wrong_type(key, "a number");
}

std::optional<std::int64_t> TomlTable::integer(const std::string& key) const {
  const toml::node* const found = node(key);
  if (found == nullptr) return std::nullopt;
  if (const auto* i = found->as_integer()) return i->get();
  wrong_type(key, "an integer");
}

std::optional<bool> TomlTable::boolean(const std::string& key) const {
  const toml::node* const found = node(key);
  if (found == nullptr) return std::nullopt;
  if (const auto* b = found->as_boolean()) return b->get();
  wrong_type(key, "true or false");
}

std::optional<space::Value> TomlTable::value(const std::string& key) const {
  const toml::node* const found = node(key);
  if (found == nullptr) return std::nullopt;
  if (auto v = value_of(*found)) return v;
  wrong_type(key, "a number, a text, true or false");
}

std::optional<std::vector<std::string>> TomlTable::texts(const std::string& key) const {
  const toml::node* const found = node(key);
  if (found == nullptr) return std::nullopt;
  const auto* array = found->as_array();
  if (array == nullptr) wrong_type(key, "an array of texts");
  std::vector<std::string> all;
  for (const toml::node& item : *array) {
    const auto* s = item.as_string();
    if (s == nullptr) fail(key, std::string("must hold texts only, not ") + type_name(item));
    all.push_back(s->get());
  }
  return all;
}

std::optional<std::vector<space::Value>> TomlTable::values(const std::string& key) const {
  const toml::node* const found = node(key);
  if (found == nullptr) return std::nullopt;
  const auto* array = found->as_array();
  if (array == nullptr) wrong_type(key, "an array");
  std::vector<space::Value> all;
  for (const toml::node& item : *array) {
    const auto v = value_of(item);
    if (!v) fail(key, std::string("must hold numbers, texts or truth values, not ") + type_name(item));
    all.push_back(*v);
  }
  return all;
}

std::optional<TomlTable> TomlTable::table(const std::string& key, std::vector<std::string> allowed) const {
  const toml::node* const found = node(key);
  if (found == nullptr) return std::nullopt;
  const auto* inner = found->as_table();
  if (inner == nullptr) wrong_type(key, "a table");
  return TomlTable(*inner, file_, dotted(where_, key), std::move(allowed));
}

std::vector<std::pair<std::string, const toml::node*>> TomlTable::entries() const {
  std::vector<std::pair<std::string, const toml::node*>> all;
  for (const auto& [key, node] : *table_) all.emplace_back(std::string(key.str()), &node);
  return all;
}

std::string TomlTable::require_text(const std::string& key) const {
  const auto found = text(key);
  if (found && !found->empty()) return *found;
  fail(key, found ? "is empty" : "is missing");
}

}  // namespace bayestuner::runner
