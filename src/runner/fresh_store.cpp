#include "runner/fresh_store.hpp"

#include <string>
#include <system_error>
#include <utility>

namespace bayestuner::runner {

namespace fs = std::filesystem;

FreshStore::FreshStore(fs::path store) : store_(std::move(store)) {
  std::error_code error;
  if (store_.empty() || fs::exists(fs::symlink_status(store_, error))) return;
  fresh_ = true;
  for (fs::path folder = fs::absolute(store_, error).parent_path(); !error && !fs::exists(folder, error);
       folder = folder.parent_path()) {
    folders_.push_back(folder);
    if (folder == folder.parent_path()) break;
  }
}

void FreshStore::remove() const noexcept {
  if (!fresh_) return;
  std::error_code ignored;
  for (const char* const suffix : {"", "-wal", "-shm", "-journal"}) {
    fs::path file = store_;
    file += suffix;
    fs::remove(file, ignored);
  }
  for (const fs::path& folder : folders_) fs::remove(folder, ignored);  // fails where somebody put something in it
}

}  // namespace bayestuner::runner
