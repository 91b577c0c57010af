// SPDX-License-Identifier: Apache-2.0
#include <lmdb.h>

#include "peers/writer.hpp"
#include "support/container_document.hpp"

namespace latchfile::bench {
namespace {

void check(int outcome) { require(outcome == MDB_SUCCESS, mdb_strerror(outcome)); }

class LmdbWriter final : public Writer {
 public:
  LmdbWriter(const std::string& directory, std::string container, Sync sync)
      : container_(std::move(container)) {
    constexpr std::size_t map_bytes = std::size_t{64} << 20;
    check(mdb_env_create(&environment_));
    check(mdb_env_set_mapsize(environment_, map_bytes));
    check(mdb_env_open(environment_, directory.c_str(), sync == Sync::full ? 0 : MDB_NOSYNC, 0640));
    MDB_txn* transaction = nullptr;
    check(mdb_txn_begin(environment_, nullptr, 0, &transaction));
    check(mdb_dbi_open(transaction, nullptr, 0, &states_));
    check(mdb_txn_commit(transaction));
  }
  ~LmdbWriter() override { mdb_env_close(environment_); }

  void save(const Document& document) override {
    const auto& bytes = document.bytes();
    MDB_txn* transaction = nullptr;
    MDB_val key{container_.size(), container_.data()};
    MDB_val value{bytes.size(), const_cast<char*>(bytes.data())};
    check(mdb_txn_begin(environment_, nullptr, 0, &transaction));
    check(mdb_put(transaction, states_, &key, &value, 0));
    check(mdb_txn_commit(transaction));
  }

 private:
  std::string container_;
  MDB_env* environment_ = nullptr;
  MDB_dbi states_ = 0;
};

}  // namespace

std::unique_ptr<Writer> open_lmdb(const std::string& directory, const std::string& container,
                                  const Document& first, Sync sync) {
  auto writer = std::make_unique<LmdbWriter>(directory, container, sync);
  writer->save(first);
  return writer;
}

}  // namespace latchfile::bench
