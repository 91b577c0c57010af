// SPDX-License-Identifier: Apache-2.0
//
// libFuzzer's way in, compiled once for each target with TARGET as its name.
#include <cstddef>
#include <cstdint>

#include "fuzz/targets.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  latchfile::fuzz::TARGET({reinterpret_cast<const char*>(data), size});
  return 0;
}
