#include "bayestuner/control/control_run.hpp"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cmath>
#include <memory>
#include <nlohmann/json.hpp>

#include "analysis/json.hpp"
#include "bayestuner/core/error.hpp"
#include "bayestuner/knob/resource_lock.hpp"
#include "bayestuner/knob/stop_signals.hpp"
#include "command/commands.hpp"
#include "control/live_view.hpp"

namespace bayestuner::command {

namespace {

struct ControlRunOptions {
  std::string file, format, journal;
  std::optional<double> seconds, cap_w;
  std::optional<int> http_port;
  bool check = false, dry_run = false, quiet = false;
};

control::ControlSpec read(const ControlRunOptions& o) {
  control::ControlSpec spec = control::read_control_file(o.file);
  if (o.seconds) spec.seconds = o.seconds;
  if (o.cap_w) spec.limits.power_cap_w = *o.cap_w;
  if (o.http_port) spec.loop.http_port = *o.http_port;
  if (!o.journal.empty()) spec.loop.journal = o.journal;
  spec.loop.dry_run = o.dry_run;
  spec.check();
  return spec;
}

std::string check_text(const control::ControlSpec& spec) {
  std::vector<std::string> sizes, levels;
  for (const std::uint32_t size : spec.batches) sizes.push_back(fmt::format("{}", size));
  std::string text = fmt::format("{} over batches {}", spec.controller, fmt::join(sizes, " "));
  if (spec.level)
    text += fmt::format(" and {} {:g}", spec.level->parameter->name(), fmt::join(spec.level->values, " "));
  text += fmt::format(", cap {:g} W, meter {}, server {}\n", spec.limits.power_cap_w, spec.meter.name, spec.server.url);
  return text;
}

// The loop as a person follows it: a screen that is drawn again and again, or a line for each decision.
class Follower {
 public:
  Follower(bool quiet, control::ViewTitle title)
      : quiet_(quiet), live_(!quiet && isatty(STDOUT_FILENO) != 0), title_(std::move(title)), view_(title_) {}

  void begin(const control::ControlBeginning& beginning) {
    title_.url = beginning.url;
    title_.meter = beginning.meter;
    title_.provenance = beginning.provenance;
    view_ = control::LiveView(title_);
    if (!quiet_ && !live_) {
      fmt::print("{} of {}; power {} by {} ({})\n", title_.controller, title_.url, to_string(title_.provenance),
                 title_.meter, beginning.source);
      if (beginning.http_port >= 0) fmt::print("http://127.0.0.1:{}/status, /metrics, /cap\n", beginning.http_port);
      std::fflush(stdout);
    }
  }
  void window(const control::LoopWindow& w) {
    view_.add(w);
    if (w.decision.reason != control::Reason::recorded) say(control::decision_line(w, title_));
  }
  void event(const control::LoopEvent& e) {
    view_.add(e);
    say(control::event_line(e));
  }
  void status(const control::LoopStatus& s) {
    view_.set(s);
    if (!live_) return;
    winsize size{};
    const bool known = ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 20;
    std::string frame = drawn_ > 0 ? fmt::format("\033[{}A\r\033[J", drawn_) : "";
    const auto lines = view_.lines(known ? size.ws_col - 1 : 79);
    for (const std::string& line : lines) frame += line + "\n";
    drawn_ = lines.size();
    std::fputs(frame.c_str(), stdout);
    std::fflush(stdout);
  }
  /// Whether the terminal it draws on has gone.
  bool is_orphaned() const { return live_ && isatty(STDOUT_FILENO) == 0; }

 private:
  void say(const std::string& line) const {
    if (quiet_ || live_) return;
    fmt::print("{}\n", line);
    std::fflush(stdout);
  }

