// SPDX-License-Identifier: Apache-2.0
//
// ContainerId: the name of one container, checked once and safe to build file names from.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

#include "latchfile/error.hpp"
#include "latchfile/export.hpp"

namespace latchfile {

/// One container: `web`, or inside a sandbox `pod1/web` (sandbox first, as gVisor prints it).
///
/// Each part is one or more of `A-Z a-z 0-9 _ + . -`, and both parts together are short enough that
/// every file name built from them fits the 255 bytes of a directory entry (docs/format.md). An
/// immutable value, ordered by text(). Copies share the text, as do the ids of one list: copying is
/// cheap and cannot fail, and a text is freed with the last id that shares it. One that has been
/// moved from may only be assigned to or destroyed.
class LATCHFILE_EXPORT ContainerId {
 public:
  /// Longest id without a sandbox, in bytes. An id with one may have nine fewer, slash not counted.
  static constexpr std::size_t max_bytes = 230;

  /// Reads `container` or `sandbox/container`. Errors: invalid_argument.
  [[nodiscard]] static Result<ContainerId> parse(std::string_view text);

  /// The container `container` of the sandbox `sandbox`. Errors: invalid_argument.
  [[nodiscard]] static Result<ContainerId> in_sandbox(std::string_view sandbox,
                                                      std::string_view container);

  /// `web` or `pod1/web`. Lives as long as any id that shares it.
  [[nodiscard]] std::string_view text() const { return {text_.get(), bytes_}; }
  /// `web` of both.
  [[nodiscard]] std::string_view container() const { return text().substr(container_at_); }
  /// `pod1` of `pod1/web`; empty without a sandbox.
  [[nodiscard]] std::string_view sandbox() const {
    return text().substr(0, container_at_ == 0 ? 0 : container_at_ - 1);
  }

  [[nodiscard]] friend bool operator==(const ContainerId& a, const ContainerId& b) {
    return a.text() == b.text();
  }
  [[nodiscard]] friend std::strong_ordering operator<=>(const ContainerId& a,
                                                        const ContainerId& b) {
    return a.text() <=> b.text();
  }

 private:
  friend class SortedIds;

  ContainerId(std::shared_ptr<const char> text, std::uint8_t bytes, std::uint8_t container_at)
      : text_(std::move(text)), bytes_(bytes), container_at_(container_at) {}

  std::shared_ptr<const char> text_;
  std::uint8_t bytes_;
  std::uint8_t container_at_;
};

}  // namespace latchfile

template <>
struct std::hash<latchfile::ContainerId> {
  std::size_t operator()(const latchfile::ContainerId& id) const noexcept {
    return std::hash<std::string_view>{}(id.text());
  }
};
