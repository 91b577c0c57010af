// SPDX-License-Identifier: Apache-2.0
//
// The rules that hold for every backend, on one that keeps everything in a map.
#include "latchfile/store.hpp"
#include "latchfile/check.hpp"

#include <gtest/gtest.h>
#include <map>

#include "store/backend.hpp"

namespace latchfile::test {
namespace {

using States = std::map<ContainerId, std::string>;

Document doc(const std::string& text) { return Document::parse(text).value(); }
Error error_of(Errc code) { return {code, 0, "as the test asked for"}; }

class MapLock final : public HeldLock {
 public:
  MapLock(States& states, ContainerId id, std::optional<Errc>& fault)
      : states_(states), id_(std::move(id)), fault_(fault) {}
  Result<> save(const Document& document) override {
    if (fault_ == Errc::io) return std::unexpected(error_of(Errc::io));
    states_[id_] = document.bytes();
    if (fault_) return std::unexpected(error_of(*fault_));
    return {};
  }
  Result<> destroy() override {
    states_.erase(id_);
    return {};
  }
  int descriptor() const override { return -1; }

 private:
  States& states_;
  ContainerId id_;
  std::optional<Errc>& fault_;
};

class MapBackend final : public Backend {
 public:
  mutable States states;
  mutable std::optional<Errc> fault;  ///< of saving

  std::string_view location() const override { return "a map"; }
  Result<std::vector<ContainerId>> list() const override {
    std::vector<ContainerId> ids;
    for (const auto& [id, text] : states)
      ids.push_back(id);
    return ids;
  }
  Result<bool> exists(const ContainerId& id) const override { return states.contains(id); }
  Result<Document> load(const ContainerId& id, Wait) const override {
    if (!states.contains(id)) return std::unexpected(error_of(Errc::not_found));
    auto document = Document::parse(states[id]);
    if (!document) return std::unexpected(error_of(Errc::corrupt));
    return document;
  }
  void load_each(std::span<const ContainerId> ids, const VisitLoaded& visit) const override {
    for (std::size_t i = 0; i < ids.size(); ++i) {
      const bool vanished = vanishing && i == 0;
      visit(i, vanished ? std::unexpected(error_of(Errc::not_found)) : load(ids[i], Wait::never()));
    }
  }
  Result<AcquiredState> lock(const ContainerId& id, Wait wait) const override {
    auto document = load(id, wait);
    if (!document) return std::unexpected(document.error());
    return AcquiredState{std::make_unique<MapLock>(states, id, fault), *document};
  }
  Result<std::unique_ptr<HeldLock>> lock_for_new(const ContainerId& id, Wait) const override {
    if (states.contains(id)) return std::unexpected(error_of(Errc::already_exists));
    return std::make_unique<MapLock>(states, id, fault);
  }
  Result<std::vector<LockHolder>> locks() const override { return std::vector<LockHolder>(); }

  bool vanishing = false;
};

class StoreTest : public testing::Test {
 protected:
  static ContainerId id(std::string_view text) { return ContainerId::parse(text).value(); }
  void add(std::initializer_list<const char*> ids) {
    for (const auto* text : ids)
      backend_->states[id(text)] = R"({"n":0})";
  }
  std::string resolved(std::string_view text) const {
    const auto found = store_.resolve(text);
    return std::string(found ? found->text() : to_string(found.error().code));
  }

