#pragma once
/// Student's law.

#include <boost/math/distributions/students_t.hpp>

namespace bayestuner {

/// What Student's t of so many degrees of freedom (> 0) exceeds with probability (1 - confidence) / 2.
inline double student_quantile(double degrees_of_freedom, double confidence) {
  const boost::math::students_t t(degrees_of_freedom);
  return boost::math::quantile(boost::math::complement(t, 0.5 * (1.0 - confidence)));
}

}  // namespace bayestuner
