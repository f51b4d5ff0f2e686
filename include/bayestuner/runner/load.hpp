#pragma once
/// Loads: who asks a workload's process for work, and what came back.

#include <concepts>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "bayestuner/runner/slice.hpp"
#include "bayestuner/runner/stop.hpp"

namespace bayestuner::runner {

/// One beginning of a load.
struct LoadStart {
  std::map<std::string, std::string> values = {};    ///< placeholders: parameters, port, python
  std::filesystem::path directory = {};              ///< for logs
  std::filesystem::path workload_log = {};           ///< output of the workload
  std::function<void(pid_t)> register_process = {};  ///< as in Start
  Stop stop = {};
};

/// Asks for work. `begin(s)` prepares, `run(t)` asks until the monotonic clock shows `t`, `finish()` asks no more and
/// reports what was still under way, `end()` lets go of everything and throws nothing.
/// Models: HttpLoad, CommandLoad, PrintedMetrics.
template <class L>
concept Load = requires(L l, const LoadStart& s, double until_s) {
                 l.begin(s);
                 { l.run(until_s) } -> std::same_as<Slice>;
                 { l.finish() } -> std::same_as<Slice>;
                 { l.end() } noexcept;
               } && std::movable<L>;

/// Any model of Load behind one type; movable.
class AnyLoad {
 public:
  template <class L>
    requires(!std::same_as<std::remove_cvref_t<L>, AnyLoad> && Load<std::remove_cvref_t<L>>)
  AnyLoad(L load) : load_(std::make_unique<Model<L>>(std::move(load))) {}  // NOLINT: a load is an AnyLoad

  void begin(const LoadStart& start) { load_->begin(start); }
  Slice run(double until_s) { return load_->run(until_s); }
  Slice finish() { return load_->finish(); }
  void end() noexcept { load_->end(); }

 private:
  struct Base {
    virtual ~Base() = default;
    virtual void begin(const LoadStart& start) = 0;
    virtual Slice run(double until_s) = 0;
    virtual Slice finish() = 0;
    virtual void end() noexcept = 0;
  };
  template <class L>
  struct Model final : Base {
    explicit Model(L l) : load(std::move(l)) {}
    void begin(const LoadStart& start) override { load.begin(start); }
    Slice run(double until_s) override { return load.run(until_s); }
    Slice finish() override { return load.finish(); }
    void end() noexcept override { load.end(); }
    L load;
  };
  std::unique_ptr<Base> load_;
};
static_assert(Load<AnyLoad>);

}  // namespace bayestuner::runner
