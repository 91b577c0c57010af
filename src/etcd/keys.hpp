// SPDX-License-Identifier: Apache-2.0
//
// The keys of a store in etcd: PREFIX/c/ID has the document, PREFIX/l/ID is the lock.
// PREFIX/p/NONCE is put to prove that the lease of a lock is alive. Where it is the mirror of a
// root there are PREFIX/m/alive and PREFIX/m/contact: see presence.hpp.
#pragma once

#include <set>
#include <string>
#include <string_view>

#include "latchfile/container_id.hpp"

namespace latchfile {

class Keys {
 public:
  explicit Keys(std::string prefix) : prefix_(std::move(prefix)) {}

  [[nodiscard]] std::string states() const { return prefix_ + "/c/"; }
  [[nodiscard]] std::string locks() const { return prefix_ + "/l/"; }
  [[nodiscard]] std::string state(const ContainerId& id) const {
    return states().append(id.text());
  }
  struct Range {
    std::string from;
    std::string end;  ///< behind the last
  };
  [[nodiscard]] Range all_states() const { return {states(), end_of(states())}; }
  /// From the first to the last of the states of `ids`, with whatever is between them.
  [[nodiscard]] Range states_of(const std::set<ContainerId>& ids) const {
    std::set<std::string> keys;
    for (const auto& id : ids)
      keys.insert(state(id));
    if (keys.empty()) return {states(), states() + '\0'};  // nobody writes that key
    return {*keys.begin(), *keys.rbegin() + '\0'};
  }
  [[nodiscard]] std::string lock(const ContainerId& id) const { return locks().append(id.text()); }

  [[nodiscard]] std::string proof(std::string_view nonce) const {
    return (prefix_ + "/p/").append(nonce);
  }

  [[nodiscard]] std::string alive() const { return prefix_ + "/m/alive"; }
  [[nodiscard]] std::string contact() const { return prefix_ + "/m/contact"; }
  [[nodiscard]] const std::string& prefix() const { return prefix_; }

  /// The end of the range of all keys that begin with `folder`, which ends with a slash.
  [[nodiscard]] static std::string end_of(std::string folder) {
    folder.back() = '/' + 1;
    return folder;
  }

 private:
  std::string prefix_;
};

}  // namespace latchfile
