#pragma once
// The sections of a tune file, one function each.

#include <filesystem>

#include "bayestuner/runner/tune_spec.hpp"
#include "runner/toml_table.hpp"

namespace bayestuner::runner {

void read_parameter(const TomlTable& table, TuneSpec& spec, const std::filesystem::path& folder);
void read_workload(const TomlTable& table, TuneSpec& spec, const std::filesystem::path& folder);
void read_load(const TomlTable& table, TuneSpec& spec, const std::filesystem::path& folder);
void read_measure(const TomlTable& table, TuneSpec& spec, const std::filesystem::path& folder);

/// Keys of the sections.
std::vector<std::string> parameter_keys();
std::vector<std::string> workload_keys();
std::vector<std::string> load_keys();
std::vector<std::string> measure_keys();

}  // namespace bayestuner::runner
