#include "bayestuner/analysis/report.hpp"
#include "bayestuner/study/export.hpp"
#include "casters.hpp"

namespace bayestuner::python {

namespace {

using study::ExploredPoint, study::Exploration, study::Study, study::Trial;
using Release = py::call_guard<py::gil_scoped_release>;

}  // namespace

void bind_exploration(py::module_& m) {
  py::class_<ExploredPoint>(m, "ExploredPoint", "One measured configuration of an exploration.")
      .def_readonly("trial", &ExploredPoint::trial, "Its first trial, with the means of all its readings.")
      .def_readonly("is_feasible", &ExploredPoint::is_feasible, "Whether it keeps every constraint.")
      .def_readonly("is_on_front", &ExploredPoint::is_on_front, "Whether nothing measured dominates it.")
      .def_readonly("probability", &ExploredPoint::probability,
                    "That nothing measured dominates it, given the standard errors; 0 where infeasible.")
      .def_readonly("finished", &ExploredPoint::finished, "Trials finished by then, failures included.")
      .def_readonly("hypervolume", &ExploredPoint::hypervolume, "Of this point and those before.");

  py::class_<Exploration>(m, "Exploration", "What a study of several objectives found.")
      .def_readonly("study", &Exploration::study, "Name of the study.")
      .def_readonly("problem", &Exploration::problem, "Objectives and constraints.")
      .def_readonly("points", &Exploration::points,
                    "Measured configurations, an ExploredPoint each, in order of asking.")
      .def_property_readonly(
          "front",
          [](const Exploration& e) {
            std::vector<Trial> trials;
            for (const std::size_t i : e.front) trials.push_back(e.points[i].trial);
            return trials;
          },
          "Trials that none dominates, by the first objective, best first; metrics carry their standard errors.")
      .def_property_readonly(
          "front_probabilities",
          [](const Exploration& e) {
            std::vector<double> out;
            for (const std::size_t i : e.front) out.push_back(e.points[i].probability);
            return out;
          },
          "How sure the place of each of `front` is.")
      .def_property_readonly(
          "knee",
          [](const Exploration& e) { return e.knee ? std::optional<Trial>(e.points[*e.knee].trial) : std::nullopt; },
          "Trial where the front bends most; None without a front.")
      .def_readonly("reference", &Exploration::reference,
                    "Worst acceptable values, the user's sense; nan where nothing was measured to guess one from.")
      .def_property_readonly(
          "reference_rules",
          [](const Exploration& e) {
            std::vector<std::string> names;
            for (const auto from : e.reference_from) names.emplace_back(study::to_string(from));
            return names;
          },
          "Where each comes from: stated, worst, nadir.")
      .def_property_readonly("hypervolume", &Exploration::hypervolume,
                             "Between front and reference, product of the objectives' units.")
      .def_property_readonly(
          "history",
          [](const Exploration& e) {
            std::vector<std::pair<std::size_t, double>> out;
            for (const ExploredPoint& p : e.points) out.emplace_back(p.finished, p.hypervolume);
            return out;
          },
          "(trials finished, hypervolume) after each measured configuration.")
      .def_property_readonly("dominated", &Exploration::dominated, "Numbers of feasible trials that another dominates.")
      .def_property_readonly("infeasible", &Exploration::infeasible, "Numbers of trials that break a constraint.")
      .def_readonly("finished", &Exploration::finished, "Trials, failures included, verification excluded.")
      .def_readonly("failed", &Exploration::failed, "Failed ones among them.")
      .def("__repr__", [](const Exploration& e) {
        return "Exploration('" + e.study + "', front of " + std::to_string(e.front.size()) + ")";
      });

  // Here, and not beside the other methods: its signature names the classes above, and theirs name trials.
  py::reinterpret_borrow<py::class_<Study>>(m.attr("Study"))
      .def(
          "explorations",
          [](Study& s, const std::vector<Study*>& others, const std::string& rule) {
            const auto chosen = study::reference_rule(rule);
            std::vector<Study*> all{&s};
            all.insert(all.end(), others.begin(), others.end());
            return study::explorations(all, chosen);
          },
          "others"_a = std::vector<Study*>(), "rule"_a = "worst", Release(), "See bayestuner.explorations().");
  m.def(
      "exploration_strategy",
      [](std::size_t initial, std::size_t guided, const std::string& criterion, const std::string& strategy) {
        return study::exploration_strategy({.initial = initial, .guided = guided, .criterion = criterion}, strategy);
      },
      "initial"_a = 10, "guided"_a = 30, "criterion"_a = "ehvi", "strategy"_a = "bo",
      "Strategy of explore(): a Latin hypercube of `initial` points, then those that the criterion asks for. Raises "
      "InvalidArgument.");
  m.def("require_explorable", &study::require_explorable, "problem"_a,
        "Raises InvalidArgument unless there are two or three objectives.");
  m.def(
      "explorations_json", [](const std::vector<Exploration>& all) { return study::to_json(all); }, "explorations"_a,
      Release(), "JSON text, an object each.");
  m.def(
      "explorations_csv", [](const std::vector<Exploration>& all) { return study::to_csv(all); }, "explorations"_a,
      Release(), "CSV text, one row a measured configuration.");
  m.def(
      "explorations_text", [](const std::vector<Exploration>& all) { return analysis::text_report(all); },
      "explorations"_a, Release(), "The fronts as tables.");
}

}  // namespace bayestuner::python
