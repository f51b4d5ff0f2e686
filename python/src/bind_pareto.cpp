#include "casters.hpp"

#include <map>

#include "bayestuner/acquisition/front_improvement.hpp"
#include "bayestuner/acquisition/hypervolume.hpp"
#include "bayestuner/search/dominated_volume.hpp"
#include "bayestuner/search/front_quality.hpp"
#include "bayestuner/search/hypervolume.hpp"
#include "bayestuner/search/pareto.hpp"
#include "bayestuner/search/pareto_archive.hpp"

namespace bayestuner::python {

namespace {

using Release = py::call_guard<py::gil_scoped_release>;

std::vector<acquisition::OutcomeScale> to_scales(const std::vector<std::string>& names) {
  using acquisition::OutcomeScale;
  const std::map<std::string, OutcomeScale> known{
      {"linear", OutcomeScale::linear}, {"log", OutcomeScale::log}, {"negative_log", OutcomeScale::negative_log}};
  std::vector<OutcomeScale> out;
  for (const std::string& name : names) {
    if (!known.contains(name)) throw InvalidArgument("scales: '" + name + "' is none of linear, log, negative_log");
    out.push_back(known.at(name));
  }
  return out;
}

template <class A>
void bind_front_score(py::module_& m, const char* name, const char* doc) {
  py::class_<A>(m, name, doc)
      .def(py::init<acquisition::HypervolumeImprovement>(), "front"_a, "front: what a candidate must improve.")
      .def("__call__", &A::operator(), "posteriors"_a, Release(),
           "Return the scores, shape (n,), for one posterior an objective; higher is measured sooner.");
}

}  // namespace

void bind_pareto(py::module_& m) {
  m.def(
      "non_dominated", [](const Eigen::MatrixXd& points) { return search::non_dominated(points); }, "points"_a,
      "Return the indices of the rows of points (n, m) that no other row dominates; all objectives minimised.");
  m.def(
      "pareto_front", [](const Eigen::MatrixXd& points) { return search::pareto_front(points); }, "points"_a,
      "Return the non-dominated rows, sorted by the first objective, equal ones once.");
  m.def(
      "hypervolume_contributions",
      [](const Eigen::MatrixXd& points, const Eigen::VectorXd& reference) {
        return search::hypervolume_contributions(points, reference.transpose());
      },
      "points"_a, "reference"_a, Release(), "Return what the volume would lose without each point, shape (n,).");
  m.def(
      "non_dominated_sort", [](const Eigen::MatrixXd& points) { return search::non_dominated_sort(points); },
      "points"_a, "Return the indices of points (n, m) front by front.");
  m.def(
      "crowding_distance", [](const Eigen::MatrixXd& front) { return search::crowding_distance(front); }, "front"_a,
      "Return the crowding distance (n,) of one front (n, m); infinite at the ends.");
  m.def(
      "knee_point", [](const Eigen::MatrixXd& points) { return search::knee_point(points); }, "points"_a,
      "Return the index of the row where the front bends most; None without a point.");
  m.def(
      "reference_point",
      [](const Eigen::MatrixXd& points, const std::string& rule, double margin) {
        if (rule != "worst" && rule != "nadir") {
          throw InvalidArgument("rule: '" + rule + "' is none of worst, nadir");
        }
        return search::reference_point(
            points, rule == "worst" ? search::ReferenceRule::worst : search::ReferenceRule::nadir, margin);
      },
      "points"_a, "rule"_a = "worst", "margin"_a = 0.1,
      "Return a reference point (m,) beyond the worst of all points, or of their front (nadir), by a share of the "
      "range.");
  const auto indicator = [&m](const char* name, const auto& function, const char* doc) {
    m.def(
        name,
        [function](const Eigen::MatrixXd& front, const Eigen::MatrixXd& reference_front) {
          return function(front, reference_front);
        },
        "front"_a, "reference_front"_a, doc);
  };
  indicator("inverted_generational_distance", &search::inverted_generational_distance,
            "Return the mean distance from reference_front (k, m) to the nearest point of front (n, m).");
  indicator("inverted_generational_distance_plus", &search::inverted_generational_distance_plus,
            "The same counting only how much worse a point is (IGD+).");
  indicator("additive_epsilon", &search::additive_epsilon,
            "Return the least shift of front that makes it nowhere worse than reference_front.");

  py::class_<search::DominatedVolume>(m, "DominatedVolume", "The hypervolume of points that come one by one.")
      .def(py::init([](const Eigen::VectorXd& reference) { return search::DominatedVolume(reference.transpose()); }),
           "reference"_a, "reference (m,): worst acceptable values, minimised. Raises InvalidArgument.")
      .def(
          "insert",
          [](search::DominatedVolume& v, const Eigen::VectorXd& point) { return v.insert(point.transpose()); },
          "point"_a, "Return the volume with point (m,); O(log front) for two objectives. Raises InvalidArgument.")
      .def_property_readonly("value", &search::DominatedVolume::value, "The volume so far.");
  py::class_<search::ParetoArchive>(m, "ParetoArchive", "The front of points that come one by one.")
      .def(py::init<>(), "Begins without a point.")
      .def(
          "insert",
          [](search::ParetoArchive& archive, const Eigen::VectorXd& point, std::size_t id) {
            return archive.insert(point.transpose(), id);
          },
          "point"_a, "id"_a, "Return True where point (m,) joins the front; what it dominates leaves.")
      .def("__len__", &search::ParetoArchive::size)
      .def_property_readonly("points", &search::ParetoArchive::points, "Shape (size, m), in the order of joining.")
      .def_property_readonly(
          "ids",
          [](const search::ParetoArchive& archive) {
            std::vector<std::size_t> ids;
            for (const auto& member : archive.members()) ids.push_back(member.id);
            return ids;
          },
          "What was given with each point.");

  using acquisition::HypervolumeImprovement;
  py::class_<HypervolumeImprovement>(m, "HypervolumeImprovement",
                                     "What a further point adds to a front of two or three objectives.")
      .def(py::init([](const Eigen::MatrixXd& points, const Eigen::VectorXd& reference,
                       const std::vector<std::string>& scales) {
             return HypervolumeImprovement(points, reference, to_scales(scales));
           }),
           "points"_a, "reference"_a, "scales"_a = std::vector<std::string>(),
           "points (n, m): values found so far; reference (m,): worst acceptable values; m is 2 or 3. scales, one an "
           "objective: linear, log (the belief is about ln y) or negative_log (y < 0, the belief is about -ln -y); "
           "empty: all linear. Raises InvalidArgument.")
      .def("log_expected", &HypervolumeImprovement::log_expected, "posteriors"_a, Release(),
           "Return ln EHVI, shape (n,), for one posterior an objective.")
      .def("log_probability", &HypervolumeImprovement::log_probability, "posteriors"_a, Release(),
           "Return ln P(improvement), shape (n,).")
      .def("probability_times_gain", &HypervolumeImprovement::probability_times_gain, "posteriors"_a, Release(),
           "Return HVPoI, shape (n,): probability of improvement times the gain of the mean.")
      .def(
          "gain", [](const HypervolumeImprovement& self, const Eigen::VectorXd& point) { return self.gain(point); },
          "point"_a, "Return the volume that point (m,) would add.");
  bind_front_score<acquisition::LogExpectedHypervolumeImprovement>(
      m, "LogExpectedHypervolumeImprovement", "ln EHVI: expected gain in hypervolume, stable in the far tail.");
  bind_front_score<acquisition::LogProbabilityOfFrontImprovement>(
      m, "LogProbabilityOfFrontImprovement", "ln P(inside the reference and dominated by nothing known).");
  bind_front_score<acquisition::LogHypervolumeProbabilityOfImprovement>(
      m, "LogHypervolumeProbabilityOfImprovement",
      "ln HVPoI; candidates whose mean is dominated stand far below, ordered by the probability.");
}

}  // namespace bayestuner::python
