#include "bayestuner/core/text.hpp"
#include "bayestuner/surrogate/make_surrogate.hpp"
#include "casters.hpp"
#include "python_strategy.hpp"

#include "bayestuner/surrogate/gaussian_process.hpp"
#include "bayestuner/surrogate/gradient_boosting.hpp"
#include "bayestuner/surrogate/random_forest.hpp"

namespace bayestuner::python {

namespace {

using Rows = Eigen::Ref<const Eigen::MatrixXd>;
using Targets = Eigen::Ref<const Eigen::VectorXd>;

// fit and predict, which all surrogates have.
template <surrogate::Surrogate S>
py::class_<S> def_surrogate(py::class_<S> cls) {
  cls.def(
      "fit",
      [](S& model, const Rows& x, const Targets& y, const std::optional<Eigen::VectorXd>& noise) {
        const py::gil_scoped_release release;
        model.fit(x, y, noise ? *noise : Eigen::VectorXd());
      },
      "x"_a, "y"_a, "noise"_a = py::none(),
      "Learn rows x (n, d), targets y (n,), known variances noise (n,), None: unknown. A column-major x is not copied. "
      "Raises InvalidArgument for sizes that differ or numbers that are not finite, NumericalError.");
  cls.def(
      "predict",
      [](const S& model, const Rows& x) {
        const py::gil_scoped_release release;
        return model.predict(x);
      },
      "x"_a,
      "Posterior at rows x (m, d): mean (m,) and stddev (m,) of the noise-free target, its unit. A column-major x is "
      "not copied. Raises InvalidArgument.");
  return cls;
}

template <class Enum>
Enum one_of(const char* parameter, const std::string& name, const std::vector<std::pair<const char*, Enum>>& known) {
  std::vector<std::string> names;
  for (const auto& [text, value] : known) {
    if (name == text) return value;
    names.emplace_back(text);
  }
  throw InvalidArgument(std::string(parameter) + ": '" + name + "' is none of " + join(names));
}

surrogate::TreeOptions tree_options(int max_depth, Eigen::Index min_leaf, Eigen::Index features, Eigen::Index max_bins,
                                    const std::string& split_point, bool random_thresholds = false) {
  using surrogate::SplitPoint;
  return {.max_depth = max_depth,
          .min_leaf = min_leaf,
          .features = features,
          .max_bins = max_bins,
          .split_point = one_of<SplitPoint>("split_point", split_point,
                                            {{"midpoint", SplitPoint::midpoint}, {"uniform", SplitPoint::uniform}}),
          .random_thresholds = random_thresholds};
}

void bind_trees(py::module_& m) {
  using surrogate::BoostingLoss, surrogate::GradientBoosting, surrogate::RandomForest;
  def_surrogate(py::class_<RandomForest>(m, "RandomForest",
                                         "Mean of regression trees on bootstrap samples; nan in x is a missing value."))
      .def(
          py::init([](int trees, int max_depth, Eigen::Index min_leaf, Eigen::Index features, Eigen::Index max_bins,
                      const std::string& split_point, bool random_thresholds, bool bootstrap, std::uint64_t seed) {
            return RandomForest(
                {.trees = trees,
                 .tree = tree_options(max_depth, min_leaf, features, max_bins, split_point, random_thresholds),
                 .bootstrap = bootstrap,
                 .seed = seed});
          }),
          "trees"_a = 100, py::kw_only(), "max_depth"_a = 0, "min_leaf"_a = 1, "features"_a = 0, "max_bins"_a = 0,
          "split_point"_a = "midpoint", "random_thresholds"_a = false, "bootstrap"_a = true, "seed"_a = 0,
          "max_depth: 0 is unlimited. features: columns tried at a node, 0: all. max_bins: values a column, 0: exact.\n"
          "split_point: midpoint or uniform. random_thresholds, bootstrap=False: extra-trees.")
      .def_property_readonly("out_of_bag_rmse", &RandomForest::out_of_bag_rmse,
                             "Error on the rows that a tree did not learn, unit of y; nan where there are none.")
      .def_property_readonly("importances", &RandomForest::importances,
                             "Share of every column (d,) in the error that splits took away.");

  def_surrogate(py::class_<GradientBoosting>(m, "GradientBoosting",
                                             "Gradient-boosted regression trees; nan in x is a missing value."))
      .def(py::init([](int trees, double rate, int max_depth, Eigen::Index min_leaf, Eigen::Index features,
                       Eigen::Index max_bins, const std::string& split_point, const std::string& loss, double alpha,
                       double subsample, int patience, int members, std::uint64_t seed) {
             return GradientBoosting({.loss = one_of<BoostingLoss>("loss", loss,
                                                                   {{"squared", BoostingLoss::squared},
                                                                    {"absolute", BoostingLoss::absolute},
                                                                    {"huber", BoostingLoss::huber},
                                                                    {"quantile", BoostingLoss::quantile}}),
                                      .alpha = alpha,
                                      .trees = trees,
                                      .rate = rate,
                                      .tree = tree_options(max_depth, min_leaf, features, max_bins, split_point),
                                      .subsample = subsample,
                                      .patience = patience,
                                      .members = members,
                                      .seed = seed});
           }),
           "trees"_a = 100, py::kw_only(), "rate"_a = 0.1, "max_depth"_a = 3, "min_leaf"_a = 1, "features"_a = 0,
           "max_bins"_a = 0, "split_point"_a = "midpoint", "loss"_a = "squared", "alpha"_a = 0.9, "subsample"_a = 1.0,
           "patience"_a = 0, "members"_a = 8, "seed"_a = 0,
           "loss: squared, absolute, huber or quantile (alpha). patience: stop after so many stages without gain in\n"
           "cross-validation, 0: never. members: bootstrap models whose spread gives the stddev.")
      .def(
          "predict_mean",
          [](const GradientBoosting& model, const Rows& x, std::optional<std::size_t> stages) {
            const py::gil_scoped_release release;
            return model.predict_mean(x, stages.value_or(static_cast<std::size_t>(-1)));
          },
          "x"_a, "stages"_a = py::none(), "Predictions (m,) alone, by the first `stages` trees (default: all).")
      .def_property_readonly("stages", &GradientBoosting::stages, "Trees in the model.")
      .def_property_readonly("initial", &GradientBoosting::initial, "The prediction before the first tree.")
      .def_property_readonly("training_loss", &GradientBoosting::training_loss,
                             "Mean loss after every stage (stages,).")
      .def_property_readonly("validation_loss", &GradientBoosting::validation_loss,
                             "Cross-validated mean loss after every stage tried; empty without patience.")
      .def_property_readonly("importances", &GradientBoosting::importances,
                             "Share of every column (d,) in the error that splits took away.");
}

std::vector<space::AxisKind> axes_of(const std::vector<bool>& categorical) {
  std::vector<space::AxisKind> axes;
  for (const bool c : categorical) axes.push_back(c ? space::AxisKind::categorical : space::AxisKind::numeric);
  return axes;
}

void bind_polynomial(py::module_& m) {
  using surrogate::PolynomialRegression, surrogate::PolynomialTerm;
  py::class_<PolynomialTerm>(m, "PolynomialTerm", "One term of a fitted polynomial.")
      .def_readonly("exponents", &PolynomialTerm::exponents, "One a factor; all 0: the constant.")
      .def_readonly("coefficient", &PolynomialTerm::coefficient, "Factor of the scaled inputs, unit of the targets.")
      .def_readonly("standard_error", &PolynomialTerm::standard_error, "Standard error of the coefficient.")
      .def_readonly("p_value", &PolynomialTerm::p_value, "Of the coefficient being 0.");
  def_surrogate(py::class_<PolynomialRegression>(
                    m, "PolynomialRegression",
                    "Polynomial with interactions; degree and terms chosen by cross-validation and PRESS."))
      .def(py::init([](int degree, int max_degree, double ridge, bool eliminate, bool scale_inputs,
                       const std::vector<bool>& categorical, std::uint64_t seed) {
             return PolynomialRegression({.axes = axes_of(categorical),
                                          .degree = degree,
                                          .max_degree = max_degree,
                                          .ridge = ridge,
                                          .eliminate = eliminate,
                                          .scale_inputs = scale_inputs,
                                          .seed = seed});
           }),
           "degree"_a = 0, py::kw_only(), "max_degree"_a = 4, "ridge"_a = 0.0, "eliminate"_a = true,
           "scale_inputs"_a = true, "categorical"_a = std::vector<bool>(), "seed"_a = 0,
           "degree: 0 is chosen, up to max_degree. categorical: one flag a column of x (empty: all numeric).")
      .def(
          "formula",
          [](const PolynomialRegression& model, std::string output, std::string output_unit,
             std::vector<std::string> inputs, std::vector<std::string> input_units, int digits) {
            return model.formula({.output = std::move(output),
                                  .output_unit = std::move(output_unit),
                                  .inputs = std::move(inputs),
                                  .input_units = std::move(input_units),
                                  .digits = digits});
          },
          "output"_a = "", "output_unit"_a = "", "inputs"_a = std::vector<std::string>(),
          "input_units"_a = std::vector<std::string>(), "digits"_a = 4, "The polynomial as text, with names and units.")
      .def("confidence", &PolynomialRegression::confidence, "x"_a, "confidence"_a = 0.95,
           "Half-widths (m,) of the intervals that hold the polynomial's own value at rows x (m, d).")
      .def_property_readonly("degree", &PolynomialRegression::degree, "Total degree that was fitted.")
      .def_property_readonly("terms", &PolynomialRegression::terms, "The terms that were kept, PolynomialTerm each.")
      .def_property_readonly("cross_validated_rmse", &PolynomialRegression::cross_validated_rmse,
                             "Of degrees 0, 1, ...; nan where there are too many terms.")
      .def_property_readonly("training_rmse", &PolynomialRegression::training_rmse,
                             "Of the rows it was fitted to, unit of the targets.")
      .def_property_readonly("press_rmse", &PolynomialRegression::press_rmse, "Of predicting each row from the others.")
      .def_property_readonly("r2", &PolynomialRegression::r2, "Share of the variance that is explained (R squared).")
      .def_property_readonly("aic", &PolynomialRegression::aic, "Akaike's information criterion; lower is better.")
      .def_property_readonly("bic", &PolynomialRegression::bic, "Bayesian information criterion; lower is better.");
}

void bind_neighbours(py::module_& m) {
  using surrogate::NearestNeighbours;
  def_surrogate(
      py::class_<NearestNeighbours>(m, "NearestNeighbours", "Mean of the nearest rows, weighted by distance."))
      .def(
          py::init([](int neighbours, double power, bool scale_inputs, const std::vector<bool>& categorical) {
            return NearestNeighbours(
                {.axes = axes_of(categorical), .neighbours = neighbours, .power = power, .scale_inputs = scale_inputs});
          }),
          "neighbours"_a = 0, py::kw_only(), "power"_a = 1.0, "scale_inputs"_a = true,
          "categorical"_a = std::vector<bool>(),
          "neighbours: 0 is chosen by leave-one-out error. power: weights are distance^-power.")
      .def_property_readonly("neighbours", &NearestNeighbours::neighbours, "How many rows a prediction averages.")
      .def_property_readonly("leave_one_out_rmse", &NearestNeighbours::leave_one_out_rmse,
                             "Of predicting each row from the others.");
}

template <surrogate::Kernel K>
void bind_gaussian_process(py::module_& m, const char* name) {
  using GP = surrogate::GaussianProcess<K>;
  def_surrogate(py::class_<GP>(m, name, "Gaussian process regression, one lengthscale an axis, MAP hyperparameters."))
      .def(py::init([](const std::vector<bool>& categorical, bool optimise) {
             surrogate::GaussianProcessOptions options;
             options.axes = axes_of(categorical);
             options.optimise = optimise;
             return GP(options);
           }),
           "categorical"_a = std::vector<bool>(), "optimise"_a = true,
           "categorical: one flag a column of X (empty: all numeric).")
      .def(
          "sample",
          [](const GP& gp, const Eigen::Ref<const Eigen::MatrixXd>& x, Eigen::Index count, std::uint64_t seed) {
            const py::gil_scoped_release release;
            Random random(seed);
            return gp.sample(x, random, count);
          },
          "x"_a, "count"_a = 1, "seed"_a = 0, "Joint draws (m, count) at rows x (m, d). Raises InvalidArgument.")
      .def(
          "joint",
          [](const GP& gp, const Rows& x) {
            const py::gil_scoped_release release;
            return gp.joint(x);
          },
          "x"_a, "JointPosterior of rows x (m, d), as acquisitions of batches take it. Raises InvalidArgument.")
      .def("log_marginal_likelihood", &GP::log_marginal_likelihood,
           "Of the learnt targets under the hyperparameters, their standardised unit.")
      .def_property_readonly(
          "lengthscales",
          [](const GP& gp) { return Eigen::VectorXd(gp.hyperparameters().log_lengthscales.array().exp()); },
          "One an axis (d,), in the unit of the rows.")
      .def_property_readonly("size", &GP::size, "Rows learnt, equal ones merged.");
}

// A copy of `object` if it is, or its class makes, one of the models bound here.
template <class S>
bool take(const py::object& object, surrogate::AnySurrogate& out) {
  if (py::isinstance<S>(object)) out = object.cast<const S&>();
  return py::isinstance<S>(object);
}

}  // namespace

surrogate::AnySurrogate to_surrogate(const py::object& object) {
  if (py::isinstance<py::str>(object)) return surrogate::make_surrogate(object.cast<std::string>());
  const bool makes = PyType_Check(object.ptr()) != 0 || py::hasattr(object, "__call__");
  const py::object model = makes ? object() : object;
  surrogate::AnySurrogate out;
  if (take<surrogate::RandomForest>(model, out) || take<surrogate::GradientBoosting>(model, out) ||
      take<surrogate::PolynomialRegression>(model, out) || take<surrogate::NearestNeighbours>(model, out) ||
      take<surrogate::GaussianProcess<surrogate::Matern52>>(model, out) ||
      take<surrogate::GaussianProcess<surrogate::Matern32>>(model, out) ||
      take<surrogate::GaussianProcess<surrogate::SquaredExponential>>(model, out)) {
    return out;
  }
  if (!makes) throw InvalidArgument("surrogate: must be a name, a surrogate, or a class or function that makes one");
  return PythonSurrogate(object);
}

void bind_surrogate(py::module_& m) {
  py::class_<surrogate::JointPosterior>(m, "JointPosterior", "Joint normal belief about q points: mean and covariance.")
      .def(py::init([](Eigen::VectorXd mean, Eigen::MatrixXd covariance) {
             return surrogate::JointPosterior{std::move(mean), std::move(covariance)};
           }),
           "mean"_a, "covariance"_a, "mean (q,), covariance (q, q).")
      .def_readonly("mean", &surrogate::JointPosterior::mean, "Shape (q,).")
      .def_readonly("covariance", &surrogate::JointPosterior::covariance, "Shape (q, q).");

  bind_gaussian_process<surrogate::Matern52>(m, "GaussianProcess");
  bind_gaussian_process<surrogate::Matern32>(m, "GaussianProcessMatern32");
  bind_gaussian_process<surrogate::SquaredExponential>(m, "GaussianProcessSquaredExponential");
  bind_trees(m);
  bind_polynomial(m);
  bind_neighbours(m);
}

}  // namespace bayestuner::python
