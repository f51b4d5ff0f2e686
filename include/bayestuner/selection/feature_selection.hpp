#pragma once
/// Fewer features: those that repeat another, then those whose absence costs nothing.

#include <Eigen/Core>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace bayestuner::selection {

struct ReductionOptions {
  double most_correlation = 1.0;  ///< of two columns whose |r| is above it one is dropped; 1: none
  bool backward = false;          ///< greedy backward removal
  int neighbours = 5;             ///< of the k-NN that judges a removal
  int folds = 5;
  std::uint64_t seed = 0;
};

/// Which coded columns were kept and why the others were not.
struct Reduction {
  struct Dropped {
    std::string name, for_name;  ///< `for_name`: the kept column that stands for it; empty: removed as unimportant
    double correlation = 0.0;    ///< |r| with it
  };
  std::vector<Eigen::Index> kept;
  std::vector<Dropped> dropped;
  /// Of every kept column after backward removal: accuracy lost without it, as a share of the sum; else empty.
  std::vector<double> importance;

  template <class A>
  void archive(A& a);
};

/// While some pair of columns of `x` (n, p) has a Pearson |r| above `most`, drops of the first such pair (the most
/// correlated) the one whose mean |r| with the rest is higher; ties by column order.
/// Source: Taylor et al. 2018, doi:10.1145/3211332.3211336, section 3.4.1.
Reduction drop_correlated(const Eigen::MatrixXd& x, const std::vector<std::string>& names, double most);

/// Scores (n) of rows when these columns are used, out of fold.
using JudgeColumns = std::function<Eigen::VectorXd(const std::vector<Eigen::Index>&)>;

/// Leaves out one column after the other, always the one whose absence costs least, while that costs at most one
/// standard error of the paired difference. `kept` in, fewer out; importances are drops in the mean over their sum.
void remove_backward(Reduction& reduction, const std::vector<std::string>& names, const JudgeColumns& judge);

template <class A>
void Reduction::archive(A& a) {
  a(kept), a(importance);
  std::vector<std::string> dropped_names, stand_ins;
  std::vector<double> correlations;
  for (const Dropped& d : dropped) {
    dropped_names.push_back(d.name);
    stand_ins.push_back(d.for_name);
    correlations.push_back(d.correlation);
  }
  a(dropped_names), a(stand_ins), a(correlations);
  dropped.clear();
  for (std::size_t k = 0; k < dropped_names.size() && k < stand_ins.size() && k < correlations.size(); ++k) {
    dropped.push_back({dropped_names[k], stand_ins[k], correlations[k]});
  }
}

}  // namespace bayestuner::selection
