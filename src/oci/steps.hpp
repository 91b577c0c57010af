// SPDX-License-Identifier: Apache-2.0
//
// A status as it is written into a state, whatever came before.
#pragma once

#include "latchfile/oci.hpp"

namespace latchfile::oci {

/// The document of `from` with the status `next` and its process. Does not ask whether that may
/// follow: for the steps of State, which did, and for whoever writes down what another program has
/// done already. Errors: too_large.
[[nodiscard]] Result<State> rewritten(const State& from, const Status& next);

}  // namespace latchfile::oci
