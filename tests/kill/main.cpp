// Kills whole tuning runs at random moments and looks at what is left: `kill_tune [KILLS]`, half of them with the knobs
// of a copied tree, half with those of this machine (control groups, a kernel file). After every kill: each told trial
// is in the store with its value; every knob is as found, no process and no control group is left, once the guardian
// or, where it was killed too, the next start has restored. At the end of every study: it consists of the same trials
// in the same order as one that nobody interrupted. Prints what was hit; exit code 0 if all of that holds.

#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <map>
#include <random>

#include "bayestuner/core/clock.hpp"
#include "bayestuner/knob/cgroup.hpp"
#include "bayestuner/study/named_strategy.hpp"
#include "bayestuner/study/study.hpp"
#include "kill/traces.hpp"
#include "knob/guardian.hpp"

namespace bayestuner::kill {
namespace {

enum class Victim { tuner, guardian_then_tuner, tuner_then_guardian, workload_then_tuner, all };
constexpr std::array<const char*, 5> victims{"the tuner", "guardian, then tuner", "tuner, then guardian",
                                             "workload, then tuner", "workload, guardian and tuner"};

class Killer {
 public:
  Killer(Place place, std::string program, std::uint64_t seed)
      : place_(std::move(place)), program_(std::move(program)), random_(seed) {
    furnish(place_);
    found_ = values_of(place_);
    mean_run_s_ = uninterrupted();
  }

  void run(int kills);
  int broken() const { return broken_; }
  void print() const;

 private:
  pid_t start(const char* what);
  int end_of(pid_t pid) const;
  double uninterrupted();
  void strike(pid_t tuner);
  void check_told();
  void check_machine(const std::string& after);
  void next_study();
  void wrong(const std::string& what) {
    ++broken_;
    fmt::print(stderr, "BROKEN ({}, kill {}): {}\n", name(), kills_, what);
  }
  const char* name() const { return place_.knobs == Knobs::fake ? "fake knobs" : "real knobs"; }
  bool chance(double p) { return std::bernoulli_distribution(p)(random_); }

