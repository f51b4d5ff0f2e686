// expect: set: the space has no parameter of this name
#include "bayestuner/space/space.hpp"

using namespace bayestuner;

int main() {
  const space::Space knobs{space::integer<"cores">(1, 28)};
  (void)knobs.configuration(space::set<"cores">(4), space::set<"batch">(4));
}
