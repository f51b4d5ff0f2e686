#pragma once

#include <optional>
#include <span>
#include <vector>

#include "bayestuner/selection/model_selector.hpp"
#include "casters.hpp"

namespace bayestuner::python {

// A decision with the name that it needs to speak for itself.
struct NamedDecision {
  selection::Decision decision;
  py::object model;
};

inline py::object name_or_none(const selection::ModelSelector& s, Eigen::Index model) {
  return model < 0 ? py::object(py::none()) : py::cast(s.models()[static_cast<std::size_t>(model)]);
}

inline std::vector<char> to_mask(const std::optional<std::vector<bool>>& available) {
  return available ? std::vector<char>(available->begin(), available->end()) : std::vector<char>();
}

inline std::span<const double> to_span(const Eigen::Ref<const Eigen::VectorXd>& x) {
  return {x.data(), static_cast<std::size_t>(x.size())};
}

}  // namespace bayestuner::python
