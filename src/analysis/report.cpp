#include "bayestuner/analysis/report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "analysis/exploration_section.hpp"
#include "analysis/html.hpp"
#include "analysis/svg.hpp"
#include "bayestuner/core/text.hpp"

namespace bayestuner::analysis {

namespace {

std::string objective_text(const study::Problem& problem) {
  std::vector<std::string> parts;
  for (const auto& o : problem.objectives()) parts.push_back((o.maximise ? "maximise " : "minimise ") + o.metric);
  std::vector<std::string> rules;
  for (const auto& c : problem.constraints()) rules.push_back(c.to_text());
  return join(parts) + (rules.empty() ? "" : " subject to " + join(rules, " and "));
}

// The trials of a study with what is asked of each again and again: looking it up means a pass over all.
struct Log {
  explicit Log(study::Study& study)
      : problem(study.problem()), trials(study.trials()), feasible(study.feasible(trials)) {}
  study::Problem problem;
  std::vector<study::Trial> trials;
  std::vector<bool> feasible;
};

std::string state_text(const study::Trial& t, bool feasible) {
  if (t.state == study::TrialState::fail) return fmt::format("failed: {}", study::to_string(t.reason));
  if (t.state != study::TrialState::complete) return study::to_string(t.state);
  return feasible ? "feasible" : "infeasible";
}

std::string metrics_text(const study::Problem& problem, const study::Trial& t) {
  std::vector<std::string> parts;
  for (const std::string& name : problem.metrics()) {
    const auto it = t.metrics.find(name);
    if (it != t.metrics.end()) parts.push_back(name + " " + readable(it->second));
  }
  return join(parts);
}

// A metric as a plot names it: an estimate says so on every axis.
std::string axis(const std::vector<study::Trial>& trials, const std::string& metric) {
  for (const auto& t : trials) {
    const auto it = t.metrics.find(metric);
    if (it != t.metrics.end() && it->second.provenance == Provenance::estimated) return "~ " + metric + " (estimated)";
  }
  return metric;
}

bool uses_estimates(const study::Problem& problem, const std::vector<study::Trial>& trials) {
  for (const auto& t : trials) {
    for (const std::string& name : problem.metrics()) {
      const auto it = t.metrics.find(name);
      if (it != t.metrics.end() && it->second.provenance == Provenance::estimated) return true;
    }
  }
  return false;
}

const char* colour(bool feasible) {
  return feasible ? svg::blue : svg::grey;
}

std::string history_plot(const Log& log) {
  const auto& trials = log.trials;
  const auto& objective = log.problem.objectives().front();
  svg::Plot plot("Trials in order", "trial", axis(trials, objective.metric));
  std::vector<std::pair<double, double>> best;
  for (std::size_t i = 0; i < trials.size(); ++i) {
    const auto& t = trials[i];
    const auto it = t.metrics.find(objective.metric);
    if (it == t.metrics.end() || t.state != study::TrialState::complete) {
      if (t.is_finished()) plot.tick(static_cast<double>(t.number), svg::red);
      continue;
    }
    const double x = static_cast<double>(t.number), y = it->second.value;
    plot.point(x, y, it->second.standard_error, colour(log.feasible[i]),
               fmt::format("{}: {}", t.number, t.params.to_text()));
    if (log.feasible[i] && (best.empty() || (objective.maximise ? y > best.back().second : y < best.back().second))) {
      if (!best.empty()) best.emplace_back(x, best.back().second);
      best.emplace_back(x, y);
    }
  }
  if (!best.empty() && !trials.empty()) {
    best.emplace_back(static_cast<double>(trials.back().number), best.back().second);
    plot.line(best, svg::blue);
  }
  return plot.to_string();
}

std::string trade_off_plot(const Log& log, const std::vector<std::optional<double>>& thresholds) {
  const auto& problem = log.problem;
  const auto& trials = log.trials;
  const auto& feasible = log.feasible;
  const auto& objective = problem.objectives().front();
  std::string plots;
  for (std::size_t i = 0; i < problem.constraints().size(); ++i) {
    const auto& c = problem.constraints()[i];
    if (c.metric == objective.metric) continue;
    svg::Plot plot(objective.metric + " against " + c.metric, axis(trials, c.metric), axis(trials, objective.metric));
    std::set<double> values;
    for (std::size_t k = 0; k < trials.size(); ++k) {
      const auto& t = trials[k];
      const auto x = t.metrics.find(c.metric), y = t.metrics.find(objective.metric);
      if (t.state != study::TrialState::complete || x == t.metrics.end() || y == t.metrics.end()) continue;
      values.insert(x->second.value);
      plot.point(x->second.value, y->second.value, y->second.standard_error, colour(feasible[k]),
                 fmt::format("{}: {}", t.number, t.params.to_text()));
    }
    if (values.size() < 2) continue;  // every answer right: nothing to trade off
    if (thresholds[i]) plot.vertical(*thresholds[i], c.to_text());
    plots += plot.to_string();
  }
  return plots;
}

std::string knob_plots(const Log& log, const space::DynamicSpace& space) {
  const auto& problem = log.problem;
  const auto& trials = log.trials;
  const auto& feasible = log.feasible;
  const auto& objective = problem.objectives().front();
  std::string plots;
  for (const auto& p : space.parameters()) {
    svg::Plot plot(objective.metric + " by " + p.name(), p.name(), axis(trials, objective.metric));
    if (p.kind() == space::ParameterKind::categorical || p.kind() == space::ParameterKind::boolean) {
      std::vector<std::string> names;
      for (std::int64_t l = 0; l < p.level_count(); ++l)
        names.push_back(space::to_text(p.value(static_cast<double>(l))));
      plot.labels(names);
    }
    for (std::size_t k = 0; k < trials.size(); ++k) {
      const auto& t = trials[k];
      const auto y = t.metrics.find(objective.metric);
      if (t.state != study::TrialState::complete || y == t.metrics.end() || !t.params.contains(p.name())) continue;
      const auto code = p.code(t.params.at(p.name()));
      if (!code) continue;
      plot.point(p.number(*code), y->second.value, y->second.standard_error, colour(feasible[k]),
                 fmt::format("{}: {}", t.number, t.params.to_text()));
    }
    plots += plot.to_string();
  }
  return plots;
}

}  // namespace

std::string readable(const Metric& metric) {
  if (metric.provenance == Provenance::estimated) return fmt::format("~{:.2g}", metric.value);
  if (metric.standard_error <= 0.0) return fmt::format("{:.5g}", metric.value);
  const int decimals = std::clamp(1 - static_cast<int>(std::floor(std::log10(metric.standard_error))), 0, 12);
  if (std::abs(metric.value) >= 1e7) return fmt::format("{:.4g} ± {:.1g}", metric.value, metric.standard_error);
  return fmt::format("{:.{}f} ± {:.{}f}", metric.value, decimals, metric.standard_error, decimals);
}

std::string text_report(study::Study& study) {
  const Log log(study);
  const auto& problem = log.problem;
  const auto& trials = log.trials;
  const auto& feasible = log.feasible;
  std::string text = fmt::format("{}: {}\n", study.name(), objective_text(problem));
  const auto thresholds = study.thresholds();
  for (std::size_t i = 0; i < thresholds.size(); ++i) {
    if (problem.constraints()[i].relative) {
      text += fmt::format("  {} means {}\n", problem.constraints()[i].to_text(),
                          thresholds[i] ? fmt::format("{:.5g}", *thresholds[i]) : "nothing yet: no baseline");
    }
  }
  if (uses_estimates(problem, trials)) text += "  ~ marks estimates: no sensor measured them\n";
  if (const auto base = study.baseline()) {
    text += fmt::format("baseline: {}\n  {}\n", base->params.to_text(), metrics_text(problem, *base));
  }
  if (const auto best = study.best()) {
    text += fmt::format("best:     {}\n  {}\n", best->params.to_text(), metrics_text(problem, *best));
  } else {
    text += "best:     nothing feasible was measured\n";
  }
  if (problem.objectives().size() > 1) text += text_report(study::explorations({&study}));
  text += fmt::format("{:>5} {:<26} {:<44} {}\n", "trial", "state", "metrics", "configuration");
  for (std::size_t i = 0; i < trials.size(); ++i) {
    const auto& t = trials[i];
    text +=
        fmt::format("{:>5} {:<26} {:<44} {}{}{}\n", t.number, state_text(t, feasible[i]), metrics_text(problem, t),
                    t.params.to_text(), t.is_baseline ? " (baseline)" : "", t.is_verification ? " (verification)" : "");
  }
  return text;
}

std::string html_report(study::Study& study, study::Study* against) {
  const Log log(study);
  const auto& problem = log.problem;
  const auto& trials = log.trials;
  const auto& feasible = log.feasible;
  std::string body =
      fmt::format("<h1>{}</h1><p>{}</p>", html_escaped(study.name()), html_escaped(objective_text(problem)));
  if (uses_estimates(problem, trials)) {
    body +=
        "<p class='note'>~ marks <b>estimated</b> numbers: no sensor measured them. Differences between "
        "configurations follow the model of the estimate.</p>";
  }
  const auto base = study.baseline();
  const auto best = study.best();
  body += "<table class='answer'><tr><th></th><th>configuration</th>";
  for (const std::string& name : problem.metrics()) body += "<th>" + html_escaped(name) + "</th>";
  body += "</tr>";
  const auto row = [&](const char* title, const study::Trial& t) {
    body += fmt::format("<tr><th>{}</th><td>{}</td>", title, html_escaped(t.params.to_text()));
    for (const std::string& name : problem.metrics()) {
      const auto it = t.metrics.find(name);
      body += "<td>" + (it == t.metrics.end() ? std::string("-") : html_escaped(readable(it->second))) + "</td>";
    }
    body += "</tr>";
  };
  if (base) row("today", *base);
  if (best) row("best feasible", *best);
  if (base && best && base->params != best->params) {
    body += "<tr><th>change</th><td></td>";
    for (const std::string& name : problem.metrics()) {
      const auto from = base->metrics.find(name), to = best->metrics.find(name);
      const bool both = from != base->metrics.end() && to != best->metrics.end() && from->second.value != 0.0 &&
                        from->second.provenance == to->second.provenance;
      body +=
          both ? fmt::format("<td>{:+.1f} %</td>", 100.0 * (to->second.value / from->second.value - 1.0)) : "<td></td>";
    }
    body += "</tr>";
  }
  body += "</table>";
  const auto noisy =
      std::count_if(trials.begin(), trials.end(), [](const study::Trial& t) { return t.user_attrs.contains("noisy"); });
  if (noisy > 0) {
    body += fmt::format(
        "<p class='note'>{} of {} trials were measured while other programs used the CPUs (marked noisy): tune again "
        "on "
        "a quiet machine before you rely on the result.</p>",
        noisy, trials.size());
  }
  if (!best) body += "<p class='note'>Nothing feasible was measured.</p>";
  body +=
      "<p><span class='key' style='background:#2563b0'></span>feasible "
      "<span class='key' style='background:#9aa3ad'></span>infeasible "
      "<span class='key' style='background:#c0392b'></span>failed</p>";
  if (problem.objectives().size() > 1) {
    std::vector<study::Study*> studies{&study};
    if (against != nullptr) studies.push_back(against);
    body += exploration_section(study::explorations(studies));
  }
  body += "<div class='plots'>";
  body += history_plot(log) + trade_off_plot(log, study.thresholds()) + knob_plots(log, study.space());
  body += "</div><h2>Trials</h2><div class='wide'><table><tr><th>trial</th><th>state</th><th>configuration</th>";
  std::set<std::string> names;
  for (const auto& t : trials) {
    for (const auto& [name, m] : t.metrics) names.insert(name);
  }
  for (const std::string& name : names) body += "<th>" + html_escaped(name) + "</th>";
  body += "</tr>";
  for (std::size_t i = 0; i < trials.size(); ++i) {
    const auto& t = trials[i];
    const auto others = t.user_attrs.find("noisy");
    body += fmt::format("<tr><td>{}</td><td>{}{}{}{}</td><td>{}</td>", t.number, state_text(t, feasible[i]),
                        t.is_verification ? " (verification)"
                        : t.is_baseline   ? " (today)"
                                          : "",
                        others == t.user_attrs.end() ? "" : html_escaped(" (noisy: " + others->second + ")"),
                        t.message.empty() ? "" : "<br><small>" + html_escaped(t.message) + "</small>",
                        html_escaped(t.params.to_text()));
    for (const std::string& name : names) {
      const auto it = t.metrics.find(name);
      body += "<td>" + (it == t.metrics.end() ? std::string() : html_escaped(readable(it->second))) + "</td>";
    }
    body += "</tr>";
  }
  body += "</table></div>";
  return fmt::format(
      "<!DOCTYPE html><html lang='en'><head><meta charset='utf-8'><title>{}</title><style>"
      "body{{font:15px/1.45 system-ui,sans-serif;margin:2rem auto;max-width:1180px;padding:0 1rem;color:#1d2733}}"
      "table{{border-collapse:collapse;font-size:13px;margin:.6rem 0}}td,th{{border-bottom:1px solid #dde3ea;"
      "padding:.25rem "
      ".6rem;text-align:left;white-space:nowrap;vertical-align:top}}small{{white-space:normal;color:#68737f}}"
      ".wide{{overflow-x:auto}}.plots{{display:flex;flex-wrap:wrap;gap:1rem}}"
      ".note{{background:#fff6dd;padding:.5rem .8rem;border-left:4px solid #e0b23c}}.key{{display:inline-block;"
      "width:.8em;height:.8em;border-radius:50%;margin:0 .3em 0 1em}}svg{{background:#fff;border:1px solid #dde3ea}}"
      "</style></head><body>{}</body></html>\n",
      html_escaped(study.name()), body);
}

}  // namespace bayestuner::analysis
