#pragma once
// TOML files that people write.

#include <toml++/toml.h>

#include <filesystem>
#include <string>

namespace bayestuner::runner {

/// The text as TOML. Throws InvalidArgument with one line: `name.toml:3: …`; `file` gives the name.
toml::table parse_toml(const std::string& text, const std::filesystem::path& file);

/// Content of a file of at most 1 MiB. `what`: for messages, as `tune file`. Throws InvalidArgument.
std::string read_toml_text(const std::filesystem::path& file, const std::string& what);

}  // namespace bayestuner::runner
