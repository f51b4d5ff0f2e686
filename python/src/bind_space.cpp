#include "call_python.hpp"

namespace bayestuner::python {

namespace {

using space::Parameter;

std::vector<space::Value> to_values(const py::object& object) {
  std::vector<space::Value> values;
  if (py::isinstance<py::list>(object) || py::isinstance<py::tuple>(object)) {
    for (const auto& item : object) values.push_back(to_value(item));
  } else {
    values.push_back(to_value(object));
  }
  return values;
}

// `when={"runtime": ["ort"]}`.
Parameter with_condition(Parameter parameter, const py::object& when) {
  if (when.is_none()) return parameter;
  const auto dict = when.cast<py::dict>();
  if (dict.size() != 1) throw InvalidArgument(parameter.name() + ": when must name one parameter");
  const auto item = *dict.begin();
  return parameter.when(item.first.cast<std::string>(), to_values(py::reinterpret_borrow<py::object>(item.second)));
}

space::Constraint to_constraint(const py::handle& object) {
  if (py::isinstance<py::str>(object)) return space::Constraint(object.cast<std::string>());
  if (!PyCallable_Check(object.ptr()))
    throw InvalidArgument("constraint: must be an expression or a function of a dict");
  const Handle function(py::reinterpret_borrow<py::object>(object));
  std::string text = py::hasattr(object, "__name__") ? object.attr("__name__").cast<std::string>() : "predicate";
  return space::Constraint(
      [function](const space::Configuration& params) {
        return with_python([&] { return py::bool_((*function)(from_configuration(params))).cast<bool>(); });
      },
      {}, std::move(text));
}

std::vector<space::Point> to_points(const space::DynamicSpace& s, const py::list& rows) {
  std::vector<space::Point> points;
  for (const auto& row : rows) points.push_back(s.point(to_configuration(row)));
  return points;
}

}  // namespace

void bind_space(py::module_& m) {
  py::class_<Parameter>(m, "Parameter",
                        "One parameter of a space; made by Real, Integer, Ordinal, Categorical, Boolean.")
      .def_property_readonly("name", &Parameter::name, "Name in configurations and constraints.")
      .def_property_readonly("level_count", &Parameter::level_count, "Levels; 0 if continuous.")
      .def_property_readonly("is_numeric", &Parameter::is_numeric, "Whether its values are ordered numbers.")
      .def_property_readonly("low", &Parameter::low, "Least value; of labels: 0.")
      .def_property_readonly("high", &Parameter::high, "Largest value; of labels: their number - 1.")
      .def_property_readonly(
          "values",
          [](const Parameter& p) {
            py::list values;
            for (std::int64_t l = 0; l < p.level_count(); ++l) {
              values.append(from_value(p.value(static_cast<double>(l))));
            }
            return values;
          },
          "Allowed values; empty if continuous.")
      .def("__repr__", [](const Parameter& p) { return "Parameter(" + p.fingerprint() + ")"; });

  m.def(
      "Real",
      [](std::string name, double low, double high, const std::string& scale, double step, const py::object& when) {
        return with_condition(
            space::real(std::move(name), low, high, {.scale = space::scale_from_string(scale), .step = step}), when);
      },
      "name"_a, "low"_a, "high"_a, "scale"_a = "automatic", "step"_a = 0.0, "when"_a = py::none(),
      "Real number in [low, high]; step 0 is continuous. scale: automatic, linear, log, rank. Raises InvalidArgument.");
  m.def(
      "Integer",
      [](std::string name, std::int64_t low, std::int64_t high, const std::string& scale, std::int64_t step,
         const py::object& when) {
        return with_condition(
            space::integer(std::move(name), low, high, {.scale = space::scale_from_string(scale), .step = step}), when);
      },
      "name"_a, "low"_a, "high"_a, "scale"_a = "automatic", "step"_a = 1, "when"_a = py::none(),
      "Integer in [low, high] by step. scale 'power_of_two' allows only powers of two. Raises InvalidArgument.");
  m.def(
      "Ordinal",
      [](std::string name, std::vector<double> levels, const std::string& scale, const py::object& when) {
        return with_condition(
            space::ordinal(std::move(name), std::move(levels), {.scale = space::scale_from_string(scale)}), when);
      },
      "name"_a, "levels"_a, "scale"_a = "automatic", "when"_a = py::none(),
      "Increasing numbers, e.g. [1, 2, 4, 8]. Raises InvalidArgument.");
  m.def(
      "Categorical",
      [](std::string name, std::vector<std::string> labels, const py::object& when) {
        return with_condition(space::categorical(std::move(name), std::move(labels)), when);
      },
      "name"_a, "labels"_a, "when"_a = py::none(), "Labels without order. Raises InvalidArgument.");
  m.def(
      "Boolean",
      [](std::string name, const py::object& when) { return with_condition(space::boolean(std::move(name)), when); },
      "name"_a, "when"_a = py::none(), "False or True.");

  py::class_<space::DynamicSpace>(m, "Space", "Parameters and the known constraints that tie them. Immutable.")
      .def(py::init([](std::vector<Parameter> parameters, const py::list& constraints) {
             std::vector<space::Constraint> rules;
             for (const auto& c : constraints) rules.push_back(to_constraint(c));
             const py::gil_scoped_release release;
             return space::DynamicSpace(std::move(parameters), std::move(rules));
           }),
           "parameters"_a, "constraints"_a = py::list(),
           "constraints: expressions ('batch * instances <= 32') or functions of a dict. Raises InvalidArgument if "
           "nothing satisfies them.")
      .def_static(
          "pool",
          [](std::vector<Parameter> parameters, const py::list& rows) {
            std::vector<space::Configuration> list;
            for (const auto& row : rows) list.push_back(to_configuration(row));
            return space::DynamicSpace::pool(std::move(parameters), list);
          },
          "parameters"_a, "rows"_a, "A space of which only the listed rows (dicts) exist. Raises InvalidArgument.")
      .def_property_readonly("parameters", &space::DynamicSpace::parameters, "The parameters, in order.")
      .def_property_readonly("is_finite", &space::DynamicSpace::is_finite, "Whether every parameter has levels.")
      .def("count", &space::DynamicSpace::count, py::call_guard<py::gil_scoped_release>(),
           "Configurations that exist; None if they cannot be counted.")
      .def("__len__",
           [](const space::DynamicSpace& s) {
             const auto n = s.count();
             if (!n) throw InvalidArgument("space: cannot be counted");
             return *n;
           })
      .def(
          "__getitem__",
          [](const space::DynamicSpace& s, std::uint64_t index) {
            const auto n = s.count();
            if (n && index >= *n) throw py::index_error("index " + std::to_string(index) + " is beyond the space");
            return from_configuration(s.configuration(s.at(index)));
          },
          "index"_a, "Configuration of an index in [0, len), a dict. Raises IndexError.")
      .def("__contains__",
           [](const space::DynamicSpace& s, const py::dict& params) {
             try {
               (void)s.point(to_configuration(params));
               return true;
             } catch (const InvalidArgument&) {
               return false;
             }
           })
      .def(
          "index_of",
          [](const space::DynamicSpace& s, const py::dict& params) {
            return s.index_of(s.point(to_configuration(params)));
          },
          "params"_a, "Index of a configuration (a dict). Raises InvalidArgument if the space does not contain it.")
      .def(
          "sample",
          [](const space::DynamicSpace& s, std::size_t n, std::uint64_t seed) {
            Random random(seed);
            py::list rows;
            for (std::size_t i = 0; i < n; ++i) rows.append(from_configuration(s.configuration(s.sample(random))));
            return rows;
          },
          "n"_a = 1, "seed"_a = 0, "n independent uniform draws under the constraints, dicts.")
      .def(
          "neighbours",
          [](const space::DynamicSpace& s, const py::dict& params) {
            py::list rows;
            for (const auto& p : s.neighbours(s.point(to_configuration(params)))) {
              rows.append(from_configuration(s.configuration(p)));
            }
            return rows;
          },
          "params"_a, "Configurations one step away, dicts. Raises InvalidArgument if the space does not contain it.")
      .def(
          "nearest",
          [](const space::DynamicSpace& s, const py::dict& params) {
            return from_configuration(s.configuration(s.nearest(to_configuration(params))));
          },
          "params"_a,
          "Configuration nearest to values that need not be allowed: any number for a number; a parameter that is "
          "missing "
          "is taken at the middle. So a strategy that thinks in real numbers proposes allowed ones. Raises "
          "InvalidArgument for an unknown name or label.")
      .def(
          "nearest",
          [](const space::DynamicSpace& s, const Eigen::VectorXd& coordinates) {
            return from_configuration(s.configuration(s.nearest(coordinates)));
          },
          "coordinates"_a, "Configuration nearest to coordinates (dimension,) in [0, 1]. Raises InvalidArgument.")
      .def(
          "encode",
          [](const space::DynamicSpace& s, const py::list& rows) {
            const auto points = to_points(s, rows);
            const py::gil_scoped_release release;
            return s.encode(points);
          },
          "rows"_a,
          "Matrix (n, axes) for kernels, numeric columns in [0, 1]; column-major, as GaussianProcess takes it without "
          "a "
          "copy. Raises InvalidArgument.")
      .def(
          "encode_for_trees",
          [](const space::DynamicSpace& s, const py::list& rows) {
            const auto points = to_points(s, rows);
            const py::gil_scoped_release release;
            return s.encode_for_trees(points);
          },
          "rows"_a, "Matrix (n, dimension) of values; inactive: NaN. Raises InvalidArgument.")
      .def_property_readonly(
          "categorical_axes",
          [](const space::DynamicSpace& s) {
            std::vector<bool> flags;
            for (const auto kind : s.axes()) flags.push_back(kind == space::AxisKind::categorical);
            return flags;
          },
          "One flag a column of encode(): whether it holds labels.")
      .def("fingerprint", &space::DynamicSpace::fingerprint, "Text that two spaces share only if they are equal.")
      .def("__repr__", [](const space::DynamicSpace& s) { return "Space(" + s.fingerprint() + ")"; });
}

}  // namespace bayestuner::python
