#pragma once
/// Whether the inputs of a running selector still look like those that it learnt.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "bayestuner/selection/decision.hpp"
#include "bayestuner/selection/model_selector.hpp"

namespace bayestuner::selection {

/// What is done once drift was raised.
enum class OnDrift : std::uint8_t {
  report,   ///< nothing but the event
  fallback  ///< DriftMonitor::select gives the selector's fallback (or declines) until `reset`
};

struct DriftOptions {
  int window = 200;                  ///< inputs that are looked at together; at least 20
  int bins = 10;                     ///< of a numeric feature, equally filled by the training rows; at least 2
  double least_psi = 0.2;            ///< a smaller population stability index is no drift, however sure it is
  double false_alarms = 1e-7;        ///< wanted at most, per input, of all tests together; in (0, 0.01]
  double tolerated_residual = 0.05;  ///< miscalibration of the chosen model that is no drift; above 0
  OnDrift on_drift = OnDrift::report;
};

/// What was found, with its numbers. Raised once for each kind and feature until `reset`.
struct DriftEvent {
  enum class Kind : std::uint8_t {
    feature,       ///< `value`: population stability index of `feature` over the window
    out_of_range,  ///< share of the window's inputs with a number outside what was learnt, or a new category
    distance,      ///< share of the window's inputs that lie farther from the training rows than those from each other
    calibration    ///< Page-Hinkley sum of the chosen models' squared errors beyond those foretold
  } kind = Kind::feature;
  std::string feature{};
  std::uint64_t input = 0;  ///< inputs watched until then
  double value = 0.0;
  double expected = 0.0;   ///< of the value without drift
  double threshold = 0.0;  ///< that the value reached

  std::string to_text() const;
};

/// Watches the inputs that a selector chooses for and, where they become known, the scores of the chosen models.
///
/// Features: inputs are counted in bins, window after window; drift is a two-sample chi-squared test and a population
/// stability index of at least `least_psi`. Out of range and distance: binomial tests against an upper bound of the
/// share that the training rows let expect. Calibration: Page's cumulative sum of (P - score)^2 - P (1 - P) -
/// `tolerated_residual`, whose threshold log(1 / rate) / theta bounds the rate of false alarms of honest probabilities
/// P, theta being Lundberg's exponent for the worst P. Nothing is switched unless OnDrift says so.
/// Sources: Page 1954, doi:10.1093/biomet/41.1-2.100; Lorden 1971, doi:10.1214/aoms/1177693055, theorem 2.
class DriftMonitor {
 public:
  using Callback = std::function<void(const DriftEvent&)>;

  /// `selector` must be fitted and outlive the monitor; its training rows are the reference.
  /// Throws InvalidArgument for options out of range or a selector before fit.
  explicit DriftMonitor(const ModelSelector& selector, const DriftOptions& options = {}, Callback callback = {});

  /// Takes note of an input (d) and what was decided. Takes no memory unless an event is raised.
  void observe(std::span<const double> x, const Decision& decision);
  /// Takes note of the score in [0, 1] of a model that was chosen with `probability` of success.
  /// Throws InvalidArgument for numbers outside [0, 1], or a selector whose scores are no successes.
  void observe_score(double probability, double score);
  /// Chooses by the selector, takes note, and with OnDrift::fallback gives the fallback while there is drift.
  void select(std::span<const double> x, Decision& decision, std::span<const char> available = {});

  bool drifted() const { return !events_.empty(); }
  const std::vector<DriftEvent>& events() const { return events_; }
  std::uint64_t inputs() const { return inputs_; }

  /// How things stand: of the last full window; zeros before one.
  struct Report {
    struct Feature {
      std::string name;
      double psi = 0.0;
    };
    std::vector<Feature> features;
    double out_of_range = 0.0, unsupported = 0.0;  ///< shares
    double page_hinkley = 0.0;                     ///< of all scores until now
  };
  const Report& report() const { return report_; }

  /// Forgets windows, sums and events: after learning anew, or a false alarm. The reference stays.
  void reset();

 private:
  struct Watched {
    std::size_t column = 0;
    std::vector<double> edges;      // of a number: bin = edges that are <= value
    std::vector<int> bin_of_level;  // of a category; last: unseen
    std::vector<double> reference;  // counts of the training rows
    std::vector<double> now;        // counts of this window
    double critical = 0.0, sum = 0.0;
  };
  struct Share {
    double expected = 0.0;
    int threshold = 0, now = 0;
  };

  void watch_number(std::size_t column);
  void watch_category(std::size_t column);
  Share share_test(double successes, double failures, double alpha) const;
  void end_window();
  void raise(DriftEvent event);

  const ModelSelector* selector_;
  DriftOptions options_;
  Callback callback_;
  std::vector<Watched> watched_;
  Share out_of_range_, distance_;
  double page_threshold_ = 0.0;
  std::uint64_t inputs_ = 0;
  int in_window_ = 0;
  Report report_;
  std::vector<DriftEvent> events_;
};

}  // namespace bayestuner::selection
