#include <algorithm>
#include <cmath>

#include "bayestuner/knob/cpu_list.hpp"
#include "bayestuner/knob/filesystem.hpp"
#include "runner/tune_file_parts.hpp"

namespace bayestuner::runner {
namespace {

/// `"cpus"` stands for the CPUs this process may use.
space::Value with_symbol(const space::Value& value) {
  const auto* text = std::get_if<std::string>(&value);
  if (text == nullptr || *text != "cpus") return value;
  return static_cast<std::int64_t>(knob::usable_cpus(*knob::real_filesystem()).size());
}

double bound(const TomlTable& table, const std::string& key) {
  const auto given = table.value(key);
  if (!given) table.fail(key, "is missing; this type needs low and high");
  const space::Value value = with_symbol(*given);
  const auto number = space::as_number(value);
  if (!number || std::holds_alternative<bool>(value)) table.fail(key, "must be a number or \"cpus\"");
  return *number;
}

std::int64_t whole_bound(const TomlTable& table, const std::string& key) {
  const double number = bound(table, key);
  if (number != std::floor(number) || std::abs(number) > 0x1p53) {
    table.fail(key, space::to_text(space::Value(number)) + " is no integer");
  }
  return static_cast<std::int64_t>(number);
}

void refuse_keys(const TomlTable& table, const std::string& type, const std::vector<std::string>& keys) {
  for (const std::string& key : keys) {
    if (table.has(key)) table.fail(key, "does not go with type \"" + type + "\"");
  }
}

std::vector<double> numbers(const TomlTable& table) {
  std::vector<double> all;
  const auto levels = table.values("levels").value();  // a temporary would die before the loop
  for (const space::Value& value : levels) {
    const auto number = space::as_number(value);
    if (!number || std::holds_alternative<bool>(value)) table.fail("levels", "of an ordinal must be numbers");
    all.push_back(*number);
  }
  return all;
}

space::Parameter parameter_of(const TomlTable& table, const std::string& name) {
  const std::string type = table.require_text("type");
  const auto scale = table.at("scale", [&] {
    const auto text = table.text("scale");
    return text ? space::scale_from_string(*text) : space::Scale::automatic;
  });
  if (type == "integer" || type == "real") {
    refuse_keys(table, type, {"levels"});
    const double low = bound(table, "low"), high = bound(table, "high");
    if (low > high) {
      table.fail("low", "the bounds are the wrong way round: low " + to_text(low) + " is above high " + to_text(high));
    }
    if (type == "real") {
      const double step = table.number("step").value_or(0.0);
      return table.at("", [&] { return space::real(name, low, high, {.scale = scale, .step = step}); });
    }
    const std::int64_t step = table.integer("step").value_or(1);
    const std::int64_t first = whole_bound(table, "low"), last = whole_bound(table, "high");
    return table.at("", [&] { return space::integer(name, first, last, {.scale = scale, .step = step}); });
  }
  if (type != "boolean" && type != "ordinal" && type != "categorical") {
    table.fail("type", "\"" + type + "\" is none of real, integer, ordinal, categorical, boolean");
  }
  refuse_keys(table, type, {"low", "high", "step"});
  if (type == "boolean") {
    refuse_keys(table, type, {"levels", "scale"});
    return space::boolean(name);
  }
  if (!table.has("levels")) table.fail("levels", "is missing; type \"" + type + "\" needs it");
  if (type == "ordinal") {
    const auto levels = numbers(table);
    return table.at("levels", [&] { return space::ordinal(name, levels, {.scale = scale}); });
  }
  refuse_keys(table, type, {"scale"});
  const auto labels = table.texts("levels").value();
  return table.at("levels", [&] { return space::categorical(name, labels); });
}

space::Parameter with_condition(const TomlTable& table, const space::Parameter& parameter) {
  const toml::node* const node = table.node("when");
  if (node == nullptr) return parameter;
  const auto* inner = node->as_table();
  if (inner == nullptr || inner->size() != 1)
    table.fail("when", "must be { parameter = [values] }, with one parameter");
  const auto first = inner->begin();  // its value lives as long as the iterator
  const std::string key(first->first.str());
  const toml::node& values_node = first->second;
  std::vector<space::Value> values;
  if (const auto* array = values_node.as_array()) {
    for (const toml::node& item : *array) {
      if (const auto v = value_of(item)) values.push_back(*v);
    }
  } else if (const auto v = value_of(values_node)) {
    values.push_back(*v);
  }
  if (values.empty()) table.fail("when", "names no value of " + key);
  return parameter.when(key, std::move(values));
}

std::int64_t unit_bytes(const TomlTable& table) {
  const std::string unit = table.text("unit").value_or("B");
  if (unit == "B") return 1;
  if (unit == "KiB") return 1 << 10;
  if (unit == "MiB") return 1 << 20;
  if (unit == "GiB") return 1 << 30;
  table.fail("unit", "\"" + unit + "\" is none of B, KiB, MiB, GiB");
}

knob::KnobSpec knob_of(const TomlTable& table, const std::filesystem::path& folder) {
  knob::KnobSpec knob{.type = table.require_text("type")};
  const std::vector<std::string> types = {"cores",       "cpuset",   "affinity",    "memory",    "cpu_quota",
                                          "environment", "argument", "config_file", "file_value"};
  if (std::find(types.begin(), types.end(), knob.type) == types.end()) {
    table.fail("type", "\"" + knob.type + "\" is no knob there is: " + join(types));
  }
  const auto only_for = [&](const std::string& key, const std::vector<std::string>& owners) {
    if (table.has(key) && std::find(owners.begin(), owners.end(), knob.type) == owners.end()) {
      table.fail(key, "does not go with type \"" + knob.type + "\", only with " + join(owners));
    }
  };
  only_for("threads", {"cores"});
  only_for("mechanism", {"cores", "cpuset"});
  only_for("unit", {"memory"});
  only_for("period_s", {"cpu_quota"});
  only_for("variable", {"environment"});
  only_for("path", {"config_file", "file_value"});
  only_for("template", {"config_file"});
  knob.threads = table.texts("threads").value_or(std::vector<std::string>{});
  knob.variable = table.text("variable").value_or("");
  knob.text = table.text("template").value_or("");
  knob.period_s = table.number("period_s").value_or(knob.period_s);
  knob.unit_bytes = unit_bytes(table);
  const bool software = knob.type == "environment" || knob.type == "argument" || knob.type == "config_file";
  knob.kind = table.text("kind").value_or(software ? knob.type : "");
  if (knob.type == "config_file" || knob.type == "file_value") {
    knob.path = (folder / table.require_text("path")).lexically_normal().string();
  }
  if (knob.type == "config_file") table.require_text("template");
  if (const auto mechanism = table.text("mechanism")) {
    if (*mechanism == "affinity") {
      knob.mechanism = knob::CpuMechanism::affinity;
    } else if (*mechanism == "cpuset") {
      knob.mechanism = knob::CpuMechanism::cpuset;
    } else if (*mechanism != "automatic") {
      table.fail("mechanism", "\"" + *mechanism + "\" is none of automatic, cpuset, affinity");
    }
  }
  return knob;
}

/// The parameter with one level, for a knob that this machine does not have.
space::Parameter fixed_at(const space::Parameter& parameter, const space::Value& value) {
  const auto number = space::as_number(value);
  if (!number) return space::categorical(parameter.name(), {std::get<std::string>(value)});
  if (parameter.kind() == space::ParameterKind::boolean) {
    return space::categorical(parameter.name(), {space::to_text(value)});
  }
  return space::ordinal(parameter.name(), {*number});
}

}  // namespace

std::vector<std::string> parameter_keys() {
  return {"name", "type", "low", "high", "step", "scale", "levels", "default", "knob", "when"};
}

void read_parameter(const TomlTable& table, TuneSpec& spec, const std::filesystem::path& folder) {
  const std::string name = table.require_text("name");
  for (const ParameterSpec& other : spec.parameters) {
    if (other.parameter.name() == name) table.fail("name", "\"" + name + "\" stands twice");
  }
  if (placeholders("{" + name + "}").empty() || name == "port" || name == "python") {
    table.fail("name", "\"" + name + "\" cannot name a parameter: letters, digits and _, neither port nor python");
  }
  ParameterSpec parameter{.parameter = with_condition(table, parameter_of(table, name))};
  if (const auto current = table.value("default")) {
    parameter.current = with_symbol(*current);
    table.at("default", [&] { return parameter.parameter.require_code(*parameter.current); });
  }
  const auto knob = table.table(
      "knob", {"type", "threads", "variable", "path", "template", "kind", "mechanism", "period_s", "unit", "optional"});
  if (knob) parameter.knob = knob_of(*knob, folder);
  if (knob && knob->boolean("optional").value_or(false)) {
    if (!parameter.current) knob->fail("optional", "needs the parameter's default, where the knob cannot be set");
    const Availability here = knob->at("type", [&] {
      return knob::make_knob(*parameter.knob, parameter.parameter, knob::CgroupLayout::discover()).availability();
    });
    if (!here) {
      spec.notes.push_back(name + ": cannot be set here (" + here.reason() + "); it stays at " +
                           space::to_text(*parameter.current));
      parameter.parameter = fixed_at(parameter.parameter, *parameter.current);
      if (parameter.parameter.kind() == space::ParameterKind::categorical) {
        parameter.current = space::to_text(*parameter.current);
      }
      parameter.knob.reset();
    }
  }
  spec.parameters.push_back(std::move(parameter));
}

}  // namespace bayestuner::runner
