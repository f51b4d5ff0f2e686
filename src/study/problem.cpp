#include "bayestuner/study/problem.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>

#include "bayestuner/core/text.hpp"

namespace bayestuner::study {

namespace {

std::string trimmed(const std::string& text) {
  const auto space = [](unsigned char c) { return std::isspace(c) != 0; };
  const auto first = std::find_if_not(text.begin(), text.end(), space);
  const auto last = std::find_if_not(text.rbegin(), text.rend(), space).base();
  return first < last ? std::string(first, last) : std::string();
}

std::optional<double> number_in(const std::string& text) {
  const std::string t = trimmed(text);
  double value = 0.0;
  const auto [end, error] = std::from_chars(t.data(), t.data() + t.size(), value);
  if (error != std::errc() || end != t.data() + t.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

bool is_metric_name(const std::string& text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '_' || c == '.' || c == '-' || c == '/';
  }) && std::isdigit(static_cast<unsigned char>(text[0])) == 0;
}

}  // namespace

std::string Constraint::to_text() const {
  return metric + (bound == Bound::at_most ? " <= " : " >= ") + bayestuner::to_text(value) +
         (relative ? " * baseline" : "");
}

Constraint parse_constraint(const std::string& text) {
  const auto wrong = [&](const std::string& why) {
    return InvalidArgument("constraint '" + text + "': " + why +
                           "; allowed: METRIC <= NUMBER, METRIC >= NUMBER, METRIC >= FACTOR * baseline");
  };
  const std::size_t at = text.find_first_of("<>=!");
  if (at == std::string::npos) throw wrong("has no <= or >=");
  const char sign = text[at];
  if (sign != '<' && sign != '>') throw wrong("has no <= or >=");
  const std::size_t after = at + (at + 1 < text.size() && text[at + 1] == '=' ? 2 : 1);
  Constraint c{.metric = trimmed(text.substr(0, at)), .bound = sign == '<' ? Bound::at_most : Bound::at_least};
  if (!is_metric_name(c.metric)) throw wrong("'" + c.metric + "' is no metric's name");

  const std::string right = trimmed(text.substr(after));
  const std::size_t star = right.find('*');
  std::string factor = star == std::string::npos ? right : trimmed(right.substr(0, star));
  std::string other = star == std::string::npos ? std::string() : trimmed(right.substr(star + 1));
  if (other == "baseline" || factor == "baseline") {
    c.relative = true;
    if (factor == "baseline") factor = star == std::string::npos ? "1" : other;
  } else if (star != std::string::npos) {
    throw wrong("only 'baseline' may be multiplied");
  }
  const auto value = number_in(factor);
  if (!value) throw wrong("'" + factor + "' is not a finite number");
  c.value = *value;
  return c;
}

Problem& Problem::add(std::string metric, bool maximise, std::optional<double> reference) {
  if (!is_metric_name(metric)) throw InvalidArgument("objective: '" + metric + "' is no metric's name");
  if (reference && !std::isfinite(*reference)) throw InvalidArgument(metric + ": its reference must be finite");
  for (const Objective& o : objectives_) {
    if (o.metric == metric) throw InvalidArgument("objective: " + metric + " is one already");
  }
  objectives_.push_back({std::move(metric), maximise, reference});
  return *this;
}

Problem& Problem::minimize(std::string metric, std::optional<double> reference) {
  return add(std::move(metric), false, reference);
}
Problem& Problem::maximize(std::string metric, std::optional<double> reference) {
  return add(std::move(metric), true, reference);
}
Problem& Problem::subject_to(const std::string& text) {
  return subject_to(parse_constraint(text));
}
Problem& Problem::subject_to(Constraint constraint) {
  if (!is_metric_name(constraint.metric) || !std::isfinite(constraint.value)) {
    throw InvalidArgument("constraint: needs a metric's name and a finite value");
  }
  constraints_.push_back(std::move(constraint));
  return *this;
}

std::vector<std::string> Problem::metrics() const {
  std::vector<std::string> names;
  const auto add_once = [&](const std::string& name) {
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  };
  for (const Objective& o : objectives_) add_once(o.metric);
  for (const Constraint& c : constraints_) add_once(c.metric);
  return names;
}

bool Problem::has_relative_constraint() const {
  return std::any_of(constraints_.begin(), constraints_.end(), [](const Constraint& c) { return c.relative; });
}

std::string Problem::to_json() const {
  nlohmann::json json{{"objectives", nlohmann::json::array()}, {"constraints", nlohmann::json::array()}};
  for (const Objective& o : objectives_) {
    nlohmann::json one{{"metric", o.metric}, {"maximise", o.maximise}};
    if (o.reference) one["reference"] = *o.reference;
    json["objectives"].push_back(std::move(one));
  }
  for (const Constraint& c : constraints_) json["constraints"].push_back(c.to_text());
  return json.dump();
}

Problem Problem::from_json(const std::string& text) {
  try {
    const auto json = nlohmann::json::parse(text);
    Problem problem;
    for (const auto& o : json.at("objectives")) {
      std::optional<double> reference;
      if (o.contains("reference")) reference = o["reference"].get<double>();
      problem.add(o.at("metric").get<std::string>(), o.at("maximise").get<bool>(), reference);
    }
    for (const auto& c : json.at("constraints")) problem.subject_to(c.get<std::string>());
    return problem;
  } catch (const nlohmann::json::exception& e) {
    throw InvalidArgument(std::string("problem: ") + e.what());
  }
}

}  // namespace bayestuner::study
