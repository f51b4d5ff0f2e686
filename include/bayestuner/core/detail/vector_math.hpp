#pragma once
/// Exponentials, logarithms and polynomials of whole arrays, one vector register after the other. Every element goes
/// through the same operations wherever it stands, so results do not depend on how data is cut into arrays.

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "bayestuner/core/detail/instruction_set.hpp"

namespace bayestuner::detail {

#if defined(__GNUC__)

template <class Scalar>
struct ExpConstants;

// Near-minimax polynomials of e^r for |r| <= ln(2) / 2, by Chebyshev expansion with 50 digits: relative errors 5e-18
// and 3e-9. ln 2 in two parts, the first short enough that its multiples are exact.
template <>
struct ExpConstants<double> {
  using Bits = std::int64_t;
  static constexpr double lowest = -708.0, shifter = 0x1.8p52, log2_high = 0.6931471803691238,
                          log2_low = 1.9082149292705877e-10;
  static constexpr int mantissa = 52;
  static constexpr std::array<double, 12> terms = {1.0,
                                                   1.0,
                                                   0.5000000000000019,
                                                   0.16666666666666702,
                                                   0.04166666666648665,
                                                   0.008333333333309335,
                                                   0.0013888888952699812,
                                                   0.000198412699096288,
                                                   2.4801485070974322e-05,
                                                   2.7557224578181578e-06,
                                                   2.7632791582662336e-07,
                                                   2.5114995951301997e-08};
};
template <>
struct ExpConstants<float> {
  using Bits = std::int32_t;
  static constexpr float lowest = -87.0F, shifter = 0x1.8p23F, log2_high = 0.693145751953125F,
                         log2_low = 1.4286068203094173e-06F;
  static constexpr int mantissa = 23;
  static constexpr std::array<float, 7> terms = {1.0F,
                                                 1.0F,
                                                 0.5000000108398108F,
                                                 0.16666414469526317F,
                                                 0.0416662164758865F,
                                                 0.008375212703183407F,
                                                 0.0013948700486339346F};
};

template <class Scalar, int bytes>
struct Vector {
  typedef Scalar type __attribute__((vector_size(bytes)));
  typedef typename ExpConstants<Scalar>::Bits bits __attribute__((vector_size(bytes)));
  static constexpr std::ptrdiff_t lanes = bytes / static_cast<int>(sizeof(Scalar));
};

/// f on every full register of data[0 … n), the rest through a register of its own.
template <class Scalar, int bytes, class F>
BAYESTUNER_INLINE void for_vectors(Scalar* data, std::ptrdiff_t n, const F& f) {
  using V = Vector<Scalar, bytes>;
  typename V::type x;
  std::ptrdiff_t i = 0;
  for (; i + V::lanes <= n; i += V::lanes) {
    std::memcpy(&x, data + i, sizeof x);
    f(x);
    std::memcpy(data + i, &x, sizeof x);
  }
  if (i < n) {
    const std::size_t rest = static_cast<std::size_t>(n - i) * sizeof(Scalar);
    x = typename V::type{};
    std::memcpy(&x, data + i, rest);
    f(x);
    std::memcpy(data + i, &x, rest);
  }
}

/// e^x for x <= 0; below -708 (float: -87) as there. Relative error about 1 unit in the last place.
template <class Scalar, int bytes>
BAYESTUNER_INLINE void exp_body(Scalar* data, std::ptrdiff_t n) {
  using C = ExpConstants<Scalar>;
  using V = Vector<Scalar, bytes>;
  for_vectors<Scalar, bytes>(
      data, n, [](typename V::type & x) __attribute__((always_inline)) {
        const typename V::type floor = C::lowest - typename V::type{};
        x = x < floor ? floor : x;
        const typename V::type shifted = x * static_cast<Scalar>(1.4426950408889634) + C::shifter;
        const typename V::type whole = shifted - C::shifter;
        const typename V::type r = (x - whole * C::log2_high) - whole * C::log2_low;
        typename V::type sum = r * C::terms.back() + C::terms[C::terms.size() - 2];
        for (std::size_t k = C::terms.size() - 2; k-- > 0;) sum = sum * r + C::terms[k];
        // The low bits of `shifted` are the exponent to add.
        typename V::bits exponent, result;
        std::memcpy(&exponent, &shifted, sizeof exponent);
        std::memcpy(&result, &sum, sizeof result);
        result += exponent << C::mantissa;
        std::memcpy(&x, &result, sizeof x);
      });
}

// (atanh(s) / s - 1) / s^2 in powers of s^2 <= 0.0295; relative error 3e-18.
inline constexpr std::array<double, 8> log_terms = {0.3333333333333333,  0.20000000000000448, 0.14285714285396706,
                                                    0.11111111196983132, 0.09090897702369666, 0.0769312613255353,
                                                    0.06634221107937807, 0.06545018574491034};

/// ln x for x >= 2.3e-308 (smaller ones count as that). Relative error about 2 units in the last place.
template <int bytes>
BAYESTUNER_INLINE void log_body(double* data, std::ptrdiff_t n) {
  using V = Vector<double, bytes>;
  for_vectors<double, bytes>(
      data, n, [](typename V::type & x) __attribute__((always_inline)) {
        constexpr std::int64_t one = std::int64_t{1023} << 52, sqrt_half = 0x3fe6a09e667f3bcd,
                               two_52 = 0x4330000000000000;
        const typename V::type least = 0x1p-1022 - typename V::type{};
        x = x < least ? least : x;
        typename V::bits bits;
        std::memcpy(&bits, &x, sizeof bits);
        // x = 2^k m with m in [sqrt(1/2), sqrt 2); the biased k is positive, so any kind of shift will do.
        const typename V::bits biased = (bits + (one - sqrt_half)) >> 52;
        const typename V::bits k_bits = biased | two_52, m_bits = bits - (biased << 52) + one;
        typename V::type k, m;
        std::memcpy(&k, &k_bits, sizeof k);
        std::memcpy(&m, &m_bits, sizeof m);
        k -= 0x1p52 + 1023.0;
        const typename V::type s = (m - 1.0) / (m + 1.0), z = s * s;
        typename V::type sum = z * log_terms[7] + log_terms[6];
        for (std::size_t i = 6; i-- > 0;) sum = sum * z + log_terms[i];
        x = k * 0.6931471803691238 + ((s + s) + ((s + s) * z * sum + k * 1.9082149292705877e-10));
      });
}

/// Horner's rule for terms[0] + terms[1] t + …, in place.
template <int bytes>
BAYESTUNER_INLINE void polynomial_body(double* data, std::ptrdiff_t n, const double* terms, std::ptrdiff_t count) {
  using V = Vector<double, bytes>;
  constexpr std::ptrdiff_t together = 4;  // hides the latency of one chain behind the others
  std::ptrdiff_t i = 0;
  for (; i + together * V::lanes <= n; i += together * V::lanes) {
    typename V::type t[together], sum[together];
    std::memcpy(&t, data + i, sizeof t);
    for (int v = 0; v < together; ++v) sum[v] = terms[count - 1] - typename V::type{};
    for (std::ptrdiff_t k = count - 1; k-- > 0;) {
      for (int v = 0; v < together; ++v) sum[v] = sum[v] * t[v] + terms[k];
    }
    std::memcpy(data + i, &sum, sizeof sum);
  }
  for_vectors<double, bytes>(
      data + i, n - i, [&](typename V::type & t) __attribute__((always_inline)) {
        typename V::type sum = terms[count - 1] - typename V::type{};
        for (std::ptrdiff_t k = count - 1; k-- > 0;) sum = sum * t + terms[k];
        t = sum;
      });
}

// NOLINTBEGIN(bugprone-macro-parentheses): an attribute stands in none
#define BAYESTUNER_VECTOR_FUNCTIONS(suffix, attribute, bytes)                                                         \
  attribute inline void exp_##suffix(double* x, std::ptrdiff_t n) { exp_body<double, bytes>(x, n); }                  \
  attribute inline void exp_##suffix(float* x, std::ptrdiff_t n) { exp_body<float, bytes>(x, n); }                    \
  attribute inline void log_##suffix(double* x, std::ptrdiff_t n) { log_body<bytes>(x, n); }                          \
  attribute inline void polynomial_##suffix(double* x, std::ptrdiff_t n, const double* terms, std::ptrdiff_t count) { \
    polynomial_body<bytes>(x, n, terms, count);                                                                       \
  }
