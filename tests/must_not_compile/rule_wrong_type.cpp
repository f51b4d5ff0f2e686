// expect: rule: the predicate must take the values of the named parameters and return bool
#include "bayestuner/space/space.hpp"

using namespace bayestuner;

int main() {
  const space::Space knobs{space::categorical<"runtime">({"ort", "tvm"}),
                           space::rule<"runtime">([](int runtime) { return runtime > 0; })};
}
