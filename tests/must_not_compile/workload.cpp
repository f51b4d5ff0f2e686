// expect: AnyWorkload: this class is no Workload: see bayestuner/runner/concepts.hpp
// expect: w.stop()
#include "bayestuner/runner/any_workload.hpp"

using namespace bayestuner;

namespace {

// stop() may throw.
struct Server {
  void start(const runner::Start&) {}
  void wait_ready(double) {}
  runner::Slice run(double) { return {}; }
  runner::Slice finish() { return {}; }
  void stop() {}
  bool is_process() const { return false; }
  pid_t pid() const { return 0; }
};

}  // namespace

int main() {
  runner::AnyWorkload server = Server{};
}
