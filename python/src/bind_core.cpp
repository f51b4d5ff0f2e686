#include "call_python.hpp"

#include "bayestuner/core/error.hpp"
#include "bayestuner/core/posterior.hpp"
#include "bayestuner/core/text.hpp"
#include "bayestuner/knob/resource_lock.hpp"
#include "bayestuner/knob/restore.hpp"
#include "bayestuner/study/trial.hpp"

namespace bayestuner::python {

void bind_core(py::module_& m) {
  // Each kind extends the builtin that Python code already catches.
  const auto make = [&](const char* name, const py::object& bases, const char* doc) {
    py::object type = py::reinterpret_steal<py::object>(
        PyErr_NewExceptionWithDoc((std::string("bayestuner._bayestuner.") + name).c_str(), doc, bases.ptr(), nullptr));
    m.attr(name) = type;
    return type;
  };
  const auto both = [&](PyObject* builtin) { return py::make_tuple(m.attr("Error"), py::handle(builtin)); };
  static const py::handle error =
      make("Error", py::reinterpret_borrow<py::object>(PyExc_Exception), "Base of everything bayestuner raises.")
          .release();
  static const py::handle invalid = make("InvalidArgument", both(PyExc_ValueError),
                                         "Wrong use or bad input: parameter, value given, what is allowed.")
                                        .release();
  static const py::handle numerical =
      make("NumericalError", both(PyExc_ArithmeticError), "Numbers that no jitter or rescaling could save.").release();
  static const py::handle device =
      make("DeviceError", both(PyExc_OSError), "A device, kernel interface or file refused: path, bytes, reason.")
          .release();
  const py::object device_type = m.attr("DeviceError");
  static const py::handle busy =
      make("BusyError", device_type, "Another process tunes the same study or resource.").release();
  static const py::handle unrestored =
      make("RestoreError", device_type, "The machine could not be given back; run bayestuner restore.").release();
  static const py::handle store =
      make("StoreError", both(PyExc_OSError), "A study's store cannot be read or written.").release();
  static const py::handle workload =
      make("WorkloadError", both(PyExc_RuntimeError), "The workload under test cannot be started or answers wrongly.")
          .release();
  py::register_exception_translator([](std::exception_ptr thrown) {
    try {
      if (thrown) std::rethrow_exception(thrown);
    } catch (const Interruption& e) {
      py::error_already_set(e.error).restore();
    } catch (const Raised& e) {
      py::error_already_set(e.error()).restore();
    } catch (const study::TrialFailed& e) {
      const py::object type = py::module_::import("bayestuner.study").attr("TrialFailed");
      PyErr_SetObject(type.ptr(), type(e.what(), study::to_string(e.reason), from_metrics(e.partial)).ptr());
    } catch (const InvalidArgument& e) {
      PyErr_SetString(invalid.ptr(), e.what());
    } catch (const NumericalError& e) {
      PyErr_SetString(numerical.ptr(), e.what());
    } catch (const knob::BusyError& e) {
      PyErr_SetString(busy.ptr(), e.what());
    } catch (const knob::RestoreError& e) {
      PyErr_SetString(unrestored.ptr(), e.what());
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

  py::enum_<Provenance>(m, "Provenance",
                        "Where a number comes from, best first; two kinds never share one Pareto front.")
      .value("measured", Provenance::measured)
      .value("derived", Provenance::derived)
      .value("estimated", Provenance::estimated)
      .value("simulated", Provenance::simulated);

  py::class_<Metric>(m, "Metric", "One metric of one trial, in its SI unit.")
      .def(py::init([](double value, double standard_error, std::int64_t n, Provenance provenance) {
             return Metric{value, standard_error, n, provenance};
           }),
           "value"_a, "standard_error"_a = 0.0, "n"_a = 1, "provenance"_a = Provenance::measured,
           "standard_error: of `value`, same unit, 0: not known. n: independent readings behind it, at least 1.")
      .def_readwrite("value", &Metric::value, "The number, SI unit.")
      .def_readwrite("standard_error", &Metric::standard_error, "Of `value`; 0: not known.")
      .def_readwrite("n", &Metric::n, "Independent readings behind `value`.")
      .def_readwrite("provenance", &Metric::provenance, "Measured, derived, estimated or simulated.")
      .def("__float__", [](const Metric& x) { return x.value; })
      .def(
          "__eq__", [](const Metric& a, const Metric& b) { return a == b; }, py::is_operator())
      .def("__repr__", [](const Metric& x) {
        const std::string mark =
            x.provenance == Provenance::measured ? "" : std::string(", ") + to_string(x.provenance);
        return "Metric(" + to_text(x.value) + " ± " + to_text(x.standard_error) + ", n=" + to_text(x.n) + mark + ")";
      });

  py::class_<Posterior>(m, "Posterior", "Marginal normal beliefs about n points.")
      .def(py::init([](Eigen::VectorXd mean, Eigen::VectorXd stddev) {
             require_same_size("Posterior", mean, stddev);
             return Posterior{std::move(mean), std::move(stddev)};
           }),
           "mean"_a, "stddev"_a, "mean (n,), stddev (n,) >= 0. Raises InvalidArgument if the sizes differ.")
      .def_readonly("mean", &Posterior::mean, "Means (n,); a view, no copy.")
      .def_readonly("stddev", &Posterior::stddev, "Standard deviations (n,); a view, no copy.")
      .def("__repr__", [](const Posterior& p) { return "Posterior(n=" + to_text(p.mean.size()) + ")"; });
}

}  // namespace bayestuner::python