  bool quiet_, live_;
  control::ViewTitle title_;
  control::LiveView view_;
  std::size_t drawn_ = 0;
};

double share(std::uint64_t part, std::uint64_t all) {
  return all > 0 ? static_cast<double>(part) / static_cast<double>(all) : std::nan("");
}

std::string as_json(const control::ControlResult& r) {
  using analysis::number_or_null;
  nlohmann::ordered_json phases = nlohmann::ordered_json::array();
  for (const control::Phase& p : r.phases) {
    phases.push_back(
        {{"from_s", p.from_s},
         {"seconds", p.seconds},
         {"cap_w", number_or_null(p.cap_w)},
         {"windows", p.windows},
         {"within", p.within},
         {"windows_to_settle", p.windows_to_settle ? nlohmann::ordered_json(*p.windows_to_settle) : nullptr},
         {"settled_windows", p.settled_windows},
         {"settled_within", p.settled_within},
         {"throughput", number_or_null(p.throughput)},
         {"settled_throughput", number_or_null(p.settled_throughput)},
         {"last", {{"batch", p.last.batch}, {"level", number_or_null(p.last.level)}}}});
  }
  const bool loaded = r.load_answers > 0;
  const nlohmann::ordered_json json{
      {"seconds", r.seconds},
      {"stopped", r.stopped},
      {"meter", r.beginning.meter},
      {"provenance", to_string(r.beginning.provenance)},
      {"windows", r.status.windows},
      {"within", r.status.windows_within},
      {"changes", r.status.changes},
      {"faults", r.status.faults},
      {"items", r.status.items},
      {"phases", phases},
      {"load_answers", r.load_answers},
      {"load_errors", r.load_errors},
      {"latency_p50_s", number_or_null(loaded ? r.load_latencies.percentile_s(0.5) : std::nan(""))},
      {"latency_p99_s", number_or_null(loaded ? r.load_latencies.percentile_s(0.99) : std::nan(""))}};
  return json.dump(1) + "\n";
}

std::string as_text(const control::ControlResult& r) {
  const char* const about = r.beginning.provenance == Provenance::estimated ? "~" : "";
  std::string text =
      fmt::format("{} windows in {:.0f} s, {:.1f} % within the cap; {} changes, {} faults, {} requests\n",
                  r.status.windows, r.seconds, 100.0 * share(r.status.windows_within, r.status.windows),
                  r.status.changes, r.status.faults, r.status.items);
  if (!r.phases.empty()) {
    text += fmt::format("{:>8} {:>8} {:>8} {:>8} {:>8} {:>12} {:>7}\n", "from s", "cap W", "windows", "within",
                        "settled", "requests/s", "batch");
  }
  for (const control::Phase& p : r.phases) {
    text += fmt::format("{:>8.1f} {:>8} {:>8} {:>7.1f}% {:>8} {:>12.1f} {:>7}\n", p.from_s,
                        fmt::format("{}{:.4g}", about, p.cap_w), p.windows, 100.0 * share(p.within, p.windows),
                        p.windows_to_settle ? fmt::format("{}", *p.windows_to_settle) : "never", p.throughput,
                        p.last.batch);
  }
  if (r.load_answers > 0) {
    text +=
        fmt::format("the load: {} answers, {} errors, latency p50 {:.0f} ms, p99 {:.0f} ms\n", r.load_answers,
                    r.load_errors, 1e3 * r.load_latencies.percentile_s(0.5), 1e3 * r.load_latencies.percentile_s(0.99));
  }
  if (!r.load_problem.empty()) text += "the load's first problem: " + r.load_problem + "\n";
  if (*about != '\0') text += "~ marks ESTIMATED power: no sensor measured it; see docs/power.md\n";
  return text;
}

int run(const ControlRunOptions& o) {
  const control::ControlSpec spec = read(o);
  if (o.check) {
    write_out("", check_text(spec));
    return success;
  }
  knob::StopSignals signals(knob::Hangup::reloads);
  Follower follower(o.quiet || o.format == "json", {.controller = spec.controller,
                                                    .url = spec.server.url,
                                                    .meter = spec.meter.name,
                                                    .level_name = spec.level ? spec.level->parameter->name() : "",
                                                    .dry_run = o.dry_run});
  bool began = false;
  const auto reload = [&]() -> std::optional<control::Limits> {
    if (!signals.take_reload() || follower.is_orphaned()) return std::nullopt;
    try {
      const control::ControlSpec again = control::read_control_file(o.file);
      follower.event({.name = "reload", .text = "the limits of " + o.file + " hold; the rest when it starts anew"});
      return again.limits;
    } catch (const InvalidArgument& error) {
      follower.event({.name = "reload", .text = error.what(), .is_fault = true});
      return std::nullopt;
    }
  };
  const control::ControlCallbacks callbacks{.begin =
                                                [&](const control::ControlBeginning& b) {
                                                  began = true;
                                                  follower.begin(b);
                                                },
                                            .window = [&](const control::LoopWindow& w) { follower.window(w); },
                                            .event = [&](const control::LoopEvent& e) { follower.event(e); },
                                            .status = [&](const control::LoopStatus& s) { follower.status(s); },
                                            .new_limits = reload};
  control::ControlResult result;
  try {
    result = control::run_control(spec, callbacks, [&] { return signals.requested() || follower.is_orphaned(); });
  } catch (const knob::BusyError&) {
    throw;
  } catch (const Error& error) {
    // Before the loop began nothing was set: what the user asked for cannot work here.
    if (!began) throw InvalidArgument(error.what());
    throw MachineProblem(error.what());
  }
  write_out("", o.format == "json" ? as_json(result) : as_text(result));
  if (!result.not_given_back.empty()) {
    throw MachineProblem("not given back as it was found; run `bayestuner restore`: " + result.not_given_back);
  }
  return success;
}

}  // namespace

void add_control_run(CLI::App& group, Action& action) {
  auto o = std::make_shared<ControlRunOptions>();
  CLI::App* sub = group.add_subcommand("run", "Control a live server as a file describes, until Ctrl-C");
  sub->add_option("file", o->file, "control file (TOML)")->required();
  sub->add_option("--seconds", o->seconds, "end after so long")->check(CLI::PositiveNumber);
  sub->add_option("--cap", o->cap_w, "W, instead of the file's")->check(CLI::PositiveNumber);
  sub->add_option("--journal", o->journal, "file to append a JSON line to for every window and event");
  sub->add_option("--http-port", o->http_port, "where to answer on 127.0.0.1; 0: any free port")
      ->check(CLI::Range(0, 65535));
  sub->add_flag("--check", o->check, "check the file and say what would be controlled; touch nothing");
  sub->add_flag("--dry-run", o->dry_run, "measure, decide and log, but set nothing");
  sub->add_flag("--quiet", o->quiet, "only the summary at the end");
  add_format(*sub, o->format);
  sub->callback([o, &action] { action = [o] { return run(*o); }; });
}

}  // namespace bayestuner::command
