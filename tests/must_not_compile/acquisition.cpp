// expect: constraint
// expect: no operand of the disjunction is satisfied
// expect: FrontAcquisition
#include "bayestuner/acquisition/constrained.hpp"

using namespace bayestuner;

namespace {

// One number instead of one a candidate.
struct Lowest {
  double operator()(const Posterior& p) const { return -p.mean.minCoeff(); }
};

}  // namespace

int main() {
  acquisition::Constrained<Lowest> scores(Lowest{}, {});
}
