#pragma once

#include <memory>
#include <utility>

#include "bayestuner/runner/concepts.hpp"

namespace bayestuner::runner {

/// Any model of Workload behind one type; movable.
class AnyWorkload {
 public:
  template <class W>
    requires(!std::same_as<std::remove_cvref_t<W>, AnyWorkload> && Workload<std::remove_cvref_t<W>>)
  AnyWorkload(W workload) : workload_(std::make_unique<Model<W>>(std::move(workload))) {}  // NOLINT: it is one
  /// Refuses, in words, a class that has some of a workload's members but is none.
  template <class W>
    requires(!std::same_as<std::remove_cvref_t<W>, AnyWorkload> && !Workload<W> &&
             (
                 requires(W w, const Start& s) { w.start(s); } || requires(W w) { w.run(0.0); }))
  AnyWorkload(const W&) {  // NOLINT: never made
    static_assert(Workload<W>, "AnyWorkload: this class is no Workload: see bayestuner/runner/concepts.hpp");
  }

  void start(const Start& start) { workload_->start(start); }
  void wait_ready(double until_s) { workload_->wait_ready(until_s); }
  Slice run(double until_s) { return workload_->run(until_s); }
  Slice finish() { return workload_->finish(); }
  void stop() noexcept { workload_->stop(); }
  bool is_process() const { return workload_->is_process(); }
  pid_t pid() const { return workload_->pid(); }

 private:
  struct Base {
    virtual ~Base() = default;
    virtual void start(const Start& start) = 0;
    virtual void wait_ready(double until_s) = 0;
    virtual Slice run(double until_s) = 0;
    virtual Slice finish() = 0;
    virtual void stop() noexcept = 0;
    virtual bool is_process() const = 0;
    virtual pid_t pid() const = 0;
  };
  template <class W>
  struct Model final : Base {
    explicit Model(W w) : workload(std::move(w)) {}
    void start(const Start& start) override { workload.start(start); }
    void wait_ready(double until_s) override { workload.wait_ready(until_s); }
    Slice run(double until_s) override { return workload.run(until_s); }
    Slice finish() override { return workload.finish(); }
    void stop() noexcept override { workload.stop(); }
    bool is_process() const override { return workload.is_process(); }
    pid_t pid() const override { return workload.pid(); }
    W workload;
  };
  std::unique_ptr<Base> workload_;
};
static_assert(Workload<AnyWorkload>);

}  // namespace bayestuner::runner
