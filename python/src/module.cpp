#include <pybind11/pybind11.h>

namespace bayestuner::python {
void bind_core(pybind11::module_& m);
void bind_space(pybind11::module_& m);
void bind_surrogate(pybind11::module_& m);
void bind_acquisition(pybind11::module_& m);
void bind_pareto(pybind11::module_& m);
void bind_batch(pybind11::module_& m);
void bind_search(pybind11::module_& m);
void bind_study(pybind11::module_& m);
void bind_exploration(pybind11::module_& m);
void bind_knob(pybind11::module_& m);
void bind_meter(pybind11::module_& m);
void bind_workload(pybind11::module_& m);
void bind_runner(pybind11::module_& m);
void bind_tune(pybind11::module_& m);
void bind_analysis(pybind11::module_& m);
void bind_controller(pybind11::module_& m);
void bind_control_loop(pybind11::module_& m);
void bind_selection(pybind11::module_& m);
}  // namespace bayestuner::python

PYBIND11_MODULE(_bayestuner, m) {
  namespace python = bayestuner::python;
  m.doc() = "Compiled core of bayestuner; import bayestuner instead.";
  python::bind_core(m);
  python::bind_space(m);
  python::bind_surrogate(m);
  python::bind_acquisition(m);
  python::bind_pareto(m);
  python::bind_batch(m);
  python::bind_search(m);
  python::bind_study(m);
  python::bind_exploration(m);
  auto knob = m.def_submodule("knob", "Settings of hardware and software that trials may vary.");
  python::bind_knob(knob);
  auto meter = m.def_submodule("meter", "What a window of time cost.");
  python::bind_meter(meter);
  auto runner = m.def_submodule("runner", "One trial on this machine: workloads, loads, measurement.");
  python::bind_workload(runner);
  python::bind_runner(runner);
  python::bind_tune(m);
  python::bind_analysis(m);
  auto control = m.def_submodule("control", "Controllers of a live server, and their replay.");
  python::bind_controller(control);
  python::bind_control_loop(control);
  auto selection = m.def_submodule("selection", "The right model for each input; bayestuner.selection is its face.");
  python::bind_selection(selection);
}
