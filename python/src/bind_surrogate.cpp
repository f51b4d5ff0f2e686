#include "casters.hpp"

#include "bayestuner/surrogate/gaussian_process.hpp"

namespace bayestuner::python {

namespace {

template <surrogate::Kernel K>
void bind_gaussian_process(py::module_& m, const char* name) {
  using GP = surrogate::GaussianProcess<K>;
  py::class_<GP>(m, name, "Gaussian process regression, one lengthscale an axis, MAP hyperparameters.")
      .def(py::init([](const std::vector<bool>& categorical, bool optimise) {
             surrogate::GaussianProcessOptions options;
             for (const bool c : categorical) {
               options.axes.push_back(c ? space::AxisKind::categorical : space::AxisKind::numeric);
             }
             options.optimise = optimise;
             return GP(options);
           }),
           "categorical"_a = std::vector<bool>(), "optimise"_a = true,
           "categorical: one flag a column of X (empty: all numeric).")
      .def(
          "fit",
          [](GP& gp, const Eigen::Ref<const Eigen::MatrixXd>& x, const Eigen::Ref<const Eigen::VectorXd>& y,
             const std::optional<Eigen::VectorXd>& noise) {
            const py::gil_scoped_release release;
            gp.fit(x, y, noise ? *noise : Eigen::VectorXd());
          },
          "x"_a, "y"_a, "noise"_a = py::none(),
          "Learn rows x (n, d), targets y (n,), known variances noise (n,), None: unknown. A column-major x is not "
          "copied. "
          "Raises InvalidArgument for sizes that differ or numbers that are not finite, NumericalError.")
      .def(
          "predict",
          [](const GP& gp, const Eigen::Ref<const Eigen::MatrixXd>& x) {
            const py::gil_scoped_release release;
            return gp.predict(x);
          },
          "x"_a,
          "Posterior at rows x (m, d): mean (m,) and stddev (m,) of the noise-free target, its unit. A column-major x "
          "is "
          "not copied. Raises InvalidArgument.")
      .def(
          "sample",
          [](const GP& gp, const Eigen::Ref<const Eigen::MatrixXd>& x, Eigen::Index count, std::uint64_t seed) {
            const py::gil_scoped_release release;
            Random random(seed);
            return gp.sample(x, random, count);
          },
          "x"_a, "count"_a = 1, "seed"_a = 0, "Joint draws (m, count) at rows x (m, d). Raises InvalidArgument.")
      .def("log_marginal_likelihood", &GP::log_marginal_likelihood,
           "Of the learnt targets under the hyperparameters, their standardised unit.")
      .def_property_readonly(
          "lengthscales",
          [](const GP& gp) { return Eigen::VectorXd(gp.hyperparameters().log_lengthscales.array().exp()); },
          "One an axis (d,), in the unit of the rows.")
      .def_property_readonly("size", &GP::size, "Rows learnt, equal ones merged.");
}

}  // namespace

void bind_surrogate(py::module_& m) {
  bind_gaussian_process<surrogate::Matern52>(m, "GaussianProcess");
  bind_gaussian_process<surrogate::Matern32>(m, "GaussianProcessMatern32");
  bind_gaussian_process<surrogate::SquaredExponential>(m, "GaussianProcessSquaredExponential");
}

}  // namespace bayestuner::python
