#include "bayestuner/study/exploration.hpp"

#include <algorithm>
#include <cmath>

#include "bayestuner/core/random.hpp"
#include "bayestuner/core/text.hpp"
#include "bayestuner/search/dominated_volume.hpp"
#include "bayestuner/search/pareto.hpp"
#include "bayestuner/study/named_strategy.hpp"
#include "study/objective_values.hpp"
#include "study/pooling.hpp"

namespace bayestuner::study {

namespace {

// What a study measured: configurations with every objective, and which of them compete for the front.
struct Measured {
  std::vector<Trial> trials;
  std::vector<bool> feasible;
  std::vector<std::size_t> competing;  // places in `trials`
  Eigen::MatrixXd values;              // (trials, objectives), minimised
};

Measured measured(Study& study, const Problem& problem) {
  Measured out{.trials = study.configurations(), .feasible = {}, .competing = {}, .values = {}};
  std::erase_if(out.trials, [&](const Trial& trial) {
    const auto& objectives = problem.objectives();
    return std::any_of(objectives.begin(), objectives.end(),
                       [&](const Objective& o) { return !trial.metrics.contains(o.metric); });
  });
  out.feasible = study.feasible(out.trials);
  out.values = objective_values(out.trials, problem);
  std::vector<Trial> feasible;
  for (std::size_t i = 0; i < out.trials.size(); ++i) {
    if (out.feasible[i]) feasible.push_back(out.trials[i]);
  }
  keep_best_provenance(feasible, problem.objectives().front().metric);
  for (std::size_t i = 0, next = 0; i < out.trials.size() && next < feasible.size(); ++i) {
    if (out.trials[i].number != feasible[next].number) continue;
    out.competing.push_back(i);
    ++next;
  }
  return out;
}

// (n, m) values of all studies: every one that was measured, or those that compete.
Eigen::MatrixXd gathered(const std::vector<Measured>& all, bool competing) {
  Eigen::MatrixXd out(0, all.front().values.cols());
  for (const Measured& one : all) {
    const Eigen::MatrixXd rows = competing ? Eigen::MatrixXd(one.values(one.competing, Eigen::all)) : one.values;
    Eigen::MatrixXd both(out.rows() + rows.rows(), out.cols());
    both << out, rows;
    out = std::move(both);
  }
  return out;
}

// For each of `places`, the probability that no other of them dominates it. Those that some point beats by more than
// four standard errors everywhere take no part.
std::vector<double> probabilities(const Measured& one, const Problem& problem, const std::vector<std::size_t>& front) {
  constexpr double sure = 4.0;
  const auto& objectives = problem.objectives();
  const auto m = one.values.cols();
  Eigen::MatrixXd errors = Eigen::MatrixXd::Zero(one.values.rows(), m);
  for (const std::size_t i : one.competing) {
    for (Eigen::Index j = 0; j < m; ++j) {
      errors(static_cast<Eigen::Index>(i), j) =
          one.trials[i].metrics.at(objectives[static_cast<std::size_t>(j)].metric).standard_error;
    }
  }
  std::vector<double> out(one.trials.size(), 0.0);
  std::vector<std::size_t> open;
  for (const std::size_t i : one.competing) {
    const auto p = static_cast<Eigen::Index>(i);
    const bool hopeless = std::any_of(front.begin(), front.end(), [&](std::size_t f) {
      const auto q = static_cast<Eigen::Index>(f);
      bool beaten = true, better = false;
      for (Eigen::Index j = 0; j < m && beaten; ++j) {
        const double lead = one.values(p, j) - one.values(q, j) - sure * std::hypot(errors(p, j), errors(q, j));
        beaten = lead >= 0.0;
        better = better || lead > 0.0;
      }
      return beaten && better;
    });
    if (!hopeless) open.push_back(i);
  }
  if (errors.isZero(0.0)) {
    for (const std::size_t i : front) out[i] = 1.0;
    return out;
  }
  const Eigen::MatrixXd mean = one.values(open, Eigen::all), spread = errors(open, Eigen::all);
  const std::size_t draws = std::clamp<std::size_t>(1'000'000 / std::max<std::size_t>(open.size(), 1), 64, 512);
  Random random(0xf207);
  Eigen::MatrixXd draw(mean.rows(), m);
  for (std::size_t k = 0; k < draws; ++k) {
    for (Eigen::Index i = 0; i < draw.size(); ++i) draw(i) = mean(i) + spread(i) * random.normal();
    for (const Eigen::Index i : search::non_dominated(draw)) {
      out[open[static_cast<std::size_t>(i)]] += 1.0 / static_cast<double>(draws);
    }
  }
  for (double& p : out) p = std::min(p, 1.0);  // sums of 1 / draws
  return out;
}

struct Reference {
  Eigen::RowVectorXd minimised;
  std::vector<ReferenceSource> from;
};

Reference reference_of(const std::vector<Measured>& all, const Problem& problem, search::ReferenceRule rule) {
  const auto& objectives = problem.objectives();
  Reference out{Eigen::RowVectorXd::Constant(static_cast<Eigen::Index>(objectives.size()), std::nan("")), {}};
  const bool nadir = rule == search::ReferenceRule::nadir;
  if (const Eigen::MatrixXd values = gathered(all, nadir); values.rows() > 0) {
    out.minimised = search::reference_point(values, rule).transpose();
  }
  for (std::size_t j = 0; j < objectives.size(); ++j) {
    const auto& stated = objectives[j].reference;
    if (stated) out.minimised[static_cast<Eigen::Index>(j)] = sign_of(objectives[j]) * *stated;
    out.from.push_back(stated ? ReferenceSource::stated : nadir ? ReferenceSource::nadir : ReferenceSource::worst);
  }
  return out;
}

Exploration exploration_of(Study& study, Measured one, const Reference& reference) {
  Exploration out{.study = study.name(), .problem = study.problem(), .reference_from = reference.from};
  const auto& objectives = out.problem.objectives();
  for (std::size_t j = 0; j < objectives.size(); ++j) {
    out.reference.push_back(sign_of(objectives[j]) * reference.minimised[static_cast<Eigen::Index>(j)] + 0.0);
  }
  const Eigen::MatrixXd competing = one.values(one.competing, Eigen::all);
  for (const Eigen::Index i : search::non_dominated(competing)) {
    out.front.push_back(one.competing[static_cast<std::size_t>(i)]);
  }
  std::stable_sort(out.front.begin(), out.front.end(), [&](std::size_t a, std::size_t b) {
    return one.values(static_cast<Eigen::Index>(a), 0) < one.values(static_cast<Eigen::Index>(b), 0);
  });
  if (const auto knee = search::knee_point(competing)) out.knee = one.competing[static_cast<std::size_t>(*knee)];
  const std::vector<double> probability = probabilities(one, out.problem, out.front);

  std::vector<std::int64_t> ended;  // numbers of finished trials, rising
  for (const Trial& t : study.trials()) {
    if (!t.is_finished() || t.is_verification) continue;
    ended.push_back(t.number);
    out.failed += t.state == TrialState::fail ? 1 : 0;
  }
  out.finished = ended.size();

  std::optional<search::DominatedVolume> volume;
  if (reference.minimised.allFinite()) volume.emplace(reference.minimised);
  std::size_t next = 0;
  for (std::size_t i = 0; i < one.trials.size(); ++i) {
    ExploredPoint point{.trial = std::move(one.trials[i]), .is_feasible = one.feasible[i]};
    const bool competes = next < one.competing.size() && one.competing[next] == i;
    next += competes ? 1 : 0;
    if (volume) {
      point.hypervolume = competes ? volume->insert(one.values.row(static_cast<Eigen::Index>(i))) : volume->value();
    }
    point.probability = probability[i];
    point.finished =
        static_cast<std::size_t>(std::upper_bound(ended.begin(), ended.end(), point.trial.number) - ended.begin());
    out.points.push_back(std::move(point));
  }
  for (const std::size_t i : out.front) out.points[i].is_on_front = true;
  return out;
}

bool same_objectives(const Problem& a, const Problem& b) {
  return std::equal(
      a.objectives().begin(), a.objectives().end(), b.objectives().begin(), b.objectives().end(),
      [](const Objective& x, const Objective& y) { return x.metric == y.metric && x.maximise == y.maximise; });
}

}  // namespace

search::ReferenceRule reference_rule(const std::string& name) {
  if (name == "worst") return search::ReferenceRule::worst;
  if (name == "nadir") return search::ReferenceRule::nadir;
  throw InvalidArgument("reference_rule: '" + name + "' is none of worst, nadir");
}

const char* to_string(ReferenceSource source) {
  constexpr const char* names[] = {"stated", "worst", "nadir"};
  return names[static_cast<int>(source)];
}

void require_explorable(const Problem& problem) {
  const std::size_t count = problem.objectives().size();
  if (count == 2 || count == 3) return;
  throw InvalidArgument("objectives: " + std::to_string(count) + "; exploration needs two or three");
}

std::vector<std::int64_t> Exploration::dominated() const {
  std::vector<std::int64_t> numbers;
  for (const ExploredPoint& p : points) {
    if (p.is_feasible && !p.is_on_front) numbers.push_back(p.trial.number);
  }
  return numbers;
}

std::vector<std::int64_t> Exploration::infeasible() const {
  std::vector<std::int64_t> numbers;
  for (const ExploredPoint& p : points) {
    if (!p.is_feasible) numbers.push_back(p.trial.number);
  }
  return numbers;
}

std::vector<Exploration> explorations(const std::vector<Study*>& studies, search::ReferenceRule rule) {
  if (studies.empty()) return {};
  const Problem problem = studies.front()->problem();
  if (problem.objectives().size() < 2) {
    throw InvalidArgument("objectives: " + std::to_string(problem.objectives().size()) + "; a front needs two or more");
  }
  std::vector<Measured> all;
  for (Study* const study : studies) {
    if (!same_objectives(study->problem(), problem)) {
      throw InvalidArgument(study->name() + ": has other objectives than " + studies.front()->name() +
                            ", so their fronts cannot be compared");
    }
    all.push_back(measured(*study, problem));
  }
  const Reference reference = reference_of(all, problem, rule);
  std::vector<Exploration> out;
  for (std::size_t i = 0; i < studies.size(); ++i) {
    out.push_back(exploration_of(*studies[i], std::move(all[i]), reference));
  }
  return out;
}

std::vector<Exploration> explore(const space::DynamicSpace& space, const Problem& problem,
                                 const Study::Function& measure, const ExploreOptions& options) {
  require_explorable(problem);
  const auto run = [&](const std::string& name, search::AnyStrategy strategy) {
    auto study = std::make_unique<Study>(
        space, problem,
        StudyOptions{.name = name, .store = options.store, .seed = options.seed, .strategy = std::move(strategy)});
    if (options.baseline) study->enqueue(*options.baseline);
    study->optimize(measure, {.trials = options.how.trials(), .callback = [&](const Trial& trial) {
                                if (options.callback) options.callback(*study, trial);
                              }});
    return study;
  };
  std::optional<search::AnyStrategy> other;
  if (!options.against.empty()) other = named_strategy(options.against);  // refused before anything is measured
  const auto ours = run(options.name, exploration_strategy(options.how, options.strategy));
  if (!other) return explorations({ours.get()}, options.how.rule);
  const auto theirs = run(options.name + "-" + options.against, *other);
  return explorations({ours.get(), theirs.get()}, options.how.rule);
}

}  // namespace bayestuner::study
