// SPDX-License-Identifier: Apache-2.0
//
// The Kernel that is the kernel. One for the whole process, without state.
#pragma once

namespace latchfile {

class Kernel;

[[nodiscard]] Kernel& real_kernel();

}  // namespace latchfile
