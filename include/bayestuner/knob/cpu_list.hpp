#pragma once
/// CPU lists as the kernel writes them (`0-3,8`), and the order in which CPUs are handed out.

#include <cstddef>
#include <set>
#include <string>
#include <vector>

#include "bayestuner/knob/filesystem.hpp"

namespace bayestuner::knob {

/// `0-3,8` to {0,1,2,3,8}; spaces and newlines around are fine, empty text is the empty set.
/// Throws InvalidArgument for anything else.
std::set<int> parse_cpu_list(const std::string& text);

/// {0,1,2,3,8} to `0-3,8`.
std::string format_cpu_list(const std::set<int>& cpus);

/// CPUs this process may use: online, and in its affinity mask (which respects its cpuset). In a copied tree only what
/// the tree says is online.
std::set<int> usable_cpus(const Filesystem& filesystem);

/// `cpus` in the order in which a growing count should take them: one hardware thread of every physical core first
/// (packages one after the other), then the siblings.
/// Cores are told apart by /sys/devices/system/cpu/cpuN/topology; without it every CPU counts as a core.
std::vector<int> core_order(const Filesystem& filesystem, const std::set<int>& cpus);

/// The first `count` of core_order() as a set. Throws InvalidArgument if there are fewer.
std::set<int> first_cores(const std::vector<int>& order, std::size_t count);

}  // namespace bayestuner::knob
