#include <pybind11/pybind11.h>

namespace bayestuner::python {
void bind_core(pybind11::module_& m);
void bind_space(pybind11::module_& m);
void bind_surrogate(pybind11::module_& m);
void bind_acquisition(pybind11::module_& m);
void bind_search(pybind11::module_& m);
void bind_study(pybind11::module_& m);
void bind_device(pybind11::module_& m);
}  // namespace bayestuner::python

PYBIND11_MODULE(_bayestuner, m) {
  m.doc() = "Compiled core of bayestuner; import bayestuner instead.";
  bayestuner::python::bind_core(m);
  bayestuner::python::bind_space(m);
  bayestuner::python::bind_surrogate(m);
  bayestuner::python::bind_acquisition(m);
  bayestuner::python::bind_search(m);
  bayestuner::python::bind_study(m);
  bayestuner::python::bind_device(m);
}
