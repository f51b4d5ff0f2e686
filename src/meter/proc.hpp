#pragma once
// Small readings from /proc and cgroup folders.

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace bayestuner::meter {

std::optional<std::string> read_text(const std::filesystem::path& path);
// A file that holds one number >= 0.
std::optional<double> read_number(const std::filesystem::path& path);
// The number behind `key` in a file of `key number` lines.
std::optional<double> read_keyed(const std::filesystem::path& path, const std::string& key);
// `root` and all its living descendants.
std::vector<pid_t> process_tree(pid_t root);

}  // namespace bayestuner::meter
