#include "casters.hpp"

#include "bayestuner/core/error.hpp"
#include "bayestuner/core/posterior.hpp"
#include "bayestuner/core/text.hpp"
#include "bayestuner/study/trial.hpp"

namespace bayestuner::python {

void bind_core(py::module_& m) {
  // Each kind extends the builtin that Python code already catches.
  static py::exception<Error> error(m, "Error", PyExc_Exception);
  const auto make = [&](const char* name, PyObject* builtin) {
    const py::tuple bases = py::make_tuple(error, py::handle(builtin));
    py::object type = py::reinterpret_steal<py::object>(
        PyErr_NewException((std::string("bayestuner.") + name).c_str(), bases.ptr(), nullptr));
    m.attr(name) = type;
    return type;
  };
  static const py::handle invalid = make("InvalidArgument", PyExc_ValueError).release();
  static const py::handle numerical = make("NumericalError", PyExc_ArithmeticError).release();
  static const py::handle device = make("DeviceError", PyExc_OSError).release();
  static const py::handle store = make("StoreError", PyExc_OSError).release();
  static const py::handle workload = make("WorkloadError", PyExc_RuntimeError).release();
  py::register_exception_translator([](std::exception_ptr thrown) {
    try {
      if (thrown) std::rethrow_exception(thrown);
    } catch (const InvalidArgument& e) {
      PyErr_SetString(invalid.ptr(), e.what());
    } catch (const NumericalError& e) {
      PyErr_SetString(numerical.ptr(), e.what());
    } catch (const DeviceError& e) {
      PyErr_SetString(device.ptr(), e.what());
    } catch (const StoreError& e) {
      PyErr_SetString(store.ptr(), e.what());
    } catch (const WorkloadError& e) {
      PyErr_SetString(workload.ptr(), e.what());
    } catch (const Error& e) {
      PyErr_SetString(error.ptr(), e.what());
    }
  });

  py::enum_<Provenance>(m, "Provenance", "Where a number comes from.")
      .value("measured", Provenance::measured)
      .value("derived", Provenance::derived)
      .value("estimated", Provenance::estimated)
      .value("simulated", Provenance::simulated);

  py::class_<Metric>(m, "Metric", "One metric of one trial, SI unit: value, standard_error, n, provenance.")
      .def(py::init([](double value, double standard_error, std::int64_t n, Provenance provenance) {
             return Metric{value, standard_error, n, provenance};
           }),
           "value"_a, "standard_error"_a = 0.0, "n"_a = 1, "provenance"_a = Provenance::measured)
      .def_readwrite("value", &Metric::value)
      .def_readwrite("standard_error", &Metric::standard_error)
      .def_readwrite("n", &Metric::n)
      .def_readwrite("provenance", &Metric::provenance)
      .def("__float__", [](const Metric& x) { return x.value; })
      .def(
          "__eq__", [](const Metric& a, const Metric& b) { return a == b; }, py::is_operator())
      .def("__repr__", [](const Metric& x) {
        const std::string mark =
            x.provenance == Provenance::measured ? "" : std::string(", ") + to_string(x.provenance);
        return "Metric(" + to_text(x.value) + " ± " + to_text(x.standard_error) + ", n=" + to_text(x.n) + mark + ")";
      });

  py::class_<Posterior>(m, "Posterior", "Marginal normal beliefs: mean (n,), stddev (n,).")
      .def(py::init([](Eigen::VectorXd mean, Eigen::VectorXd stddev) {
             require_same_size("Posterior", mean, stddev);
             return Posterior{std::move(mean), std::move(stddev)};
           }),
           "mean"_a, "stddev"_a)
      .def_readonly("mean", &Posterior::mean)
      .def_readonly("stddev", &Posterior::stddev);
}

}  // namespace bayestuner::python
