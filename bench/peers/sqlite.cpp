// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sqlite3.h>
#include <sys/file.h>
#include <unistd.h>

#include "peers/writer.hpp"
#include "support/container_document.hpp"

namespace latchfile::bench {
namespace {

class SqliteWriter final : public Writer {
 public:
  SqliteWriter(const std::string& directory, std::string container, Sync sync)
      : container_(std::move(container)) {
    require(sqlite3_open((directory + "/states.db").c_str(), &database_) == SQLITE_OK, "open");
    sqlite3_busy_timeout(database_, 60'000);
    run("PRAGMA journal_mode=WAL");
    run(sync == Sync::full ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=OFF");
    run("CREATE TABLE IF NOT EXISTS states(id TEXT PRIMARY KEY, document BLOB) WITHOUT ROWID");
    constexpr auto* put =
        "INSERT INTO states VALUES(?1, ?2) ON CONFLICT(id) DO UPDATE SET document=?2";
    require(sqlite3_prepare_v2(database_, put, -1, &put_, nullptr) == SQLITE_OK, "prepare");
  }
  ~SqliteWriter() override {
    sqlite3_finalize(put_);
    sqlite3_close(database_);
  }

  void save(const Document& document) override {
    const auto& bytes = document.bytes();
    sqlite3_bind_text(put_, 1, container_.data(), static_cast<int>(container_.size()),
                      SQLITE_STATIC);
    sqlite3_bind_blob(put_, 2, bytes.data(), static_cast<int>(bytes.size()), SQLITE_STATIC);
    succeed(sqlite3_step(put_) == SQLITE_DONE);
    succeed(sqlite3_reset(put_) == SQLITE_OK);
  }

 private:
  void run(const char* statement) {
    succeed(sqlite3_exec(database_, statement, nullptr, nullptr, nullptr) == SQLITE_OK);
  }
  void succeed(bool done) { require(done, done ? "" : sqlite3_errmsg(database_)); }

  std::string container_;
  sqlite3* database_ = nullptr;
  sqlite3_stmt* put_ = nullptr;
};

}  // namespace

std::unique_ptr<Writer> open_sqlite(const std::string& directory, const std::string& container,
                                    const Document& first, Sync sync) {
  // One after the other: for another process that turns the database to WAL SQLite does not wait.
  const int turn = open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  require(flock(turn, LOCK_EX) == 0, "the turn to open");
  auto writer = std::make_unique<SqliteWriter>(directory, container, sync);
  close(turn);
  writer->save(first);
  return writer;
}

}  // namespace latchfile::bench
