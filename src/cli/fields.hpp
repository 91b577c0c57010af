// SPDX-License-Identifier: Apache-2.0
//
// The fields of a container in a list, and what is asked for by them: which containers, in which
// order, and what of each. Pure functions of what was read; none of them reads or prints.
//
// The fields are id, pid, status, bundle, created, owner, sandbox, host, and annotations.NAME for
// each annotation. One that a document does not have is empty.
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "etcd/mirrored_host.hpp"
#include "latchfile/container_id.hpp"
#include "latchfile/error.hpp"
#include "oci/summary.hpp"

namespace latchfile::cli {

/// What list shows of one entry.
struct Listed {
  ContainerId id;
  /// Its status is the one to show, with liveness; of what cannot be read, the name of the error.
  oci::Summary summary;
  std::string error = {};              ///< why it cannot be read; empty if it can
  const MirroredHost* host = nullptr;  ///< the machine that published it; null: nobody says
};

/// 0 if the container has no process.
[[nodiscard]] pid_t pid_of(const Listed& entry);

class Field {
 public:
  /// Errors: invalid_argument: there is no such field; the context names those that there are.
  [[nodiscard]] static Result<Field> parse(std::string_view name);

  [[nodiscard]] std::string text_of(const Listed& entry) const;

  /// Whether `a` comes before `b`: pids as numbers, `created` as moments where both name one, all
  /// else byte by byte.
  [[nodiscard]] bool less(const Listed& a, const Listed& b) const;

 private:
  enum class Kind { id, pid, status, bundle, created, owner, sandbox, host, annotation };

  Field(Kind kind, std::string annotation) : kind_(kind), annotation_(std::move(annotation)) {}

  Kind kind_;
  std::string annotation_;  ///< its name
};

/// `FIELD=VALUE`: the field has exactly this value. An empty one fits what has no such field.
class Filter {
 public:
  /// Errors: invalid_argument: no `=`, or no such field.
  [[nodiscard]] static Result<Filter> parse(std::string_view text);

  [[nodiscard]] bool matches(const Listed& entry) const;

 private:
  Filter(Field field, std::string value) : field_(std::move(field)), value_(std::move(value)) {}

  Field field_;
  std::string value_;
};

/// One line for each container, such as `{id} {status}`; `{{` and `}}` are braces.
class Template {
 public:
  /// Errors: invalid_argument: a brace without its other, no such field, or no field at all.
  [[nodiscard]] static Result<Template> parse(std::string_view text);

  /// The line without its end. Fields are as in a table: "-" for an empty one, and control
  /// characters and what is not ASCII as \xNN.
  [[nodiscard]] std::string line_of(const Listed& entry) const;

 private:
  using Piece = std::variant<std::string, Field>;

  explicit Template(std::vector<Piece> pieces) : pieces_(std::move(pieces)) {}

  std::vector<Piece> pieces_;
};

/// `FIELD`, or `-FIELD` for the other way round.
class Order {
 public:
  /// Errors: invalid_argument: no such field.
  [[nodiscard]] static Result<Order> parse(std::string_view text);

  /// What is equal is in the order of the ids.
  void sort(std::vector<Listed>& entries) const;

 private:
  Order(Field field, bool descending) : field_(std::move(field)), descending_(descending) {}

  Field field_;
  bool descending_;
};

}  // namespace latchfile::cli
