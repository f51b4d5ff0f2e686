#include <unistd.h>

#include <cerrno>
#include <map>
#include <nlohmann/json.hpp>
#include <system_error>

#include "bayestuner/core/clock.hpp"
#include "bayestuner/study/store.hpp"
#include "study/json.hpp"
#include "study/process.hpp"
#include "study/sqlite.hpp"

namespace bayestuner::study {

namespace {

constexpr int application_id = 0x62617965;  // "baye"
constexpr int schema_version = 1;
constexpr int busy_timeout_ms = 30'000;

struct Close {
  void operator()(sqlite3* db) const { sqlite3_close_v2(db); }
};

class Database {
 public:
  // `write`: create the file and its tables where missing.
  Database(std::filesystem::path path, bool write) : path_(std::move(path)) {
    if (!write && !std::filesystem::exists(path_)) throw StoreError(path_.string() + ": no such file");
    if (std::filesystem::is_directory(path_)) throw StoreError(path_.string() + ": is a folder");
    require_access();
    // A file that is damaged or foreign must stay as it is, so it is looked at read-only first.
    if (std::filesystem::exists(path_)) inspect();
    if (!write && is_empty_) return;
    open(write ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READWRITE, path_.string());
    // Write-ahead log: readers never wait for the writer. FULL: a commit survives power loss, not only a kill.
    execute("PRAGMA journal_mode=WAL");
    execute("PRAGMA synchronous=FULL");
    execute("PRAGMA foreign_keys=ON");
    if (write) create();
  }

  // A file without any table: made a moment before its process was killed.
  bool is_empty() const { return is_empty_; }
  sqlite3* raw() const { return db_.get(); }
  const std::filesystem::path& path() const { return path_; }
  Statement prepare(const char* sql) const { return {raw(), path_.string(), sql}; }
  void execute(const char* sql) const {
    if (sqlite3_exec(raw(), sql, nullptr, nullptr, nullptr) != SQLITE_OK) fail();
  }

 private:
  // SQLite says "unable to open" or "not a database" for all of these.
  void require_access() const {
    const auto refuse = [&](const std::filesystem::path& path, const char* what) {
      const std::string reason = std::error_code(errno, std::generic_category()).message();
      throw StoreError(path.string() + ": " + what + ": " + reason);
    };
    const std::filesystem::path folder = path_.has_parent_path() ? path_.parent_path() : ".";
    if (::access(folder.c_str(), W_OK | X_OK) != 0) {
      refuse(folder, "the folder of a study must be there and be writable");
    }
    if (::access(path_.c_str(), F_OK) != 0) return;
    if (::access(path_.c_str(), R_OK | W_OK) != 0) refuse(path_, "cannot be read and written");
    if (!std::filesystem::is_regular_file(path_)) throw StoreError(path_.string() + ": is not a regular file");
  }

  [[noreturn]] void fail() const { throw StoreError(path_.string() + ": " + sqlite3_errmsg(raw())); }

  void open(int flags, const std::string& name) {
    sqlite3* db = nullptr;
    const int code = sqlite3_open_v2(name.c_str(), &db, flags | SQLITE_OPEN_NOMUTEX, nullptr);
    db_.reset(db);
    if (code != SQLITE_OK) fail();
    sqlite3_busy_timeout(db, busy_timeout_ms);
  }

  std::int64_t pragma(const char* sql) const {
    Statement s = prepare(sql);
    return s.step() ? s.integer(0) : 0;
  }

  bool has_log() const {
    std::error_code error;
    const auto size = std::filesystem::file_size(path_.string() + "-wal", error);
    return !error && size > 0;
  }

  // The path as a URI that makes SQLite look without any lock or file beside it.
  std::string untouched() const {
    constexpr const char* digits = "0123456789ABCDEF";
    std::string uri = "file:";
    for (const char c : std::filesystem::absolute(path_).string()) {
      const auto byte = static_cast<unsigned char>(c);
      if (c == '%' || c == '?' || c == '#' || byte < ' ' || byte > '~') {
        uri += {'%', digits[byte >> 4], digits[byte & 15]};
      } else {
        uri += c;
      }
    }
    return uri + "?immutable=1";
  }

