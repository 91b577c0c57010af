// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "latchfile/store.hpp"

using namespace latchfile;

Result<Document> make() {
#ifdef MISUSE
  auto document = Document(std::string("{}"));  // misuse: private
#else
  auto document = Document::parse("{}");
#endif
  return document;
}
