#pragma once
// The least of SQLite: a connection, a statement, errors in one line.

#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <string>

#include "bayestuner/core/error.hpp"

namespace bayestuner::study {

class Statement {
 public:
  Statement(sqlite3* db, const std::string& path, const char* sql) : db_(db), path_(path) {
    if (sqlite3_prepare_v2(db, sql, -1, &raw_, nullptr) != SQLITE_OK) fail();
  }
  ~Statement() { sqlite3_finalize(raw_); }
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  Statement& bind(int at, std::int64_t v) { return check(sqlite3_bind_int64(raw_, at, v)); }
  Statement& bind(int at, int v) { return bind(at, static_cast<std::int64_t>(v)); }
  Statement& bind(int at, double v) { return check(sqlite3_bind_double(raw_, at, v)); }
  Statement& bind(int at, const std::string& v) {
    return check(sqlite3_bind_text(raw_, at, v.data(), static_cast<int>(v.size()), SQLITE_TRANSIENT));
  }
  // True while there is a row.
  bool step() {
    const int code = sqlite3_step(raw_);
    if (code == SQLITE_ROW) return true;
    if (code == SQLITE_DONE) return false;
    fail();
  }
  std::int64_t integer(int column) const { return sqlite3_column_int64(raw_, column); }
  double real(int column) const { return sqlite3_column_double(raw_, column); }
  std::string text(int column) const {
    const auto* raw = reinterpret_cast<const char*>(sqlite3_column_text(raw_, column));
    return raw ? std::string(raw, static_cast<std::size_t>(sqlite3_column_bytes(raw_, column))) : std::string();
  }

 private:
  Statement& check(int code) {
    if (code != SQLITE_OK) fail();
    return *this;
  }
  [[noreturn]] void fail() const { throw StoreError(path_ + ": " + sqlite3_errmsg(db_)); }

  sqlite3* db_;
  std::string path_;
  sqlite3_stmt* raw_ = nullptr;
};

}  // namespace bayestuner::study
