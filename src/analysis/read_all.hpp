#pragma once

#include <filesystem>
#include <string>

namespace bayestuner::analysis {

// The content of a file, gzip-compressed or not. Throws DeviceError, InvalidArgument for a damaged archive.
std::string read_all(const std::filesystem::path& path);

}  // namespace bayestuner::analysis