  void inspect() {
    if (std::filesystem::file_size(path_) == 0) {
      is_empty_ = true;
      return;
    }
    // A store that nobody has open is whole in its one file and can be read without leaving a trace.
    if (!has_log()) {
      try {
        open(SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, untouched());
        return inspect_open();
      } catch (const StoreError&) {
        if (!has_log()) throw;  // else somebody opened it meanwhile: look again, with locks
      }
    }
    open(SQLITE_OPEN_READONLY, path_.string());
    inspect_open();
  }

  void inspect_open() {
    const auto foreign = [&](const std::string& why) { return StoreError(path_.string() + ": " + why); };
    std::int64_t application = 0, version = 0, tables = 0;
    try {
      application = pragma("PRAGMA application_id");
      version = pragma("PRAGMA user_version");
      tables = pragma("SELECT count(*) FROM sqlite_master");
    } catch (const StoreError&) {
      throw foreign("is not a study file, or is damaged");
    }
    if (application == 0 && version == 0 && tables == 0) {
      is_empty_ = true;
      db_.reset();
      return;
    }
    if (application != application_id) throw foreign("is an SQLite file, but not a study file");
    if (version != schema_version) {
      throw foreign("has format " + std::to_string(version) + ", this program reads " + std::to_string(schema_version));
    }
    try {
      Statement check = prepare("PRAGMA quick_check(1)");
      if (!check.step() || check.text(0) != "ok") throw foreign("is damaged: " + check.text(0));
    } catch (const StoreError&) {
      throw foreign("is damaged or truncated");
    }
    db_.reset();
  }

  void create() const {
    execute("BEGIN IMMEDIATE");
    if (pragma("PRAGMA user_version") == 0) {
      execute(("PRAGMA application_id=" + std::to_string(application_id)).c_str());
      execute(("PRAGMA user_version=" + std::to_string(schema_version)).c_str());
      execute(R"(CREATE TABLE studies(id INTEGER PRIMARY KEY, name TEXT UNIQUE NOT NULL, space TEXT NOT NULL,
                   problem TEXT NOT NULL, seed INTEGER NOT NULL, created_s REAL NOT NULL);
                 CREATE TABLE trials(study INTEGER NOT NULL REFERENCES studies, number INTEGER NOT NULL,
                   revision INTEGER NOT NULL, state TEXT NOT NULL, owner TEXT NOT NULL, told INTEGER NOT NULL,
                   record TEXT NOT NULL, PRIMARY KEY(study, number)) WITHOUT ROWID;
                 CREATE INDEX changed ON trials(study, revision);)");
    }
    execute("COMMIT");
  }

  std::filesystem::path path_;
  std::unique_ptr<sqlite3, Close> db_;
  bool is_empty_ = false;
};

Trial trial_from_json(const std::string& text) {
  const auto json = nlohmann::ordered_json::parse(text);
  Trial t;
  t.number = json.at("number").get<std::int64_t>();
  t.state = trial_state_from_string(json.at("state").get<std::string>());
  t.reason = failure_reason_from_string(json.at("reason").get<std::string>());
  t.message = json.at("message").get<std::string>();
  t.params = params_from_json(json.at("params"));
  t.metrics = metrics_from_json(nlohmann::json(json.at("metrics")));
  t.started_s = json.at("started_s").get<double>();
  t.finished_s = json.at("finished_s").get<double>();
  t.told = json.at("told").get<std::int64_t>();
  t.is_baseline = json.at("is_baseline").get<bool>();
  t.is_verification = json.at("is_verification").get<bool>();
  for (const auto& [key, value] : json.at("user_attrs").items()) t.user_attrs[key] = value.get<std::string>();
  return t;
}

class SqliteStore final : public Store {
 public:
  SqliteStore(const std::filesystem::path& path, std::string name)
      : database_(path, true), name_(std::move(name)), owner_(this_process()) {
    find_study();
  }

