// expect: Space: takes parameters as integer<"name">(1, 8), rules as rule<"name">(predicate), and expression strings
#include "bayestuner/space/space.hpp"

using namespace bayestuner;

int main() {
  const space::Space knobs{space::integer<"cores">(1, 28), 42};
}
