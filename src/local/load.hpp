// SPDX-License-Identifier: Apache-2.0
//
// Loading: without a lock, and without trusting what stands at the name.
//
// Our own writers only ever rename whole files into place. A writer that truncates and rewrites in
// place, as gVisor's does, holds the lock file's flock while it does so: what looks torn is read
// once more under a shared lock, and only if it is still no document then is it corrupt.
#pragma once

#include "latchfile/container_id.hpp"
#include "latchfile/document.hpp"
#include "latchfile/wait.hpp"
#include "posix/directory.hpp"

namespace latchfile {

/// Errors: as Store::load.
[[nodiscard]] Result<Document> load_document(const Directory& dir, const ContainerId& id,
                                             Wait settle);

struct LoadedDocument {
  Document document;
  FileIdentity file;  ///< that it was read from
};

/// For callers that hold the exclusive lock.
[[nodiscard]] Result<LoadedDocument> load_document_locked(const Directory& dir,
                                                          const ContainerId& id);

}  // namespace latchfile
