// expect: when: the value is of another type than the parameter's (number, text, bool, enumerator)
#include "bayestuner/space/space.hpp"

using namespace bayestuner;

int main() {
  const space::Space knobs{space::integer<"threads">(1, 28).when<"runtime">(1),
                           space::categorical<"runtime">({"ort", "tvm"})};
}