// NOLINTEND(bugprone-macro-parentheses)
BAYESTUNER_VECTOR_FUNCTIONS(portable, , 16)
#if BAYESTUNER_X86_VECTORS
BAYESTUNER_VECTOR_FUNCTIONS(avx2, BAYESTUNER_AVX2, 32)
BAYESTUNER_VECTOR_FUNCTIONS(avx512, BAYESTUNER_AVX512, 64)
#define BAYESTUNER_DISPATCH(function, ...)   \
  switch (instruction_set()) {               \
    case InstructionSet::avx512:             \
      return function##_avx512(__VA_ARGS__); \
    case InstructionSet::avx2:               \
      return function##_avx2(__VA_ARGS__);   \
    case InstructionSet::portable:           \
      break;                                 \
  }                                          \
  function##_portable(__VA_ARGS__)
#else
#define BAYESTUNER_DISPATCH(function, ...) function##_portable(__VA_ARGS__)
#endif

/// x := e^x, x <= 0.
template <class Scalar>
void exp_of_negative(Scalar* x, std::ptrdiff_t n) {
  BAYESTUNER_DISPATCH(exp, x, n);
}
/// x := ln x, x > 0.
inline void log_of_positive(double* x, std::ptrdiff_t n) {
  BAYESTUNER_DISPATCH(log, x, n);
}
/// t := terms[0] + terms[1] t + …
template <std::size_t count>
void evaluate_polynomial(double* t, std::ptrdiff_t n, const std::array<double, count>& terms) {
  BAYESTUNER_DISPATCH(polynomial, t, n, terms.data(), static_cast<std::ptrdiff_t>(count));
}

#undef BAYESTUNER_VECTOR_FUNCTIONS
#undef BAYESTUNER_DISPATCH

#else  // plain loops, for compilers without vector types

template <class Scalar>
void exp_of_negative(Scalar* x, std::ptrdiff_t n) {
  for (std::ptrdiff_t i = 0; i < n; ++i) x[i] = std::exp(x[i]);
}
inline void log_of_positive(double* x, std::ptrdiff_t n) {
  for (std::ptrdiff_t i = 0; i < n; ++i) x[i] = std::log(x[i] < 0x1p-1022 ? 0x1p-1022 : x[i]);
}
template <std::size_t count>
void evaluate_polynomial(double* t, std::ptrdiff_t n, const std::array<double, count>& terms) {
  for (std::ptrdiff_t i = 0; i < n; ++i) {
    double sum = terms[count - 1];
    for (std::size_t k = count - 1; k-- > 0;) sum = sum * t[i] + terms[k];
    t[i] = sum;
  }
}

#endif

/// The same for plain Eigen arrays.
template <class A>
A negative_exp(A x) {
  exp_of_negative(x.data(), static_cast<std::ptrdiff_t>(x.size()));
  return x;
}
template <class A>
A positive_log(A x) {
  log_of_positive(x.data(), static_cast<std::ptrdiff_t>(x.size()));
  return x;
}

}  // namespace bayestuner::detail
