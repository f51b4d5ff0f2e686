// expect: cannot convert
// expect: basic_string
#include "bayestuner/space/space.hpp"

using namespace bayestuner;

int main() {
  const space::Space knobs{space::categorical<"runtime">({"ort", "tvm"})};
  Random random(1);
  const int runtime = knobs.sample(random).get<"runtime">();
  return runtime;
}
