// Compiled without contraction of a * b + c: a fused product rounds differently, and distances would differ by machine.
#include "selection/lane_distances.hpp"

#include <cstring>

#if BAYESTUNER_X86_VECTORS
#include <immintrin.h>
#endif

namespace bayestuner::selection {

namespace {

// Vectors of so many bytes, as many as 16 lanes take.
#if defined(__GNUC__)
template <std::size_t bytes>
struct Vectors {
  typedef float floats __attribute__((vector_size(bytes)));
  typedef std::int32_t integers __attribute__((vector_size(bytes)));
  static constexpr std::size_t count = lanes * sizeof(float) / bytes;

  static BAYESTUNER_INLINE void raise(floats& a, const floats& least) { a = a > least ? a : least; }
  static BAYESTUNER_INLINE void count_where_greater(integers& tally, const integers& a, std::int32_t b) {
    tally -= a > b;  // true is -1
  }
};
#else
template <std::size_t bytes>
struct Vectors {  // plain loops
  using floats = float;
  using integers = std::int32_t;
  static constexpr std::size_t count = lanes;

  static BAYESTUNER_INLINE void raise(float& a, float least) { a = a > least ? a : least; }
  static BAYESTUNER_INLINE void count_where_greater(std::int32_t& tally, std::int32_t a, std::int32_t b) {
    tally += a > b;
  }
};
#endif

template <std::size_t bytes>
BAYESTUNER_INLINE void row_distances(const float* point, const float* block, std::size_t d, float* out) {
  using V = Vectors<bytes>;
  typename V::floats sum[V::count] = {};
  for (std::size_t j = 0; j < d; ++j, block += lanes) {
    typename V::floats at[V::count];
    std::memcpy(&at, block, sizeof at);
    for (std::size_t v = 0; v < V::count; ++v) {
      const typename V::floats t = at[v] - point[j];
      sum[v] += t * t;
    }
  }
  std::memcpy(out, &sum, sizeof sum);
}

template <std::size_t bytes>
BAYESTUNER_INLINE void box_distances(const float* point, const float* low, const float* high, std::size_t d,
                                     float* out) {
  using V = Vectors<bytes>;
  typename V::floats sum[V::count] = {};
  for (std::size_t j = 0; j < d; ++j, low += lanes, high += lanes) {
    typename V::floats below[V::count], above[V::count];
    std::memcpy(&below, low, sizeof below);
    std::memcpy(&above, high, sizeof above);
    for (std::size_t v = 0; v < V::count; ++v) {
      typename V::floats t = below[v] - point[j];
      V::raise(t, point[j] - above[v]);
      V::raise(t, typename V::floats{});
      sum[v] += t * t;
    }
  }
  std::memcpy(out, &sum, sizeof sum);
}

// A lane's place is the number of lanes before it: no branch depends on the distances, where sorting mispredicts many.
template <std::size_t bytes>
BAYESTUNER_INLINE void order_lanes(const float* distance, std::int32_t* order) {
  using V = Vectors<bytes>;
  // A distance is never negative: its bits are in its order. The last four make room for the lane, so none are equal.
  alignas(lane_alignment) std::int32_t key[lanes], place[lanes];
  std::memcpy(&key, distance, sizeof key);
  for (std::size_t l = 0; l < lanes; ++l) key[l] = (key[l] & ~15) | static_cast<std::int32_t>(l);
  typename V::integers keys[V::count], before[V::count] = {};
  std::memcpy(&keys, key, sizeof keys);
  for (const std::int32_t other : key) {
    for (std::size_t v = 0; v < V::count; ++v) V::count_where_greater(before[v], keys[v], other);
  }
  std::memcpy(&place, &before, sizeof place);
  for (std::size_t l = 0; l < lanes; ++l) order[place[l]] = static_cast<std::int32_t>(l);
}

BAYESTUNER_INLINE unsigned lanes_within(const float* distance, float worst) {
  unsigned mask = 0;
#if BAYESTUNER_X86_VECTORS
  for (std::size_t l = 0; l < lanes; l += 4) {
    const __m128 within = _mm_cmple_ps(_mm_loadu_ps(distance + l), _mm_set1_ps(worst));
    mask |= static_cast<unsigned>(_mm_movemask_ps(within)) << l;
  }
#else
  for (std::size_t l = 0; l < lanes; ++l) mask |= static_cast<unsigned>(distance[l] <= worst) << l;
#endif
  return mask;
}

unsigned rows_portable(const float* point, const float* block, std::size_t d, float worst, float* out) {
  row_distances<16>(point, block, d, out);
  return lanes_within(out, worst);
}
void boxes_portable(const float* point, const float* low, const float* high, std::size_t d, float* out,
                    std::int32_t* order) {
  box_distances<16>(point, low, high, d, out);
  order_lanes<16>(out, order);
}

#if BAYESTUNER_X86_VECTORS
// The same in wider vectors. None for AVX2: GCC 12 makes of 32-byte vectors code three times slower than that of 16.
BAYESTUNER_AVX512 unsigned rows_avx512(const float* point, const float* block, std::size_t d, float worst, float* out) {
  row_distances<64>(point, block, d, out);
  return lanes_within(out, worst);
}
BAYESTUNER_AVX512 void boxes_avx512(const float* point, const float* low, const float* high, std::size_t d, float* out,
                                    std::int32_t* order) {
  box_distances<64>(point, low, high, d, out);
  order_lanes<64>(out, order);
}
#endif

}  // namespace

LaneDistances lane_distances(bayestuner::detail::InstructionSet set) {
#if BAYESTUNER_X86_VECTORS
  if (set == bayestuner::detail::InstructionSet::avx512) return {rows_avx512, boxes_avx512};
#endif
  (void)set;
  return {rows_portable, boxes_portable};
}

}  // namespace bayestuner::selection
