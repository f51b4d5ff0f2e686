#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bayestuner::knob {

/// Kernel files below a root: `/` is the machine, anything else a copied tree for tests.
/// Paths are absolute as the kernel shows them (`/sys/…`) whatever the root. Writing opens O_WRONLY without O_CREAT,
/// follows no symlink, and is one write(2). Errors are DeviceError with path, bytes and errno's name.
/// Tests derive from it and override the functions that return an errno.
class Filesystem {
 public:
  explicit Filesystem(std::filesystem::path root = "/");
  virtual ~Filesystem() = default;
  Filesystem(const Filesystem&) = delete;
  Filesystem& operator=(const Filesystem&) = delete;

  const std::filesystem::path& root() const { return root_; }
  /// Whether this is the machine itself.
  bool is_real() const { return root_ == "/"; }

  /// Content without trailing newline. Throws DeviceError.
  std::string read(const std::string& path) const;
  /// The same, nullopt where it cannot be read.
  std::optional<std::string> try_read(const std::string& path) const;
  void write(const std::string& path, std::string_view bytes) const;
  void make_directory(const std::string& path) const;
  bool exists(const std::string& path) const;
  bool is_writable(const std::string& path) const;
  /// Names in a directory, sorted; empty where it cannot be read.
  std::vector<std::string> list(const std::string& path) const;
  /// Inode and device of a directory or file; nullopt where there is none.
  std::optional<std::uint64_t> inode(const std::string& path) const;

  /// 0 or errno.
  virtual int read_bytes(const std::string& path, std::string& bytes) const;
  virtual int write_bytes(const std::string& path, std::string_view bytes) const;
  virtual int make_dir(const std::string& path) const;
  virtual int remove_dir(const std::string& path) const;

  /// Where `path` lies on disk.
  std::filesystem::path on_disk(const std::string& path) const;

 private:
  std::filesystem::path root_;
};

/// The machine.
std::shared_ptr<const Filesystem> real_filesystem();

/// `EBUSY` for 16, `errno 9999` where the name is unknown.
std::string errno_name(int error);
/// `/sys/…/x: writing "5": permission denied (EACCES)`; `bytes` empty: reading.
std::string system_error_text(const std::string& path, const std::string& what, int error);

}  // namespace bayestuner::knob
