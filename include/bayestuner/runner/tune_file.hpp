#pragma once

#include <filesystem>
#include <string>

#include "bayestuner/runner/tune_spec.hpp"

namespace bayestuner::runner {

/// Reads a tune file (TOML; docs/tune_file.md lists its keys). Relative paths are relative to the file; `"cpus"` is the
/// number of CPUs this process may use. A knob with `optional = true` that cannot be set here leaves its parameter at
/// its default, with a note. Throws InvalidArgument with one line: `tune.toml:12: …`.
TuneSpec read_tune_file(const std::filesystem::path& file);

/// The same from a text; `file` gives messages their name and paths their folder.
TuneSpec parse_tune_text(const std::string& text, const std::filesystem::path& file);

}  // namespace bayestuner::runner
