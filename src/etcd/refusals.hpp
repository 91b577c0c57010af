// SPDX-License-Identifier: Apache-2.0
//
// What a refusal of etcd means, and what people can do about it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "etcd/answers.hpp"
#include "latchfile/error.hpp"

namespace latchfile {

/// As whom to ask, and for what.
struct Login {
  std::string user = {};  ///< empty: none
  std::string password = {};
  std::string prefix = {};  ///< of the keys that are asked for: who is denied them is told which
};

/// Whether logging in again may help.
[[nodiscard]] bool is_about_token(const answer::Refusal& refusal);
/// The same of the last line of a watch, which has no code.
[[nodiscard]] bool is_about_token(std::string_view message);

/// Its message, of one line and without the password, which somebody who is not etcd may repeat.
[[nodiscard]] std::string shown(const answer::Refusal& refusal, const Login& login);

/// Of a definite refusal: the request was not carried out, and would not be the next time. Nothing
/// if that is not known.
[[nodiscard]] std::optional<Error> definite(const answer::Refusal& refusal, const Login& login);

/// Of a user, or of a client without one, who may not use the keys of the prefix.
[[nodiscard]] Error denied(std::string_view message, const Login& login);

/// Of an answer with that status that etcd's gateway does not give. io: nothing was done, as
/// nothing would be the next time; too_large: of the request; unavailable: nothing is known.
[[nodiscard]] Error not_of_etcd(long status, std::string_view body);

}  // namespace latchfile
