#include "bayestuner/analysis/comparison.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

#include "bayestuner/core/error.hpp"
#include "bayestuner/core/random.hpp"
#include "bayestuner/core/text.hpp"

namespace bayestuner::analysis {

namespace {

constexpr double tie = 1e-12;  // measures of table values are equal, or differ by more

// What one strategy reached on one task, seed by seed.
struct Runs {
  std::size_t budget = 0;
  std::map<std::uint64_t, std::map<int, double>> value;  // seed -> evaluations (0: the budget) -> measure
  int nothing = 0, repeats = 0;
  std::set<std::uint64_t> empty_handed;
};

using ByTask = std::map<std::string, std::map<std::string, Runs>>;  // task -> strategy

// The runs that every strategy has of one task. Rows: measures, k at a time; columns: seeds.
struct Block {
  std::string task;
  Eigen::ArrayXXd values;
  std::vector<bool> reached;  // one a checkpoint
};

class Comparer {
 public:
  Comparer(const CompareOptions& options, bool pareto) : options_(options), pareto_(pareto) {}

  void add(const ReplayResult& r) {
    if (std::find(names_.begin(), names_.end(), r.strategy) == names_.end()) names_.push_back(r.strategy);
    const auto& known = by_task_[r.task];
    if (!known.empty() && known.begin()->second.budget != r.budget) {
      throw InvalidArgument("compare: " + r.task + ": budget: " + to_text(r.budget) + " of " + r.strategy + " and " +
                            to_text(known.begin()->second.budget) + " of " + known.begin()->first +
                            " are not comparable");
    }
    if (by_task_[r.task].empty()) order_.push_back(r.task);
    Runs& runs = by_task_[r.task][r.strategy];
    runs.budget = r.budget;
    for (const int n : r.repeats) runs.repeats = std::max(runs.repeats, n);
    for (std::size_t s = 0; s < r.seeds.size(); ++s) {
      const auto [place, fresh] = runs.value.try_emplace(r.seeds[s]);
      if (!fresh) {
        throw InvalidArgument("compare: " + r.task + ": seed " + to_text(r.seeds[s]) + " of " + r.strategy +
                              " is there twice");
      }
      const auto& final = pareto_ ? r.hypervolume : r.gap;
      place->second[0] = measure(final.at(s));
      if (!final[s]) runs.empty_handed.insert(r.seeds[s]);
      if (pareto_) continue;
      for (const auto& [at, gaps] : r.gap_at) {
        place->second[at] = measure(gaps.at(s));
        checkpoints_.insert(at);
      }
    }
  }

  bool empty() const { return names_.empty(); }
  const std::vector<std::string>& names() const { return names_; }

  Comparison compare() {
    Comparison out{.measure = pareto_ ? "lost_hypervolume" : "gap",
                   .confidence = options_.confidence,
                   .tolerance = pareto_ ? options_.within_volume : options_.within};
    collect(out);
    const auto k = static_cast<Eigen::Index>(names_.size());
    // With one task its seeds are what can be drawn anew.
    by_seed_ = blocks_.size() == 1;
    out.blocks = by_seed_ ? "seeds" : "tasks";
    table_ = block_table();
    const Eigen::ArrayXXd point = summary(all_tasks(), nullptr);
    const auto replicates = bootstrap(point.size());
    out.friedman = friedman(table_, tie);
    std::vector<Eigen::Index> ranking(static_cast<std::size_t>(k));
    std::iota(ranking.begin(), ranking.end(), Eigen::Index{0});
    std::stable_sort(ranking.begin(), ranking.end(), [&](Eigen::Index a, Eigen::Index b) {
      const double d = out.friedman.mean_ranks[a] - out.friedman.mean_ranks[b];
      return std::abs(d) > tie ? d < 0.0 : point(a, 0) < point(b, 0);
    });
    for (const Eigen::Index s : ranking) out.strategies.push_back(score(s, point, replicates, out));
    differences(out, ranking, point, replicates);
    out.friedman.mean_ranks = Eigen::VectorXd(out.friedman.mean_ranks(ranking));
    if (k > 1 && table_.rows() > 1) {
      out.critical_difference = nemenyi_critical_difference(
          static_cast<int>(k), static_cast<std::size_t>(table_.rows()), 1.0 - options_.confidence);
    }
    return out;
  }

