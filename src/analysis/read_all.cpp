#include "analysis/read_all.hpp"

#include <zlib.h>

#include <cerrno>
#include <memory>
#include <system_error>

#include "bayestuner/core/error.hpp"

namespace bayestuner::analysis {

// gzread passes plain files through unchanged.
std::string read_all(const std::filesystem::path& path) {
  errno = 0;
  const std::unique_ptr<gzFile_s, int (*)(gzFile)> file(gzopen(path.c_str(), "rb"), gzclose);
  if (!file) throw DeviceError(path.string() + ": " + std::error_code(errno, std::generic_category()).message());
  std::string text;
  char buffer[1 << 16];
  for (;;) {
    const int n = gzread(file.get(), buffer, sizeof buffer);
    if (n < 0) throw InvalidArgument(path.string() + ": is a damaged gzip file");
    if (n == 0) break;
    text.append(buffer, static_cast<std::size_t>(n));
  }
  int code = Z_OK;
  gzerror(file.get(), &code);
  if (code != Z_OK) throw InvalidArgument(path.string() + ": is a truncated gzip file");
  return text;
}

}  // namespace bayestuner::analysis
