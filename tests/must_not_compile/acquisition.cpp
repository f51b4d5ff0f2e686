// expect: constraint
// expect: ScoresPosterior
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
