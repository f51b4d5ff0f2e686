#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "bayestuner/core/error.hpp"
#include "bayestuner/knob/filesystem.hpp"

namespace bayestuner::knob {

enum class RestoreOutcome {
  restored,      ///< the value found before is in force again, or our group is gone
  unchanged,     ///< it was in force already
  left_foreign,  ///< somebody else has changed it since: left alone
  dropped,       ///< written before the last boot: the machine forgot it
  owner_alive,   ///< the tuner that wrote it still runs: left alone
  failed         ///< could not be put back; the journal keeps it
};

std::string to_text(RestoreOutcome outcome);

struct RestoreItem {
  std::filesystem::path journal;
  std::string resource;  ///< path or group
  RestoreOutcome outcome = RestoreOutcome::restored;
  std::string message;  ///< one line, empty where the outcome says it all
};

/// What a restore did, in the order it did it. It continues past failures.
struct RestoreReport {
  std::vector<RestoreItem> items;

  /// Nothing failed.
  bool complete() const;
  std::size_t count(RestoreOutcome outcome) const;
  /// One line an item.
  std::string to_text() const;
  void append(RestoreReport other);
};

/// The machine could not be given back as it was found; the journal keeps what is left (Python: OSError).
class BAYESTUNER_EXPORT RestoreError : public DeviceError {
 public:
  using DeviceError::DeviceError;
};

/// Puts back what dead tuners left behind, from every journal in `state_dir` (empty: both default directories, see
/// journal.hpp). Journals of live tuners are left alone. `filesystem`: empty means the tree named in each journal.
/// Never throws for a bad journal: it becomes a failed item.
RestoreReport restore_all(const std::filesystem::path& state_dir = {},
                          std::shared_ptr<const Filesystem> filesystem = nullptr);

}  // namespace bayestuner::knob
