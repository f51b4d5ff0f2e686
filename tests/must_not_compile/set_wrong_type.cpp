// expect: set: the value is of another type than the parameter's (number, text, bool, enumerator)
#include "bayestuner/space/space.hpp"

using namespace bayestuner;

int main() {
  const space::Space knobs{space::integer<"cores">(1, 28)};
  (void)knobs.configuration(space::set<"cores">("four"));
}
