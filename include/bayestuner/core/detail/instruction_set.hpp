#pragma once
/// Which vector instructions this machine has, found at run time: a portable build still uses them in its hot loops.

#if defined(__GNUC__)
#define BAYESTUNER_INLINE inline __attribute__((always_inline))
#else
#define BAYESTUNER_INLINE inline
#endif

#if defined(__GNUC__) && defined(__x86_64__)
#define BAYESTUNER_X86_VECTORS 1
#define BAYESTUNER_AVX2 __attribute__((target("avx2,fma")))
#define BAYESTUNER_AVX512 __attribute__((target("avx512f,avx2,fma")))
#else
#define BAYESTUNER_X86_VECTORS 0
#endif

namespace bayestuner::detail {

enum class InstructionSet { portable, avx2, avx512 };

inline InstructionSet instruction_set() {
#if BAYESTUNER_X86_VECTORS
  static const InstructionSet found = [] {
    const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    if (avx2 && __builtin_cpu_supports("avx512f")) return InstructionSet::avx512;
    return avx2 ? InstructionSet::avx2 : InstructionSet::portable;
  }();
  return found;
#else
  return InstructionSet::portable;
#endif
}

}  // namespace bayestuner::detail
