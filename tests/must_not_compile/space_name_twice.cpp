// expect: Space: two parameters have the same name
#include "bayestuner/space/space.hpp"

using namespace bayestuner;

int main() {
  const space::Space knobs{space::integer<"cores">(1, 28), space::real<"cores">(0.0, 1.0)};
}
