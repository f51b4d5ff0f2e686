#include "bayestuner/knob/journal.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "bayestuner/core/error.hpp"
#include "bayestuner/knob/filesystem.hpp"

namespace bayestuner::knob {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

/// Values are bytes and JSON wants Unicode: byte b is stored as code point U+00b, which is readable for ASCII.
std::string bytes_to_utf8(const std::string& bytes) {
  std::string text;
  text.reserve(bytes.size());
  for (const char c : bytes) {
    const auto b = static_cast<unsigned char>(c);
    if (b < 0x80) {
      text += c;
    } else {
      text += static_cast<char>(0xC0 | (b >> 6));
      text += static_cast<char>(0x80 | (b & 0x3F));
    }
  }
  return text;
}

std::string utf8_to_bytes(const std::string& text) {
  std::string bytes;
  bytes.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto lead = static_cast<unsigned char>(text[i]);
    if (lead < 0x80) {
      bytes += text[i];
    } else {
      const auto next = i + 1 < text.size() ? static_cast<unsigned char>(text[i + 1]) : 0u;
      if ((lead != 0xC2 && lead != 0xC3) || next < 0x80) throw InvalidArgument("journal: a value is no byte string");
      bytes += static_cast<char>(((lead & 0x03) << 6) | (next & 0x3F));
      ++i;
    }
  }
  return bytes;
}

json optional_bytes(const std::optional<std::string>& bytes) {
  return bytes ? json(bytes_to_utf8(*bytes)) : json(nullptr);
}

std::optional<std::string> optional_bytes(const json& object, const char* key) {
  const json value = object.value(key, json(nullptr));
  if (value.is_null()) return std::nullopt;
  return utf8_to_bytes(value.get<std::string>());
}

fs::path from_environment(const char* name) {
  const char* const value = std::getenv(name);
  return value != nullptr && value[0] == '/' ? fs::path(value) : fs::path();
}

void sync_directory(const fs::path& directory) {
  const int fd = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return;
  ::fsync(fd);  // some file systems have no such call for directories; the file's own fsync is what counts
  ::close(fd);
}

}  // namespace

fs::path state_directory() {
  if (fs::path given = from_environment("BAYESTUNER_STATE_DIR"); !given.empty()) return given;
  const std::string uid = std::to_string(::geteuid());
  if (::geteuid() == 0) return fs::path("/run/bayestuner") / uid;
  if (fs::path runtime = from_environment("XDG_RUNTIME_DIR"); !runtime.empty()) return runtime / "bayestuner";
  return fs::path("/tmp") / ("bayestuner-" + uid);
}

fs::path persistent_state_directory() {
  if (fs::path given = from_environment("BAYESTUNER_STATE_DIR"); !given.empty()) return given;
  if (::geteuid() == 0) return "/var/lib/bayestuner";
  if (fs::path state = from_environment("XDG_STATE_HOME"); !state.empty()) return state / "bayestuner";
  if (fs::path home = from_environment("HOME"); !home.empty()) return home / ".local" / "state" / "bayestuner";
  return state_directory();
}

std::string boot_id() {
  static const std::string id = Filesystem("/").try_read("/proc/sys/kernel/random/boot_id").value_or("unknown");
  return id;
}

std::string JournalEntry::to_json() const {
  json object{{"v", version},
              {"boot_id", boot_id},
              {"pid", owner.pid},
              {"starttime", owner.starttime},
              {"seq", seq},
              {"adapter", adapter},
              {"resource", resource},
              {"action", action},
              {"path", bytes_to_utf8(path)},
              {"before", optional_bytes(before)},
              {"wanted", bytes_to_utf8(wanted)},
              {"written", optional_bytes(written)}};
  if (root != "/") object["root"] = bytes_to_utf8(root);
  if (inode != 0) object["inode"] = inode;
  if (group_version != 0) object["group_version"] = group_version;
  if (mode) object["mode"] = *mode;
  if (persistent) object["persistent"] = true;
  if (owned) object["owned"] = true;
  if (process.pid != 0) object["process"] = {process.pid, process.starttime};
  return object.dump();
}

JournalEntry JournalEntry::from_json(const std::string& line) {
  try {
    const json object = json::parse(line);
    JournalEntry entry;
    entry.version = object.at("v").get<int>();
    if (entry.version != 1) throw InvalidArgument("journal: version " + std::to_string(entry.version) + " is not 1");
    entry.boot_id = object.at("boot_id").get<std::string>();
    entry.owner = {.pid = object.at("pid").get<pid_t>(), .starttime = object.at("starttime").get<std::uint64_t>()};
    entry.seq = object.at("seq").get<std::uint64_t>();
    entry.adapter = object.at("adapter").get<std::string>();
    entry.resource = object.at("resource").get<std::string>();
    entry.action = object.at("action").get<std::string>();
    entry.path = utf8_to_bytes(object.at("path").get<std::string>());
    entry.before = optional_bytes(object, "before");
    entry.wanted = utf8_to_bytes(object.at("wanted").get<std::string>());
    entry.written = optional_bytes(object, "written");
    entry.root = utf8_to_bytes(object.value("root", std::string("/")));
    entry.inode = object.value("inode", std::uint64_t{0});
    entry.group_version = object.value("group_version", 0);
    if (object.contains("mode")) entry.mode = object.at("mode").get<unsigned>();
    entry.persistent = object.value("persistent", false);
    entry.owned = object.value("owned", false);
    if (object.contains("process")) {
      entry.process = {.pid = object.at("process").at(0).get<pid_t>(),
                       .starttime = object.at("process").at(1).get<std::uint64_t>()};
    }
    return entry;
  } catch (const json::exception& error) {
    throw InvalidArgument(std::string("journal: a line is no entry: ") + error.what());
  }
}

