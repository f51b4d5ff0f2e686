// expect: constraint
// expect: ScoresPosterior
#include "bayestuner/search/acquisition_choice.hpp"

using namespace bayestuner;

namespace {

struct Lowest {
  double operator()(const Posterior& p) const { return -p.mean.minCoeff(); }
};

}  // namespace

int main() {
  search::AcquisitionChoice choice([](double) { return Lowest{}; }, search::ScoreKind::gain);
}
