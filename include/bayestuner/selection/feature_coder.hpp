#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "bayestuner/selection/data.hpp"

namespace bayestuner::selection {

/// What is done with a feature that is NaN.
enum class MissingFeatures {
  refuse,  ///< an error that names row and column
  impute   ///< the training median, and a column of its own that says so
};

struct CoderOptions {
  MissingFeatures missing = MissingFeatures::refuse;
  /// Numbers beyond this in absolute value are learnt as sign(v) log(1 + |v|); infinity: never.
  double log_beyond = 50.0;
  /// Products of a category's levels and the numbers (the confidence within each predicted label) are columns too where
  /// they are at most so many.
  int most_products = 32;
  /// Of a category with more levels the most frequent ones are told apart, the others are coded as an unseen one is.
  int most_levels = 64;
  /// A column with a smaller share of known values is left out (with MissingFeatures::impute).
  double least_known = 0.2;
};

/// How many values of an input were unlike anything learnt.
struct CodingReport {
  int out_of_range = 0;  ///< numbers clipped
  int unseen = 0;        ///< categories coded as none
  int imputed = 0;
};

/// Turns features into the columns that estimators learn: categories one-hot (unseen: all zero), heavy-tailed numbers
/// in logs, everything scaled to [0, 1] by the minimum and maximum of the rows learnt and clipped to [-0.5, 1.5].
/// Columns that were constant are left out. Learns from training rows alone: fit it inside every fold. Source of the
/// scaling: Taylor et al. 2018, doi:10.1145/3211332.3211336, section 3.4.2.
class FeatureCoder {
 public:
  /// One coded column.
  struct Coded {
    enum class Kind : std::uint8_t { number, level, product, missing } kind = Kind::number;
    int source = 0;    ///< column of the features: the number, or for a level its category
    int category = 0;  ///< of a product
    int level = 0;     ///< of a level or product
    bool logarithm = false;
    double median = 0.0, low = 0.0, high = 1.0;
    std::string name{};
  };

  FeatureCoder() = default;
  /// Learns `x` (n, d), n > 0. Throws InvalidArgument, naming row and column, for numbers that are not finite, and
  /// where every column is constant.
  explicit FeatureCoder(const FeatureMatrix& x, const CoderOptions& options = {});

  /// Coded columns.
  Eigen::Index width() const { return static_cast<Eigen::Index>(coded_.size()); }
  const std::vector<Coded>& coded() const { return coded_; }
  const std::vector<FeatureColumn>& columns() const { return columns_; }  ///< that it takes
  const CoderOptions& options() const { return options_; }
  /// What was left out and why, in words.
  const std::vector<std::string>& warnings() const { return warnings_; }

  /// Throws InvalidArgument that names both sides unless `names` are the columns learnt, in order.
  void require_columns(const std::vector<std::string>& names) const;
  /// The same of the number of features of one input.
  void require_size(std::size_t given) const;
  /// The same inputs with the levels that were learnt; a level that was not becomes -1. Throws as require_columns, and
  /// where a category is a number here or the reverse.
  FeatureMatrix aligned(const FeatureMatrix& x) const;

  /// Codes `row` (d) into `out` (width()). Takes no memory. Throws InvalidArgument for a row of another length or,
  /// where missing values are refused, a number that is not finite.
  CodingReport operator()(std::span<const double> row, std::span<double> out) const;
  /// Coded rows (n, width()).
  Eigen::MatrixXd operator()(const FeatureMatrix& x) const;

  /// Keeps these coded columns alone.
  void keep(const std::vector<Eigen::Index>& coded);

  /// For a file: everything that makes it.
  static FeatureCoder restore(std::vector<FeatureColumn> columns, std::vector<Coded> coded, CoderOptions options,
                              std::vector<std::string> warnings);

 private:
  double number(const Coded& c, double value) const;

  CoderOptions options_;
  std::vector<FeatureColumn> columns_;
  std::vector<Coded> coded_;
  std::vector<char> used_;  // (d): whether some coded column reads it
  std::vector<std::string> warnings_;
};

}  // namespace bayestuner::selection