void require_private_directory(const fs::path& directory) {
  std::error_code error;
  if (directory.has_parent_path()) fs::create_directories(directory.parent_path(), error);
  if (::mkdir(directory.c_str(), 0700) != 0 && errno != EEXIST) {
    throw DeviceError(system_error_text(directory.string(), "making the directory", errno) +
                      "; set BAYESTUNER_STATE_DIR to a folder of yours");
  }
  struct stat info {};
  if (::lstat(directory.c_str(), &info) != 0) {
    throw DeviceError(system_error_text(directory.string(), "looking at the directory", errno));
  }
  if (!S_ISDIR(info.st_mode)) throw DeviceError(directory.string() + ": is not a directory (symlinks are refused)");
  if (info.st_uid != ::geteuid() || (info.st_mode & 022) != 0) {
    throw DeviceError(directory.string() + ": belongs to or can be written by others; it must be ours, mode 0700");
  }
}

int open_journal(const fs::path& path) {
  const int fd = ::open(path.c_str(), O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_APPEND);
  if (fd < 0) return -errno;
  struct stat info {};
  if (::fstat(fd, &info) != 0 || !S_ISREG(info.st_mode) || info.st_uid != ::geteuid() || (info.st_mode & 077) != 0 ||
      info.st_nlink > 1) {
    ::close(fd);
    return -EPERM;
  }
  return fd;
}

Journal::Journal(fs::path directory, const ProcessIdentity& owner, std::uint64_t number, bool lazy) {
  const std::string stem = "journal-" + std::to_string(owner.pid) + "-" + std::to_string(owner.starttime) + "-";
  path_ = directory / (stem + std::to_string(number) + ".jsonl");
  if (!lazy) require_free_path();
}

void Journal::require_free_path() const {
  require_private_directory(path_.parent_path());
  struct stat info {};
  if (::lstat(path_.c_str(), &info) == 0) {
    throw DeviceError(path_.string() + ": exists already" +
                      (S_ISLNK(info.st_mode) ? " as a symbolic link, which no journal of ours is" : ""));
  }
}

Journal::~Journal() {
  if (fd_ >= 0) ::close(fd_);
}

void Journal::append(const JournalEntry& entry) {
  if (fd_ < 0) {
    require_free_path();
    fd_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd_ < 0) throw DeviceError(system_error_text(path_.string(), "making the journal", errno));
    sync_directory(path_.parent_path());
  }
  const std::string line = entry.to_json() + "\n";
  const ssize_t put = ::write(fd_, line.data(), line.size());
  if (put != static_cast<ssize_t>(line.size())) {
    throw DeviceError(system_error_text(path_.string(), "writing the journal", put < 0 ? errno : ENOSPC));
  }
  if (::fsync(fd_) != 0) throw DeviceError(system_error_text(path_.string(), "flushing the journal", errno));
}

void Journal::discard() {
  if (fd_ < 0) return;
  ::unlink(path_.c_str());
  ::close(fd_);
  fd_ = -1;
}

JournalContent read_journal(int fd) {
  std::string text;
  std::array<char, 16384> buffer{};
  off_t offset = 0;
  for (ssize_t got = 0; (got = ::pread(fd, buffer.data(), buffer.size(), offset)) > 0; offset += got) {
    text.append(buffer.data(), static_cast<std::size_t>(got));
  }
  JournalContent content;
  for (std::size_t at = 0, end = 0; (end = text.find('\n', at)) != std::string::npos; at = end + 1) {
    const std::string line = text.substr(at, end - at);
    content.complete_bytes = end + 1;
    JournalEntry entry;
    try {
      entry = JournalEntry::from_json(line);
    } catch (const InvalidArgument&) {
      content.damaged.push_back(line);
      continue;
    }
    const auto same = std::find_if(content.entries.begin(), content.entries.end(),
                                   [&](const JournalEntry& known) { return known.seq == entry.seq; });
    if (same == content.entries.end()) {
      if (entry.action != "done") content.entries.push_back(std::move(entry));
    } else if (entry.action == "done") {
      content.entries.erase(same);
    } else {
      // The value found first is the one to go back to, whatever came later.
      entry.before = same->before;
      entry.mode = same->mode;
      entry.earlier = std::move(same->earlier);
      entry.earlier.push_back(same->wanted);
      if (same->written) entry.earlier.push_back(*same->written);
      *same = std::move(entry);
    }
  }
  return content;
}

}  // namespace bayestuner::knob
