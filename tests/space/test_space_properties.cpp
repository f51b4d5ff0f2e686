// Properties of random spaces, against a plain walk over all combinations.
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <map>

#include "bayestuner/conformance/search_space.hpp"

namespace bayestuner::space {
namespace {

// Two to four parameters of any finite kind, up to three rules; conditions only where asked for.
DynamicSpace random_space(Random& random, bool conditional) {
  for (;;) {
    std::vector<Parameter> parameters;
    const std::size_t d = 2 + random.below(3);
    for (std::size_t i = 0; i < d; ++i) {
      const std::string name(1, static_cast<char>('a' + i));
      const auto low = static_cast<std::int64_t>(random.below(4)),
                 high = low + 1 + static_cast<std::int64_t>(random.below(6));
      Parameter p = boolean(name);
      switch (random.below(6)) {
        case 0:
          p = integer(name, low, high);
          break;
        case 1:
          p = integer(name, 1, 1 + high * high, {.scale = Scale::power_of_two});
          break;
        case 2:
          p = ordinal(name, {1, 2.5, 4, 32});
          break;
        case 3:
          p = categorical(name, {"x", "y", "z"});
          break;
        case 4:
          p = real(name, 0.0, 1.0, {.step = 0.25});
          break;
        default:
          break;
      }
      if (conditional && i > 0 && random.below(2) == 0) {
        const Parameter& parent = parameters[random.below(i)];
        p = p.when(parent.name(), {parent.value(0), parent.value(static_cast<double>(parent.level_count() - 1))});
      }
      parameters.push_back(std::move(p));
    }
    std::vector<Constraint> rules;
    std::vector<std::string> numeric;
    for (const Parameter& p : parameters) {
      if (p.is_numeric()) numeric.push_back(p.name());
    }
    const std::size_t wanted = numeric.empty() ? 0 : random.below(3);
    for (std::size_t k = 0; k < wanted; ++k) {
      const std::string &x = numeric[random.below(numeric.size())], &y = numeric[random.below(numeric.size())];
      const char* forms[] = {" + ", " * ", " - "};
      rules.emplace_back(x + forms[random.below(3)] + y + (random.below(2) ? " <= " : " >= ") +
                         to_text(static_cast<int>(random.below(6))));
    }
    try {
      return DynamicSpace(parameters, rules);
    } catch (const InvalidArgument&) {  // nothing satisfies these rules: draw others
    }
  }
}

// Every configuration that the space accepts, found by offering it every combination of codes, inactive ones included.
std::vector<Point> walk(const DynamicSpace& s) {
  std::vector<Point> found;
  Point point(s.dimension());
  const auto visit = [&](const auto& self, std::size_t i) -> void {
    if (i == s.dimension()) {
      if (s.contains(point)) found.push_back(point);
      return;
    }
    for (std::int64_t l = -1; l < s.parameters()[i].level_count(); ++l) {
      point[i] = l < 0 ? inactive : static_cast<double>(l);
      self(self, i + 1);
    }
  };
  visit(visit, 0);
  return found;
}

bool is_among(const std::vector<Point>& points, const Point& wanted) {
  return std::any_of(points.begin(), points.end(), [&](const Point& p) { return same_point(p, wanted); });
}

TEST(SpaceProperties, EverythingAgreesWithAPlainWalk) {
  Random random(11);
  for (int round = 0; round < 60; ++round) {
    const DynamicSpace s = random_space(random, round % 2 == 1);
    SCOPED_TRACE(s.fingerprint());
    const std::vector<Point> all = walk(s);
    ASSERT_EQ(s.count(), all.size());
    conformance::expect_search_space(s, 20);
    for (int k = 0; k < 5; ++k) {
      Eigen::VectorXd wanted(static_cast<Eigen::Index>(s.dimension()));
      for (double& w : wanted) w = random.uniform();
      // Distance as nearest() says it: labels by equality, inactive ones at the middle.
      const auto distance = [&](const Point& p) {
        double sum = 0.0;
        for (std::size_t i = 0; i < p.size(); ++i) {
          const Parameter& q = s.parameters()[i];
          const double w = wanted[static_cast<Eigen::Index>(i)];
          const double gap = std::isnan(p[i])                         ? w - 0.5
                             : q.kind() == ParameterKind::categorical ? (q.code_at(w) == p[i] ? 0.0 : 1.0)
                                                                      : w - q.coordinate(p[i]);
          sum += gap * gap;
        }
        return sum;
      };
      const double found = distance(s.nearest(wanted));
      for (const Point& p : all) ASSERT_LE(found, distance(p) + 1e-12);
    }
    for (const Point& p : all)
      EXPECT_TRUE(same_point(s.nearest(s.configuration(p)), p)) << s.configuration(p).to_text();
  }
}

TEST(SpaceProperties, NeighboursAreTheNextOnesAndSymmetric) {
  Random random(12);
  for (int round = 0; round < 40; ++round) {
    const DynamicSpace s = random_space(random, false);
    SCOPED_TRACE(s.fingerprint());
    for (const Point& p : walk(s)) {
      const std::vector<Point> near = s.neighbours(p);
      for (const Point& q : near) EXPECT_TRUE(is_among(s.neighbours(q), p));
      // Whatever differs in one parameter alone is a neighbour or lies behind one.
      for (const Point& q : walk(s)) {
        std::vector<std::size_t> differs;
        for (std::size_t i = 0; i < p.size(); ++i) {
          if (p[i] != q[i]) differs.push_back(i);
        }
        if (differs.size() != 1) continue;
        const std::size_t i = differs[0];
        EXPECT_TRUE(std::any_of(near.begin(), near.end(), [&](const Point& n) {
          return same_point(n, q) ||
                 (n[i] != p[i] && (n[i] > p[i]) == (q[i] > p[i]) && std::abs(n[i] - p[i]) < std::abs(q[i] - p[i]));
        }));
      }
    }
  }
}

TEST(SpaceProperties, DrawsAreUniform) {
  Random random(13);
  double worst = 0.0;
  for (int round = 0; round < 20; ++round) {
    const DynamicSpace s = random_space(random, round % 2 == 1);
    const std::uint64_t n = *s.count();
    if (n < 2) continue;
    std::vector<double> hits(n);
    const double expected = 50.0;
    for (std::uint64_t k = 0; k < 50 * n; ++k) ++hits[*s.index_of(s.sample(random))];
    double chi2 = 0.0;
    for (const double h : hits) chi2 += (h - expected) * (h - expected) / expected;
    const double freedom = static_cast<double>(n - 1);
    worst = std::max(worst, (chi2 - freedom) / std::sqrt(2.0 * freedom));
  }
  EXPECT_LT(worst, 5.0);  // standard deviations of chi-square, 20 spaces
}

TEST(SpaceProperties, DrawsOfATiedGroupTooLargeToListAreUniformToo) {
  // 9.5e7 grid cells: sampled by rejection. The larger of two equal dice is uniform given the sum's parity.
  const DynamicSpace s({integer("a", 1, 3), integer("b", 1, 3), integer("c", 1, 3000), integer("d", 1, 3500)},
                       {"a != b and (a + b + c + d) % 2 == 0"});
  ASSERT_EQ(s.count(), std::nullopt);
  ASSERT_TRUE(s.is_finite());
  Random random(14);
  std::map<std::pair<double, double>, double> hits;
  for (int k = 0; k < 6000; ++k) {
    const Point p = s.sample(random);
    ASSERT_TRUE(s.contains(p));
    ++hits[{p[0], p[1]}];
  }
  ASSERT_EQ(hits.size(), 6u);
  double chi2 = 0.0;
  for (const auto& [pair, h] : hits) chi2 += (h - 1000.0) * (h - 1000.0) / 1000.0;
  EXPECT_LT(chi2, 20.5);  // 99.9 % quantile, 5 degrees of freedom
}

TEST(SpaceProperties, NearestComesCloseWhereNothingCanBeListed) {
  const DynamicSpace s({real("x", 0, 1), real("y", 0, 1), integer("n", 0, 100)}, {"x + y <= 1", "x * n <= 60"});
  Random random(15);
  for (int k = 0; k < 20; ++k) {
    const Eigen::Vector3d wanted(random.uniform(), random.uniform(), random.uniform());
    const double found = (s.coordinates(s.nearest(wanted)) - wanted).norm();
    double best = 10.0;  // of a fine grid
    for (int i = 0; i <= 100; ++i) {
      for (int j = 0; i + j <= 100; ++j) {
        const int n = std::min({100, i == 0 ? 100 : 6000 / i, static_cast<int>(std::lround(100 * wanted[2]))});
        best = std::min(best, (Eigen::Vector3d(i / 100.0, j / 100.0, n / 100.0) - wanted).norm());
      }
    }
    EXPECT_LT(found, best + 0.1);
  }
}

// Sanitizers keep freed memory and shadows of their own. GCC says it by macros, Clang by features.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool is_sanitized = true;
#elif defined(__has_feature)
constexpr bool is_sanitized = __has_feature(address_sanitizer) || __has_feature(thread_sanitizer);
#else
constexpr bool is_sanitized = false;
#endif

// Peak memory of this process; it never falls.
double peak_mib() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024.0;
}

TEST(SpaceProperties, AMillionTiedConfigurationsEnumerateInBoundedMemory) {
  const double before = peak_mib();
  const DynamicSpace s({integer("a", 0, 99), integer("b", 0, 99), integer("c", 0, 199)}, {"a + b + c >= 199"});
  const std::uint64_t n = *s.count();
  EXPECT_GT(n, 900'000u);
  std::uint64_t seen = 0, last = 0;
  for (const Point& p : s.enumerate()) {
    seen += p[0] + p[1] + p[2] >= 199.0;
    last = *s.index_of(p);
  }
  EXPECT_EQ(seen, n);
  EXPECT_EQ(last, n - 1);
  if (!is_sanitized) EXPECT_LT(peak_mib() - before, 24.0);  // 4 bytes a row, and the vector's growth
}

}  // namespace
}  // namespace bayestuner::space
