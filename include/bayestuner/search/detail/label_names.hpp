#pragma once
/// What the names of labels say about their likeness.

#include <Eigen/Core>
#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstddef>
#include <string>
#include <unordered_map>
#include <vector>

#include "bayestuner/core/random.hpp"

namespace bayestuner::search::detail {

/// Coordinates (labels, at most `most`) in [0, 1] in which labels with like names lie close together: the leading
/// principal components of their letter triples, each triple weighted by the logarithm of its rarity. Fewer columns, or
/// none, where the names have no more in common. All columns share one scale: the first, widest one fills [0, 1].
/// A function of the labels alone.
/// Source: Deerwester et al. 1990, doi:10.1002/(SICI)1097-4571(199009)41:6<391::AID-ASI1>3.0.CO;2-9 (section 4);
/// weights: Spaerck Jones 1972, doi:10.1108/eb026526.
inline Eigen::MatrixXd name_coordinates(const std::vector<std::string>& labels, Eigen::Index most) {
  struct Entry {
    Eigen::Index triple;
    double weight;
  };
  const auto n = static_cast<Eigen::Index>(labels.size());
  std::unordered_map<std::string, Eigen::Index> numbers;
  std::vector<std::vector<Entry>> rows(labels.size());
  for (std::size_t i = 0; i < labels.size(); ++i) {
    std::string text = "^" + labels[i] + "$";  // where a name begins and ends matters
    for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    for (std::size_t at = 0; at + 3 <= text.size(); ++at) {
      const auto number = static_cast<Eigen::Index>(numbers.size());
      rows[i].push_back({numbers.emplace(text.substr(at, 3), number).first->second, 1.0});
    }
    const auto before = [](const Entry& a, const Entry& b) { return a.triple < b.triple; };
    const auto same = [](const Entry& a, const Entry& b) { return a.triple == b.triple; };
    std::sort(rows[i].begin(), rows[i].end(), before);
    rows[i].erase(std::unique(rows[i].begin(), rows[i].end(), same), rows[i].end());
  }
  const auto triples = static_cast<Eigen::Index>(numbers.size());
  Eigen::VectorXd holders = Eigen::VectorXd::Zero(triples), mean = Eigen::VectorXd::Zero(triples);
  for (const auto& row : rows) {
    for (const Entry& entry : row) holders[entry.triple] += 1.0;
  }
  for (auto& row : rows) {
    double squares = 0.0;
    for (Entry& entry : row) {
      entry.weight = std::log(static_cast<double>(n + 1) / holders[entry.triple]);
      squares += entry.weight * entry.weight;
    }
    for (Entry& entry : row) {
      entry.weight /= std::sqrt(squares);
      mean[entry.triple] += entry.weight / static_cast<double>(n);
    }
  }
  // Centred rows times a matrix and the reverse, without forming the centred rows: these are dense.
  const Eigen::Index k = std::min({most, n - 1, triples});
  if (k < 1) return Eigen::MatrixXd(n, 0);
  const auto up = [&](const Eigen::MatrixXd& q) {
    Eigen::MatrixXd out = -mean * q.colwise().sum();
    for (Eigen::Index i = 0; i < n; ++i) {
      for (const Entry& entry : rows[static_cast<std::size_t>(i)]) out.row(entry.triple) += entry.weight * q.row(i);
    }
    return out;
  };
  const auto down = [&](const Eigen::MatrixXd& p) {
    Eigen::MatrixXd out = Eigen::VectorXd::Ones(n) * (-(mean.transpose() * p));
    for (Eigen::Index i = 0; i < n; ++i) {
      for (const Entry& entry : rows[static_cast<std::size_t>(i)]) out.row(i) += entry.weight * p.row(entry.triple);
    }
    return out;
  };
  // Subspace iteration: forty rounds are plenty for what is a measure of likeness.
  Random random(0, 0x1abe1);
  Eigen::MatrixXd q(n, k);
  for (Eigen::Index j = 0; j < k; ++j) {
    for (Eigen::Index i = 0; i < n; ++i) q(i, j) = random.normal();
  }
  for (int round = 0; round < 40; ++round) {
    q = down(up(q));
    for (Eigen::Index j = 0; j < k; ++j) {
      for (Eigen::Index l = 0; l < j; ++l) q.col(j) -= q.col(l).dot(q.col(j)) * q.col(l);
      const double norm = q.col(j).norm();
      q.col(j) *= norm > 1e-12 ? 1.0 / norm : 0.0;
    }
  }
  const Eigen::RowVectorXd size = up(q).colwise().norm();
  Eigen::Index kept = 0;
  while (kept < k && size[kept] > 1e-6) ++kept;
  Eigen::MatrixXd out = q.leftCols(kept) * size.head(kept).asDiagonal();
  const Eigen::RowVectorXd low = out.colwise().minCoeff(), reach = out.colwise().maxCoeff() - low;
  out.rowwise() -= low;
  return kept > 0 ? Eigen::MatrixXd(out / reach.maxCoeff()) : out;
}

}  // namespace bayestuner::search::detail
