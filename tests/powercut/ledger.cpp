// SPDX-License-Identifier: Apache-2.0
#include "powercut/ledger.hpp"

#include <charconv>
#include <optional>
#include <string_view>

#include "support/numbered_document.hpp"

namespace latchfile::test {
namespace {

constexpr std::string_view opening = R"({"n":)";

/// Whether `found`, nothing if the container is absent, is the outcome of operation `number`.
bool is_outcome(const Account& account, long number, std::optional<long> found) {
  const bool absent = number == 0 || account.destroys(number);
  return absent ? !found : found == number;
}

/// Nothing if all is well.
std::string fault(const Account& account, const Result<Snapshot>& state) {
  std::optional<long> found;
  if (state) {
    found = number_of(state->document);
    if (*found < 0) return "a document that nobody saved: " + state->document.bytes();
  } else if (state.error().code != Errc::not_found) {
    return state.error().message();
  }
  const long begun = account.begun;
  const long returned = account.returned;
  for (long number = returned; number <= begun; ++number) {
    if (is_outcome(account, number, found)) return {};
  }
  return (found ? "is of operation " + std::to_string(*found) : "is absent") + ", but " +
         std::to_string(returned) + " had returned and " + std::to_string(begun) + " had begun";
}

}  // namespace

Document revision(long number) {
  constexpr std::size_t least_bytes = 200;
  constexpr std::size_t spread = 19'800;
  const auto text = std::to_string(number);
  const auto bytes = least_bytes + static_cast<std::size_t>(number) * 7919 % spread;
  auto document = std::string(opening) + text + R"(,"padding":")";
  while (document.size() < bytes)
    document += text + ' ';
  return document_of(document + "\"}");
}

long number_of(const Document& document) {
  const std::string_view bytes = document.bytes();
  if (!bytes.starts_with(opening)) return -1;
  long number = -1;
  std::from_chars(bytes.data() + opening.size(), bytes.data() + bytes.size(), number);
  return number >= 0 && document == revision(number) ? number : -1;
}

ContainerId container_id(std::size_t container) {
  if (container == Ledger::common) return id_of("common");
  const auto writer = std::to_string(container / 2);
  return id_of(container % 2 == 0 ? "kept-" + writer : "pod-" + writer + "/passing");
}

void Ledger::reset() {
  for (std::size_t i = 0; i < containers; ++i) {
    accounts[i].kind = i != common && i % 2 == 1 ? Account::Kind::passing : Account::Kind::kept;
    accounts[i].begun = accounts[i].returned = 0;
  }
  cut = false;
  operations = 0;
  failed_too_early = 0;
  ended = 0;
}

Result<> Ledger::step(const Store& store, std::size_t container) {
  const auto id = container_id(container);
  auto& account = accounts[container];
  auto state = store.lock(id, Wait::forever());
  if (state) {
    const long number = ++account.begun;
    auto done =
        account.destroys(number) ? std::move(*state).destroy() : state->save(revision(number));
    if (done) note_return(account, number);
    return done;
  }
  if (state.error().code != Errc::not_found) return std::unexpected(std::move(state.error()));
  auto vacancy = store.lock_for_new(id, Wait::forever());
  if (!vacancy) {
    // Of the common container's creators only one can be the first.
    if (vacancy.error().code == Errc::already_exists) return {};
    return std::unexpected(std::move(vacancy.error()));
  }
  const long number = ++account.begun;
  const auto created = std::move(*vacancy).create(revision(number));
  if (!created) return std::unexpected(created.error());
  note_return(account, number);
  return {};
}

void Ledger::note_return(Account& account, long number) const {
  // With real power nobody would be there to hear of a return after the cut, and after it XFS tells
  // whoever syncs a directory of success: it has given up what it was to wait for.
  if (!cut) account.returned = number;
}

void Ledger::write(const Store& store, std::size_t index) {
  const std::array turns = {2 * index, 2 * index + 1, common};
  for (std::size_t i = 0;; ++i) {
    if (!step(store, turns[i % turns.size()])) break;
    ++operations;
  }
  if (!cut) ++failed_too_early;
  ++ended;
}

std::vector<std::string> Ledger::faults(const Store& store) const {
  std::vector<std::string> all;
  for (std::size_t i = 0; i < containers; ++i) {
    const auto id = container_id(i);
    const auto found = fault(accounts[i], store.load(id, Wait::never()));
    if (!found.empty()) all.push_back(std::string(id.text()) + ": " + found);
  }
  return all;
}

}  // namespace latchfile::test
