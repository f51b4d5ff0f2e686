// expect: AnyKnob: this class is no Knob: see bayestuner/knob/concepts.hpp
// expect: availability
#include <vector>

#include "bayestuner/knob/any_knob.hpp"

using namespace bayestuner;

namespace {

// It never says whether it is available.
struct Governor {
  std::string name() const { return "governor"; }
  knob::Description describe() const { return {}; }
  space::Parameter parameter() const { return space::categorical("governor", {"powersave", "performance"}); }
  knob::Plan plan(const space::Value&) const { return {}; }
};

}  // namespace

int main() {
  const std::vector<knob::AnyKnob> knobs{Governor{}};
}