  Place place_;
  std::string program_;
  std::mt19937_64 random_;
  std::string found_;
  double mean_run_s_ = 0.0;
  std::vector<pid_t> tuners_;
  std::vector<Told> told_;  // of this study, over all sittings
  int kills_ = 0, broken_ = 0, told_trials_ = 0, studies_ = 0, compared_ = 0, hurt_ = 0;
  int by_guardian_ = 0, by_next_start_ = 0;
  std::array<int, doings> hit_{};
  std::array<int, victims.size()> victims_{};
};

/// A tuner in a process of its own, marked by its state folder.
pid_t Killer::start(const char* what) {
  const std::string round = std::to_string(place_.round);
  const std::string state = place_.state().string(), scratch = (place_.folder / "tmp").string();
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::setenv("BAYESTUNER_STATE_DIR", state.c_str(), 1);
    ::setenv("TMPDIR", scratch.c_str(), 1);
    ::execl(program_.c_str(), program_.c_str(), what, place_.folder.c_str(),
            place_.knobs == Knobs::fake ? "fake" : "real", round.c_str(), nullptr);
    ::_exit(127);
  }
  tuners_.push_back(pid);
  return pid;
}

int Killer::end_of(pid_t pid) const {
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

/// How long a run takes that nobody kills; also shows that there is nothing wrong with the set-up.
double Killer::uninterrupted() {
  const double from = monotonic_s();
  if (const int status = end_of(start("--tune")); status != 0)
    wrong(fmt::format("an undisturbed run ended with {}", status));
  const double seconds = monotonic_s() - from;
  check_told();
  check_machine("an undisturbed run");
  next_study();
  return seconds;
}

void Killer::strike(pid_t tuner) {
  const auto victim = static_cast<Victim>(std::discrete_distribution<int>({4, 1, 1, 1, 1})(random_));
  const auto kill_by_name = [&](bool guardians) {
    for (const Process& p : processes_of(place_)) {
      if (p.pid != tuner && (p.name == knob::Guardian::kName) == guardians) ::kill(p.pid, SIGKILL);
    }
  };
  const auto wait_a_moment = [&] { ::usleep(std::uniform_int_distribution<useconds_t>(0, 20'000)(random_)); };
  switch (victim) {
    case Victim::tuner:
      break;
    case Victim::guardian_then_tuner:
      kill_by_name(true);
      wait_a_moment();
      break;
    case Victim::tuner_then_guardian:
      ::kill(tuner, SIGKILL);
      if (chance(0.5)) ::usleep(std::uniform_int_distribution<useconds_t>(0, 3'000)(random_));  // while it restores
      kill_by_name(true);
      break;
    case Victim::workload_then_tuner:
      kill_by_name(false);
      wait_a_moment();
      break;
    case Victim::all:
      kill_by_name(false);
      kill_by_name(true);
      break;
  }
  ++victims_[static_cast<std::size_t>(victim)];
  hurt_ += victim == Victim::workload_then_tuner || victim == Victim::all;
  ++hit_[static_cast<std::size_t>(doing_now(place_))];
  ::kill(tuner, SIGKILL);
}

void Killer::check_told() {
  told_ = told_of(place_);
  if (told_.empty()) return;
  const auto study = study::Study::open(place_.store(), "killed");
  for (const Told& told : told_) {
    const study::Trial trial = study->trial(told.number);
    const auto cost = trial.metrics.find("cost");
    const bool same = study::to_string(trial.state) == told.state && trial.params.to_text() == told.params &&
                      (told.state != "complete" || (cost != trial.metrics.end() && cost->second.value == told.cost));
    if (!same) wrong(fmt::format("trial {} was told and is not in the store as it was told", told.number));
  }
}

void Killer::check_machine(const std::string& after) {
  const auto clean = [&] {
    return processes_of(place_).empty() && journals_of(place_).empty() && values_of(place_) == found_ &&
           groups_of(tuners_).empty();
  };
  const auto soon = [&](double seconds) {
    const double until = monotonic_s() + seconds;
    while (!clean()) {
      if (monotonic_s() > until) return false;
      ::usleep(5000);
    }
    return true;
  };
  const auto guarded = [&] {
    for (const Process& p : processes_of(place_)) {
      if (p.name == knob::Guardian::kName) return true;
    }
    return false;
  };
  // As long as a guardian lives it is its job.
  while (guarded() && !soon(0.2)) {
  }
  if (clean()) {
    ++by_guardian_;
    return;
  }
  if (const int status = end_of(start("--start")); status != 0) {
    wrong(fmt::format("the start after {} ended with {}", after, status));
  }
  ++by_next_start_;
  if (soon(5.0)) {
    tuners_.clear();
    return;
  }
  std::string left;
  for (const Process& p : processes_of(place_)) left += fmt::format(" process {} ({})", p.pid, p.name);
  for (const std::string& group : groups_of(tuners_)) left += " " + group;
  for (const std::string& journal : journals_of(place_)) left += " " + journal;
  if (values_of(place_) != found_) left += " values: " + values_of(place_);
  wrong("left after " + after + ":" + left);
}

/// Compares the finished study with one of the same seed in memory, that nothing interrupted.
void Killer::next_study() {
  ++studies_;
  const auto study = study::Study::open(place_.store(), "killed");
  std::vector<study::Trial> told;
  int failed = 0;
  for (const study::Trial& t : study->trials()) {
    if (t.is_verification || !t.is_finished()) continue;
    failed += t.state == study::TrialState::fail;
    told.push_back(t);
  }
  std::sort(told.begin(), told.end(), [](const auto& a, const auto& b) { return a.told < b.told; });
  if (told.size() != trials) wrong(fmt::format("{} trials instead of {}", told.size(), trials));
  if (failed > hurt_) wrong(fmt::format("{} trials failed, the workload was killed {} times", failed, hurt_));
  if (failed == 0) {
    const runner::TuneSpec spec = spec_of(place_, program_);
    study::Study reference(spec.space(), spec.problem,
                           {.seed = spec.study.seed, .strategy = study::named_strategy("bo"), .budget = trials});
    reference.enqueue(*spec.baseline());
    for (const study::Trial& t : told) {
      const auto asked = reference.ask();
      if (!asked || asked->params != t.params) {
        wrong(fmt::format("an uninterrupted study tries ({}) where this one tried ({})",
                          asked ? asked->params.to_text() : "nothing", t.params.to_text()));
        break;
      }
      reference.tell(asked->number, t.metrics);
    }
    ++compared_;
  }
  told_trials_ += static_cast<int>(told.size());
  told_.clear();
  hurt_ = 0;
  ++place_.round;
}

void Killer::run(int kills) {
  while (kills_ < kills && broken_ < 5) {
    const pid_t tuner = start("--tune");
    // A quarter of the blows fall into the first moments, the rest anywhere in a part of a run.
    const double most_s = chance(0.25) ? 0.1 : 0.5 * mean_run_s_;
    const double until = monotonic_s() + std::uniform_real_distribution<double>(0.0, most_s)(random_);
    int status = 0;
    bool ended = false;
    while (monotonic_s() < until && !ended) {
      ended = ::waitpid(tuner, &status, WNOHANG) == tuner;
      ::usleep(500);
    }
    if (!ended) {
      ++kills_;
      strike(tuner);
      status = end_of(tuner);
      ended = !WIFSIGNALED(status);
    }
    check_told();
    // Sometimes the next start comes before anybody has looked.
    if (!chance(0.2)) check_machine("the kill");
    if (!ended) continue;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
      check_machine("the end of a study");
      next_study();
    } else if (hurt_ == 0) {
      wrong(fmt::format("a run that nobody killed ended with {}", status));
    }
  }
  if (const int status = end_of(start("--tune")); status != 0) wrong(fmt::format("the last run ended with {}", status));
  check_told();
  check_machine("the last run");
  next_study();
  for (const auto& left : std::filesystem::directory_iterator(place_.folder / "tmp")) {
    wrong("scratch left: " + left.path().string());
  }
}

void Killer::print() const {
  fmt::print("{}: {} kills, {} told trials in {} studies, {} of them compared with an uninterrupted one; {} broken\n",
             name(), kills_, told_trials_, studies_, compared_, broken_);
  fmt::print("  restored by the guardian or the tuner itself {} times, by the next start {} times\n", by_guardian_,
             by_next_start_);
  std::string text;
  for (std::size_t i = 0; i < victims.size(); ++i)
    text += fmt::format("{}{}: {}", i ? ", " : "", victims[i], victims_[i]);
  fmt::print("  killed: {}\n", text);
  text.clear();
  for (std::size_t i = 0; i < hit_.size(); ++i) {
    text += fmt::format("{}{}: {}", i ? ", " : "", to_string(static_cast<Doing>(i)), hit_[i]);
  }
  fmt::print("  while: {}\n", text);
  std::fflush(stdout);
}

/// Why this machine's knobs cannot be used here; empty where they can.
std::string refusal(const Place& place, const std::string& program) {
  try {
    const runner::TuneSpec spec = spec_of(place, program);
    for (const auto& p : spec.parameters) {
      const auto knob = knob::make_knob(*p.knob, p.parameter, knob::CgroupLayout::discover());
      if (const Availability here = knob.availability(); !here) return knob.name() + ": " + here.reason();
    }
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

int main_of(int kills, const std::string& program) {
  const char* const seed = std::getenv("BAYESTUNER_SEED");
  const std::uint64_t first = seed != nullptr ? std::strtoull(seed, nullptr, 10) : std::random_device{}();
  std::string name = (std::filesystem::temp_directory_path() / "bayestuner-kill-XXXXXX").string();
  const std::filesystem::path folder = ::mkdtemp(name.data());
  int broken = 0;
  fmt::print("seed {}\n", first);
  for (const Knobs knobs : {Knobs::fake, Knobs::real}) {
    const Place place{.folder = folder / (knobs == Knobs::fake ? "fake" : "real"), .knobs = knobs};
    std::filesystem::create_directories(place.folder / "tmp");
    furnish(place);
    if (const std::string why = refusal(place, program); knobs == Knobs::real && !why.empty()) {
      fmt::print("real knobs: skipped: {}\n", why);
      continue;
    }
    Killer killer(place, program, first + static_cast<std::uint64_t>(knobs));
    killer.run((kills + 1) / 2);
    killer.print();
    broken += killer.broken();
  }
  if (broken == 0) {
    std::filesystem::remove_all(folder);
  } else {
    fmt::print("left for a look: {}\n", folder.string());
  }
  return broken == 0 ? 0 : 1;
}

}  // namespace
}  // namespace bayestuner::kill

int main(int argc, char** argv) {
  using namespace bayestuner::kill;
  const std::vector<std::string> args(argv + 1, argv + argc);
  const std::string program = std::filesystem::read_symlink("/proc/self/exe").string();
  try {
    if (args.size() == 4 && args[0] == "--work") {
      return work(std::atoi(args[1].c_str()), std::atoi(args[2].c_str()), args[3] == "escape");
    }
    if (args.size() == 4) {
      const Place place{.folder = args[1],
                        .knobs = args[2] == "fake" ? Knobs::fake : Knobs::real,
                        .round = std::atoi(args[3].c_str())};
      return tune(place, program, args[0] == "--start");
    }
    const char* const given = std::getenv("BAYESTUNER_KILLS");
    const std::string kills = !args.empty() ? args[0] : given != nullptr ? given : "40";
    return main_of(std::atoi(kills.c_str()), program);
  } catch (const std::exception& error) {
    fmt::print(stderr, "kill_tune: {}\n", error.what());
    return 3;
  }
}
