// SPDX-License-Identifier: Apache-2.0
#include "etcd/pages.hpp"

#include "etcd/keys.hpp"
#include "etcd/requests.hpp"

namespace latchfile {

Result<std::int64_t> for_each_key(Gateway& gateway, const std::string& folder, bool keys_only,
                                  const std::function<void(answer::KeyValue&)>& visit) {
  auto page = keys_of_a_page;
  const auto end = Keys::end_of(folder);
  std::string from = folder;
  std::int64_t revision = 0;  // of the first page
  for (;;) {
    auto range = gateway.call(
        request::path::range,
        request::range(
            {.key = from, .end = end, .limit = page, .revision = revision, .keys_only = keys_only}),
        answer::read_range);
    if (!range && range.error().error.code == Errc::too_large && page > 1) {
      page /= 2;
      continue;
    }
    if (!range) return std::unexpected(std::move(range.error().error));
    if (revision == 0) revision = range->revision;
    const bool is_last = !range->more || range->pairs.empty();
    if (!is_last) from = range->pairs.back().key + '\0';
    for (auto& pair : range->pairs)
      visit(pair);
    if (is_last) return revision;
  }
}

}  // namespace latchfile
