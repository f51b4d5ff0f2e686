// expect: when: the space has no parameter of this name
#include "bayestuner/space/space.hpp"

using namespace bayestuner;

int main() {
  const space::Space knobs{space::integer<"threads">(1, 28).when<"runtme">("ort"),
                           space::categorical<"runtime">({"ort", "tvm"})};
}
