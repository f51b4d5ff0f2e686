#include "bayestuner/control/make_controller.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <type_traits>

#include "bayestuner/control/aimd.hpp"
#include "bayestuner/control/batch_then_clock.hpp"
#include "bayestuner/control/bracket.hpp"
#include "bayestuner/control/dvfs.hpp"
#include "bayestuner/control/fail_safe.hpp"
#include "bayestuner/control/fixed.hpp"
#include "bayestuner/control/guard.hpp"
#include "bayestuner/control/pseudo_binary.hpp"
#include "bayestuner/control/stairs.hpp"
#include "bayestuner/control/survey.hpp"
#include "bayestuner/core/error.hpp"
#include "bayestuner/core/text.hpp"

namespace bayestuner::control {

namespace {

// Reads options into the members of a struct, or, asked for the defaults, reports what the members hold.
class Reading {
 public:
  Reading(const std::string& controller, const ControllerOptions& given) : controller_(controller), given_(&given) {}

  template <class T>
  void operator()(const char* name, T& member) {
    defaults[name] = static_cast<double>(member);
    const auto it = given_->find(name);
    if (it == given_->end()) return;
    if constexpr (std::is_floating_point_v<T>) {
      member = it->second;
    } else {
      const double whole = std::nearbyint(it->second);
      const double largest = std::is_same_v<T, bool> ? 1.0 : static_cast<double>(std::numeric_limits<T>::max());
      if (whole != it->second || whole < 0.0 || whole > largest) {
        throw InvalidArgument(controller_ + "." + name + ": " + to_text(it->second) + " is no whole number in [0, " +
                              to_text(largest) + "]");
      }
      member = static_cast<T>(whole);
    }
  }

  void refuse_others() const {
    for (const auto& [name, value] : *given_) {
      if (defaults.count(name) > 0) continue;
      std::vector<std::string> names;
      for (const auto& [known, unused] : defaults) names.push_back(known);
      throw InvalidArgument(controller_ + ": has no option '" + name + "'; it has " + join(names));
    }
  }

  ControllerOptions defaults;

