#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bayestuner/selection/calibration.hpp"
#include "bayestuner/selection/cascade.hpp"
#include "bayestuner/selection/concepts.hpp"
#include "bayestuner/selection/data.hpp"
#include "bayestuner/selection/decision.hpp"
#include "bayestuner/selection/estimators.hpp"
#include "bayestuner/selection/feature_coder.hpp"
#include "bayestuner/selection/feature_selection.hpp"
#include "bayestuner/selection/policy.hpp"

namespace bayestuner::selection {

/// What is done with too little data: fewer rows than max(neighbours + 1, 30), or a model right on fewer than 5 rows.
enum class SmallData : std::uint8_t {
  refuse,   ///< an error
  constant  ///< a warning, and the mean instead of an estimate
};

struct SelectorOptions {
  /// One of estimator_names(), or "auto": the simplest within one standard error of the best in cross-validation, and
  /// the constant within two.
  std::string estimator = "auto";
  Policy policy{};
  /// The model for an input that the policy has no answer to: a name, "best" (of the training rows), or empty: none is
  /// to run, the decision is declined.
  std::string fallback = "best";
  bool unsupported_to_fallback = false;  ///< also for inputs unlike the training rows
  double support_quantile = 0.95;        ///< of the training rows' own distances: beyond it an input is not supported
  CoderOptions coder{};
  ReductionOptions reduction{};
  CascadeOptions cascade{};
  bool calibrate = true;  ///< scores of 0 and 1, where that lowers the Brier score out of fold
  int folds = 5;          ///< for out-of-fold predictions
  SmallData small = SmallData::refuse;
  std::size_t max_rows = 0;  ///< > 0: the oldest rows beyond are forgotten by partial_fit
  std::uint64_t seed = 0;
  /// What made the features, in which version (images::image_features_version, say): kept in the file, so that features
  /// of another definition are not taken for these.
  std::string features_version{};
};

/// How one estimator did in the cross-validation of "auto".
struct EstimatorTrial {
  std::string name;
  /// Mean out of fold of what the policy optimises, higher is better: the score (less lambda * cost), minus the cost
  /// (min_cost; -inf where the score asked for is not reached), minus the squared error (optimum, per_input).
  double utility = 0.0;
  double behind_best = 0.0;  ///< by how much, and the standard error of that difference
  double behind_best_se = 0.0;
};

/// Choices for many inputs at once.
struct Batch {
  std::vector<Eigen::Index> model;  ///< -1: declined
  std::vector<Status> status;
  std::vector<bool> supported;
  Eigen::MatrixXd scores;  ///< predicted (n, m)
};

/// Names the model to run for an input from features that cost far less than any of the models.
///
/// Coder, feature reduction, estimator, calibration and lambda are learnt from training rows alone; what depends on
/// predictions uses those made out of fold. A selector is a value: copies are independent.
class ModelSelector {
 public:
  /// So many training rows, at most, tell which distances are usual.
  static constexpr Eigen::Index most_support_rows = 2000;

  /// Throws InvalidArgument for options out of range.
  explicit ModelSelector(SelectorOptions options = {});
  /// With an estimator of one's own.
  ModelSelector(AnyEstimator estimator, SelectorOptions options);

  /// Learns features (n, d), scores (n, m) and costs. Throws InvalidArgument for data that cannot be learnt: see
  /// docs/selection.md for each.
  void fit(const FeatureMatrix& x, const ScoreMatrix& scores, const CostModel& costs = {});
  /// Appends rows, of which not every score need be known, and learns anew with the features and the estimator that
  /// were chosen. A model that is new here joins with unknown scores before; `costs` then names all models' costs.
  void partial_fit(const FeatureMatrix& x, const ScoreMatrix& scores, const CostModel& costs = {});
  bool is_fitted() const { return fitted_; }
  /// Throws InvalidArgument, naming both, where the features learnt are of another version than `version`. A version
  /// that is not known (empty) agrees with any.
  void require_features_version(std::string_view version) const;

  /// Chooses for `x` (d). Takes no memory after the first call with the same `decision`. `available` (m; empty: all)
  /// forbids models for this call. Throws InvalidArgument before fit, for a wrong number of features, or one that is
  /// not finite.
  void select(std::span<const double> x, Decision& decision, std::span<const char> available = {}) const;
  /// Chooses for every row. With max_score and `exact`, the whole batch's predicted mean cost is at most the policy's,
  /// filled to the last affordable input; otherwise every row is chosen as select does.
  /// `available` as above.
  Batch select(const FeatureMatrix& x, bool exact = true, std::span<const char> available = {}) const;
  /// Puts `model` (-1: none) into a decision of this selector.
  void put(Decision& decision, Eigen::Index model, Status status) const;
  /// Puts the fallback into a decision of this selector, or declines where there is none that is `available`.
  void fall_back(Decision& decision, std::span<const char> available = {}) const;
  /// Predicted scores (n, m): probabilities of success, or utilities of other scores.
  Eigen::MatrixXd predict(const FeatureMatrix& x) const;

