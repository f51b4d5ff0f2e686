// expect: get: the space has no parameter of this name
#include "bayestuner/space/space.hpp"

using namespace bayestuner;

int main() {
  const space::Space knobs{space::integer<"cores">(1, 28)};
  Random random(1);
  return knobs.sample(random).get<"coers">();
}