 private:
  // Rows of what summary() gives, k at a time: the mean, the share within the tolerance, the mean rank, checkpoints.
  enum Row : Eigen::Index { mean_row = 0, within_row = 1, rank_row = 2, first_checkpoint = 3 };

  double measure(const std::optional<double>& value) const {
    if (pareto_) return std::clamp(1.0 - value.value_or(0.0), 0.0, 1.0);
    return std::min(value.value_or(1.0), 1.0);
  }

  void collect(Comparison& out) {
    for (const std::string& task : order_) {
      const auto& strategies = by_task_.at(task);
      std::vector<std::string> missing;
      for (const std::string& name : names_) {
        if (!strategies.contains(name)) missing.push_back(name);
      }
      if (!missing.empty()) {
        out.notes.push_back(task + ": left out, without " + join(missing));
        continue;
      }
      std::vector<std::uint64_t> seeds;
      std::set<std::uint64_t> all;
      for (const auto& [name, runs] : strategies) {
        for (const auto& [seed, value] : runs.value) all.insert(seed);
      }
      for (const std::uint64_t seed : all) {
        if (std::all_of(strategies.begin(), strategies.end(),
                        [&](const auto& s) { return s.second.value.contains(seed); })) {
          seeds.push_back(seed);
        }
      }
      if (seeds.size() < all.size()) {
        out.notes.push_back(task + ": " + to_text(all.size() - seeds.size()) + " of " + to_text(all.size()) +
                            " seeds left out, which not every strategy has");
      }
      if (seeds.empty()) continue;
      out.tasks.push_back(task);
      out.runs += seeds.size();
      blocks_.push_back(block(task, seeds));
      for (const std::string& name : names_) {
        for (const std::uint64_t seed : seeds) nothing_[name] += strategies.at(name).empty_handed.contains(seed);
        repeats_[name] = std::max(repeats_[name], strategies.at(name).repeats);
      }
    }
    if (blocks_.empty()) {
      throw InvalidArgument("compare: no task and seed is common to " + join(names_) + " (" + out.measure + ")");
    }
  }

  Block block(const std::string& task, const std::vector<std::uint64_t>& seeds) const {
    const auto k = static_cast<Eigen::Index>(names_.size());
    const auto& strategies = by_task_.at(task);
    Block out{.task = task,
              .values = Eigen::ArrayXXd::Zero(k * (first_checkpoint + static_cast<Eigen::Index>(checkpoints_.size())),
                                              static_cast<Eigen::Index>(seeds.size())),
              .reached = std::vector<bool>(checkpoints_.size(), true)};
    const double within = pareto_ ? options_.within_volume : options_.within;
    for (Eigen::Index i = 0; i < out.values.cols(); ++i) {
      for (Eigen::Index s = 0; s < k; ++s) {
        const auto& value =
            strategies.at(names_[static_cast<std::size_t>(s)]).value.at(seeds[static_cast<std::size_t>(i)]);
        out.values(mean_row * k + s, i) = value.at(0);
        out.values(within_row * k + s, i) = value.at(0) <= within ? 1.0 : 0.0;
        std::size_t c = 0;
        for (const int at : checkpoints_) {
          const auto found = value.find(at);
          if (found == value.end()) {
            out.reached[c] = false;
          } else {
            out.values((first_checkpoint + static_cast<Eigen::Index>(c)) * k + s, i) = found->second;
          }
          ++c;
        }
      }
      const auto final = out.values.col(i).head(k).matrix();
      out.values.col(i).segment(rank_row * k, k) = midranks(final, tie);
    }
    return out;
  }

