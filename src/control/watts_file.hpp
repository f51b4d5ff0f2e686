#pragma once

#include <filesystem>
#include <optional>

namespace bayestuner::control {

/// The number of watts above 0 that is the file's first word; nullopt where there is none.
std::optional<double> read_watts(const std::filesystem::path& file);

}  // namespace bayestuner::control
