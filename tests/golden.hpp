#pragma once
// Golden values: tests/data/golden/*.json, computed once with mpmath, SciPy and scikit-learn.

#include <gtest/gtest.h>

#include <Eigen/Core>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>

namespace bayestuner {

inline nlohmann::json golden(const std::string& name) {
  const char* data = std::getenv("BAYESTUNER_TEST_DATA");
  std::ifstream in(std::string(data ? data : "tests/data") + "/golden/" + name);
  if (!in) throw std::runtime_error(name + ": set BAYESTUNER_TEST_DATA to the folder tests/data");
  return nlohmann::json::parse(in);
}

inline Eigen::VectorXd vector_in(const nlohmann::json& list) {
  const auto values = list.get<std::vector<double>>();
  return Eigen::Map<const Eigen::VectorXd>(values.data(), static_cast<Eigen::Index>(values.size()));
}

inline Eigen::MatrixXd matrix_in(const nlohmann::json& rows) {
  Eigen::MatrixXd m(static_cast<Eigen::Index>(rows.size()), static_cast<Eigen::Index>(rows[0].size()));
  for (std::size_t r = 0; r < rows.size(); ++r) m.row(static_cast<Eigen::Index>(r)) = vector_in(rows[r]).transpose();
  return m;
}

inline void expect_close(double actual, double expected, double relative, const std::string& what) {
  EXPECT_LE(std::abs(actual - expected), relative * std::max(1e-12, std::abs(expected)))
      << what << ": " << actual << " is not " << expected;
}

inline void expect_close(const Eigen::VectorXd& actual, const nlohmann::json& expected, double relative,
                         const std::string& what) {
  const Eigen::VectorXd values = vector_in(expected);
  ASSERT_EQ(actual.size(), values.size()) << what;
  for (Eigen::Index i = 0; i < values.size(); ++i) expect_close(actual[i], values[i], relative, what);
}

}  // namespace bayestuner
