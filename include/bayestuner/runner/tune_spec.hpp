#pragma once
/// What a tuning run is: the tune file as data.

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "bayestuner/knob/discover.hpp"
#include "bayestuner/runner/http_load.hpp"
#include "bayestuner/runner/measure.hpp"
#include "bayestuner/runner/process_workload.hpp"
#include "bayestuner/space/dynamic_space.hpp"
#include "bayestuner/study/exploration.hpp"
#include "bayestuner/study/problem.hpp"
#include "bayestuner/study/study.hpp"

namespace bayestuner::runner {

/// [study]
struct StudySpec {
  std::string name = "study";
  std::filesystem::path store = {};  ///< empty: memory
  std::uint64_t seed = 0;
  std::string strategy = "bo";
  std::optional<std::size_t> trials = {};
  std::optional<double> seconds = {};  ///< of searching; the verification comes on top
  std::optional<double> joules = {};
  bool stop_without_gain = false;
  std::optional<study::RecommendOptions> verify = study::RecommendOptions{};  ///< nullopt: no verification
};

/// [[parameter]]
struct ParameterSpec {
  space::Parameter parameter;
  std::optional<space::Value> current = {};  ///< in force today; all of them together are the baseline
  std::optional<knob::KnobSpec> knob = {};   ///< nullopt: templates alone use it
};

/// [load]
struct LoadSpec {
  enum class Type { http, command, none };
  Type type = Type::none;
  HttpLoadOptions http = {};
  std::filesystem::path requests = {};    ///< http: read when the run begins
  std::vector<std::string> command = {};  ///< command: template
};

/// [measure]
struct MeasureSpec {
  std::vector<std::string> meters = {"power", "cpu_time", "memory"};
  bool allow_estimates = false;
  MeasureOptions options = {};
  double timeout_s = 120.0;
  double cool_down_s = 0.0;
  int drift_every = 0;  ///< repeat the baseline after so many trials; 0: never
  std::filesystem::path log_directory = {};
};

/// [explore]; `tune` takes no notice of it.
struct ExploreSpec {
  study::ExplorationOptions how = {};
  std::string against = {};  ///< a strategy that is measured as well, as study NAME-STRATEGY; empty: none
};

struct TuneSpec {
  std::filesystem::path file = {};  ///< where it came from, for messages
  StudySpec study = {};
  ExploreSpec explore = {};
  study::Problem problem = {};
  std::vector<ParameterSpec> parameters = {};
  std::vector<std::string> constraints = {};  ///< known ones, expressions
  ProcessOptions workload = {};
  LoadSpec load = {};
  MeasureSpec measure = {};
  std::shared_ptr<const knob::Filesystem> filesystem =
      {};                               ///< a copied tree instead of the machine; empty: the machine
  std::vector<std::string> notes = {};  ///< what was changed for this machine, for people

  /// Throws InvalidArgument, also where no configuration is left.
  space::DynamicSpace space() const;
  /// The configuration in force today; nullopt where no parameter says. Throws InvalidArgument where only some say, or
  /// the space does not contain it.
  std::optional<space::Configuration> baseline() const;
  /// Metrics the run can report; empty where a program reports what it likes.
  std::vector<std::string> known_metrics() const;
  /// Everything that can be found wrong without touching the machine. Throws InvalidArgument.
  void check() const;
};

}  // namespace bayestuner::runner
