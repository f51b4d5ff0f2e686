#include "bayestuner/control/replay.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <numeric>
#include <set>

#include "bayestuner/analysis/recorded_table.hpp"
#include "bayestuner/control/guard.hpp"
#include "bayestuner/control/make_controller.hpp"
#include "bayestuner/control/simulator.hpp"
#include "bayestuner/core/error.hpp"
#include "bayestuner/core/text.hpp"

namespace bayestuner::control {

namespace {

constexpr double window_s = 3.0, free_clock = std::numeric_limits<double>::quiet_NaN();
constexpr double tolerated_risk = 0.05, converged_risk = 0.10, converged_share = 0.95;

// --- controllers by text --------------------------------------------------------------------------------------------

struct Wanted {
  std::string text, name;
  ControllerOptions options;
  bool history = true;

  double option(const char* key, double otherwise) const {
    const auto it = options.find(key);
    return it == options.end() ? otherwise : it->second;
  }
};

Wanted wanted_controller(const std::string& text) {
  Wanted w{.text = text, .name = text.substr(0, text.find(':')), .options = {}};
  const ControllerOptions known = controller_options(w.name);
  for (std::size_t at = w.name.size(); at < text.size();) {
    const std::size_t end = std::min(text.find(':', at + 1), text.size());
    const std::string part = text.substr(at + 1, end - at - 1);
    const std::size_t equals = part.find('=');
    double value = 0.0;
    const char* last = part.data() + part.size();
    const char* first = equals == std::string::npos ? last : part.data() + equals + 1;
    const auto [stop, error] = std::from_chars(first, last, value);
    if (error != std::errc() || stop != last) {
      throw InvalidArgument("--controller: '" + part + "' in '" + text + "' is not of the form option=number");
    }
    if (part.starts_with("history=") && w.name == "guard") {
      w.history = value != 0.0;
    } else {
      w.options[part.substr(0, equals)] = value;
    }
    at = end;
  }
  if (known.contains("fail_safe") && !w.options.contains("fail_safe")) w.options["fail_safe"] = 0.0;
  return w;
}

std::vector<std::uint32_t> powers_of_two(std::uint32_t largest) {
  std::vector<std::uint32_t> sizes;
  for (std::uint32_t b = 1; b <= largest; b *= 2) sizes.push_back(b);
  return sizes;
}

// --- measures -------------------------------------------------------------------------------------------------------

struct Phase {
  double from_s, cap_w, best_per_s;
};

struct Played {
  std::vector<ReplayWindow> windows;
  std::vector<Setting> settings;  // of each decision
  std::vector<bool> good;         // whether that setting counts as found
  std::vector<double> began_s;
  int changes = 0;
  Setting last;
};

void measure(const KnobGrid& grid, const Played& p, const std::vector<Phase>& phases, double clock_unit, bool log,
             ReplayResult& out) {
  double items = 0.0, good = 0.0, total = 0.0, over = 0.0, excess = 0.0, longest = 0.0, run = 0.0, far = 0.0,
         far_run = 0.0;
  std::vector<double> phase_good(phases.size(), 0.0), phase_s(phases.size(), 0.0);
  for (const ReplayWindow& w : p.windows) {
    const bool violates = w.power_w > w.cap_w;
    std::size_t phase = 0;
    while (phase + 1 < phases.size() && w.end_s > phases[phase + 1].from_s) ++phase;
    items += w.per_s * w.seconds;
    total += w.seconds;
    phase_s[phase] += w.seconds;
    if (!violates) {
      good += w.per_s * w.seconds;
      phase_good[phase] += w.per_s * w.seconds;
    }
    over += violates;
    if (violates) excess += w.power_w - w.cap_w;
    run = violates ? run + w.seconds : 0.0;
    longest = std::max(longest, run);
    far_run = w.power_w > 1.05 * w.cap_w ? far_run + w.seconds : 0.0;
    far = std::max(far, far_run);
  }
  const double best = phases.front().best_per_s, n = static_cast<double>(p.windows.size());
  const auto share = [&](double value, double of) { return of > 0.0 ? value / of : std::nan(""); };
  out.throughput_share.push_back(share(items / total, best));
  out.goodput_share.push_back(share(good / total, best));
  out.violation_share.push_back(over / n);
  out.violation_w.push_back(over > 0.0 ? excess / over : 0.0);
  out.longest_violation_s.push_back(longest);
  out.longest_far_violation_s.push_back(far);
  std::vector<double> by_phase;
  for (std::size_t i = 0; i < phases.size(); ++i) {
    by_phase.push_back(share(phase_good[i] / std::max(phase_s[i], 1e-9), phases[i].best_per_s));
  }
  out.phase_goodput_share.push_back(by_phase);

  const std::size_t late = p.windows.size() >= 12 ? p.windows.size() - 12 : 0;
  double rest = 0.0, rest_s = 0.0;
  for (std::size_t i = late; i < p.windows.size(); ++i) {
    const ReplayWindow& w = p.windows[i];
    rest += w.power_w <= w.cap_w ? w.per_s * w.seconds : 0.0;
    rest_s += w.seconds;
  }
  out.rest_goodput_share.push_back(share(rest / rest_s, phases.back().best_per_s));
  const std::size_t tail = p.settings.size() >= 12 ? p.settings.size() - 12 : 0;
  out.alternates.push_back(std::any_of(p.settings.begin() + static_cast<std::ptrdiff_t>(tail), p.settings.end(),
                                       [&](const Setting& s) { return !(s == p.settings[tail]); }));

  std::optional<int> found;
  for (std::size_t i = 2; i < p.good.size() && !found; ++i) {
    if (p.good[i] && p.good[i - 1] && p.good[i - 2]) found = static_cast<int>(i - 2);
  }
  out.decisions_to_converge.push_back(found);
  out.seconds_to_converge.push_back(found ? std::optional(p.began_s[static_cast<std::size_t>(*found)]) : std::nullopt);
  int after = 0;
  for (std::size_t i = 1; found && i < p.settings.size(); ++i) {
    after += i > static_cast<std::size_t>(*found) && !(p.settings[i] == p.settings[i - 1]);
  }
  out.changes_after_convergence.push_back(found ? std::optional(after) : std::nullopt);
  out.changes.push_back(p.changes);

  // After a fall of the cap: seconds until three windows in a row are within it.
  std::optional<double> recovery;
  bool fell = false;
  for (std::size_t i = 1; i < phases.size() && !fell; ++i) {
    if (phases[i].cap_w >= phases[i - 1].cap_w) continue;
    fell = true;
    const double until = i + 1 < phases.size() ? phases[i + 1].from_s : std::numeric_limits<double>::infinity();
    int within = 0;
    for (const ReplayWindow& w : p.windows) {
      if (w.end_s <= phases[i].from_s || w.end_s > until) continue;
      within = w.power_w <= phases[i].cap_w ? within + 1 : 0;
      if (within == 3) {
        recovery = w.end_s - phases[i].from_s - 2.0 * w.seconds;
        break;
      }
    }
  }
  out.recovery_s.push_back(recovery);
  const double clock = grid.clock_hz(p.last);
  out.final.emplace_back(grid.batch(p.last), std::isnan(clock) ? 0.0 : clock / clock_unit);
  if (log) out.windows.push_back(p.windows);
}

// --- traces ---------------------------------------------------------------------------------------------------------

const std::vector<double> clock_levels_mhz{544, 632, 734, 835, 949, 1063, 1189, 1303, 1430, 1531};

double best_rate(const JobModel& job, double cap_w) {
  double best = 0.0;
  std::vector<double> clocks = clock_levels_mhz;
  clocks.push_back(free_clock);
  for (const std::uint32_t b : powers_of_two(256)) {
    for (const double clock : clocks) {
      if (job.risk(b, clock, cap_w) <= tolerated_risk) best = std::max(best, job.per_s(b, clock));
    }
  }
  return best;
}

// The grid that each controller was published with.
KnobGrid traces_grid(const Wanted& w) {
  std::vector<std::uint32_t> sizes = powers_of_two(256);
  if (w.name == "batch_then_clock" || w.name == "aimd") {
    sizes.resize(255);
    std::iota(sizes.begin(), sizes.end(), 1u);
  }
  std::vector<double> clocks;
  const std::set<std::string> leave_clock{"pseudo_binary", "fixed", "aimd", "bracket"};
  if (!leave_clock.contains(w.name)) {
    for (const double mhz : clock_levels_mhz) clocks.push_back(1e6 * mhz);
  }
  return KnobGrid(sizes, clocks);
}

AnyController traces_controller(const Wanted& w, const KnobGrid& grid, const Limits& limits,
                                const std::optional<GuardPrior>& history, double idle_w) {
  ControllerOptions options = w.options;
  if (w.name != "guard") return make_controller(w.name, grid, limits, options);
  if (w.history && history && options.size() == 1) return Guard(grid, limits, *history);
  options.try_emplace("idle_w", idle_w);
  options.try_emplace("reference_clock_hz", 1063e6);
  options.try_emplace("scale_free", 0.0);
  return make_controller(w.name, grid, limits, options);
}

// Every job has noise of its own, the same on every platform.
std::uint64_t stream_of(const std::string& name) {
  std::uint64_t hash = 0;
  for (const char c : name) hash = mix64(hash ^ static_cast<unsigned char>(c));
  return hash;
}

Played play(const JobModel& job, AnyController controller, const std::vector<Phase>& phases, int batches_a_decision,
            const ReplayOptions& o, std::uint64_t seed) {
  Random random = Random(seed, 0xc0217).fork(stream_of(job.name()));
  const KnobGrid grid = controller.grid();
  Played out;
  std::vector<double> powers;  // of each decision, for a late meter
  double now_s = 0.0;
  bool fresh = true;
  const auto phase_at = [&](double t) {
    std::size_t i = 0;
    while (i + 1 < phases.size() && phases[i + 1].from_s <= t) ++i;
    return i;
  };
  while (now_s < o.horizon_s) {
    const Setting setting = controller.setting();
    const double b = grid.batch(setting), hz = grid.clock_hz(setting), mhz = std::isnan(hz) ? free_clock : hz / 1e6;
    const double rise = now_s >= 100.0 ? 1.0 + o.rise : 1.0;
    double seconds = 0.0, items = 0.0, power_w = 0.0;
    const double began_s = now_s;
    do {
      const JobModel::Draw draw = job.draw(random, b, mhz, rise);
      double d = std::max(window_s, b / draw.per_s);
      // Ten small batches take less than a window.
      if (batches_a_decision > 0 && seconds == 0.0 && d > batches_a_decision * b / draw.per_s) {
        d = std::max(batches_a_decision * b / draw.per_s, 0.3);
      }
      double done = d * draw.per_s;
      if (fresh) done = std::max(done - b * (job.warm_up() - 1.0), 0.3 * done);
      fresh = false;
      const double cap_w = phases[phase_at(now_s)].cap_w;
      now_s += d;
      seconds += d;
      items += done;
      power_w = std::max(power_w, draw.power_w);
      out.windows.push_back({now_s, d, b, std::isnan(mhz) ? 0.0 : mhz, draw.power_w, done / d, cap_w, {}});
    } while (batches_a_decision > 0 && items < batches_a_decision * b);
    out.settings.push_back(setting);
    const Phase& first = phases.front();
    out.good.push_back(job.risk(b, mhz, first.cap_w) <= converged_risk &&
                       job.per_s(b, mhz) >= converged_share * first.best_per_s);
    out.began_s.push_back(began_s);
    powers.push_back(power_w);
    // The cap that holds at the decision.
    Limits limits{.time_s = now_s, .power_cap_w = phases[phase_at(now_s)].cap_w};
    for (ReplayWindow* w = &out.windows.back(); w->end_s > began_s; --w) {
      if (batches_a_decision == 0) w->cap_w = limits.power_cap_w;
      if (w == out.windows.data()) break;
    }
    if (phase_at(now_s) != phase_at(began_s)) controller.on_limits(limits);
    const std::size_t late = static_cast<std::size_t>(o.delay);
    const double seen_w = powers.size() > late ? powers[powers.size() - 1 - late] : job.idle_w();
    Measurement m;
    m.time_s = now_s;
    m.setting = setting;
    m.batches = static_cast<std::uint32_t>(std::max(1.0, std::floor(items / b + 1e-9)));
    m.batch_size = grid.batch(setting);
    m.items = static_cast<std::uint32_t>(std::lround(items));
    m.service_s = seconds;
    m.power = {.count = 1, .max_w = seen_w, .mean_w = seen_w, .quantile_w = seen_w};
    const Decision decision = controller.step(m);
    out.windows.back().reason = to_string(decision.reason);
    out.changes += decision.changed;
    fresh = decision.changed && decision.setting.batch_index != setting.batch_index;
  }
  out.last = controller.setting();
  return out;
}

std::filesystem::path traces_file(const std::filesystem::path& path) {
  const std::filesystem::path folder = std::filesystem::is_directory(path) ? path : path.parent_path();
  return folder / "traces.csv.gz";
}

std::vector<JobModel> jobs_of(const std::filesystem::path& path, double idle_w) {
  std::vector<JobModel> jobs;
  for (const auto& [problem, runs] : read_traces(traces_file(path))) jobs.emplace_back(problem, runs, idle_w);
  return jobs;
}

std::vector<ReplayResult> replay_traces(const std::filesystem::path& path, const ReplayOptions& o,
                                        const std::function<void(const ReplayResult&)>& done) {
  const std::vector<JobModel> jobs = jobs_of(path, o.idle_w);
  for (const std::string& task : o.tasks) {
    if (std::none_of(jobs.begin(), jobs.end(), [&](const JobModel& j) { return j.name() == task; })) {
      throw InvalidArgument("--task: '" + task + "' is not in " + traces_file(path).string());
    }
  }
  std::vector<ReplayResult> results;
  for (const JobModel& job : jobs) {
    if (!o.tasks.empty() && std::find(o.tasks.begin(), o.tasks.end(), job.name()) == o.tasks.end()) continue;
    std::vector<const JobModel*> others;
    for (const JobModel& other : jobs) {
      if (&other != &job) others.push_back(&other);
    }
    const std::optional<GuardPrior> history = others.size() >= 2 ? std::optional(history_prior(others)) : std::nullopt;
    for (const double cap_w : o.caps_w.empty() ? std::vector{job.cap_w()} : o.caps_w) {
      std::vector<Phase> phases{{0.0, cap_w, best_rate(job, cap_w)}};
      for (const auto& [from_s, factor] : o.cap_steps) {
        const double stepped = std::clamp(factor * cap_w, std::min(60.0, cap_w), std::max(250.0, cap_w));
        phases.push_back({from_s, stepped, best_rate(job, stepped)});
      }
      for (const std::string& text : o.controllers) {
        const Wanted w = wanted_controller(text);
        const KnobGrid grid = traces_grid(w);
        const double batches =
            w.option("window_batches", w.name == "pseudo_binary" || w.name == "dvfs_search" ? 10 : 1);
        const double seconds = w.option("window_s", 0.0);
        ReplayResult result{.task = job.name(),
                            .controller = text,
                            .mode = ReplayMode::traces,
                            .cap_w = cap_w,
                            .best_per_s = phases.front().best_per_s};
        for (int s = 0; s < o.seeds; ++s) {
          measure(grid,
                  play(job, traces_controller(w, grid, {.power_cap_w = cap_w}, history, o.idle_w), phases,
                       seconds == 0.0 && batches > 1.0 ? static_cast<int>(batches) : 0, o,
                       o.first_seed + static_cast<std::uint64_t>(s)),
                  phases, 1e6, o.log, result);
        }
        if (done) done(result);
        results.push_back(std::move(result));
      }
    }
  }
  return results;
}

// --- tables ---------------------------------------------------------------------------------------------------------

// Rows of a task over one or two numeric knobs.
struct Table {
  std::vector<std::uint32_t> batches;
  std::vector<double> levels;                                                     // of the second knob
  std::map<std::pair<std::size_t, std::size_t>, std::pair<double, double>> rows;  // position -> power, rate
  double cap_w = 0.0;
};

Table table_of(const analysis::RecordedTask& task) {
  if (!task.problem.empty()) throw InvalidArgument("task " + task.id + ": " + task.problem);
  if (task.objectives.size() != 1 || !task.objectives[0].maximise || task.constraints.size() != 1 ||
      task.constraints[0].bound != Bound::at_most) {
    throw InvalidArgument("task " + task.id +
                          ": control needs one objective to be maximised (a rate) and one upper limit (a power)");
  }
  if (task.knobs.size() > 2) {
    throw InvalidArgument("task " + task.id + ": " + std::to_string(task.knobs.size()) +
                          " knobs; a batch and one more at most");
  }
  const analysis::RecordedTable recorded = analysis::load_table(task);
  std::size_t batch_knob = 0;
  for (std::size_t k = 0; k < task.knobs.size(); ++k) {
    if (task.knobs[k].find("batch") != std::string::npos) batch_knob = k;
  }
  Table table;
  table.cap_w = task.constraints[0].value;
  const auto& names = recorded.task.metrics;
  const auto column = [&](const std::string& name) {
    return static_cast<Eigen::Index>(std::find(names.begin(), names.end(), name) - names.begin());
  };
  const Eigen::Index rate = column(task.objectives[0].column), power = column(task.constraints[0].column);
  std::vector<std::pair<double, double>> places;
  const auto count = static_cast<std::size_t>(recorded.space.count().value_or(0));
  std::set<double> sizes, levels;
  for (std::size_t i = 0; i < count; ++i) {
    const space::Configuration c = recorded.space.configuration(recorded.space.at(i));
    const auto value = [&](std::size_t k) {
      const auto v = space::as_number(c.at(task.knobs[k]));
      if (!v) throw InvalidArgument("task " + task.id + ": the knob '" + task.knobs[k] + "' holds text");
      return *v;
    };
    places.emplace_back(value(batch_knob), task.knobs.size() > 1 ? value(1 - batch_knob) : 0.0);
    if (!recorded.ok[i]) continue;
    sizes.insert(places.back().first);
    levels.insert(places.back().second);
  }
  for (const double s : sizes) table.batches.push_back(static_cast<std::uint32_t>(s));
  table.levels.assign(levels.begin(), levels.end());
  for (std::size_t i = 0; i < count; ++i) {
    if (!recorded.ok[i]) continue;
    const auto b = static_cast<std::size_t>(std::distance(sizes.begin(), sizes.find(places[i].first)));
    const auto l = static_cast<std::size_t>(std::distance(levels.begin(), levels.find(places[i].second)));
    table.rows[{b, l}] = {recorded.values[i][power], recorded.values[i][rate]};
  }
  return table;
}

Played play(const Table& table, AnyController controller, double cap_w, double best, int decisions) {
  const KnobGrid grid = controller.grid();
  Played out;
  double now_s = 0.0;
  for (int i = 0; i < decisions; ++i) {
    const Setting setting = controller.setting();
    // A hole of the table: the next smaller recorded batch answers, then the next larger.
    const auto row = [&] {
      for (std::size_t b = setting.batch_index + 1u; b-- > 0;) {
        if (const auto it = table.rows.find({b, setting.clock_index}); it != table.rows.end()) return it->second;
      }
      for (std::size_t b = setting.batch_index; b < grid.batch_count(); ++b) {
        if (const auto it = table.rows.find({b, setting.clock_index}); it != table.rows.end()) return it->second;
      }
      return table.rows.begin()->second;
    }();
    // Every decision has a window of its own, of ten whole batches and 3 s: the table has rates, not times.
    constexpr double seconds = 100.0;
    out.settings.push_back(setting);
    out.began_s.push_back(now_s);
    out.good.push_back(row.first <= cap_w && row.second >= converged_share * best);
    now_s += seconds;
    Measurement m;
    m.time_s = now_s;
    m.setting = setting;
    m.batches = 10;
    m.batch_size = grid.batch(setting);
    m.service_s = seconds;
    // Rates below one an hour and above millions a second must both fit: scaled by the best.
    m.items = static_cast<std::uint32_t>(std::lround(1e8 * std::min(row.second / best, 10.0)));
    m.power = {.count = 10, .max_w = row.first, .mean_w = row.first, .quantile_w = row.first};
    const Decision decision = controller.step(m);
    out.windows.push_back({now_s, seconds, static_cast<double>(grid.batch(setting)),
                           table.levels.size() > 1 ? table.levels[setting.clock_index] : 0.0, row.first, row.second,
                           cap_w, to_string(decision.reason)});
    out.changes += decision.changed;
  }
  out.last = controller.setting();
  return out;
}

std::vector<ReplayResult> replay_tables(const std::filesystem::path& path, const ReplayOptions& o,
                                        const std::function<void(const ReplayResult&)>& done) {
  const auto all = analysis::read_tasks(std::filesystem::is_directory(path) ? path / "tasks.json" : path);
  for (const std::string& id : o.tasks) {
    if (std::none_of(all.begin(), all.end(), [&](const auto& t) { return t.id == id; })) {
      throw InvalidArgument("--task: '" + id + "' is not in " + path.string());
    }
  }
  std::vector<ReplayResult> results;
  std::string why;
  for (const analysis::RecordedTask& task : all) {
    if (!o.tasks.empty() && std::find(o.tasks.begin(), o.tasks.end(), task.id) == o.tasks.end()) continue;
    Table table;
    try {
      table = table_of(task);
    } catch (const InvalidArgument& e) {
      if (!o.tasks.empty()) throw;
      why = e.what();  // a folder holds tasks of all kinds
      continue;
    }
    const KnobGrid grid(table.batches, table.levels.size() > 1 ? table.levels : std::vector<double>{});
    for (const double cap_w : o.caps_w.empty() ? std::vector{table.cap_w} : o.caps_w) {
      double best = 0.0;
      for (const auto& [at, row] : table.rows) {
        if (row.first <= cap_w) best = std::max(best, row.second);
      }
      for (const std::string& text : o.controllers) {
        const Wanted w = wanted_controller(text);
        ReplayResult result{
            .task = task.id, .controller = text, .mode = ReplayMode::table, .cap_w = cap_w, .best_per_s = best};
        const Played played = play(table, make_controller(w.name, grid, {.power_cap_w = cap_w}, w.options), cap_w,
                                   best > 0.0 ? best : 1.0, o.decisions);
        // Without noise every seed is the same.
        for (int s = 0; s < o.seeds; ++s) measure(grid, played, {{0.0, cap_w, best}}, 1.0, o.log, result);
        if (done) done(result);
        results.push_back(std::move(result));
      }
    }
  }
  if (results.empty()) throw InvalidArgument("control replay: no task fits" + (why.empty() ? "" : ": " + why));
  return results;
}

}  // namespace

std::vector<ReplayResult> replay(const std::filesystem::path& path, const ReplayOptions& options,
                                 const std::function<void(const ReplayResult&)>& done) {
  if (options.seeds < 1) throw InvalidArgument("seeds: " + std::to_string(options.seeds) + " is not 1 or more");
  if (options.decisions < 1) {
    throw InvalidArgument("decisions: " + std::to_string(options.decisions) + " is not 1 or more");
  }
  if (options.delay < 0) throw InvalidArgument("delay: " + std::to_string(options.delay) + " is not 0 or more");
  if (!(options.horizon_s > 0.0 && options.horizon_s <= 1e6)) {
    throw InvalidArgument("horizon_s: " + to_text(options.horizon_s) + " is outside (0, 1e6]");
  }
  for (const std::string& text : options.controllers) wanted_controller(text);
  return options.mode == ReplayMode::traces ? replay_traces(path, options, done) : replay_tables(path, options, done);
}

std::vector<RecordedRun> recorded_runs(const std::filesystem::path& folder, double idle_w) {
  std::vector<RecordedRun> out;
  for (const auto& [problem, runs] : read_traces(traces_file(folder))) {
    const JobModel job(problem, runs, idle_w);
    double best = 0.0;
    for (const std::uint32_t b : powers_of_two(256)) {
      for (const double clock : clock_levels_mhz) {
        if (job.risk(b, clock, job.cap_w()) <= tolerated_risk) best = std::max(best, job.per_s(b, clock));
      }
    }
    for (const auto& [approach, rows] : runs) {
      const auto windows = trace_windows(rows);
      double over = 0.0, excess = 0.0, items = 0.0;
      for (std::size_t w = 1; w < windows.size(); ++w) {
        double power_w = 0.0;
        for (std::size_t i = windows[w].first; i < windows[w].second; ++i) {
          power_w = std::max(power_w, rows[i].power_w);
        }
        over += power_w > job.cap_w();
        excess += std::max(0.0, power_w - job.cap_w());
      }
      for (std::size_t i = 1; i < rows.size(); ++i) items += rows[i].batch;
      const double seconds = rows.back().time_s - rows.front().time_s;
      out.push_back({problem, approach, job.cap_w(), best > 0.0 ? items / seconds / best : std::nan(""),
                     over / static_cast<double>(std::max<std::size_t>(windows.size(), 2) - 1),
                     over > 0.0 ? excess / over : 0.0});
    }
  }
  return out;
}

std::string ReplayResult::to_json() const {
  nlohmann::ordered_json j;
  const auto or_null = [](const auto& values) {
    auto list = nlohmann::ordered_json::array();
    for (const auto& v : values) v ? list.push_back(*v) : list.push_back(nullptr);
    return list;
  };
  const auto numbers = [](const std::vector<double>& values) {  // NaN: no feasible setting to compare with
    auto list = nlohmann::ordered_json::array();
    for (const double v : values) std::isnan(v) ? list.push_back(nullptr) : list.push_back(v);
    return list;
  };
  j["task"] = task;
  j["controller"] = controller;
  j["mode"] = mode == ReplayMode::traces ? "traces" : "table";
  j["cap_w"] = cap_w;
  j["best_per_s"] = best_per_s;
  j["throughput_share"] = numbers(throughput_share);
  j["goodput_share"] = numbers(goodput_share);
  j["rest_goodput_share"] = numbers(rest_goodput_share);
  j["violation_share"] = numbers(violation_share);
  j["violation_w"] = numbers(violation_w);
  j["longest_violation_s"] = numbers(longest_violation_s);
  j["longest_far_violation_s"] = numbers(longest_far_violation_s);
  j["decisions_to_converge"] = or_null(decisions_to_converge);
  j["seconds_to_converge"] = or_null(seconds_to_converge);
  j["changes"] = changes;
  j["changes_after_convergence"] = or_null(changes_after_convergence);
  j["alternates"] = alternates;
  j["recovery_s"] = or_null(recovery_s);
  auto phases = nlohmann::ordered_json::array();
  for (const auto& values : phase_goodput_share) phases.push_back(numbers(values));
  j["phase_goodput_share"] = phases;
  auto settings = nlohmann::ordered_json::array();
  for (const auto& [batch, clock] : final) settings.push_back({{"batch", batch}, {"clock", clock}});
  j["final"] = settings;
  if (!windows.empty()) {
    auto runs = nlohmann::ordered_json::array();
    for (const auto& run : windows) {
      auto list = nlohmann::ordered_json::array();
      for (const ReplayWindow& w : run) {
        list.push_back({{"end_s", w.end_s},
                        {"seconds", w.seconds},
                        {"batch", w.batch},
                        {"clock", w.clock_mhz},
                        {"power_w", w.power_w},
                        {"per_s", w.per_s},
                        {"cap_w", w.cap_w},
                        {"reason", w.reason}});
      }
      runs.push_back(list);
    }
    j["windows"] = runs;
  }
  return j.dump();
}

}  // namespace bayestuner::control
