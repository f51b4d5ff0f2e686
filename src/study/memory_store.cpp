#include <map>

#include "bayestuner/study/store.hpp"

namespace bayestuner::study {

namespace {

// The study's own log is the memory: nothing else writes, so there is never news.
class MemoryStore final : public Store {
 public:
  std::optional<StudyRecord> record() override { return record_; }
  void set_record(const StudyRecord& record) override { record_ = record; }
  void transaction(const std::function<void()>& work) override { work(); }
  void put(const Trial&) override {}
  std::vector<Trial> changes() override { return {}; }
  bool release_lost() override { return false; }

 private:
  std::optional<StudyRecord> record_;
};

}  // namespace

std::unique_ptr<Store> make_memory_store() {
  return std::make_unique<MemoryStore>();
}

}  // namespace bayestuner::study
