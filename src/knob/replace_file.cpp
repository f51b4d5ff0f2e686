#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>
#include <vector>

#include "bayestuner/core/error.hpp"
#include "undo.hpp"

namespace bayestuner::knob {
namespace {

namespace fs = std::filesystem;

/// Names our temporaries, so that those of a killed writer can be told from anybody else's files.
std::string temporary_prefix(const fs::path& path) {
  return "." + path.filename().string() + ".bayestuner-";
}

/// The temporary file: gone unless it was renamed into place.
struct Temporary {
  std::string path;
  int fd = -1;
  ~Temporary() {
    if (fd >= 0) ::close(fd);
    if (!path.empty()) ::unlink(path.c_str());
  }
};

}  // namespace

std::optional<FileContent> read_regular_file(const fs::path& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) {
    if (errno == ENOENT) return std::nullopt;
    throw DeviceError(system_error_text(path.string(), "reading", errno));
  }
  struct stat info {};
  const bool regular = ::fstat(fd, &info) == 0 && S_ISREG(info.st_mode);
  FileContent content{.bytes = {}, .mode = static_cast<unsigned>(info.st_mode & 07777)};
  ssize_t got = 0;
  std::array<char, 16384> buffer{};
  while (regular && (got = ::read(fd, buffer.data(), buffer.size())) > 0) {
    content.bytes.append(buffer.data(), static_cast<std::size_t>(got));
  }
  const int error = errno;
  ::close(fd);
  if (!regular) throw DeviceError(path.string() + ": is not a regular file");
  if (got < 0) throw DeviceError(system_error_text(path.string(), "reading", error));
  return content;
}

void remove_temporaries(const fs::path& path) noexcept {
  const std::string prefix = temporary_prefix(path);
  std::error_code error;
  std::vector<fs::path> stale;
  for (fs::directory_iterator it(path.parent_path(), error), end; !error && it != end; it.increment(error)) {
    const std::string name = it->path().filename().string();
    if (name.starts_with(prefix) && name.size() == prefix.size() + 6) stale.push_back(it->path());
  }
  for (const fs::path& file : stale) ::unlink(file.c_str());
}

void replace_file(const fs::path& path, const std::string& bytes, unsigned mode) {
  struct stat info {};
  const bool exists = ::lstat(path.c_str(), &info) == 0;
  if (exists && !S_ISREG(info.st_mode))
    throw DeviceError(path.string() + ": is not a regular file (symlinks are refused)");
  // Hidden and next to the target: a rename within the folder is atomic, and globs such as *.conf do not see it.
  Temporary temporary{.path = (path.parent_path() / (temporary_prefix(path) + "XXXXXX")).string()};
  temporary.fd = ::mkostemp(temporary.path.data(), O_CLOEXEC);
  if (temporary.fd < 0) {
    const int error = errno;
    temporary.path.clear();
    throw DeviceError(system_error_text(path.string(), "making a temporary file beside it", error));
  }
  const auto require = [&](bool done, const char* what) {
    if (!done) throw DeviceError(system_error_text(path.string(), what, errno));
  };
  std::size_t at = 0;
  while (at < bytes.size()) {
    const ssize_t put = ::write(temporary.fd, bytes.data() + at, bytes.size() - at);
    require(put > 0 || errno == EINTR, "writing the new content");
    if (put > 0) at += static_cast<std::size_t>(put);
  }
  require(::fchmod(temporary.fd, mode) == 0, "setting the mode");
  // Only root may give a file away; for others the owner is theirs already.
  if (exists && ::geteuid() == 0) require(::fchown(temporary.fd, info.st_uid, info.st_gid) == 0, "setting the owner");
  require(::fsync(temporary.fd) == 0, "flushing the new content");
  require(::rename(temporary.path.c_str(), path.c_str()) == 0, "putting the new content in place");
  temporary.path.clear();
  const int directory = ::open(path.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory >= 0) {
    ::fsync(directory);
    ::close(directory);
  }
}

}  // namespace bayestuner::knob