  // (blocks, k): what the rank tests look at.
  Eigen::MatrixXd block_table() const {
    const auto k = static_cast<Eigen::Index>(names_.size());
    if (by_seed_) return blocks_[0].values.topRows(k).transpose().matrix();
    Eigen::MatrixXd table(static_cast<Eigen::Index>(blocks_.size()), k);
    for (std::size_t t = 0; t < blocks_.size(); ++t) {
      table.row(static_cast<Eigen::Index>(t)) = blocks_[t].values.topRows(k).rowwise().mean().transpose().matrix();
    }
    return table;
  }

  std::vector<std::size_t> all_tasks() const {
    std::vector<std::size_t> tasks(blocks_.size());
    std::iota(tasks.begin(), tasks.end(), std::size_t{0});
    return tasks;
  }

  // (k, rows): means over `tasks`, of the seeds there are, or of as many drawn by `random`.
  Eigen::ArrayXXd summary(const std::vector<std::size_t>& tasks, Random* random) const {
    const auto k = static_cast<Eigen::Index>(names_.size());
    const Eigen::Index rows = blocks_[0].values.rows() / k;
    Eigen::ArrayXXd sum = Eigen::ArrayXXd::Zero(k, rows);
    Eigen::ArrayXd count = Eigen::ArrayXd::Zero(rows), of_task(k * rows);
    for (const std::size_t t : tasks) {
      const Block& block = blocks_[t];
      const Eigen::Index seeds = block.values.cols();
      if (random == nullptr) {
        of_task = block.values.rowwise().mean();
      } else {
        of_task.setZero();
        for (Eigen::Index i = 0; i < seeds; ++i) {
          of_task += block.values.col(static_cast<Eigen::Index>(random->below(static_cast<std::uint64_t>(seeds))));
        }
        of_task /= static_cast<double>(seeds);
      }
      if (!by_seed_) of_task.segment(rank_row * k, k) = midranks(of_task.head(k).matrix(), tie);
      for (Eigen::Index r = 0; r < rows; ++r) {
        if (r >= first_checkpoint && !block.reached[static_cast<std::size_t>(r - first_checkpoint)]) continue;
        sum.col(r) += of_task.segment(r * k, k);
        count[r] += 1.0;
      }
    }
    return sum.rowwise() / count.transpose();  // NaN where no task reaches a checkpoint
  }

  // (resamples, size of a summary)
  Eigen::ArrayXXd bootstrap(Eigen::Index size) const {
    Eigen::ArrayXXd out(options_.resamples, size);
    Random random(options_.seed, 0xb007);
    std::vector<std::size_t> tasks = all_tasks();
    for (Eigen::Index b = 0; b < out.rows(); ++b) {
      if (!by_seed_ && !options_.fixed_tasks) {
        for (std::size_t& t : tasks) t = static_cast<std::size_t>(random.below(blocks_.size()));
      }
      out.row(b) = summary(tasks, &random).reshaped().transpose();
    }
    return out;
  }

  static std::vector<double> column(const Eigen::ArrayXXd& replicates, Eigen::Index j) {
    return {replicates.col(j).begin(), replicates.col(j).end()};
  }

