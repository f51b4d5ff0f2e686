// Tuning a loop inside this very program: a two-layer network whose batch size and row-blocking are knobs.
#include <Eigen/Dense>
#include <cmath>
#include <cstdio>

#include "bayestuner/core/clock.hpp"
#include "bayestuner/meter/statistics.hpp"
#include "bayestuner/study/study.hpp"

using namespace bayestuner;

namespace {

class Network {
 public:
  Network() : first_(Eigen::MatrixXf::Random(256, 256)), second_(Eigen::MatrixXf::Random(32, 256)) {}
  // `inputs` (256, n), computed `block` columns at a time.
  Eigen::MatrixXf run(const Eigen::MatrixXf& inputs, Eigen::Index block) const {
    Eigen::MatrixXf out(32, inputs.cols());
    for (Eigen::Index from = 0; from < inputs.cols(); from += block) {
      const Eigen::Index n = std::min(block, inputs.cols() - from);
      out.middleCols(from, n).noalias() = second_ * (first_ * inputs.middleCols(from, n)).cwiseMax(0.0f);
    }
    return out;
  }

 private:
  Eigen::MatrixXf first_, second_;
};

// Items per second and latency of a batch, each from twenty readings.
study::Metrics measure(const Network& network, Eigen::Index batch, Eigen::Index block) {
  const Eigen::MatrixXf inputs = Eigen::MatrixXf::Random(256, batch);
  std::vector<double> rates, latencies;
  for (int reading = 0; reading < 20; ++reading) {
    const double start = monotonic_s();
    const float guard = network.run(inputs, block).sum();
    const double seconds = monotonic_s() - start;
    if (!std::isfinite(guard)) throw study::TrialFailed(study::FailureReason::invalid, "the answer is no number");
    rates.push_back(static_cast<double>(batch) / seconds);
    latencies.push_back(seconds);
  }
  const auto rate = meter::mean_error(rates), latency = meter::mean_error(latencies);
  return {{"throughput", {.value = rate.mean, .standard_error = rate.standard_error, .n = 20}},
          {"latency_s", {.value = latency.mean, .standard_error = latency.standard_error, .n = 20}}};
}

}  // namespace

int main() {
  const Network network;
  study::Study tuning(space::DynamicSpace({space::integer("batch", 1, 512, {.scale = space::Scale::power_of_two}),
                                           space::integer("block", 1, 512, {.scale = space::Scale::power_of_two})},
                                          {"block <= batch"}),
                      study::Problem().maximize("throughput").subject_to("latency_s <= 0.01"));
  tuning.enqueue({{"batch", std::int64_t{1}}, {"block", std::int64_t{1}}});
  const auto run = [&](const study::Trial& t) {
    return measure(network, t.params.get<int>("batch"), t.params.get<int>("block"));
  };
  tuning.optimize(run, {.trials = 15});
  const auto answer = tuning.recommend(run);
  if (!answer) return 1;
  std::printf("%s: %.3g items/s, %.2f times the default%s\n", answer->params.to_text().c_str(),
              answer->metrics.at("throughput").value, 1.0 + answer->gain.value_or(Metric{.value = 0.0}).value,
              answer->confirmed ? "" : " (not confirmed)");
}
