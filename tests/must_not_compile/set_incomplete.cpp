// expect: configuration: a parameter that is always active is not set
#include "bayestuner/space/space.hpp"

using namespace bayestuner;

int main() {
  const space::Space knobs{space::integer<"cores">(1, 28), space::integer<"batch">(1, 32)};
  (void)knobs.configuration(space::set<"cores">(4));
}
