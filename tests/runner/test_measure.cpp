#include "bayestuner/runner/measure.hpp"

#include <sys/resource.h>
#include <sys/wait.h>

#include <cmath>

#include "bayestuner/core/error.hpp"
#include "bayestuner/core/random.hpp"
#include "bayestuner/runner/callable_workload.hpp"
#include "bayestuner/runner/noise_guard.hpp"
#include "runner/fixtures.hpp"

namespace bayestuner::runner::tests {

using study::FailureReason;

static void pause(double seconds) {
  std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
}

static meter::Target own_process() {
  meter::Target target;
  target.pid = ::getpid();
  return target;
}

/// A meter that notes when it was asked.
struct ClockMeter {
  std::vector<double>* times;
  std::string name() const { return "clock"; }
  meter::Description describe() const { return {}; }
  Availability availability() const { return Availability::available(); }
  void begin(const meter::Target&) { times->assign(1, monotonic_s()); }
  void sample() {}
  meter::Metrics end() {
    times->push_back(monotonic_s());
    return {{"power_w", {.value = 10.0, .standard_error = 1.0, .n = 4, .provenance = Provenance::estimated}}};
  }
};

static Measurement measured(AnyWorkload workload, const MeasureOptions& options, double until_s = 0.0,
                            std::vector<meter::AnyMeter> meters = {}) {
  workload.start({});
  return measure(workload, meters, own_process(), options, {}, until_s > 0.0 ? until_s : monotonic_s() + 20.0);
}

static MeasureOptions quick() {
  return {.warm_up_s = 0.1, .settle_s = 0.3, .min_s = 0.3, .max_s = 0.6, .precision = 0.2, .drift = 0.2};
}

/// A busy machine makes any rate drift: for tests whose subject is something else.
static MeasureOptions any_drift() {
  MeasureOptions options = quick();
  options.require_steady = false;
  return options;
}

TEST(CompletionRate, CutsBetweenBurstsAndNotInsideThem) {
  // Every 0.4 s sixteen items come at once; slices of 0.25 s know nothing of that.
  std::vector<Slice> slices;
  for (int i = 0; i < 16; ++i) {
    Slice slice{.begin_s = 100 + 0.25 * i, .end_s = 100 + 0.25 * (i + 1)};
    for (double burst = 100.1; burst < slice.end_s; burst += 0.4) {
      if (burst < slice.begin_s) continue;
      slice.items += 16;
      slice.last_item_s = burst;
    }
    slices.push_back(slice);
  }
  const Rate rate = completion_rate(slices);
  EXPECT_NEAR(rate.per_s, 40.0, 1e-9);  // the naive quotient is 160 / 4.0 to 176 / 4.0
  EXPECT_NEAR(rate.standard_error, 0.0, 1e-9);
}

TEST(CompletionRate, CountsAStallAtTheEnd) {
  std::vector<Slice> slices;
  for (int i = 0; i < 5; ++i)
    slices.push_back({.begin_s = 1.0 + i, .end_s = 2.0 + i, .items = 10, .last_item_s = 2.0 + i});
  EXPECT_NEAR(completion_rate(slices).per_s, 10.0, 1e-9);
  for (int i = 5; i < 10; ++i) slices.push_back({.begin_s = 1.0 + i, .end_s = 2.0 + i});
  EXPECT_NEAR(completion_rate(slices).per_s, 40.0 / 9.0, 1e-9);
  EXPECT_EQ(completion_rate({}).per_s, 0.0);
}

TEST(Measure, ReportsRateLatencyAndTheirErrors) {
  std::vector<double> window;
  std::vector<meter::AnyMeter> meters;
  meters.emplace_back(ClockMeter{&window});
  const Measurement m = measured(CallableWorkload([](const space::Configuration&) {
                                   pause(0.004);
                                   return CallResult{.items = 2.0, .correct = true, .metrics = {{"loss", 0.25}}};
                                 }),
                                 any_drift(), 0.0, std::move(meters));
  const double latency = m.metrics.at("latency_mean_s").value;
  EXPECT_GE(latency, 0.004);
  // Little's law: never more than one call of two items under way.
  EXPECT_LE(m.metrics.at("throughput").value * latency, 2.1);
  EXPECT_GT(m.metrics.at("throughput").value * latency, 1.0);
  EXPECT_GT(m.metrics.at("throughput").standard_error, 0.0);
  EXPECT_GE(m.metrics.at("throughput").n, 8);
  EXPECT_GE(m.metrics.at("latency_p99_s").value, m.metrics.at("latency_p50_s").value);
  EXPECT_EQ(m.metrics.at("correct").value, 1.0);
  EXPECT_EQ(m.metrics.at("errors").value, 0.0);
  EXPECT_NEAR(m.metrics.at("loss").value, 0.25, 1e-12);
  const Metric& energy = m.metrics.at("energy_per_item_j");
  EXPECT_NEAR(energy.value, 10.0 / m.metrics.at("throughput").value, 1e-12);
  EXPECT_EQ(energy.provenance, Provenance::estimated);
  EXPECT_GE(energy.standard_error / energy.value, 0.1);
  // Meters run around the window.
  EXPECT_GE(window.at(1) - window.at(0), std::stod(m.notes.at("window_s")) - 0.01);
  EXPECT_GE(std::stod(m.notes.at("window_s")), quick().min_s - 0.01);
}

TEST(Measure, StopsOncePreciseAndAtTheLatestAtTheEnd) {
  const auto window_s = [](double spread, double precision, double max_s) {
    Random random(3);
    MeasureOptions options{
        .warm_up_s = 0.0, .min_s = 0.1, .max_s = max_s, .precision = precision, .require_steady = false};
    const Measurement m = measured(CallableWorkload([&, spread](const space::Configuration&) {
                                     pause(0.002);
                                     return 1.0 + spread * random.uniform();
                                   }),
                                   options, monotonic_s() + 7200.0);
    return std::pair{std::stod(m.notes.at("window_s")), m.notes.at("converged")};
  };
  const auto [soon, yes] = window_s(0.0, 0.5, 3600.0);  // were it not to stop, this test would be stopped
  EXPECT_GE(soon, 0.1 - 0.01);
  EXPECT_EQ(yes, "true");
  const auto [late, no] = window_s(20.0, 1e-6, 0.6);
  EXPECT_GE(late, 0.6 - 0.01);
  EXPECT_EQ(no, "false");
}

TEST(Measure, LeavesTheWarmUpOut) {
  const double begin = monotonic_s();
  MeasureOptions options = any_drift();
  options.warm_up_s = 1.0;  // long before it ends calls are warm, on a busy machine too
  const Measurement m = measured(CallableWorkload([begin](const space::Configuration&) {
                                   const bool cold = monotonic_s() - begin < 0.1;
                                   pause(0.003);
                                   return CallResult{.metrics = {{"cold", cold ? 1.0 : 0.0}}};
                                 }),
                                 options);
  EXPECT_EQ(m.metrics.at("cold").value, 0.0);
}

TEST(Measure, FailsARunThatNeverSettles) {
  double size = 1.0;
  const AnyWorkload workload = CallableWorkload([&size](const space::Configuration&) {
    pause(0.002);
    return size *= 1.02;
  });
  MeasureOptions options = quick();
  options.drift = 0.01;
  options.precision = 0.02;
  double other = 1.0;
  const auto growing = [&other](const space::Configuration&) {
    pause(0.002);
    return other *= 1.02;
  };
  const auto failure = failure_of([&] { measured(CallableWorkload(growing), options); });
  EXPECT_EQ(failure.reason, FailureReason::not_steady);
  options.require_steady = false;
  EXPECT_NO_THROW(measured(CallableWorkload(growing), options));
}

TEST(Measure, MapsWhatGoesWrongToAReason) {
  const auto wrong = [](const space::Configuration&) {
    pause(0.001);
    return CallResult{.correct = false};
  };
  EXPECT_EQ(failure_of([&] { measured(CallableWorkload(wrong), quick()); }).reason, FailureReason::invalid);
  const auto slow = [](const space::Configuration&) { pause(0.05); };
  EXPECT_EQ(failure_of([&] { measured(CallableWorkload(slow), quick(), monotonic_s() + 0.2); }).reason,
            FailureReason::timed_out);
}

TEST(Measure, RefusesOptionsThatMakeNoSense) {
  for (const MeasureOptions& bad :
       {MeasureOptions{.warm_up_s = -1.0}, MeasureOptions{.min_s = 0.0}, MeasureOptions{.min_s = 5.0, .max_s = 4.0},
        MeasureOptions{.precision = std::nan("")}}) {
    EXPECT_THROW(bad.check(), InvalidArgument);
  }
}

/// Runs `work` and returns the CPUs that the guard ascribes to others meanwhile, the stolen ones left out.
static double outside_cpus(const meter::Target& target, const std::function<void()>& work) {
  const NoiseGuard guard(target);
  work();
  return guard.since_begin().outside * static_cast<double>(::sysconf(_SC_NPROCESSORS_ONLN));
}

static double busy(double seconds) {
  double x = 1.0;
  for (const double until = monotonic_s() + seconds; monotonic_s() < until;) x = std::sqrt(x + 1.0);
  return x;
}

static double used_s(int who) {
  rusage usage{};
  ::getrusage(who, &usage);
  return static_cast<double>(usage.ru_utime.tv_sec) + 1e-6 * static_cast<double>(usage.ru_utime.tv_usec);
}

TEST(NoiseGuard, SeesWorkThatIsNotOurs) {
  const double begin = monotonic_s(), before = used_s(RUSAGE_CHILDREN);
  const double outside = outside_cpus(meter::Target{}, [] {
    const pid_t other = ::fork();
    if (other == 0) ::_exit(busy(0.5) > 0.0 ? 0 : 1);
    ::waitpid(other, nullptr, 0);
  });
  const double theirs = (used_s(RUSAGE_CHILDREN) - before) / (monotonic_s() - begin);
  EXPECT_GE(outside, 0.8 * theirs - 0.05) << "a guard that is blind would miss the child";
}

TEST(NoiseGuard, DoesNotTakeOurWorkForOthers) {
  // Others may be busy here too, but then they are as busy with and without our work.
  const double begin = monotonic_s(), before = used_s(RUSAGE_SELF);
  const double outside = outside_cpus(own_process(), [] { busy(0.5); });
  const double ours = (used_s(RUSAGE_SELF) - before) / (monotonic_s() - begin);
  const double all = static_cast<double>(::sysconf(_SC_NPROCESSORS_ONLN));
  EXPECT_LE(outside, all - ours + 0.1) << "our own work was counted as theirs";
}

}  // namespace bayestuner::runner::tests
