// SPDX-License-Identifier: Apache-2.0
#include "peer.hpp"
#include "peers/writer.hpp"
#include "support/container_document.hpp"

namespace latchfile::bench {
namespace {

class LatchfileWriter final : public Writer {
 public:
  explicit LatchfileWriter(LockedState state) : state_(std::move(state)) {}

  void save(const Document& document) override {
    require(state_.save(document).has_value(), "save");
  }

 private:
  LockedState state_;
};

}  // namespace

std::unique_ptr<Writer> open_latchfile(const std::string& directory, const std::string& container,
                                       const Document& first, Sync sync) {
  const auto durability = sync == Sync::full ? Durability::full : Durability::unsafe_on_power_cut;
  const auto store = test::or_throw(open_local(directory, {.durability = durability}));
  auto vacancy = test::or_throw(store.lock_for_new(test::id_of(container), Wait::never()));
  auto state = test::or_throw(std::move(vacancy).create(first));
  return std::make_unique<LatchfileWriter>(std::move(state));
}

}  // namespace latchfile::bench
