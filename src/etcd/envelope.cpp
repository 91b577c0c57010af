// SPDX-License-Identifier: Apache-2.0
#include "etcd/envelope.hpp"

#include <algorithm>
#include <random>

namespace latchfile::envelope {
namespace {

constexpr std::string_view opening = R"({"latchfile":1,"save":")";
constexpr std::string_view closing = "\"}\n";
constexpr std::size_t id_digits = 32;
constexpr std::string_view hex = "0123456789abcdef";

}  // namespace

std::string seal(std::string_view save_id, std::string_view document) {
  std::string value;
  value.reserve(opening.size() + save_id.size() + closing.size() + document.size());
  return value.append(opening).append(save_id).append(closing).append(document);
}

std::optional<Parts> unseal(std::string_view value) {
  const auto id = value.substr(std::min(opening.size(), value.size()), id_digits);
  const auto rest = value.substr(std::min(opening.size() + id_digits, value.size()));
  const bool fits = value.starts_with(opening) && id.size() == id_digits &&
                    id.find_first_not_of(hex) == id.npos && rest.starts_with(closing);
  if (!fits) return std::nullopt;
  return Parts{id, rest.substr(closing.size())};
}

Result<Document> document_of(std::string_view value) {
  const auto parts = unseal(value);
  if (!parts) {
    return std::unexpected(Error{
        Errc::corrupt, 0, "the value was not written by Latchfile: its first line is another"});
  }
  auto document = Document::parse(std::string(parts->document));
  if (!document && document.error().code == Errc::invalid_argument) {
    return std::unexpected(Error{Errc::corrupt, 0, document.error().context});
  }
  return document;
}

std::string new_id() {
  // From the kernel or the processor at each call: a generator's state would be the same in a
  // forked child.
  std::random_device device;
  std::string id;
  id.reserve(id_digits);
  while (id.size() < id_digits) {
    auto bits = device();
    for (int digit = 0; digit < 8; ++digit, bits >>= 4)
      id += hex[bits & 15];
  }
  return id;
}

}  // namespace latchfile::envelope
