#include "bayestuner/runner/callable_workload.hpp"

#include <gtest/gtest.h>

#include "bayestuner/conformance/workload.hpp"
#include "bayestuner/core/error.hpp"
#include "bayestuner/runner/any_workload.hpp"
#include "bayestuner/study/trial.hpp"

namespace bayestuner::runner::tests {

using space::Configuration;

TEST(CallableWorkload, MeetsTheContract) {
  CallableWorkload workload([](const Configuration&) { return 2; });
  conformance::expect_contract(workload, {});
  AnyWorkload any = CallableWorkload([](const Configuration&) { return std::map<std::string, double>{{"loss", 0.5}}; });
  conformance::expect_contract(any, {});
}

TEST(CallableWorkload, CountsItemsCallsAndAnswers) {
  int calls = 0;
  CallableWorkload workload([&](const Configuration& c) {
    ++calls;
    return CallResult{.items = c.get<double>("batch"), .correct = calls % 2 == 0, .metrics = {{"loss", 1.0}}};
  });
  workload.start({.params = {{"batch", std::int64_t{8}}}});
  const Slice slice = workload.run(monotonic_s() + 0.02);
  EXPECT_EQ(slice.answers, calls);
  EXPECT_EQ(slice.checked, calls);
  EXPECT_EQ(slice.correct, calls / 2);
  EXPECT_EQ(slice.items, 8.0 * (calls / 2)) << "wrong answers are no throughput";
  EXPECT_EQ(slice.readings.size(), static_cast<std::size_t>(calls));
}

TEST(CallableWorkload, PreparesAndTidiesUpOnceATrial) {
  std::string log;
  CallableWorkload workload([&](const Configuration&) { log += 'r'; }, [&](const Configuration&) { log += 'p'; },
                            [&](const Configuration&) { log += 't'; });
  workload.start({});
  workload.run(0.0);
  workload.run(0.0);
  workload.stop();
  workload.stop();
  EXPECT_EQ(log, "prrt");
}

TEST(CallableWorkload, RefusesKnobsThatCannotReachIt) {
  CallableWorkload workload([](const Configuration&) {});
  knob::LaunchPlan environment, cpus;
  environment.environment["OMP_NUM_THREADS"] = "1";
  cpus.cpus = {0};
  for (const knob::LaunchPlan& launch : {environment, cpus}) {
    try {
      workload.start({.launch = launch});
      FAIL();
    } catch (const study::TrialFailed& failure) {
      EXPECT_EQ(failure.reason, study::FailureReason::knob_refused);
    }
  }
  EXPECT_THROW(CallableWorkload(std::function<void(const Configuration&)>{}), InvalidArgument);
}

}  // namespace bayestuner::runner::tests
