#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "analysis/exploration_section.hpp"
#include "analysis/html.hpp"
#include "analysis/svg.hpp"
#include "bayestuner/analysis/report.hpp"
#include "bayestuner/core/text.hpp"

namespace bayestuner::analysis {

namespace {

using study::Exploration;
using study::ExploredPoint;

std::string axis(const Exploration& e, std::size_t objective) {
  const std::string& metric = e.problem.objectives()[objective].metric;
  const bool estimated = std::any_of(e.points.begin(), e.points.end(), [&](const ExploredPoint& p) {
    return p.trial.metrics.at(metric).provenance == Provenance::estimated;
  });
  return estimated ? "~ " + metric + " (estimated)" : metric;
}

// `up to (power_w 60, throughput 0.5): stated`; empty where there is nothing to measure a volume from.
std::string reference_text(const Exploration& e) {
  std::vector<std::string> values;
  for (std::size_t j = 0; j < e.reference.size(); ++j) {
    if (std::isnan(e.reference[j])) return "";
    const auto from = e.reference_from[j];
    values.push_back(fmt::format("{} {:.4g}{}", e.problem.objectives()[j].metric, e.reference[j],
                                 from == study::ReferenceSource::stated  ? ""
                                 : from == study::ReferenceSource::worst ? " (beyond the worst measured)"
                                                                         : " (beyond the front's worst)"));
  }
  return join(values);
}

std::string size_text(const Exploration& e) {
  return fmt::format("{} trials ({} failed, {} infeasible), front of {}", e.finished, e.failed, e.infeasible().size(),
                     e.front.size());
}

// Volume once `finished` trials were finished.
double volume_after(const Exploration& e, std::size_t finished) {
  double volume = 0.0;
  for (const ExploredPoint& p : e.points) {
    if (p.finished <= finished) volume = p.hypervolume;
  }
  return volume;
}

// "1.24 times that of NAME"; the honest words where one has none.
std::string comparison_text(const Exploration& ours, const Exploration& other) {
  const double a = ours.hypervolume(), b = other.hypervolume();
  if (b > 0.0) return fmt::format("hypervolume {:.3f} times that of {}", a / b, other.study);
  return a > 0.0 ? other.study + " has no hypervolume" : "neither has a hypervolume";
}

// Steps: a volume stands until the next point.
std::vector<std::pair<double, double>> history_line(const Exploration& e) {
  std::vector<std::pair<double, double>> line;
  for (const ExploredPoint& p : e.points) {
    if (!line.empty() && line.back().second == p.hypervolume) continue;
    if (!line.empty()) line.emplace_back(static_cast<double>(p.finished), line.back().second);
    line.emplace_back(static_cast<double>(p.finished), p.hypervolume);
  }
  if (!line.empty()) line.emplace_back(static_cast<double>(e.finished), line.back().second);
  return line;
}

std::string front_plot(const std::vector<Exploration>& all, std::size_t x, std::size_t y) {
  const Exploration& ours = all.front();
  svg::Plot plot("Front", axis(ours, x), axis(ours, y));
  const std::string &mx = ours.problem.objectives()[x].metric, &my = ours.problem.objectives()[y].metric;
  const auto mark = [&](const Exploration& e, const ExploredPoint& p, const char* colour) {
    const Metric &a = p.trial.metrics.at(mx), &b = p.trial.metrics.at(my);
    plot.point(a.value, b.value, b.standard_error, colour,
               fmt::format("{}{}: {}", all.size() > 1 ? e.study + " " : "", p.trial.number, p.trial.params.to_text()),
               a.standard_error);
  };
  for (const ExploredPoint& p : ours.points) {
    if (!p.is_on_front) mark(ours, p, svg::grey);
  }
  for (std::size_t k = all.size(); k-- > 0;) {
    const char* const colour = k == 0 ? svg::blue : svg::orange;
    std::vector<std::pair<double, double>> line;
    for (const std::size_t i : all[k].front) {
      const ExploredPoint& p = all[k].points[i];
      mark(all[k], p, k == 0 && ours.knee == i ? svg::red : colour);
      line.emplace_back(p.trial.metrics.at(mx).value, p.trial.metrics.at(my).value);
    }
    if (ours.problem.objectives().size() == 2 && line.size() > 1) plot.line(std::move(line), colour);
  }
  return plot.to_string();
}

}  // namespace

std::string text_report(const std::vector<Exploration>& explorations) {
  std::string text;
  for (const Exploration& e : explorations) {
    text += fmt::format("{}: {}\n", e.study, size_text(e));
    if (const std::string reference = reference_text(e); reference.empty()) {
      text += "  no hypervolume: nothing was measured to take a reference point from\n";
    } else {
      text += fmt::format("  hypervolume {:.5g} up to {}\n", e.hypervolume(), reference);
      if (e.hypervolume() == 0.0 && !e.front.empty()) text += "  no point is better than that reference everywhere\n";
    }
    if (e.front.empty()) {
      text += "  nothing feasible was measured\n";
      continue;
    }
    text += fmt::format("  {:>5} ", "trial");
    for (const auto& o : e.problem.objectives()) text += fmt::format(" {:>20}", o.metric);
    text += "  sure  configuration\n";
    for (const std::size_t i : e.front) {
      const ExploredPoint& p = e.points[i];
      text += fmt::format("  {:>5}{}", p.trial.number, e.knee == i ? "*" : " ");
      for (const auto& o : e.problem.objectives())
        text += fmt::format(" {:>20}", readable(p.trial.metrics.at(o.metric)));
      text += fmt::format("  {:>4.2f}  {}\n", p.probability, p.trial.params.to_text());
    }
    text += "  * knee; sure: probability that nothing measured dominates it\n";
  }
  if (explorations.size() < 2) return text;
  text += fmt::format("{:>8}", "trials");
  std::size_t most = 0;
  for (const Exploration& e : explorations) {
    text += fmt::format(" {:>20}", e.study);
    most = std::max(most, e.finished);
  }
  text += "  (hypervolume)\n";
  for (std::size_t n = std::min<std::size_t>(10, most); n <= most && n > 0;
       n = n < most ? std::min(n + std::max<std::size_t>(10, most / 100 * 10), most) : most + 1) {
    text += fmt::format("{:>8}", n);
    for (const Exploration& e : explorations) text += fmt::format(" {:>20.5g}", volume_after(e, n));
    text += "\n";
  }
  for (std::size_t k = 1; k < explorations.size(); ++k) {
    text += comparison_text(explorations.front(), explorations[k]) + "\n";
  }
  return text;
}

std::string exploration_section(const std::vector<Exploration>& all) {
  const Exploration& ours = all.front();
  std::string body = fmt::format("<h2>Front</h2><p>{}", html_escaped(size_text(ours)));
  const std::string reference = reference_text(ours);
  if (!reference.empty()) {
    body += fmt::format("; hypervolume {:.5g} up to {}", ours.hypervolume(), html_escaped(reference));
  }
  for (std::size_t k = 1; k < all.size(); ++k) {
    body += "; " + html_escaped(comparison_text(ours, all[k]) + " (" + size_text(all[k]) + ")");
  }
  body += ".</p>";
  if (ours.points.empty()) return body;
  body +=
      "<p><span class='key' style='background:#2563b0'></span>front <span class='key' style='background:#c0392b'>"
      "</span>knee <span class='key' style='background:#9aa3ad'></span>dominated or infeasible";
  if (all.size() > 1) {
    body += " <span class='key' style='background:#d98a1f'></span>" + html_escaped(all[1].study);
  }
  body += "; bars: standard errors</p><div class='plots'>";
  const std::size_t m = ours.problem.objectives().size();
  for (std::size_t x = 0; x < m; ++x) {
    for (std::size_t y = x + 1; y < m; ++y) body += front_plot(all, x, y);
  }
  if (!reference.empty()) {
    svg::Plot history("Hypervolume", "trials", "hypervolume");
    for (std::size_t k = all.size(); k-- > 0;) history.line(history_line(all[k]), k == 0 ? svg::blue : svg::orange);
    body += history.to_string();
  }
  body += "</div><div class='wide'><table><tr><th>trial</th>";
  for (const auto& o : ours.problem.objectives()) body += "<th>" + html_escaped(o.metric) + "</th>";
  body += "<th>sure</th><th>configuration</th></tr>";
  for (const std::size_t i : ours.front) {
    const ExploredPoint& p = ours.points[i];
    body += fmt::format("<tr><td>{}{}</td>", p.trial.number, ours.knee == i ? " (knee)" : "");
    for (const auto& o : ours.problem.objectives()) {
      body += "<td>" + html_escaped(readable(p.trial.metrics.at(o.metric))) + "</td>";
    }
    body += fmt::format("<td>{:.2f}</td><td>{}</td></tr>", p.probability, html_escaped(p.trial.params.to_text()));
  }
  return body + "</table></div>";
}

}  // namespace bayestuner::analysis