  const std::vector<std::string>& models() const { return scores_.models; }
  const SelectorOptions& options() const { return options_; }
  const std::string& estimator_name() const { return estimator_name_; }
  const FeatureCoder& coder() const { return coder_; }
  const Reduction& reduction() const { return reduction_; }
  const std::vector<std::string>& warnings() const { return warnings_; }
  const std::vector<EstimatorTrial>& trials() const { return trials_; }  ///< of "auto"
  const Cascade& cascade() const { return cascade_; }
  const Eigen::VectorXd& costs() const { return cost_; }  ///< mean (m); zeros where not given
  Eigen::Index best_single() const { return best_single_; }
  /// Whether `model` may be chosen: false where it was never right, or is not `available` (m; empty: all are).
  bool offers(Eigen::Index model, std::span<const char> available = {}) const {
    const auto j = static_cast<std::size_t>(model);
    return usable_[j] != 0 && (available.empty() || available[j] != 0);
  }
  Eigen::Index fallback() const { return fallback_; }  ///< -1: decline
  /// What a unit of cost is worth in score. With max_score a share of the inputs has a lesser one: budget_lambda.
  double lambda() const { return lambda_.lambda; }
  double support_distance() const { return support_distance_; }
  /// Whether anything beats what needs no features: false where "auto" found nothing, or the estimator is constant.
  bool helps() const { return estimator_name_ != "constant"; }
  /// Predictions (n, m) for the training rows by estimators that did not see them; computed where needed, else empty.
  const Eigen::MatrixXd& out_of_fold() const { return out_of_fold_; }
  const FeatureMatrix& training_features() const { return x_; }
  const ScoreMatrix& training_scores() const { return scores_; }
  const NeighbourIndex& index() const { return data_.index; }
  const Eigen::MatrixXd& training_rows() const { return data_.x; }  ///< coded

  /// Vertices of score against cost, judged out of fold. Throws InvalidArgument without costs or before fit.
  std::vector<TradeOff> tradeoff_curve() const;
  /// One for each model, over its out-of-fold predictions. Success scores only.
  std::vector<CalibrationReport> calibration() const;

  /// Writes everything to one file; `load` decides to the bit as this does. Throws DeviceError where the file cannot be
  /// written or read, InvalidArgument for a file of another kind or version, damaged, or (save) before fit.
  void save(const std::string& path) const;
  static ModelSelector load(const std::string& path);
  /// The contents of such a file; `name` stands for it in messages.
  std::string to_bytes() const;
  static ModelSelector from_bytes(const std::string& bytes, const std::string& name = "selector");

 private:
  template <class A>
  void archive(A& a);

  void require_fitted() const;
  void learn();             // from x_, scores_, costs_
  void choose_estimator();  // of "auto"
  void require_enough_data();
  void finish();  // what follows from x_, scores_, costs_ and the estimator
  void measure_support();
  Eigen::MatrixXd predict_out_of_fold(const AnyEstimator& estimator) const;
  std::vector<double> policy_utilities(const Eigen::MatrixXd& predicted) const;
  std::vector<double> constant_utilities(const Eigen::MatrixXd& predicted) const;
  Eigen::MatrixXd offered(Eigen::MatrixXd predicted, std::span<const char> available = {}) const;
  void shrink(std::span<double> scores) const;
  void require_available(std::span<const char> available) const;
  double lambda_for(const Decision& decision) const;
  void locate(Decision& decision) const;
  void decide(Decision& decision, std::span<const char> available) const;
  Eigen::Index choose(Decision& decision, std::span<const char> available) const;

  SelectorOptions options_;
  bool own_estimator_ = false, fitted_ = false;
  std::string estimator_name_;
  AnyEstimator blank_, estimator_;  // before and after learning
  FeatureMatrix x_;
  ScoreMatrix scores_;
  CostModel costs_;
  FeatureCoder coder_;
  Reduction reduction_;
  TrainingSet data_;
  Cascade cascade_;
  std::vector<Calibration> calibration_;  // (m)
  std::vector<double> weight_, mean_;     // (m): of the estimate against the mean
  std::vector<char> usable_;              // (m): ever right
  Eigen::VectorXd cost_;
  Eigen::Index best_single_ = 0, fallback_ = -1;
  BudgetLambda lambda_;
  double support_distance_ = 0.0;
  int support_neighbours_ = 5;
  std::vector<std::string> warnings_;
  std::vector<EstimatorTrial> trials_;
  Eigen::MatrixXd out_of_fold_;
};
static_assert(Selector<ModelSelector>);

}  // namespace bayestuner::selection
