// SPDX-License-Identifier: Apache-2.0
//
// The fuzz targets: each takes any bytes at all, and ends the process with abort() where a promise
// of the library does not hold. What each looks at stands at the top of its file, NAME_fuzz.cpp.
//
// libfuzzer.cpp gives one of them to libFuzzer; tests/fuzz_replay/ runs all of them on the inputs
// that are kept in corpus/ and regressions/.
#pragma once

#include <string_view>

namespace latchfile::fuzz {

void ids(std::string_view input);
void document(std::string_view input);
void summary(std::string_view input);
void state(std::string_view input);
void edit(std::string_view input);
void cli(std::string_view input);
void root(std::string_view input);
void etcd(std::string_view input);  ///< if the project is built with it

}  // namespace latchfile::fuzz
