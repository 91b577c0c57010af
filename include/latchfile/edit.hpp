// SPDX-License-Identifier: Apache-2.0
//
// Edits of a document: JSON Merge Patch (RFC 7396) and JSON Patch (RFC 6902).
//
// What an edit does not touch keeps its value, its place and, for numbers, its spelling, however
// many digits it has. White space is lost, strings may be escaped otherwise, and of a member that
// an object has twice the last one is kept. The time grows with
// the square of the number of members of one object: a thousand are nothing, a hundred thousand are
// minutes.
//
// Pure functions, safe in any thread. Present if the library was built with LATCHFILE_WITH_JSON.
#pragma once

#include <string_view>

#include "latchfile/document.hpp"
#include "latchfile/error.hpp"
#include "latchfile/export.hpp"

namespace latchfile {

/// `document` changed by a merge patch, which must be an object: members that are null are removed,
/// objects are merged, everything else replaces.
/// Errors: invalid_argument (the patch), too_large (the outcome).
[[nodiscard]] LATCHFILE_EXPORT Result<Document> merge_patch(const Document& document,
                                                            std::string_view patch);

/// `document` changed by a JSON patch, an array of operations, of which all apply or none.
/// Errors: invalid_argument: the patch is malformed, names a place that is not there, or one of its
/// tests fails (the context says which operation); too_large: the outcome, or more than 1 MiB that
/// its copy operations copy.
[[nodiscard]] LATCHFILE_EXPORT Result<Document> json_patch(const Document& document,
                                                           std::string_view patch);

}  // namespace latchfile
