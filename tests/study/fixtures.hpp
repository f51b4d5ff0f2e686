#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>

#include "bayestuner/search/random.hpp"
#include "bayestuner/study/study.hpp"

namespace bayestuner::study {

// A folder of its own for each test, gone afterwards.
class Folder {
 public:
  Folder()
      : path_(std::filesystem::temp_directory_path() /
              ("bayestuner-test-" + std::to_string(getpid()) + "-" + std::to_string(counter_++))) {
    std::filesystem::create_directories(path_);
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  std::filesystem::path operator/(const char* name) const { return path_ / name; }

 private:
  static inline std::atomic<int> counter_ = 0;
  std::filesystem::path path_;
};

inline space::DynamicSpace small_space() {
  return space::DynamicSpace({space::integer("cores", 1, 16), space::integer("batch", 1, 32)});
}

inline Problem least_power() {
  return Problem().minimize("power_w").subject_to("throughput >= 100");
}

// A smooth server: more cores and larger batches are faster and dearer.
inline Metrics serve(const Trial& trial) {
  const double cores = trial.params.get<double>("cores"), batch = trial.params.get<double>("batch");
  const double throughput = 40.0 * cores * batch / (batch + 4.0) / (1.0 + 0.03 * cores);
  return {{"power_w", {.value = 10.0 + 6.0 * cores + 0.3 * batch}}, {"throughput", {.value = throughput}}};
}

}  // namespace bayestuner::study