  std::optional<StudyRecord> record() override {
    find_study();
    if (study_ < 0) return std::nullopt;
    Statement s = database_.prepare("SELECT space, problem, seed FROM studies WHERE id=?");
    s.bind(1, study_);
    if (!s.step()) return std::nullopt;
    return StudyRecord{s.text(0), s.text(1), static_cast<std::uint64_t>(s.integer(2))};
  }

  void set_record(const StudyRecord& record) override {
    Statement s = database_.prepare(
        "INSERT INTO studies(name, space, problem, seed, created_s) VALUES(?,?,?,?,?)"
        " ON CONFLICT(name) DO UPDATE SET problem=excluded.problem");
    s.bind(1, name_).bind(2, record.space).bind(3, record.problem).bind(4, static_cast<std::int64_t>(record.seed));
    s.bind(5, wall_clock_s()).step();
    find_study();
  }

  void transaction(const std::function<void()>& work) override {
    if (depth_ > 0) return work();
    database_.execute("BEGIN IMMEDIATE");
    ++depth_;
    try {
      work();
      database_.execute("COMMIT");
      --depth_;
    } catch (...) {
      --depth_;
      seen_ = 0;  // revisions of this transaction may be given again
      if (!sqlite3_get_autocommit(database_.raw())) {
        sqlite3_exec(database_.raw(), "ROLLBACK", nullptr, nullptr, nullptr);
      }
      throw;
    }
  }

  void put(const Trial& trial) override {
    transaction([&] {
      Statement s = database_.prepare(
          "INSERT OR REPLACE INTO trials(study, number, revision, state, owner, told, record) VALUES(?1, ?2,"
          " (SELECT COALESCE(MAX(revision), 0) + 1 FROM trials WHERE study=?1), ?3, ?4, ?5, ?6)");
      s.bind(1, study_).bind(2, trial.number).bind(3, std::string(to_string(trial.state))).bind(4, owner_);
      s.bind(5, trial.told)
          .bind(6, trial_to_json(trial).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
      s.step();
    });
  }

  std::vector<Trial> changes() override {
    Statement s =
        database_.prepare("SELECT revision, record FROM trials WHERE study=? AND revision>? ORDER BY revision");
    s.bind(1, study_).bind(2, seen_);
    std::vector<Trial> found;
    while (s.step()) {
      found.push_back(trial_from_json(s.text(1)));
      seen_ = s.integer(0);
    }
    return found;
  }

  bool release_lost() override {
    bool any = false;
    transaction([&] {
      Statement running = database_.prepare("SELECT owner, record FROM trials WHERE study=? AND state='running'");
      running.bind(1, study_);
      std::vector<Trial> lost;
      while (running.step()) {
        if (running.text(0) != owner_ && !is_alive(running.text(0))) lost.push_back(trial_from_json(running.text(1)));
      }
      if (lost.empty()) return;
      any = true;
      // A lost trial goes back to the queue: its configuration was chosen and nothing is known against it.
      for (Trial& trial : lost) {
        trial.state = TrialState::waiting;
        put(trial);
      }
    });
    return any;
  }

 private:
  void find_study() {
    Statement s = database_.prepare("SELECT id FROM studies WHERE name=?");
    s.bind(1, name_);
    study_ = s.step() ? s.integer(0) : -1;
  }

  Database database_;
  std::string name_;
  std::string owner_;
  std::int64_t study_ = -1;
  std::int64_t seen_ = 0;
  int depth_ = 0;
};

}  // namespace

std::unique_ptr<Store> open_sqlite_store(const std::filesystem::path& path, const std::string& name) {
  return std::make_unique<SqliteStore>(path, name);
}

std::vector<std::string> list_studies(const std::filesystem::path& path) {
  const Database database(path, false);
  if (database.is_empty()) return {};
  Statement s = database.prepare("SELECT name FROM studies ORDER BY id");
  std::vector<std::string> names;
  while (s.step()) names.push_back(s.text(0));
  return names;
}

}  // namespace bayestuner::study
