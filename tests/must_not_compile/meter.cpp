// expect: AnyMeter: this class is no Meter: see bayestuner/meter/concepts.hpp
// expect: m.end()
#include "bayestuner/meter/any_meter.hpp"

using namespace bayestuner;

namespace {

// end() gives a number without its name.
struct Wall {
  std::string name() const { return "wall"; }
  meter::Description describe() const { return {}; }
  Availability availability() const { return {}; }
  void begin(const meter::Target&) {}
  void sample() {}
  double end() { return 0.0; }
};

}  // namespace

int main() {
  meter::AnyMeter wall = Wall{};
}
