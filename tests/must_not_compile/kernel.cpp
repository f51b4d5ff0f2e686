// expect: constraint
// expect: value_and_slope
#include "bayestuner/surrogate/gaussian_process.hpp"

using namespace bayestuner;

namespace {

// Its slope is missing.
struct Constant {
  static constexpr const char* name = "constant";
  template <class A>
  static A value(const A& r2) {
    return A::Ones(r2.size());
  }
};

}  // namespace

int main() {
  surrogate::GaussianProcess<Constant> gp;
}
