// SPDX-License-Identifier: Apache-2.0
//
// What a fuzz target asserts. Not assert(): a release build must check it too.
#pragma once

#include <cstdlib>
#include <iostream>
#include <source_location>
#include <string_view>

namespace latchfile::fuzz {

/// Says where and ends the process, in a way that libFuzzer keeps the input of, unless `holds`.
inline void require(bool holds, std::string_view promise,
                    std::source_location where = std::source_location::current()) {
  if (holds) return;
  std::cerr << where.file_name() << ':' << where.line() << ": does not hold: " << promise << '\n';
  std::abort();
}

}  // namespace latchfile::fuzz