 private:
  std::string controller_;
  const ControllerOptions* given_;
};

struct Made {
  const char* name;
  AnyController (*make)(const KnobGrid& grid, const Limits& limits, Reading& reading);
};

AnyController make_fixed(const KnobGrid& grid, const Limits& limits, Reading& reading) {
  Setting setting;
  reading("batch_index", setting.batch_index);
  reading("clock_index", setting.clock_index);
  reading("instances", setting.instances);
  reading.refuse_others();
  return Fixed(grid, limits, setting);
}

void read_window(Reading& reading, WindowPolicy& window) {
  reading("window_batches", window.batches);
  reading("window_s", window.seconds);
  reading("window_readings", window.readings);
}

// Every controller but the reference is made safe against its meter, unless the caller says otherwise.
template <Controller C>
AnyController finish(C controller, const Limits& limits, Reading& reading) {
  bool fail_safe = true;
  FailSafeOptions options;
  reading("fail_safe", fail_safe);
  reading("silence_s", options.silence_s);
  reading("stuck_readings", options.stuck_readings);
  reading("stuck_s", options.stuck_s);
  reading("emergency_s", options.emergency_s);
  reading("recovery", options.recovery);
  reading.refuse_others();
  if (!fail_safe) return controller;
  return FailSafe(std::move(controller), limits, options);
}

AnyController make_pseudo_binary(const KnobGrid& grid, const Limits& limits, Reading& reading) {
  PseudoBinaryOptions o;
  std::uint16_t clock_index = 0, instances = 1;
  reading("alpha", o.alpha);
  read_window(reading, o.window);
  reading("reopen", o.reopen);
  reading("hold", o.hold);
  reading("literal", o.literal);
  reading("saturation", o.saturation);
  reading("tie", o.tie);
  reading("clock_index", clock_index);
  reading("instances", instances);
  return finish(PseudoBinary(grid, limits, o, clock_index, instances), limits, reading);
}

AnyController make_dvfs_search(const KnobGrid& grid, const Limits& limits, Reading& reading) {
  DvfsSearchOptions o;
  reading("batch", o.batch);
  reading("alpha", o.alpha);
  read_window(reading, o.window);
  reading("reopen", o.reopen);
  return finish(DvfsSearch(grid, limits, o), limits, reading);
}

AnyController make_dvfs_step(const KnobGrid& grid, const Limits& limits, Reading& reading) {
  DvfsStepOptions o;
  reading("batch", o.batch);
  reading("clock_index", o.clock_index);
  reading("alpha", o.alpha);
  read_window(reading, o.window);
  return finish(DvfsStep(grid, limits, o), limits, reading);
}

AnyController make_batch_then_clock(const KnobGrid& grid, const Limits& limits, Reading& reading) {
  BatchThenClockOptions o;
  reading("clock_index", o.clock_index);
  reading("alpha", o.alpha);
  read_window(reading, o.window);
  return finish(BatchThenClock(grid, limits, o), limits, reading);
}

AnyController make_aimd(const KnobGrid& grid, const Limits& limits, Reading& reading) {
  AimdOptions o;
  reading("increase", o.increase);
  reading("factor", o.factor);
  reading("alpha", o.alpha);
  read_window(reading, o.window);
  return finish(Aimd(grid, limits, o), limits, reading);
}

AnyController make_bracket(const KnobGrid& grid, const Limits& limits, Reading& reading) {
  BracketOptions o;
  std::uint16_t clock_index = 0, instances = 1;
  read_window(reading, o.window);
  reading("tie", o.tie);
  reading("drift", o.drift);
  reading("clock_index", clock_index);
  reading("instances", instances);
  return finish(Bracket(grid, limits, o, clock_index, instances), limits, reading);
}

AnyController make_survey(const KnobGrid& grid, const Limits& limits, Reading& reading) {
  SurveyOptions o;
  read_window(reading, o.window);
  reading("gain", o.gain);
  reading("confidence", o.confidence);
  reading("drift", o.drift);
  return finish(Survey(grid, limits, o), limits, reading);
}

AnyController make_stairs(const KnobGrid& grid, const Limits& limits, Reading& reading) {
  StairsOptions o;
  reading("batch_index", o.first.batch_index);
  reading("clock_index", o.first.clock_index);
  reading("instances", o.first.instances);
  reading("alpha", o.alpha);
  reading("quiet", o.quiet);
  reading("hold", o.hold);
  reading("far_over", o.far_over);
  reading("very_far_over", o.very_far_over);
  reading("far_below", o.far_below);
  read_window(reading, o.window);
  return finish(Stairs(grid, limits, o), limits, reading);
}

AnyController make_guard(const KnobGrid& grid, const Limits& limits, Reading& reading) {
  GuardOptions o;
  double idle_w = 0.0;
  bool scale_free = true;
  double reference_clock_hz = 1e9;
  if (grid.sets_clock()) reference_clock_hz = std::sqrt(grid.clocks_hz().front() * grid.clocks_hz().back());
  read_window(reading, o.window);
  reading("z", o.z);
  reading("guard_band", o.guard_band);
  reading("gain", o.gain);
  reading("dwell", o.dwell);
  reading("forgetting", o.forgetting);
  reading("spread_weight", o.spread_weight);
  reading("hold", o.hold);
  reading("quiet", o.quiet);
  reading("headroom", o.headroom);
  reading("budget_w", o.budget.excess_w);
  reading("budget_s", o.budget.seconds);
  reading("idle_w", idle_w);
  reading("scale_free", scale_free);
  reading("reference_clock_hz", reference_clock_hz);
  GuardPrior prior = GuardPrior::generic(idle_w, reference_clock_hz);
  prior.scale_free = scale_free;
  return finish(Guard(grid, limits, prior, o), limits, reading);
}

constexpr Made makers[] = {{"fixed", make_fixed},
                           {"pseudo_binary", make_pseudo_binary},
                           {"dvfs_search", make_dvfs_search},
                           {"dvfs_step", make_dvfs_step},
                           {"batch_then_clock", make_batch_then_clock},
                           {"aimd", make_aimd},
                           {"bracket", make_bracket},
                           {"survey", make_survey},
                           {"stairs", make_stairs},
                           {"guard", make_guard}};

const Made& find(const std::string& name) {
  const auto it = std::find_if(std::begin(makers), std::end(makers), [&](const Made& m) { return name == m.name; });
  if (it == std::end(makers)) {
    throw InvalidArgument("controller: '" + name + "' is none of " + join(controller_names()));
  }
  return *it;
}

}  // namespace

std::vector<std::string> controller_names() {
  std::vector<std::string> names;
  for (const Made& made : makers) names.emplace_back(made.name);
  return names;
}

ControllerOptions controller_options(const std::string& name) {
  const std::uint32_t one[] = {1};
  const ControllerOptions none;
  Reading reading(name, none);
  find(name).make(KnobGrid(one), Limits{}, reading);
  return reading.defaults;
}

AnyController make_controller(const std::string& name, const KnobGrid& grid, const Limits& limits,
                              const ControllerOptions& options) {
  Reading reading(name, options);
  return find(name).make(grid, limits, reading);
}

}  // namespace bayestuner::control
