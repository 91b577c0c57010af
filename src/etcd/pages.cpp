// SPDX-License-Identifier: Apache-2.0
#include "etcd/pages.hpp"

#include "etcd/keys.hpp"
#include "etcd/requests.hpp"

namespace latchfile {
namespace {

/// From the first page to the last, all at the revision of the first.
Called<std::int64_t> read_pages(Gateway& gateway, const std::string& folder, bool keys_only,
                                const std::function<void(answer::KeyValue&)>& visit) {
  auto page = keys_of_a_page;
  const auto end = Keys::end_of(folder);
  std::string from = folder;
  std::int64_t revision = 0;
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
    if (!range) return std::unexpected(std::move(range.error()));
    if (revision == 0) revision = range->revision;
    const bool is_last = !range->more || range->pairs.empty();
    if (!is_last) from = range->pairs.back().key + '\0';
    for (auto& pair : range->pairs)
      visit(pair);
    if (is_last) return revision;
  }
}

}  // namespace

Result<std::int64_t> for_each_key(Gateway& gateway, const std::string& folder, bool keys_only,
                                  const std::function<void()>& begin,
                                  const std::function<void(answer::KeyValue&)>& visit) {
  for (int beginnings = 1;; ++beginnings) {
    begin();
    auto revision = read_pages(gateway, folder, keys_only, visit);
    if (revision) return *revision;
    if (revision.error().code != CallFailure::compacted || beginnings == most_beginnings) {
      return std::unexpected(std::move(revision.error().error));
    }
  }
}

}  // namespace latchfile
