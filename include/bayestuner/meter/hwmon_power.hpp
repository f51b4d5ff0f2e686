#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "bayestuner/meter/concepts.hpp"
#include "bayestuner/meter/rapl.hpp"
#include "bayestuner/meter/window.hpp"

namespace bayestuner::meter {

/// Power of hwmon chips that measure a whole box or board (`power1_average`, else `power1_input`), found by the chip's
/// name, not its number. Chosen in order: the ACPI power meter, then the first chip with a power file.
class HwmonPower {
 public:
  explicit HwmonPower(std::filesystem::path root = "/", FileReader reader = real_reader());
  std::string name() const { return "hwmon"; }
  Description describe() const;
  Availability availability() const { return availability_; }
  void begin(const Target& target);
  void sample();
  Metrics end();

 private:
  double read_w() const;
  FileReader reader_;
  std::filesystem::path file_;
  std::string chip_;
  double interval_s_ = 0.0;
  Availability availability_ = Availability::available();
  GaugeWindow window_;
};
static_assert(Meter<HwmonPower>);

}  // namespace bayestuner::meter
