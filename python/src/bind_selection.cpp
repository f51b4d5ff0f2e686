#include <utility>

#include "bayestuner/selection/candidates.hpp"
#include "bayestuner/selection/explanation.hpp"
#include "bayestuner/selection/model_selector.hpp"
#include "call_python.hpp"
#include "named_decision.hpp"

namespace bayestuner::python {

namespace {

using namespace selection;

using Rows = Eigen::Ref<const Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>, 0,
                        Eigen::Stride<Eigen::Dynamic, Eigen::Dynamic>>;

// An estimator written in Python: bayestuner.selection gives it as fit(x, y, known) and predict(x) -> (n, m). Every
// copy is a fresh object of `factory()`, as every fold learns its own.
class PythonEstimator {
 public:
  PythonEstimator() = default;
  explicit PythonEstimator(py::object factory) : factory_(std::move(factory)) {}
  PythonEstimator(const PythonEstimator& other) = default;
  PythonEstimator& operator=(const PythonEstimator& other) = default;

  void fit(const TrainingSet& data) {
    success_ = data.success;
    model_ = with_python([&] {
      py::object model = (*factory_)();
      model.attr("fit")(data.x, data.y, data.known);
      return Handle(std::move(model));
    });
  }
  int neighbours() const { return 0; }
  Eigen::MatrixXd predict_rows(const Eigen::Ref<const Eigen::MatrixXd>& x) const {
    Eigen::MatrixXd out =
        with_python([&] { return (*model_).attr("predict")(Eigen::MatrixXd(x)).cast<Eigen::MatrixXd>(); });
    if (!out.allFinite()) throw InvalidArgument("estimator: its predictions are not all finite");
    if (success_) out = out.cwiseMax(0.0).cwiseMin(1.0);
    return out;
  }
  void predict(std::span<const double> x, std::span<const Neighbour>, std::span<double> out) const {
    const Eigen::MatrixXd row = Eigen::RowVectorXd::Map(x.data(), static_cast<Eigen::Index>(x.size()));
    const Eigen::MatrixXd scores = predict_rows(row);
    for (std::size_t j = 0; j < out.size(); ++j) out[j] = scores(0, static_cast<Eigen::Index>(j));
  }

