// SPDX-License-Identifier: Apache-2.0
//
// counter ROOT ID WORKER TARGET
//
// Counts up the member WORKER of a document until it is TARGET, one update at a time, beside any
// number of others that do the same. It may be killed at any moment and started again: what it had
// done is in the document, because each step is read, changed and saved under one lock.
#include <cstdio>
#include <string>

#include <latchfile/json.hpp>
#include <latchfile/local.hpp>

using namespace latchfile;

namespace {

int fail(const Error& error) {
  std::fprintf(stderr, "counter: %s\n", error.message().c_str());
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) {
    std::fputs("usage: counter ROOT ID WORKER TARGET\n", stderr);
    return 2;
  }
  const std::string worker = argv[3];
  const long target = std::stol(argv[4]);

  const auto store = open_local(argv[1]);
  if (!store) return fail(store.error());
  const auto id = ContainerId::parse(argv[2]);
  if (!id) return fail(id.error());

  for (long count = 0; count < target;) {
    const auto saved =
        store->update(*id, Wait::forever(), [&](const Snapshot& now) -> Result<Document> {
          auto counts = from_document<nlohmann::json>(now.document);
          if (!counts) return std::unexpected(counts.error());
          count = counts->value(worker, 0L);
          if (count < target) ++count;
          (*counts)[worker] = count;
          return to_document(*counts);
        });
    if (!saved) return fail(saved.error());
  }
  return 0;
}
