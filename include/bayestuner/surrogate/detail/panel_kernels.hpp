#pragma once
/// The two inner loops of the prediction cache, in single precision, for the instruction sets found at run time.
/// Every element of the result is computed by one fixed sequence of operations, whatever the grouping into rows and
/// tiles: a row gets the same bits whether it is solved alone or together with a thousand others.

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "bayestuner/core/detail/instruction_set.hpp"

namespace bayestuner::surrogate::detail {

inline constexpr std::ptrdiff_t panel_width = 128;  // candidates side by side
inline constexpr std::ptrdiff_t block_rows = 64;    // rows that are allocated together
inline constexpr std::ptrdiff_t panel_floats = panel_width * block_rows;

/// One panel: 128 candidates, all rows. Block b of it begins at blocks[b] + offset.
struct Panel {
  float* const* blocks;
  std::ptrdiff_t offset;

  BAYESTUNER_INLINE float* row(std::ptrdiff_t r) const {
    return blocks[r / block_rows] + offset + (r % block_rows) * panel_width;
  }
};

/// Row r of the factor begins at packed + r (r + 1) / 2; the last of its r + 1 entries is the reciprocal diagonal.
BAYESTUNER_INLINE const float* packed_row(const float* packed, std::ptrdiff_t r) {
  return packed + r * (r + 1) / 2;
}

#if defined(__GNUC__)
template <int bytes>
struct Lanes {
  typedef float floats __attribute__((vector_size(bytes)));
  static constexpr int count = bytes / static_cast<int>(sizeof(float));
};
#else
template <int bytes>
struct Lanes {  // one lane: plain loops
  using floats = float;
  static constexpr int count = 1;
};
#endif

/// Solves `rows` rows from `first` on, which hold the right-hand side, against all rows before them and each other.
template <int bytes, int tiles, int rows>
BAYESTUNER_INLINE void eliminate(const Panel& panel, const float* packed, std::ptrdiff_t first) {
  using Floats = typename Lanes<bytes>::floats;
  constexpr int lanes = Lanes<bytes>::count, width = lanes * tiles;
  static_assert(panel_width % width == 0);
  const float* factor[rows];
  for (int k = 0; k < rows; ++k) factor[k] = packed_row(packed, first + k);
  for (std::ptrdiff_t c = 0; c < panel_width; c += width) {
    Floats sum[rows][tiles];
    for (int k = 0; k < rows; ++k) std::memcpy(&sum[k], panel.row(first + k) + c, sizeof sum[k]);
    for (std::ptrdiff_t begin = 0; begin < first; begin += block_rows) {
      const std::ptrdiff_t end = begin + block_rows < first ? begin + block_rows : first;
      const float* v = panel.row(begin) + c;
      for (std::ptrdiff_t i = begin; i < end; ++i, v += panel_width) {
        Floats known[tiles];
        std::memcpy(&known, v, sizeof known);
        for (int k = 0; k < rows; ++k) {
          const float l = factor[k][i];
          for (int t = 0; t < tiles; ++t) sum[k][t] -= l * known[t];
        }
      }
    }
    for (int k = 0; k < rows; ++k) {
      for (int before = 0; before < k; ++before) {
        const float l = factor[k][first + before];
        for (int t = 0; t < tiles; ++t) sum[k][t] -= l * sum[before][t];
      }
      const float reciprocal = factor[k][first + k];
      for (int t = 0; t < tiles; ++t) sum[k][t] *= reciprocal;
      std::memcpy(panel.row(first + k) + c, &sum[k], sizeof sum[k]);
    }
  }
}

/// norms += v^2, dots += ones[r] v for row v of the panel, in double precision.
BAYESTUNER_INLINE void accumulate_row(const float* v, double one, double* norms, double* dots) {
  for (std::ptrdiff_t c = 0; c < panel_width; ++c) {
    const double x = static_cast<double>(v[c]);
    norms[c] += x * x;
    dots[c] += one * x;
  }
}

/// out[c] += sum over rows [begin, end) of weights[r] * v[r][c]: a block of rows in single precision, then in double.
template <int bytes, int tiles>
BAYESTUNER_INLINE void combine(const Panel& panel, const float* weights, std::ptrdiff_t rows, double* out) {
  using Floats = typename Lanes<bytes>::floats;
  constexpr int lanes = Lanes<bytes>::count, width = lanes * tiles;
  for (std::ptrdiff_t begin = 0; begin < rows; begin += block_rows) {
    const std::ptrdiff_t end = begin + block_rows < rows ? begin + block_rows : rows;
    for (std::ptrdiff_t c = 0; c < panel_width; c += width) {
      Floats sum[tiles] = {};
      const float* v = panel.row(begin) + c;
      for (std::ptrdiff_t r = begin; r < end; ++r, v += panel_width) {
        Floats known[tiles];
        std::memcpy(&known, v, sizeof known);
        for (int t = 0; t < tiles; ++t) sum[t] += weights[r] * known[t];
      }
      float flat[width];
      std::memcpy(&flat, &sum, sizeof flat);
      for (int k = 0; k < width; ++k) out[c + k] += static_cast<double>(flat[k]);
    }
  }
}

/// Rows [first, end) of one panel hold the right-hand side (or, if `solved`, the solution already); solves them and
/// adds them to the sums.
struct PanelSolve {
  Panel panel;
  const float* packed;
  const double* ones;  // L^{-1} 1
  std::ptrdiff_t first, end;
  double *norms, *dots;  // (panel_width)
  bool solved = false;
};

template <int bytes, int tiles>
BAYESTUNER_INLINE void solve_panel_body(const PanelSolve& s) {
  std::ptrdiff_t r = s.first;
  if (s.solved) r = s.end;
  for (; r + 4 <= s.end; r += 4) eliminate<bytes, tiles, 4>(s.panel, s.packed, r);
  for (; r < s.end; ++r) eliminate<bytes, tiles, 1>(s.panel, s.packed, r);
  for (r = s.first; r < s.end; ++r) accumulate_row(s.panel.row(r), s.ones[r], s.norms, s.dots);
}

inline void solve_panel_portable(const PanelSolve& s) {
  solve_panel_body<16, 2>(s);
}
inline void combine_portable(const Panel& p, const float* w, std::ptrdiff_t rows, double* out) {
  combine<16, 8>(p, w, rows, out);
}

#if BAYESTUNER_X86_VECTORS
BAYESTUNER_AVX2 inline void solve_panel_avx2(const PanelSolve& s) {
  solve_panel_body<32, 2>(s);
}
BAYESTUNER_AVX2 inline void combine_avx2(const Panel& p, const float* w, std::ptrdiff_t rows, double* out) {
  combine<32, 8>(p, w, rows, out);
}
BAYESTUNER_AVX512 inline void solve_panel_avx512(const PanelSolve& s) {
  solve_panel_body<64, 4>(s);
}
BAYESTUNER_AVX512 inline void combine_avx512(const Panel& p, const float* w, std::ptrdiff_t rows, double* out) {
  combine<64, 8>(p, w, rows, out);
}
#endif

using bayestuner::detail::instruction_set;
using bayestuner::detail::InstructionSet;

inline void solve_panel(InstructionSet set, const PanelSolve& s) {
#if BAYESTUNER_X86_VECTORS
  if (set == InstructionSet::avx512) return solve_panel_avx512(s);
  if (set == InstructionSet::avx2) return solve_panel_avx2(s);
#endif
  static_cast<void>(set);
  solve_panel_portable(s);
}

inline void combine_panel(InstructionSet set, const Panel& p, const float* weights, std::ptrdiff_t rows, double* out) {
#if BAYESTUNER_X86_VECTORS
  if (set == InstructionSet::avx512) return combine_avx512(p, weights, rows, out);
  if (set == InstructionSet::avx2) return combine_avx2(p, weights, rows, out);
#endif
  static_cast<void>(set);
  combine_portable(p, weights, rows, out);
}

}  // namespace bayestuner::surrogate::detail
