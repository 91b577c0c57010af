// SPDX-License-Identifier: Apache-2.0
//
// Told: what a watch has told of each container, so that it tells only what differs from that.
//
// For each container its id and a token of what was told are kept.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "latchfile/watch.hpp"

namespace latchfile {

class Told {
 public:
  /// Adds the event, if there is one, that `found` is: what load says of `id` now. `listed`: all
  /// that was there when the watch began has been told.
  void tell(const ContainerId& id, Result<Document> found, bool listed, std::vector<Event>& into);

  void add_ids_to(std::set<ContainerId>& ids) const;

 private:
  std::map<ContainerId, std::string> told_;
};

}  // namespace latchfile
