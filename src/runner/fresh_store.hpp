#pragma once

#include <filesystem>
#include <vector>

namespace bayestuner::runner {

/// Knows whether a store was there before a run, so that a run that learnt nothing leaves nothing.
class FreshStore {
 public:
  /// Look before the store is opened. An empty path is a store in memory: nothing to remove.
  explicit FreshStore(std::filesystem::path store);

  /// Removes the store and the folders made for it, if neither was there before.
  void remove() const noexcept;

 private:
  std::filesystem::path store_;
  bool fresh_ = false;
  std::vector<std::filesystem::path> folders_;  // missing before, innermost first
};

}  // namespace bayestuner::runner
