// SPDX-License-Identifier: Apache-2.0
//
// Condition: what a person waits for, as they write it.
//
//   exists | deleted | status=STATUS | annotations.KEY=VALUE
#pragma once

#include <string>
#include <string_view>

#include "latchfile/oci.hpp"

namespace latchfile::oci {

class Condition {
 public:
  /// Errors: invalid_argument: none of these four forms, or no status of OCI.
  [[nodiscard]] static Result<Condition> parse(std::string_view text);

  /// Whether it can become true of a container that is not there.
  [[nodiscard]] bool is_of_absent() const {
    return field_ == Field::exists || field_ == Field::deleted;
  }

  /// Errors, of a condition on a document: not_found: there is no such container, or not any more;
  /// why the document cannot be read.
  [[nodiscard]] Result<bool> holds(const Seen& now) const;

  /// What it is about, as it is now: `status is "running"`.
  [[nodiscard]] std::string describe(const Seen& now) const;

 private:
  enum class Field { exists, deleted, status, annotation };

  Condition(Field field, std::string key, std::string value)
      : field_(field), key_(std::move(key)), value_(std::move(value)) {}

  /// The value of the field; nothing if the document has no such member.
  [[nodiscard]] std::optional<std::string> value_in(const Seen& now) const;

  Field field_;
  std::string key_;  ///< of the annotation
  std::string value_;
};

}  // namespace latchfile::oci
