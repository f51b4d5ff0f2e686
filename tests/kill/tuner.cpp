#include "kill/tuner.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <fstream>

#include "bayestuner/runner/tune.hpp"

namespace bayestuner::kill {

namespace fs = std::filesystem;

const char* to_string(Doing doing) {
  constexpr std::array<const char*, doings> names{
      "starting up", "applying knobs", "starting the workload", "measuring", "restoring, telling", "between trials",
      "verifying",   "finished"};
  return names[static_cast<std::size_t>(doing)];
}

void furnish(const Place& place) {
  fs::create_directories(place.tree() / "sys/x");
  // Values of one length: a copied tree's files are not written as atomically as the kernel's.
  std::ofstream(place.tree() / "sys/x/a") << "700";
  std::ofstream(place.tree() / "sys/x/b") << "800";
  fs::create_directories(place.config_on_disk().parent_path());
  std::ofstream(place.config_on_disk()) << "# found\nthreads = 99\n";
  std::ofstream(place.doing()) << '\0';
}

runner::TuneSpec spec_of(const Place& place, const std::string& program) {
  runner::TuneSpec spec;
  spec.study = {
      .name = "killed", .store = place.store(), .seed = static_cast<std::uint64_t>(place.round), .trials = trials};
  spec.study.verify = study::RecommendOptions{.top = 1, .repeats = 1, .max_repeats = 1};
  spec.problem.minimize("cost");
  const auto add = [&](space::Parameter parameter, const space::Value& today, const knob::KnobSpec& how) {
    spec.parameters.push_back({.parameter = std::move(parameter), .current = today, .knob = how});
  };
  const bool real = place.knobs == Knobs::real;
  const knob::KnobSpec file{.type = "config_file", .path = place.config().string(), .text = "threads = {b}\n"};
  if (real) {
    add(space::integer("a", 1, 9), std::int64_t{5}, {.type = "file_value", .path = kernel_file});
    add(space::integer("cores", 1, 1), std::int64_t{1}, {.type = "cores"});
    add(space::ordinal("memory", {96, 128}), std::int64_t{128}, {.type = "memory", .unit_bytes = 1 << 20});
    add(space::ordinal("quota", {1.0}), std::int64_t{1}, {.type = "cpu_quota"});
  } else {
    add(space::integer("a", 101, 109), std::int64_t{105}, {.type = "file_value", .path = "/sys/x/a"});
    add(space::integer("c", 201, 203), std::int64_t{202}, {.type = "file_value", .path = "/sys/x/b"});
    spec.filesystem = std::make_shared<knob::Filesystem>(place.tree());
  }
  add(space::integer("b", 1, 9), std::int64_t{5}, file);
  spec.workload = {.command = {program, "--work", "{a}", "{b}", real ? "escape" : "stay"}, .stop_timeout_s = 1.0};
  spec.load.type = runner::LoadSpec::Type::none;
  spec.measure.meters = {"cpu_time"};
  spec.measure.options = {.warm_up_s = 0.0, .min_s = 0.03, .max_s = 0.06};
  spec.measure.timeout_s = 60.0;
  return spec;
}

namespace {

/// One byte that the killer can read at any time.
class Status {
 public:
  explicit Status(const fs::path& path) : fd_(::open(path.c_str(), O_WRONLY | O_CLOEXEC)) {}
  ~Status() { ::close(fd_); }
  Status(const Status&) = delete;
  Status& operator=(const Status&) = delete;
  void set(Doing doing) const { [[maybe_unused]] const ssize_t put = ::pwrite(fd_, &doing, 1, 0); }

 private:
  int fd_;
};

Doing doing_of(const study::Trial& trial, runner::Phase phase) {
  if (trial.is_verification) return Doing::verifying;
  constexpr std::array<Doing, 5> all{Doing::applying, Doing::starting, Doing::measuring, Doing::stopping,
                                     Doing::between};
  return all[static_cast<std::size_t>(phase)];
}

}  // namespace

int tune(const Place& place, const std::string& program, bool only_start) {
  const Status status(place.doing());
  status.set(Doing::starting_up);
  const runner::TuneSpec spec = spec_of(place, program);
  if (only_start) {
    const runner::TrialRunner runner = runner::make_trial_runner(spec);
    return runner.recovered().complete() ? 0 : 5;
  }
  const int told = ::open(place.told().c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  const runner::TuneResult result = runner::run_tune(
      spec, {.trial =
                 [&](const runner::TuneProgress& p) {
                   status.set(Doing::between);
                   const auto cost = p.trial.metrics.find("cost");
                   const std::string line =
                       fmt::format("{} {} {} {}\n", p.trial.number, study::to_string(p.trial.state),
                                   cost == p.trial.metrics.end() ? -1.0 : cost->second.value, p.trial.params.to_text());
                   [[maybe_unused]] const ssize_t put = ::write(told, line.data(), line.size());
                 },
             .phase = [&](const study::Trial& t, runner::Phase phase) { status.set(doing_of(t, phase)); }});
  status.set(Doing::finished);
  return result.finished == trials && result.recommendation ? 0 : 4;
}

double cost(int a, int b) {
  const double x = a % 100 - 3, y = b - 7;
  return 10.0 + x * x + y * y + 0.5 * x * y;
}

int work(int a, int b, bool escape) {
  if (::fork() == 0) {
    if (escape) ::setsid();  // only a control group still knows whose it is
    for (;;) ::pause();
  }
  fmt::print("{{\"cost\": {}}}\n", cost(a, b));
  std::fflush(stdout);
  for (;;) ::pause();
}

}  // namespace bayestuner::kill
