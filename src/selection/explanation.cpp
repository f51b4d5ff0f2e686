#include "bayestuner/selection/explanation.hpp"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

#include "bayestuner/core/text.hpp"

namespace bayestuner::selection {

namespace {

using Coded = FeatureCoder::Coded;
using Unusual = Explanation::Unusual;

double raw_of(const Coded& c, double coded) {
  return c.logarithm ? std::copysign(std::expm1(std::abs(coded)), coded) : coded;
}

// What the coder counts, by name and in the order of the features.
std::vector<Unusual> unusual_of(const FeatureCoder& coder, std::span<const double> x, const Decision& d) {
  std::vector<Unusual> out;
  for (std::size_t j = 0; j < x.size(); ++j) {
    const FeatureColumn& column = coder.columns()[j];
    const auto& coded = coder.coded();
    const auto reads = [&](const Coded& c) {
      return c.source == static_cast<int>(j) || (c.kind == Coded::Kind::product && c.category == static_cast<int>(j));
    };
    if (std::none_of(coded.begin(), coded.end(), reads)) continue;
    if (column.category) {
      if (x[j] >= 0.0 && x[j] < static_cast<double>(column.levels.size())) continue;
      out.push_back({.kind = Unusual::Kind::unseen, .name = column.name, .value = x[j]});
      continue;
    }
    const bool missing = std::isnan(x[j]);
    for (std::size_t k = 0; k < coded.size(); ++k) {
      const Coded& c = coded[k];
      if (c.kind != Coded::Kind::number || c.source != static_cast<int>(j)) continue;
      const bool outside = d.coded[k] < 0.0 || d.coded[k] > 1.0;
      if (missing || !outside) break;
      out.push_back({.name = column.name, .value = x[j], .low = raw_of(c, c.low), .high = raw_of(c, c.high)});
      break;
    }
    if (missing) out.push_back({.kind = Unusual::Kind::missing, .name = column.name, .value = x[j]});
  }
  return out;
}

std::vector<Explanation::Stage> stages_of(const ModelSelector& selector, const Decision& d) {
  std::vector<Explanation::Stage> out;
  const Cascade& cascade = selector.cascade();
  const std::size_t k =
      std::min(d.neighbours.size(), static_cast<std::size_t>(std::max(cascade.options().neighbours, 0)));
  for (std::size_t s = 0; s < cascade.models().size(); ++s) {
    const auto j = static_cast<std::size_t>(cascade.models()[s]);
    Explanation::Stage stage{.model = selector.models()[j], .votes = {}};
    if (d.votes.empty()) {
      stage.says_yes = answers(d.scores[j]);
    } else {
      stage.votes = d.votes[s];
      stage.says_yes = 2 * static_cast<std::size_t>(d.votes[s]) > k;
    }
    out.push_back(std::move(stage));
  }
  return out;
}

std::string reason_of(const ModelSelector& selector, const Decision& d) {
  if (d.status == Status::chosen) return d.stage >= 0 ? "stage " + std::to_string(d.stage + 1) + " said yes" : "policy";
  const bool unlike = selector.options().unsupported_to_fallback && !d.supported;
  const std::string why = unlike ? "the input is unlike the training rows" : "the policy has no answer";
  return d.status == Status::fallback ? why : why + ", and there is no fallback to run";
}

// Rounded to six digits: for people.
std::string brief(double v) {
  if (!std::isfinite(v) || v == 0.0) return to_text(v);
  const double scale = std::pow(10.0, 5.0 - std::floor(std::log10(std::abs(v))));
  return std::isfinite(scale) ? to_text(std::round(v * scale) / scale) : to_text(v);
}

const char* kind_name(Unusual::Kind kind) {
  return kind == Unusual::Kind::out_of_range ? "out_of_range" : kind == Unusual::Kind::unseen ? "unseen" : "missing";
}

}  // namespace

Explanation explain(const ModelSelector& selector, std::span<const double> x, std::size_t neighbours,
                    std::span<const char> available) {
  Decision d;
  selector.select(x, d, available);
  const std::vector<std::string>& names = selector.models();
  Explanation out{.policy = selector.options().policy.to_text(),
                  .estimator = selector.estimator_name(),
                  .model = d.model < 0 ? std::string() : names[static_cast<std::size_t>(d.model)],
                  .status = d.status,
                  .reason = reason_of(selector, d),
                  .lambda = d.lambda,
                  .models = {},
                  .runner_up = {},
                  .supported = d.supported,
                  .distance = d.distance,
                  .support_distance = selector.support_distance(),
                  .neighbours_read = static_cast<int>(d.neighbours.size()),
                  .neighbours = {},
                  .unusual = unusual_of(selector.coder(), x, d),
                  .stages = stages_of(selector, d)};
  for (std::size_t j = 0; j < names.size(); ++j) {
    const auto model = static_cast<Eigen::Index>(j);
    const double cost = selector.costs()[model];
    out.models.push_back({.name = names[j],
                          .score = d.scores[j],
                          .cost = cost,
                          .value = d.scores[j] - out.lambda * cost,
                          .offered = selector.offers(model, available)});
  }
  const ScoreMatrix& known = selector.training_scores();
  for (const Neighbour& near : std::span(d.neighbours).first(std::min(neighbours, d.neighbours.size()))) {
    Explanation::Near row{.row = near.row, .distance = std::sqrt(static_cast<double>(near.squared)), .scores = {}};
    for (std::size_t j = 0; j < names.size(); ++j) {
      const auto model = static_cast<Eigen::Index>(j);
      row.scores.push_back(known.is_known(near.row, model) ? std::optional(known.values(near.row, model))
                                                           : std::nullopt);
    }
    out.neighbours.push_back(std::move(row));
  }
  if (d.model < 0) return out;
  std::vector<char> others(names.size(), 1);
  if (!available.empty()) others.assign(available.begin(), available.end());
  others[static_cast<std::size_t>(d.model)] = 0;
  Decision without;
  selector.select(x, without, others);
  if (without.model < 0) return out;
  out.runner_up = names[static_cast<std::size_t>(without.model)];
  out.shortfall =
      out.models[static_cast<std::size_t>(d.model)].value - out.models[static_cast<std::size_t>(without.model)].value;
  return out;
}

std::string Explanation::to_text() const {
  std::string text = (model.empty() ? std::string("no model") : model) + ": " + status_name(status) + " (" + reason +
                     ")\npolicy " + policy + ", estimator " + estimator;
  if (lambda != 0.0) text += ", lambda " + brief(lambda);
  text += '\n';
  for (const Model& m : models) {
    text += "  " + m.name + ": score " + brief(m.score) + ", cost " + brief(m.cost);
    if (lambda != 0.0) text += ", value " + brief(m.value);
    text += m.offered ? "\n" : ", not offered\n";
  }
  if (!runner_up.empty()) {
    text += "runner-up " + runner_up + (shortfall >= 0.0 ? ": behind by " : ": ahead by ") +
            brief(std::abs(shortfall)) + (lambda != 0.0 ? " of score - lambda * cost\n" : " of the score\n");
  }
  for (const Stage& s : stages) {
    text += "stage " + s.model + ": " + (s.says_yes ? "yes" : "no");
    if (s.votes) text += ", " + std::to_string(*s.votes) + " votes";
    text += '\n';
  }
  text += "mean distance " + brief(distance) + (supported ? ", at most " : ", beyond ") + brief(support_distance) +
          (supported ? ": like the training rows\n" : ": unlike the training rows\n");
  for (const Unusual& u : unusual) {
    text += "feature " + u.name;
    if (u.kind == Unusual::Kind::out_of_range) {
      text += ": " + brief(u.value) + " is outside [" + brief(u.low) + ", " + brief(u.high) + "]\n";
    } else {
      text += u.kind == Unusual::Kind::unseen ? ": a level never seen\n" : ": missing, the median was taken\n";
    }
  }
  if (!neighbours.empty()) {
    text += "nearest " + std::to_string(neighbours.size()) + " of " + std::to_string(neighbours_read) +
            " training rows read\n";
  }
  for (const Near& near : neighbours) {
    text += "  row " + std::to_string(near.row) + " at " + brief(near.distance) + ":";
    for (std::size_t j = 0; j < near.scores.size(); ++j) {
      text += " " + models[j].name + " " + (near.scores[j] ? brief(*near.scores[j]) : "?");
    }
    text += '\n';
  }
  return text;
}

std::string Explanation::to_json() const {
  using nlohmann::json;
  const auto name_or_null = [](const std::string& name) { return name.empty() ? json() : json(name); };
  json out{{"model", name_or_null(model)},
           {"status", status_name(status)},
           {"reason", reason},
           {"policy", policy},
           {"estimator", estimator},
           {"lambda", lambda},
           {"runner_up", name_or_null(runner_up)},
           {"shortfall", runner_up.empty() ? json() : json(shortfall)},
           {"supported", supported},
           {"distance", distance},
           {"support_distance", support_distance},
           {"neighbours_read", neighbours_read},
           {"models", json::array()},
           {"neighbours", json::array()},
           {"unusual", json::array()},
           {"stages", json::array()}};
  for (const Model& m : models) {
    out["models"].push_back(
        {{"name", m.name}, {"score", m.score}, {"cost", m.cost}, {"value", m.value}, {"offered", m.offered}});
  }
  for (const Near& near : neighbours) {
    json scores = json::object();
    for (std::size_t j = 0; j < near.scores.size(); ++j) {
      scores[models[j].name] = near.scores[j] ? json(*near.scores[j]) : json();
    }
    out["neighbours"].push_back({{"row", near.row}, {"distance", near.distance}, {"scores", std::move(scores)}});
  }
  for (const Unusual& u : unusual) {
    json one{{"name", u.name}, {"kind", kind_name(u.kind)}};
    if (u.kind == Unusual::Kind::out_of_range) one.update({{"value", u.value}, {"low", u.low}, {"high", u.high}});
    out["unusual"].push_back(std::move(one));
  }
  for (const Stage& s : stages) {
    out["stages"].push_back(
        {{"model", s.model}, {"votes", s.votes ? json(*s.votes) : json()}, {"says_yes", s.says_yes}});
  }
  return out.dump();
}

}  // namespace bayestuner::selection
