// SPDX-License-Identifier: Apache-2.0
//
// What a process finds that starts after a power cut, and whether the store works there.
#pragma once

#include <compare>
#include <iosfwd>
#include <set>
#include <string>
#include <vector>

#include "crash/disk.hpp"
#include "latchfile/store.hpp"

namespace latchfile::test {

/// A store and what is put into it.
struct Setting {
  std::string root;
  std::vector<ContainerId> ids;
  /// Two, so that there is always another one to save.
  std::vector<Document> documents;

  [[nodiscard]] std::string state_file(std::size_t which) const;
};

/// An object of that many bytes, nearly all of them `fill`.
[[nodiscard]] Document document_of_size(char fill, std::size_t bytes);

/// The state of one container as it is found.
struct Sighting {
  enum class Kind {
    absent,
    document,  ///< an object, perhaps made of two that were saved
    torn,      ///< a file that is no document
  };
  Kind kind = Kind::absent;
  std::string bytes = {};  ///< of a document

  [[nodiscard]] static Sighting of(const Document& document) {
    return {Kind::document, document.bytes()};
  }
  [[nodiscard]] auto operator<=>(const Sighting&) const = default;
};

std::ostream& operator<<(std::ostream& out, const Sighting& sighting);

/// What processes see of each id now.
[[nodiscard]] std::vector<Sighting> see(const Setting& setting, const Disk& disk);

/// The names in the root now; none if it does not exist.
[[nodiscard]] std::set<std::string> names_in_root(const Setting& setting, const Disk& disk);

struct Examination {
  std::vector<Sighting> found;      ///< by list and load, for each id
  std::vector<std::string> faults;  ///< of list, load and whatever else was tried
};

/// Mounts a disk that has nothing pending, lists, loads, and leads each id through a whole life,
/// after which nothing may be left in the root.
[[nodiscard]] Examination examine(const Setting& setting, const Disk& disk);

}  // namespace latchfile::test