  std::shared_ptr<MapBackend> backend_ = std::make_shared<MapBackend>();
  Store store_{backend_};
};

TEST_F(StoreTest, ResolvesTheExactIdEvenIfItBeginsAnother) {
  add({"web", "web2", "pod/web"});
  EXPECT_EQ(resolved("web"), "web");
  EXPECT_EQ(resolved("pod/web"), "pod/web");
}

TEST_F(StoreTest, ResolvesANameInWhateverSandboxBeforeAPrefix) {
  add({"pod1/web", "web2", "pod1/web3"});
  EXPECT_EQ(resolved("web"), "pod1/web");
  add({"pod2/web"});
  EXPECT_EQ(resolved("web"), "invalid_argument");
}

TEST_F(StoreTest, ResolvesAPrefixOfTheContainerPart) {
  add({"pod1/alpha", "beta", "bravo"});
  EXPECT_EQ(resolved("al"), "pod1/alpha");
  EXPECT_EQ(resolved("be"), "beta");
  EXPECT_EQ(resolved("b"), "invalid_argument");
  EXPECT_EQ(resolved("pod1"), "not_found") << "a sandbox is no container";
  EXPECT_EQ(resolved("x"), "not_found");
}

TEST_F(StoreTest, ASandboxInTheTextIsMatchedWhole) {
  add({"pod1/web", "pod10/web", "pod10/db"});
  EXPECT_EQ(resolved("pod1/w"), "pod1/web");
  EXPECT_EQ(resolved("pod10/d"), "pod10/db");
  EXPECT_EQ(resolved("pod/web"), "not_found");
}

TEST_F(StoreTest, ResolvesNoGlobs) {
  add({"web"});
  for (const auto* text : {"*", "w?b", "[w]eb", "", "pod1/", "/web"}) {
    EXPECT_EQ(resolved(text), "invalid_argument") << text;
  }
}

TEST_F(StoreTest, AnAmbiguousTextNamesUpToTenInOneLine) {
  for (int i = 10; i < 25; ++i)
    add({("web" + std::to_string(i)).c_str()});
  const auto message = store_.resolve("web").error().message();
  EXPECT_NE(message.find("15 containers"), std::string::npos) << message;
  EXPECT_NE(message.find("web19"), std::string::npos) << message;
  EXPECT_EQ(message.find("web20"), std::string::npos) << message;
  EXPECT_NE(message.find("5 more"), std::string::npos) << message;
}

TEST_F(StoreTest, ListsASandbox) {
  add({"pod1/a", "pod1/b", "pod10/c", "pod1"});
  EXPECT_EQ(store_.list_sandbox("pod1"), (std::vector{id("pod1/a"), id("pod1/b")}));
  EXPECT_TRUE(store_.list_sandbox("pod2")->empty());
  for (const auto* text : {"", "a/b", "*"}) {
    EXPECT_EQ(store_.list_sandbox(text).error().code, Errc::invalid_argument) << text;
  }
}

TEST_F(StoreTest, LoadAllKeepsTheOrderAndLeavesOutWhatVanished) {
  for (int i = 1000; i < 2300; ++i)
    add({("c" + std::to_string(i)).c_str()});
  backend_->states[id("c1001")] = "{";
  const auto all = store_.load_all().value();
  ASSERT_EQ(all.size(), 1300u);
  EXPECT_EQ(all[1].state.error().code, Errc::corrupt);
  for (std::size_t i = 1; i < all.size(); ++i)
    EXPECT_LT(all[i - 1].id, all[i].id);
  backend_->vanishing = true;
  EXPECT_EQ(store_.load_all()->size(), all.size() - 1);
}

TEST_F(StoreTest, UpdateSavesWhatTheChangeMakesOfTheCurrentDocument) {
  add({"web"});
  const auto updated = store_.update(id("web"), Wait::never(), [](const Snapshot& now) {
    EXPECT_EQ(now.document.bytes(), R"({"n":0})");
    return Result<Document>(doc(R"({"n":1})"));
  });
  EXPECT_EQ(updated->document, doc(R"({"n":1})"));
  EXPECT_EQ(backend_->states[id("web")], R"({"n":1})");
}

TEST_F(StoreTest, UpdateSavesNothingIfTheChangeFails) {
  add({"web"});
  const auto updated = store_.update(id("web"), Wait::never(), [](const Snapshot&) {
    return Result<Document>(std::unexpected(error_of(Errc::unsupported)));
  });
  EXPECT_EQ(updated.error().code, Errc::unsupported);
  EXPECT_EQ(backend_->states[id("web")], R"({"n":0})");
}

TEST_F(StoreTest, AGuardKnowsWhatItSaved) {
  add({"web"});
  auto state = store_.lock(id("web"), Wait::never()).value();
  const auto old = state.current().version();
  EXPECT_TRUE(state.require(old));
  backend_->fault = Errc::io;
  EXPECT_FALSE(state.save(doc(R"({"n":1})")));
  EXPECT_TRUE(state.require(old)) << "a save that failed changed the guard";
  backend_->fault = Errc::commit_unknown;
  EXPECT_FALSE(state.save(doc(R"({"n":1})")));
  EXPECT_EQ(state.require(old).error().code, Errc::version_mismatch);
  EXPECT_EQ(state.current().document, doc(R"({"n":1})"));
}

TEST_F(StoreTest, AVacancyBecomesAState) {
  auto vacancy = store_.lock_for_new(id("web"), Wait::never()).value();
  auto state = std::move(vacancy).create(doc("{}"));
  ASSERT_TRUE(state);
  EXPECT_EQ(state->id(), id("web"));
  EXPECT_EQ(state->current().document, doc("{}"));
  EXPECT_TRUE(std::move(*state).destroy());
  EXPECT_TRUE(backend_->states.empty());
}

TEST_F(StoreTest, WhatABackendDoesNotOfferIsUnsupported) {
  EXPECT_EQ(store_.watch().error().code, Errc::unsupported);
  EXPECT_EQ(store_.watch({id("web")}).error().code, Errc::unsupported);
  EXPECT_EQ(store_.check({}).error().code, Errc::unsupported);
}

TEST(Event, KindsAreNamedAsInTheHeader) {
  EXPECT_EQ(to_string(Event::Kind::present), "present");
  EXPECT_EQ(to_string(Event::Kind::listed), "listed");
  EXPECT_EQ(to_string(Event::Kind::created), "created");
  EXPECT_EQ(to_string(Event::Kind::changed), "changed");
  EXPECT_EQ(to_string(Event::Kind::deleted), "deleted");
}

}  // namespace
}  // namespace latchfile::test
