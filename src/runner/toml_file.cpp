#include "runner/toml_file.hpp"

#include <cerrno>
#include <fstream>
#include <system_error>

#include "bayestuner/core/error.hpp"
#include "bayestuner/core/text.hpp"

namespace bayestuner::runner {

toml::table parse_toml(const std::string& text, const std::filesystem::path& file) {
  try {
    return toml::parse(text, file.string());
  } catch (const toml::parse_error& error) {
    throw InvalidArgument(file.filename().string() + ":" + to_text(error.source().begin.line) + ": " +
                          std::string(error.description()));
  }
}

std::string read_toml_text(const std::filesystem::path& file, const std::string& what) {
  constexpr std::size_t most = 1 << 20;  // a person wrote it; also ends the reading of /dev/zero
  std::error_code error;
  if (std::filesystem::is_directory(file, error)) throw InvalidArgument(file.string() + ": is a folder, not a " + what);
  errno = 0;
  std::ifstream in(file, std::ios::binary);
  if (!in) {
    throw InvalidArgument(file.string() +
                          ": cannot be read: " + std::error_code(errno, std::generic_category()).message());
  }
  std::string text(most + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(in.gcount()));
  if (text.size() > most) throw InvalidArgument(file.string() + ": is larger than 1 MiB, hence no " + what);
  return text;
}

}  // namespace bayestuner::runner
