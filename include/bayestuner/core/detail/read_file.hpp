#pragma once
/// Whole files, those of kernel interfaces among them.

#include <array>
#include <filesystem>
#include <fstream>
#include <istream>
#include <optional>
#include <string>

namespace bayestuner::detail {

/// What is left of `in`; nullopt where reading fails, with the reason in errno.
/// A file of /proc opens and then cannot be read once its process is gone. Stream iterators throw there, because they
/// bypass the stream's own error state; istream::read keeps to it.
inline std::optional<std::string> read_rest(std::istream& in) {
  std::string text;
  std::array<char, 4096> buffer;
  do {
    in.read(buffer.data(), buffer.size());
    text.append(buffer.data(), static_cast<std::size_t>(in.gcount()));
  } while (in);
  if (in.bad()) return std::nullopt;
  return text;
}

/// The content of `path`; nullopt where it cannot be opened or read, with the reason in errno.
inline std::optional<std::string> read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return std::nullopt;
  return read_rest(in);
}

}  // namespace bayestuner::detail
