#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "analysis/read_all.hpp"
#include "bayestuner/analysis/comparison.hpp"
#include "bayestuner/core/error.hpp"

namespace bayestuner::analysis {

namespace {

using Json = nlohmann::json;
using Numbers = std::vector<std::optional<double>>;

Numbers numbers(const Json& list, const std::string& key, std::size_t size) {
  if (!list.is_array() || list.size() != size) {
    throw InvalidArgument(fmt::format("{}: is not a list of {} numbers, one a seed", key, size));
  }
  Numbers out;
  for (const Json& value : list) {
    if (!value.is_null() && !value.is_number()) throw InvalidArgument(key + ": " + value.dump() + " is not a number");
    out.push_back(value.is_null() ? std::nullopt : std::optional(value.get<double>()));
  }
  return out;
}

template <class T>
T needed(const Json& json, const char* key) {
  if (!json.contains(key)) throw InvalidArgument(std::string(key) + ": is missing");
  try {
    return json.at(key).get<T>();
  } catch (const Json::exception&) {
    throw InvalidArgument(std::string(key) + ": " + json.at(key).dump() + " is of the wrong type");
  }
}

ReplayResult result_of(const Json& json) {
  if (!json.is_object()) throw InvalidArgument("is not a JSON object");
  ReplayResult r{.task = needed<std::string>(json, "task"),
                 .type = needed<std::string>(json, "type"),
                 .strategy = needed<std::string>(json, "strategy"),
                 .budget = needed<std::size_t>(json, "budget"),
                 .seeds = needed<std::vector<std::uint64_t>>(json, "seeds")};
  const std::size_t n = r.seeds.size();
  if (n == 0) throw InvalidArgument("seeds: the list is empty");
  const auto list = [&](const char* key) { return numbers(json.at(key), key, n); };
  if (r.type == "pareto") {
    (void)needed<Json>(json, "hypervolume");
    r.hypervolume = list("hypervolume");
  } else {
    (void)needed<Json>(json, "gap");
    r.gap = list("gap");
    if (json.contains("best")) r.best = list("best");
    const Json earlier = json.value("gap_at", Json::object());
    for (const auto& [key, values] : earlier.items()) {
      const int at = std::atoi(key.c_str());
      if (at < 1) throw InvalidArgument("gap_at: '" + key + "' is not a number of evaluations");
      r.gap_at[at] = numbers(values, "gap_at." + key, n);
    }
  }
  if (json.contains("failures")) r.failures = needed<std::vector<int>>(json, "failures");
  if (json.contains("repeats")) r.repeats = needed<std::vector<int>>(json, "repeats");
  return r;
}

Json parsed(const std::string& text) {
  try {
    return Json::parse(text);
  } catch (const Json::exception&) {
    throw InvalidArgument("is not JSON");
  }
}

}  // namespace

std::vector<ReplayResult> read_results(const std::filesystem::path& path) {
  return parse_results(read_all(path), path.string());
}

std::vector<ReplayResult> parse_results(const std::string& text, const std::string& name) {
  std::vector<ReplayResult> out;
  const auto take = [&](const Json& json) {
    if (!json.is_object() || !json.contains("error")) out.push_back(result_of(json));
  };
  const std::size_t start = text.find_first_not_of(" \t\r\n");
  if (start != std::string::npos && text[start] == '[') {
    try {
      for (const Json& json : parsed(text)) take(json);
    } catch (const InvalidArgument& error) {
      throw InvalidArgument(name + ": " + error.what());
    }
    return out;
  }
  std::size_t line = 0;
  for (std::size_t begin = 0, end = 0; begin < text.size(); begin = end + 1) {
    end = std::min(text.find('\n', begin), text.size());
    ++line;
    const std::string one = text.substr(begin, end - begin);
    if (one.find_first_not_of(" \t\r") == std::string::npos) continue;
    try {
      take(parsed(one));
    } catch (const InvalidArgument& error) {
      throw InvalidArgument(fmt::format("{}:{}: {}", name, line, error.what()));
    }
  }
  return out;
}

}  // namespace bayestuner::analysis