 private:
  Handle factory_, model_;
  bool success_ = true;
};
static_assert(Estimator<PythonEstimator>);

template <class Enum>
Enum one_of(const char* what, const std::string& name, const std::vector<std::pair<const char*, Enum>>& all) {
  std::vector<std::string> names;
  for (const auto& [text, value] : all) {
    if (name == text) return value;
    names.emplace_back(text);
  }
  throw InvalidArgument(std::string(what) + ": '" + name + "' is none of " + join(names));
}

using Columns = std::vector<std::pair<std::string, std::optional<std::vector<std::string>>>>;

FeatureMatrix to_features(const Columns& columns, const Rows& values) {
  FeatureMatrix out{.columns = {}, .values = values};
  for (const auto& [name, levels] : columns) {
    out.columns.push_back(
        {.name = name, .category = levels.has_value(), .levels = levels.value_or(std::vector<std::string>{})});
  }
  return out;
}

ScoreMatrix to_scores(const std::vector<std::string>& models, const Rows& values, const std::optional<Mask>& known,
                      const std::string& kind) {
  ScoreMatrix out{.models = models, .values = values};
  if (known && !known->all()) {
    out.known = *known;
    out.values = out.known.select(out.values, 0.0);
  }
  out.kind = one_of<ScoreKind>(
      "kind", kind,
      {{"success", ScoreKind::success}, {"graded", ScoreKind::graded}, {"cost_like", ScoreKind::cost_like}});
  return out;
}

CostModel to_costs(const std::optional<Eigen::VectorXd>& per_call, const std::optional<Eigen::MatrixXd>& per_input,
                   const std::string& unit) {
  return {.per_call = per_call.value_or(Eigen::VectorXd()),
          .per_input = per_input.value_or(Eigen::MatrixXd()),
          .unit = unit};
}

SelectorOptions options_of(const py::dict& given, std::string estimator, const Policy& policy) {
  SelectorOptions o;
  o.estimator = std::move(estimator);
  o.policy = policy;
  const auto take = [&]<class T>(const char* name, T& value) {
    if (given.contains(name)) value = given[name].cast<T>();
  };
  take("fallback", o.fallback);
  take("unsupported_to_fallback", o.unsupported_to_fallback);
  take("support_quantile", o.support_quantile);
  take("calibrate", o.calibrate);
  take("folds", o.folds);
  take("seed", o.seed);
  take("features_version", o.features_version);
  take("most_levels", o.coder.most_levels);
  take("max_rows", o.max_rows);
  take("neighbours", o.cascade.neighbours);
  take("threshold_points", o.cascade.threshold_points);
  take("most_correlation", o.reduction.most_correlation);
  take("backward", o.reduction.backward);
  o.reduction.neighbours = o.cascade.neighbours;
  o.reduction.folds = o.folds;
  o.reduction.seed = o.seed;
  std::string text = "refuse";
  take("missing", text);
  o.coder.missing = one_of<MissingFeatures>("missing", text,
                                            {{"refuse", MissingFeatures::refuse}, {"impute", MissingFeatures::impute}});
  text = "refuse";
  take("small", text);
  o.small = one_of<SmallData>("small", text, {{"refuse", SmallData::refuse}, {"constant", SmallData::constant}});
  text = "optimal";
  take("label", text);
  o.cascade.label =
      one_of<StageLabel>("label", text, {{"optimal", StageLabel::optimal}, {"correct", StageLabel::correct}});
  text = "inclusion";
  take("order", text);
  o.cascade.order =
      one_of<StageOrder>("order", text, {{"inclusion", StageOrder::inclusion}, {"cost", StageOrder::cost}});
  return o;
}

py::dict from_options(const SelectorOptions& o) {
  return py::dict("fallback"_a = o.fallback.empty() ? py::object(py::none()) : py::str(o.fallback),
                  "unsupported_to_fallback"_a = o.unsupported_to_fallback, "support_quantile"_a = o.support_quantile,
                  "calibrate"_a = o.calibrate, "folds"_a = o.folds, "seed"_a = o.seed, "max_rows"_a = o.max_rows,
                  "neighbours"_a = o.cascade.neighbours, "threshold_points"_a = o.cascade.threshold_points,
                  "most_correlation"_a = o.reduction.most_correlation, "backward"_a = o.reduction.backward,
                  "missing"_a = o.coder.missing == MissingFeatures::impute ? "impute" : "refuse",
                  "small"_a = o.small == SmallData::constant ? "constant" : "refuse",
                  "label"_a = o.cascade.label == StageLabel::correct ? "correct" : "optimal",
                  "order"_a = o.cascade.order == StageOrder::cost ? "cost" : "inclusion",
                  "features_version"_a = o.features_version, "most_levels"_a = o.coder.most_levels);
}

void bind_policy(py::module_& m) {
  const auto kind_of = [](const Policy& p) {
    return std::vector<std::string>{"optimum", "max_score", "min_cost", "per_input",
                                    "trade_off"}[static_cast<std::size_t>(p.kind)];
  };
  py::class_<Policy>(m, "Policy", "What a selector optimises. Made by the functions below.")
      .def_static("optimum", &Policy::optimum,
                  "The first model, in a cascade's order, that is expected to answer: the rule of Taylor et al. 2018.")
      .def_static("max_score", &Policy::max_score, "max_mean_cost"_a = std::numeric_limits<double>::infinity(),
                  "The best score at a mean cost of at most `max_mean_cost`, unit of the costs.")
      .def_static(
          "min_cost", &Policy::min_cost, "min_score"_a, "relative"_a = true,
          "The least mean cost whose score is still `min_score`: a share of the best single model's, or absolute.")
      .def_static("per_input", &Policy::per_input, "min_probability"_a,
                  "The cheapest model that answers with at least this probability.")
      .def_static("trade_off", &Policy::trade_off, "lambda_"_a, "argmax score - lambda * cost for a given lambda >= 0.")
      .def_property_readonly("kind", kind_of, "optimum, max_score, min_cost, per_input or trade_off.")
      .def_readonly("value", &Policy::value, "The number it was made with; 0 of optimum.")
      .def_readonly("relative", &Policy::relative,
                    "Of min_cost: whether the value is a share of the best single model's.")
      .def("__eq__",
           [](const Policy& a, const py::object& b) { return py::isinstance<Policy>(b) && a == b.cast<Policy>(); })
      .def("__hash__", [](const Policy& p) { return py::hash(py::str(p.to_text())); })
      .def("__repr__", [](const Policy& p) { return "Policy." + p.to_text(); })
      .def(py::pickle([](const Policy& p) { return py::make_tuple(static_cast<int>(p.kind), p.value, p.relative); },
                      [](const py::tuple& t) {
                        return Policy{.kind = static_cast<Policy::Kind>(t[0].cast<int>()),
                                      .value = t[1].cast<double>(),
                                      .relative = t[2].cast<bool>()};
                      }));
}

void bind_results(py::module_& m) {
  py::class_<EstimatorTrial>(m, "EstimatorTrial", "How one estimator did in the cross-validation of auto.")
      .def_readonly("name", &EstimatorTrial::name, "Its name.")
      .def_readonly("utility", &EstimatorTrial::utility,
                    "Mean out of fold of what the policy optimises, higher is better; -inf where it misses min_score.")
      .def_readonly("behind_best", &EstimatorTrial::behind_best, "By how much it is behind the best.")
      .def_readonly("behind_best_se", &EstimatorTrial::behind_best_se, "Standard error of that difference.");
  py::class_<TradeOff>(m, "TradeOff", "A vertex of the trade-off between score and cost, judged out of fold.")
      .def_readonly("lambda_", &TradeOff::lambda, "From this lambda on it is chosen.")
      .def_readonly("score", &TradeOff::score, "Mean score.")
      .def_readonly("score_se", &TradeOff::score_se, "Standard error of the score.")
      .def_readonly("cost", &TradeOff::cost, "Mean cost.")
      .def_readonly("share", &TradeOff::share, "Share of inputs given to each model (m,).");
  py::class_<CalibrationReport> report(m, "CalibrationReport", "How honest predicted probabilities are.");
  py::class_<CalibrationReport::Bin>(report, "Bin", "Predictions of one tenth of [0, 1].")
      .def_readonly("predicted", &CalibrationReport::Bin::predicted, "Mean prediction.")
      .def_readonly("observed", &CalibrationReport::Bin::observed, "Share that came true.")
      .def_readonly("count", &CalibrationReport::Bin::count, "How many.");
  report.def_readonly("brier", &CalibrationReport::brier, "Mean squared error.")
      .def_readonly("ece", &CalibrationReport::ece, "Expected calibration error over ten bins of equal width.")
      .def_readonly("bins", &CalibrationReport::bins, "The ten bins.");
  py::class_<Candidates>(m, "Candidates", "The models that Algorithm 1 takes, in that order, and what each added.")
      .def_readonly("models", &Candidates::models, "Their places among the models.")
      .def_readonly("gain_points", &Candidates::gain_points,
                    "What each answers and none before did, points of all inputs.")
      .def_readonly("unanswered_points", &Candidates::unanswered_points, "What none of them answers, points.");
}

void bind_decision(py::module_& m) {
  const auto def = [](auto& cls, const char* name, auto member, const char* doc) {
    cls.def_property_readonly(
        name, [member](const NamedDecision& d) { return d.decision.*member; }, doc);
  };
  py::class_<NamedDecision> cls(m, "Decision", "One choice.");
  cls.def_readonly("model", &NamedDecision::model, "Name of the model to run; None: none.")
      .def_property_readonly(
          "status", [](const NamedDecision& d) { return status_name(d.decision.status); },
          "chosen, fallback or declined.")
      .def_property_readonly(
          "neighbours",
          [](const NamedDecision& d) {
            std::vector<std::pair<std::uint32_t, double>> out;
            for (const Neighbour& n : d.decision.neighbours)
              out.emplace_back(n.row, std::sqrt(static_cast<double>(n.squared)));
            return out;
          },
          "Training rows near the input, nearest first: (row, distance of scaled features).")
      .def_property_readonly(
          "out_of_range", [](const NamedDecision& d) { return d.decision.coding.out_of_range; },
          "Numbers far from those learnt, clipped.")
      .def_property_readonly(
          "unseen", [](const NamedDecision& d) { return d.decision.coding.unseen; },
          "Categories with a level not learnt.")
      .def_property_readonly(
          "imputed", [](const NamedDecision& d) { return d.decision.coding.imputed; },
          "Missing numbers, taken as their median.")
      .def("__repr__", [](const NamedDecision& d) {
        return "Decision(model=" + std::string(py::repr(d.model)) + ", status='" + status_name(d.decision.status) +
               "')";
      });
  def(cls, "probability", &Decision::probability, "Predicted score of the model; of cost-like scores its utility.");
  def(cls, "expected_cost", &Decision::expected_cost, "Mean cost of the model; 0 where costs are not known.");
  def(cls, "lambda_", &Decision::lambda, "What a unit of cost was worth in score.");
  def(cls, "distance", &Decision::distance, "Mean distance to the nearest training rows, scaled features.");
  def(cls, "supported", &Decision::supported, "Whether that distance is usual among the training rows.");
  def(cls, "stage", &Decision::stage, "Of a cascade: which stage said yes; -1: none.");
  def(cls, "votes", &Decision::votes, "Of a cascade: neighbours that say yes, one a stage.");
  def(cls, "scores", &Decision::scores, "Predicted score of every model (m,).");
}

void bind_selector(py::module_& m) {
  py::class_<ModelSelector>(m, "ModelSelector", "The compiled side of bayestuner.selection.ModelSelector.")
      .def(py::init([](const py::object& estimator, const Policy& policy, const py::dict& options) {
             if (py::isinstance<py::str>(estimator)) {
               return ModelSelector(options_of(options, estimator.cast<std::string>(), policy));
             }
             return ModelSelector(AnyEstimator(PythonEstimator(estimator)), options_of(options, "constant", policy));
           }),
           "estimator"_a, "policy"_a, "options"_a,
           "estimator: a name, or a callable that makes objects with fit(x, y, known) and predict(x).")
      .def(
          "fit",
          [](ModelSelector& s, const Columns& columns, const Rows& x, const std::vector<std::string>& models,
             const Rows& scores, const std::optional<Mask>& known, const std::string& kind,
             const std::optional<Eigen::VectorXd>& per_call, const std::optional<Eigen::MatrixXd>& per_input,
             const std::string& unit) {
            const py::gil_scoped_release release;
            s.fit(to_features(columns, x), to_scores(models, scores, known, kind), to_costs(per_call, per_input, unit));
          },
          "columns"_a, "x"_a, "models"_a, "scores"_a, "known"_a, "kind"_a, "per_call"_a, "per_input"_a, "unit"_a,
          "Learn features (n, d) and scores (n, m). columns: (name, levels of a category or None).")
      .def(
          "partial_fit",
          [](ModelSelector& s, const Columns& columns, const Rows& x, const std::vector<std::string>& models,
             const Rows& scores, const std::optional<Mask>& known, const std::string& kind,
             const std::optional<Eigen::VectorXd>& per_call) {
            const py::gil_scoped_release release;
            s.partial_fit(to_features(columns, x), to_scores(models, scores, known, kind),
                          to_costs(per_call, std::nullopt, ""));
          },
          "columns"_a, "x"_a, "models"_a, "scores"_a, "known"_a, "kind"_a, "per_call"_a, "Append rows and learn anew.")
      .def(
          "select_rows",
          [](const ModelSelector& s, const Columns& columns, const Rows& x, bool exact,
             const std::optional<std::vector<bool>>& available) {
            Batch batch;
            {
              const py::gil_scoped_release release;
              batch = s.select(to_features(columns, x), exact, to_mask(available));
            }
            std::vector<std::string> status;
            for (const Status one : batch.status) status.emplace_back(status_name(one));
            return py::make_tuple(Eigen::Matrix<Eigen::Index, Eigen::Dynamic, 1>::Map(
                                      batch.model.data(), static_cast<Eigen::Index>(batch.model.size()))
                                      .eval(),
                                  std::move(status), batch.supported, std::move(batch.scores));
          },
          "columns"_a, "x"_a, "exact"_a, "available"_a,
          "Places of the models chosen for rows (n, d), -1: none; their status; whether supported; scores (n, m).")
      .def(
          "select",
          [](const ModelSelector& s, const Eigen::Ref<const Eigen::VectorXd>& x,
             const std::optional<std::vector<bool>>& available) {
            NamedDecision out;
            s.select(to_span(x), out.decision, to_mask(available));
            out.model = name_or_none(s, out.decision.model);
            return out;
          },
          "x"_a, "available"_a = py::none(), "The Decision for one input (d,).")
      .def(
          "choose",
          [](const ModelSelector& s, const Eigen::Ref<const Eigen::VectorXd>& x,
             const std::optional<std::vector<bool>>& available) {
            thread_local Decision kept;
            Decision own;  // an estimator in Python may choose by a selector of its own meanwhile
            Decision& decision = s.estimator_name() == "own" ? own : kept;
            s.select(to_span(x), decision, to_mask(available));
            return name_or_none(s, decision.model);
          },
          "x"_a, "available"_a = py::none(), "Name of the model for one input (d,), or None.")
      .def(
          "explain",
          [](const ModelSelector& s, const Eigen::Ref<const Eigen::VectorXd>& x, std::size_t neighbours,
             const std::optional<std::vector<bool>>& available) {
            const std::vector<char> mask = to_mask(available);
            const Explanation e = explain(s, to_span(x), neighbours, mask);
            return std::pair(e.to_json(), e.to_text());
          },
          "x"_a, "neighbours"_a, "available"_a, "Why one input gets its model: (JSON, text).")
      .def(
          "predict",
          [](const ModelSelector& s, const Columns& columns, const Rows& x) {
            const py::gil_scoped_release release;
            return s.predict(to_features(columns, x));
          },
          "columns"_a, "x"_a, "Predicted scores (n, m).")
      .def_property_readonly(
          "columns",
          [](const ModelSelector& s) {
            Columns out;
            for (const FeatureColumn& c : s.coder().columns()) {
              out.emplace_back(c.name, c.category ? std::optional(c.levels) : std::nullopt);
            }
            return out;
          },
          "The features learnt: (name, levels of a category or None).")
      .def_property_readonly("models", &ModelSelector::models, "Names.")
      .def_property_readonly(
          "kind",
          [](const ModelSelector& s) {
            return std::vector<std::string>{"success", "graded",
                                            "cost_like"}[static_cast<std::size_t>(s.training_scores().kind)];
          },
          "success, graded or cost_like.")
      .def_property_readonly("estimator", &ModelSelector::estimator_name, "The estimator's name.")
      .def_property_readonly(
          "policy", [](const ModelSelector& s) { return s.options().policy; }, "What it optimises.")
      .def_property_readonly(
          "options", [](const ModelSelector& s) { return from_options(s.options()); },
          "Parameters that it was made with, by the names of bayestuner.selection.ModelSelector.")
      .def("require_features_version", &ModelSelector::require_features_version, "version"_a,
           "Raise InvalidArgument where the features learnt are of another version.")
      .def_property_readonly("helps", &ModelSelector::helps, "Whether anything beats what needs no features.")
      .def_property_readonly("warnings", &ModelSelector::warnings, "What was left out, and why.")
      .def_property_readonly("trials", &ModelSelector::trials, "Of auto: the estimators compared.")
      .def_property_readonly(
          "best_single", [](const ModelSelector& s) { return s.models()[static_cast<std::size_t>(s.best_single())]; },
          "The model of the best mean score in training.")
      .def_property_readonly(
          "fallback", [](const ModelSelector& s) { return name_or_none(s, s.fallback()); },
          "The model for inputs without an answer; None: decline.")
      .def_property_readonly("costs", &ModelSelector::costs, "Mean cost of every model (m,).")
      .def_property_readonly("lambda_", &ModelSelector::lambda, "What a unit of cost is worth in score.")
      .def_property_readonly("support_distance", &ModelSelector::support_distance,
                             "Beyond it an input is not supported.")
      .def_property_readonly(
          "candidates", [](const ModelSelector& s) { return s.cascade().candidates(); },
          "Of policy optimum: the models of the stages.")
      .def_property_readonly(
          "stages",
          [](const ModelSelector& s) {
            std::vector<std::string> out;
            for (const Eigen::Index j : s.cascade().models()) out.push_back(s.models()[static_cast<std::size_t>(j)]);
            return out;
          },
          "Of policy optimum: the models in the order in which they are asked.")
      .def_property_readonly(
          "coded",
          [](const ModelSelector& s) {
            std::vector<std::string> out;
            for (const auto& c : s.coder().coded()) out.push_back(c.name);
            return out;
          },
          "Names of the coded columns that are learnt.")
      .def_property_readonly(
          "dropped",
          [](const ModelSelector& s) {
            std::vector<std::tuple<std::string, std::string, double>> out;
            for (const auto& d : s.reduction().dropped) out.emplace_back(d.name, d.for_name, d.correlation);
            return out;
          },
          "Coded columns left out: (name, what stands for it or '', |r|).")
      .def_property_readonly(
          "importance", [](const ModelSelector& s) { return s.reduction().importance; },
          "Of the coded columns after backward removal; else empty.")
      .def_property_readonly("out_of_fold", &ModelSelector::out_of_fold,
                             "Predictions (n, m) for training rows by estimators that did not see them; else empty.")
      .def("tradeoff_curve", &ModelSelector::tradeoff_curve, py::call_guard<py::gil_scoped_release>(),
           "Vertices of score against cost, dearest first.")
      .def("calibration_report", &ModelSelector::calibration, py::call_guard<py::gil_scoped_release>(),
           "One CalibrationReport for each model, over out-of-fold predictions.")
      .def("save", &ModelSelector::save, "path"_a, py::call_guard<py::gil_scoped_release>(), "Write one file.")
      .def_static("load", &ModelSelector::load, "path"_a, py::call_guard<py::gil_scoped_release>(),
                  "Read what save wrote.")
      .def("__copy__", [](const ModelSelector& s) { return s; })
      .def(
          "to_bytes", [](const ModelSelector& s) { return py::bytes(s.to_bytes()); }, "The contents of such a file.")
      .def_static(
          "from_bytes", [](const std::string& bytes) { return ModelSelector::from_bytes(bytes); }, "bytes"_a,
          "The selector of such contents.");
}

}  // namespace

void bind_drift(py::module_& m);

void bind_selection(py::module_& m) {
  bind_policy(m);
  bind_results(m);
  bind_decision(m);
  bind_selector(m);
  bind_drift(m);
  m.attr("estimator_names") = py::tuple(py::cast(estimator_names()));
  m.def(
      "choose_candidates",
      [](const std::vector<std::string>& models, const Rows& scores, const Eigen::VectorXd& costs, double threshold) {
        const ScoreMatrix s{.models = models, .values = scores};
        s.require_valid();
        CostModel{.per_call = costs}.require_valid(models, scores.rows());
        return choose_candidates(s, costs, threshold);
      },
      "models"_a, "scores"_a, "costs"_a, "threshold_points"_a, "Algorithm 1 of Taylor et al. 2018.");
}

}  // namespace bayestuner::python
