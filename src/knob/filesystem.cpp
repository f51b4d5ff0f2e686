#include "bayestuner/knob/filesystem.hpp"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "bayestuner/core/error.hpp"

namespace bayestuner::knob {
namespace {

namespace fs = std::filesystem;

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }
  void reset(int fd) {
    if (fd_ >= 0) ::close(fd_);
    fd_ = fd;
  }

 private:
  int fd_;
};

/// Opens `relative` under `base` for writing, no symlink in any part of it. Descriptor or -errno.
int open_beneath(int base, const std::string& relative) {
  constexpr int kFlags = O_WRONLY | O_CLOEXEC | O_NOFOLLOW;
  open_how how{};
  how.flags = kFlags;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  const long fd = ::syscall(SYS_openat2, base, relative.c_str(), &how, sizeof how);
  if (fd >= 0) return static_cast<int>(fd);
  // Before Linux 5.6 there is no such call, and old container filters answer EPERM for what they do not know.
  if (errno != ENOSYS && errno != EPERM) return -errno;
  Descriptor directory(::fcntl(base, F_DUPFD_CLOEXEC, 0));
  std::string name;
  for (const fs::path& part : fs::path(relative)) {
    if (part == "..") return -EXDEV;
    if (!name.empty()) {
      const int next = ::openat(directory.get(), name.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
      if (next < 0) return -errno;
      directory.reset(next);
    }
    name = part.string();
  }
  const int opened = ::openat(directory.get(), name.c_str(), kFlags);
  return opened < 0 ? -errno : opened;
}

/// On the machine only files that the kernel makes up may be written: nobody can plant one of those.
bool is_kernel_filesystem(int fd) {
  struct statfs info {};
  if (::fstatfs(fd, &info) != 0) return false;
  constexpr std::array<unsigned long, 4> kMagic{0x62656572 /* sysfs */, 0x9fa0 /* procfs */, 0x27e0eb /* cgroup */,
                                                0x63677270 /* cgroup2 */};
  return std::find(kMagic.begin(), kMagic.end(), static_cast<unsigned long>(info.f_type)) != kMagic.end();
}

}  // namespace

Filesystem::Filesystem(fs::path root) : root_(root.lexically_normal()) {
  if (!root_.is_absolute()) throw InvalidArgument("Filesystem: root \"" + root_.string() + "\" is not absolute");
}

fs::path Filesystem::on_disk(const std::string& path) const {
  if (path.empty() || path.front() != '/') throw InvalidArgument("Filesystem: \"" + path + "\" is not absolute");
  return is_real() ? fs::path(path) : root_ / path.substr(1);
}

int Filesystem::read_bytes(const std::string& path, std::string& bytes) const {
  bytes.clear();
  const Descriptor file(::open(on_disk(path).c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) return errno;
  std::array<char, 4096> buffer{};
  while (true) {
    const ssize_t got = ::read(file.get(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return errno;
    if (got == 0) return 0;
    bytes.append(buffer.data(), static_cast<std::size_t>(got));
  }
}

int Filesystem::write_bytes(const std::string& path, std::string_view bytes) const {
  const Descriptor base(::open(root_.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (base.get() < 0) return errno;
  const std::string relative = path.substr(std::min(path.size(), path.find_first_not_of('/')));
  if (relative.empty()) return EISDIR;
  const int fd = open_beneath(base.get(), relative);
  if (fd < 0) return -fd;
  const Descriptor file(fd);
  if (is_real() && !is_kernel_filesystem(fd)) return EXDEV;
  ssize_t put = 0;
  do {
    put = ::write(fd, bytes.data(), bytes.size());
  } while (put < 0 && errno == EINTR);
  if (put < 0) return errno;
  if (static_cast<std::size_t>(put) != bytes.size()) return EIO;
  // A copied tree has regular files, and they keep the tail of a longer value.
  if (!is_real() && ::ftruncate(fd, put) != 0) return errno;
  return 0;
}

int Filesystem::make_dir(const std::string& path) const {
  return ::mkdir(on_disk(path).c_str(), 0755) == 0 ? 0 : errno;
}

int Filesystem::remove_dir(const std::string& path) const {
  return ::rmdir(on_disk(path).c_str()) == 0 ? 0 : errno;
}

std::string Filesystem::read(const std::string& path) const {
  std::string bytes;
  if (const int error = read_bytes(path, bytes)) throw DeviceError(system_error_text(path, "reading", error));
  while (!bytes.empty() && (bytes.back() == '\n' || bytes.back() == '\0')) bytes.pop_back();
  return bytes;
}

std::optional<std::string> Filesystem::try_read(const std::string& path) const {
  std::string bytes;
  if (read_bytes(path, bytes) != 0) return std::nullopt;
  while (!bytes.empty() && (bytes.back() == '\n' || bytes.back() == '\0')) bytes.pop_back();
  return bytes;
}

void Filesystem::write(const std::string& path, std::string_view bytes) const {
  if (const int error = write_bytes(path, bytes)) {
    throw DeviceError(system_error_text(path, "writing \"" + std::string(bytes) + "\"", error));
  }
}

void Filesystem::make_directory(const std::string& path) const {
  if (const int error = make_dir(path)) throw DeviceError(system_error_text(path, "making the directory", error));
}

bool Filesystem::exists(const std::string& path) const {
  return ::access(on_disk(path).c_str(), F_OK) == 0;
}

bool Filesystem::is_writable(const std::string& path) const {
  return ::faccessat(AT_FDCWD, on_disk(path).c_str(), W_OK, AT_EACCESS) == 0;
}

std::vector<std::string> Filesystem::list(const std::string& path) const {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator it(on_disk(path), error), end; !error && it != end; it.increment(error)) {
    names.push_back(it->path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::optional<std::uint64_t> Filesystem::inode(const std::string& path) const {
  struct stat info {};
  if (::lstat(on_disk(path).c_str(), &info) != 0) return std::nullopt;
  return static_cast<std::uint64_t>(info.st_ino);
}

std::shared_ptr<const Filesystem> real_filesystem() {
  return std::make_shared<const Filesystem>("/");
}

std::string errno_name(int error) {
  const char* const name = ::strerrorname_np(error);
  return name != nullptr ? name : "errno " + std::to_string(error);
}

std::string system_error_text(const std::string& path, const std::string& what, int error) {
  std::string reason = ::strerrordesc_np(error) != nullptr ? ::strerrordesc_np(error) : "unknown error";
  if (error == EXDEV) reason = "not a kernel file, or outside the root";
  if (error == ELOOP) reason = "a symbolic link is in the way";
  std::string text = path + ": " + what + ": " + reason + " (" + errno_name(error) + ")";
  if ((error == EACCES || error == EPERM) && ::geteuid() != 0) text += "; it may need root";
  return text;
}

}  // namespace bayestuner::knob