  StrategyScore score(Eigen::Index s, const Eigen::ArrayXXd& point, const Eigen::ArrayXXd& replicates,
                      const Comparison& all) const {
    const auto k = static_cast<Eigen::Index>(names_.size());
    const auto interval = [&](Eigen::Index row) {
      return percentile_interval(point(s, row), column(replicates, row * k + s), options_.confidence);
    };
    const std::string& name = names_[static_cast<std::size_t>(s)];
    const auto runs = static_cast<double>(all.runs);
    StrategyScore out{.strategy = name,
                      .mean = interval(mean_row),
                      .rank = interval(rank_row),
                      .within = interval(within_row),
                      .nothing = nothing_.at(name) / runs,
                      .repeats = repeats_.at(name)};
    // A bootstrap of equal outcomes knows no doubt: the exact binomial bound does.
    const double bound = std::pow(0.5 * (1.0 - options_.confidence), 1.0 / runs);
    if (out.within.value == 1.0) out.within.low = bound;
    if (out.within.value == 0.0) out.within.high = 1.0 - bound;
    Eigen::Index row = first_checkpoint;
    std::size_t c = 0;
    for (const int at : checkpoints_) {
      const auto tasks = std::count_if(blocks_.begin(), blocks_.end(), [&](const Block& b) { return b.reached[c]; });
      if (tasks > 0) out.at[at] = {.mean = interval(row), .tasks = static_cast<std::size_t>(tasks)};
      ++row;
      ++c;
    }
    for (const Block& block : blocks_) out.task_mean.push_back(block.values.row(s).mean());
    return out;
  }

  void differences(Comparison& out, const std::vector<Eigen::Index>& ranking, const Eigen::ArrayXXd& point,
                   const Eigen::ArrayXXd& replicates) const {
    std::vector<double> p_values;
    const auto add = [&](Eigen::Index a, Eigen::Index b) {
      StrategyDifference d{.first = names_[static_cast<std::size_t>(a)], .second = names_[static_cast<std::size_t>(b)]};
      const Eigen::ArrayXd drawn = replicates.col(a) - replicates.col(b);
      d.mean = percentile_interval(point(a, mean_row) - point(b, mean_row), {drawn.begin(), drawn.end()},
                                   options_.confidence);
      const Eigen::VectorXd each = table_.col(a) - table_.col(b);
      d.wins = static_cast<int>((each.array() < -tie).count());
      d.losses = static_cast<int>((each.array() > tie).count());
      d.ties = static_cast<int>(each.size()) - d.wins - d.losses;
      d.p_value = wilcoxon_signed_rank(each, tie).p_value;
      p_values.push_back(d.p_value);
      out.differences.push_back(std::move(d));
    };
    for (std::size_t i = 0; i < ranking.size(); ++i) {
      for (std::size_t j = i + 1; j < ranking.size(); ++j) {
        if (options_.baseline.empty()) add(ranking[i], ranking[j]);
      }
      const auto base = std::find(names_.begin(), names_.end(), options_.baseline);
      if (base == names_.end() || base - names_.begin() == ranking[i]) continue;
      add(static_cast<Eigen::Index>(base - names_.begin()), ranking[i]);
    }
    const std::vector<double> adjusted = holm(p_values);
    for (std::size_t i = 0; i < adjusted.size(); ++i) out.differences[i].p_holm = adjusted[i];
  }

  const CompareOptions& options_;
  bool pareto_;
  std::vector<std::string> names_, order_;
  ByTask by_task_;
  std::set<int> checkpoints_;
  std::vector<Block> blocks_;
  bool by_seed_ = false;
  Eigen::MatrixXd table_;
  std::map<std::string, double> nothing_;
  std::map<std::string, int> repeats_;
};

}  // namespace

std::vector<Comparison> compare(const std::vector<ReplayResult>& results, const CompareOptions& options) {
  require_confidence("compare", options.confidence);
  if (options.resamples < 1) throw InvalidArgument("compare: resamples: must be at least 1");
  if (results.empty()) throw InvalidArgument("compare: there is no result");
  Comparer gap(options, false), volume(options, true);
  for (const ReplayResult& r : results) (r.type == "pareto" ? volume : gap).add(r);
  std::vector<Comparison> out;
  bool known = options.baseline.empty();
  for (Comparer* one : {&gap, &volume}) {
    if (one->empty()) continue;
    known = known || std::find(one->names().begin(), one->names().end(), options.baseline) != one->names().end();
    out.push_back(one->compare());
  }
  if (!known) throw InvalidArgument("compare: baseline: '" + options.baseline + "' is none of the strategies");
  return out;
}

}  // namespace bayestuner::analysis
