// SPDX-License-Identifier: Apache-2.0
//
// Which container a document says it is the state of, for whoever suspects that a file was copied
// or renamed.
#pragma once

#include <optional>
#include <string>

#include "latchfile/container_id.hpp"
#include "latchfile/document.hpp"

namespace latchfile::oci {

/// The name in `document`, if it is that of another container than `id`. Only documents with an
/// `id` and a `status` are taken at their word: OCI states and those of runsc, which has
/// `sandbox.id` as well.
[[nodiscard]] std::optional<std::string> other_container(const Document& document,
                                                         const ContainerId& id);

}  // namespace latchfile::oci
