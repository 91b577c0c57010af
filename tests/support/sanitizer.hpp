// SPDX-License-Identifier: Apache-2.0
//
// Which sanitizer the build has, for the few tests that cannot run under one.
#pragma once

#ifndef __has_feature  // clang's; g++ 12 has macros instead
#define __has_feature(feature) 0
#endif

namespace latchfile::test {

#if __has_feature(address_sanitizer) || defined(__SANITIZE_ADDRESS__)
inline constexpr bool under_address_sanitizer = true;
#else
inline constexpr bool under_address_sanitizer = false;
#endif

#if __has_feature(thread_sanitizer) || defined(__SANITIZE_THREAD__)
inline constexpr bool under_thread_sanitizer = true;
#else
inline constexpr bool under_thread_sanitizer = false;
#endif

}  // namespace latchfile::test
